#include <string.h>

#include "base/str.h"
#include "kube/state.h"

struct object *store_get(
	struct store *store, struct arena *arena, const struct kind *kind, const char *namespace, const char *name) {
	const struct watched *watched = store_row(store, kind);
	if (!watched) {
		return NULL;
	}
	pthread_mutex_lock(&store->lock);
	struct entry *entry = entries_find(&store->entries, store_index(store, watched), namespace ? namespace : "", name);
	struct object *object = entry ? entry_copy(entry, watched, arena) : NULL;
	if (object) {
		object->document = entry_kept(entry, arena);
	}
	pthread_mutex_unlock(&store->lock);
	return object;
}

bool store_has(struct store *store, const struct kind *kind, const char *namespace, const char *name) {
	const struct watched *watched = store_row(store, kind);
	pthread_mutex_lock(&store->lock);
	bool has =
		watched && entries_find(&store->entries, store_index(store, watched), namespace ? namespace : "", name) != NULL;
	pthread_mutex_unlock(&store->lock);
	return has;
}

static bool in_group(const struct entry *entry, const char *namespace, const char *group) {
	return !strcmp(entry_namespace(entry), namespace) && str_equal(entry_group(entry), group);
}

static struct object *take_object(struct store *store, struct arena *arena, struct entry *entry) {
	struct object *object = entry_copy(entry, &store->watched[entry->row], arena);
	if (entry->document) {
		object->document = arena_own_json(arena, json_incref(entry->document));
		store_set_document(store, entry, NULL);
	}
	return object;
}

struct object **store_group(
	struct store *store, struct arena *arena, const char *namespace, const char *group, size_t *count) {
	size_t most = 0;
	pthread_mutex_lock(&store->lock);
	struct entry *first = entries_group(&store->entries, namespace, group);
	for (struct entry *entry = first; entry; entry = entry->sibling) {
		most++;
	}
	struct object **objects = arena_array(arena, struct object *, most + 1);
	*count = 0;
	for (struct entry *entry = first; entry; entry = entry->sibling) {
		if (in_group(entry, namespace, group)) {
			objects[(*count)++] = take_object(store, arena, entry);
		}
	}
	pthread_mutex_unlock(&store->lock);
	return objects;
}

struct object **store_loose(
	struct store *store, struct arena *arena, const struct kind *kind, const char *namespace, size_t *count) {
	*count = 0;
	const struct watched *watched = store_row(store, kind);
	if (!watched) {
		return arena_array(arena, struct object *, 1);
	}
	uint8_t row = store_index(store, watched);
	size_t most = 0;
	pthread_mutex_lock(&store->lock);
	struct entry *first = entries_loose(&store->entries, row, namespace);
	for (struct entry *entry = first; entry; entry = entry->sibling) {
		most++;
	}
	struct object **objects = arena_array(arena, struct object *, most + 1);
	for (struct entry *entry = first; entry; entry = entry->sibling) {
		if (!entry->group && store_in_namespace(entry, row, namespace)) {
			objects[(*count)++] = entry_copy(entry, watched, arena);
		}
	}
	pthread_mutex_unlock(&store->lock);
	return objects;
}

struct object **store_all(struct store *store, struct arena *arena, const struct kind *kind, size_t *count) {
	const struct watched *watched = store_row(store, kind);
	*count = 0;
	pthread_mutex_lock(&store->lock);
	uint8_t row = watched ? store_index(store, watched) : 0;
	struct object **objects = arena_array(arena, struct object *, watched ? store->row[row].count + 1 : 1);
	for (size_t i = 0; watched && i < store->entries.size; i++) {
		for (struct entry *entry = store->entries.buckets[i]; entry; entry = entry->next) {
			if (entry->row == row) {
				objects[(*count)++] = entry_copy(entry, watched, arena);
			}
		}
	}
	pthread_mutex_unlock(&store->lock);
	return objects;
}

static bool is_buried(const struct store *store, const struct entry *entry) {
	for (size_t i = 0; i < GRAVES; i++) {
		const struct grave *grave = &store->graves[i];
		if (grave->hash == entry->hash && grave->row == entry->row && grave->version >= entry->version) {
			return true;
		}
	}
	return false;
}

/* The answer replaces what is known: true when the store took the entry. */
static bool believe(struct store *store, struct entry *entry, struct entry *old) {
	if (!old) {
		store_insert(store, entry); /* gives it its hash */
		if (is_buried(store, entry)) {
			store_take_out(store, entry);
			return false;
		}
		return true;
	}
	int order = entry_order(old, entry->version);
	if (order >= 0) {
		if (order == 0 && entry->in_sync) {
			old->in_sync = true;
			old->compared = entry->compared;
			store_set_document(store, old, NULL);
		}
		return false;
	}
	store_inherit(entry, old);
	/* A change of somebody else's may be in the answer to a write of our status: then the watch still has news. */
	entry->delivered = entry->kept && old->delivered && old->wish == entry->wish;
	store_take_out(store, old);
	store_insert(store, entry);
	return true;
}

void store_wrote(struct store *store, const struct kind *kind, const json_t *answer, const struct digest *compared) {
	const struct watched *watched = store_row(store, kind);
	struct entry *entry = watched ? entry_read(watched, store_index(store, watched), answer) : NULL;
	if (!entry) {
		return;
	}
	entry->in_sync = compared != NULL;
	if (compared) {
		entry->compared = *compared;
	}
	pthread_mutex_lock(&store->lock);
	struct entry *old = entries_find(&store->entries, entry->row, entry_namespace(entry), entry_name(entry));
	bool taken = believe(store, entry, old);
	pthread_mutex_unlock(&store->lock);
	entry_free(taken ? old : entry);
}

void store_compared(struct store *store, const struct object *object, const struct digest *digest) {
	uint8_t row = store_index(store, object->watched);
	pthread_mutex_lock(&store->lock);
	struct entry *entry = entries_find(&store->entries, row, object->namespace, object->name);
	if (entry && entry->version == object->version && !strcmp(entry_uid(entry), object->uid)) {
		entry->in_sync = true;
		entry->compared = *digest;
		store_set_document(store, entry, NULL);
	}
	pthread_mutex_unlock(&store->lock);
}

void store_deleted(
	struct store *store, const struct kind *kind, const char *namespace, const char *name, const char *uid) {
	const struct watched *watched = store_row(store, kind);
	if (!watched) {
		return;
	}
	pthread_mutex_lock(&store->lock);
	struct entry *entry = entries_find(&store->entries, store_index(store, watched), namespace ? namespace : "", name);
	if (entry && (!uid || !strcmp(uid, entry_uid(entry)))) {
		entry->deleting = true;
	}
	pthread_mutex_unlock(&store->lock);
}

const struct watched *store_watched(struct store *store, size_t *rows) {
	*rows = store->rows;
	return store->watched;
}

size_t store_count(struct store *store, size_t row) {
	pthread_mutex_lock(&store->lock);
	size_t count = row < store->rows ? store->row[row].count : 0;
	pthread_mutex_unlock(&store->lock);
	return count;
}

size_t store_documents(struct store *store) {
	pthread_mutex_lock(&store->lock);
	size_t documents = store->documents;
	pthread_mutex_unlock(&store->lock);
	return documents;
}
