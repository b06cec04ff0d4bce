#include "kube/store.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "kube/state.h"

enum { MOST_ROWS = 255, MOST_WEIGHT = 64 << 20 };

struct store *store_create(const struct watched *watched, size_t count, store_changed *changed, void *context) {
	if (count > MOST_ROWS) {
		abort();
	}
	struct store *store = xcalloc(1, sizeof *store + count * sizeof store->row[0]);
	*store = (struct store){.watched = watched, .rows = count, .changed = changed, .context = context};
	pthread_mutex_init(&store->lock, NULL);
	entries_init(&store->entries);
	return store;
}

void store_destroy(struct store *store) {
	if (!store) {
		return;
	}
	for (size_t i = 0; i < store->rows; i++) {
		for (struct list *list = store->row[i].lists, *next; list; list = next) {
			next = list->next;
			free(list);
		}
	}
	entries_done(&store->entries);
	pthread_mutex_destroy(&store->lock);
	free(store);
}

const struct watched *store_row(const struct store *store, const struct kind *kind) {
	for (size_t i = 0; i < store->rows; i++) {
		const struct kind *known = store->watched[i].kind;
		if (known == kind || (!strcmp(known->name, kind->name) && !strcmp(known->api_version, kind->api_version))) {
			return &store->watched[i];
		}
	}
	return NULL;
}

/* The callers of these hold the lock. */

static uint32_t weight_of(const json_t *document) {
	size_t weight = document ? json_weight(document) : 0;
	return weight < UINT32_MAX ? (uint32_t)weight : UINT32_MAX;
}

void store_set_document(struct store *store, struct entry *entry, json_t *document) {
	struct row *row = &store->row[entry->row];
	bool had = entry->document != NULL;
	store->weight -= had ? entry->weight : 0;
	json_decref(entry->document);
	entry->weight = weight_of(document);
	if (document && store->weight + entry->weight > MOST_WEIGHT) {
		json_decref(document);
		document = NULL;
	}
	store->weight += document ? entry->weight : 0;
	entry->document = document;
	row->documents += (document != NULL) - (size_t)had;
	store->documents += (document != NULL) - (size_t)had;
	store->ceased += had && !document;
}

void store_insert(struct store *store, struct entry *entry) {
	entries_add(&store->entries, entry);
	store->row[entry->row].count++;
	store->row[entry->row].loose += !entry->group;
}

void store_take_out(struct store *store, struct entry *entry) {
	entries_take(&store->entries, entry);
	store->row[entry->row].count--;
	store->row[entry->row].loose += !entry->group;
	store_set_document(store, entry, NULL);
}

static void bury(struct store *store, const struct entry *entry, uint64_t version) {
	struct grave *grave = &store->graves[store->next_grave++ % GRAVES];
	*grave = (struct grave){.version = version, .hash = entry->hash, .row = entry->row};
}

/* What outlives the version: a deletion cannot be taken back, and a list that has seen the object has seen it. */
void store_inherit(struct entry *entry, const struct entry *old) {
	entry->deleting |= !old->lost && old->deleting && !strcmp(entry_uid(entry), entry_uid(old));
	entry->listed |= old->listed;
}

static void tell(struct store *store, const struct entry *entry, bool initial) {
	if (store->changed) {
		store->changed(store->context, &store->watched[entry->row], entry_namespace(entry), entry_name(entry),
			entry_group(entry), initial);
	}
}

/* An entry of its own, since the one in the store may be gone once the lock is given back. */
static struct entry *name_tag(const struct entry *entry) {
	uint16_t last = entry->group ? entry->group : entry->owner;
	size_t size = last + strlen(entry->strings + last) + 1;
	struct entry *tag = xcalloc(1, sizeof *tag + size);
	memcpy(tag->strings, entry->strings, size);
	tag->name = entry->name;
	tag->uid = entry->uid;
	tag->owner = entry->owner;
	tag->group = entry->group;
	tag->row = entry->row;
	return tag;
}

static void complain(struct store *store, const struct watched *watched) {
	struct row *row = &store->row[store_index(store, watched)];
	pthread_mutex_lock(&store->lock);
	bool first = !row->complained;
	row->complained = true;
	pthread_mutex_unlock(&store->lock);
	if (first) {
		log_warn("objects without a usable name, namespace, uid or resourceVersion are left out", "kind",
			watched->kind->name);
	}
}

/* Of our own kinds others are told too than who settled (an AllowList of the clusters that name it). */
static bool is_heard(const struct entry *entry) {
	return entry->delivered || (entry->in_sync && !entry->kept);
}

/* A version that is known already, from an answer to a write or from an earlier watch. True: it says something new. */
static bool put_again(struct store *store, struct entry *old, json_t **document) {
	old->listed = true;
	if (is_heard(old)) {
		old->delivered = true;
		return false;
	}
	old->delivered = true;
	if (old->group && !old->kept) {
		store_set_document(store, old, *document);
		*document = NULL;
	}
	return true;
}

/* Who is to be told of a put: the object's group, and the one that it left. */
struct news {
	struct entry *tag, *left;
};

/* Takes the entry, and the document when it is wanted; what is to be freed comes back. */
static struct entry *take_in(struct store *store, struct entry *entry, json_t **document, struct news *news) {
	struct entry *old = entries_find(&store->entries, entry->row, entry_namespace(entry), entry_name(entry));
	int order = old ? entry_order(old, entry->version) : -1;
	if (order >= 0) {
		old->listed = true;
		if (order == 0 && put_again(store, old, document)) {
			news->tag = name_tag(old);
		}
		return entry;
	}
	if (old) {
		store_inherit(entry, old);
		store_take_out(store, old);
		news->left = str_equal(entry_group(old), entry_group(entry)) ? NULL : name_tag(old);
	}
	entry->listed = entry->delivered = true;
	store_insert(store, entry);
	if (entry->group && !entry->kept) {
		store_set_document(store, entry, *document);
		*document = NULL;
	}
	news->tag = name_tag(entry);
	return old;
}

static void tell_and_free(struct store *store, struct entry *tag, bool initial) {
	if (tag) {
		tell(store, tag, initial);
		entry_free(tag);
	}
}

void store_put(struct store *store, const struct watched *watched, json_t *object, bool initial) {
	struct entry *entry = entry_read(watched, store_index(store, watched), object);
	if (!entry) {
		json_decref(object);
		complain(store, watched);
		return;
	}
	json_object_del(json_object_get(object, "metadata"), "managedFields");
	struct news news = {NULL, NULL};
	pthread_mutex_lock(&store->lock);
	struct entry *unused = take_in(store, entry, &object, &news);
	pthread_mutex_unlock(&store->lock);
	entry_free(unused);
	json_decref(object);
	tell_and_free(store, news.left, initial);
	tell_and_free(store, news.tag, initial);
}

bool store_heard(struct store *store, const struct watched *watched, const char *namespace, const char *name,
	const char *uid, uint64_t version) {
	pthread_mutex_lock(&store->lock);
	struct entry *entry = entries_find(&store->entries, store_index(store, watched), namespace, name);
	bool heard = entry && entry_order(entry, version) == 0 && !strcmp(entry_uid(entry), uid) && is_heard(entry);
	if (heard) {
		entry->delivered = entry->listed = true;
	}
	pthread_mutex_unlock(&store->lock);
	return heard;
}

void store_remove(struct store *store, const struct watched *watched, const char *namespace, const char *name,
	const char *uid, uint64_t version) {
	uint8_t row = store_index(store, watched);
	pthread_mutex_lock(&store->lock);
	struct entry *entry = entries_find(&store->entries, row, namespace ? namespace : "", name);
	/* Without a version the uid must do: an entry with another one is of an object that was made anew. */
	if (entry && (version ? entry_order(entry, version) > 0 : uid && strcmp(uid, entry_uid(entry)) != 0)) {
		entry = NULL;
	}
	if (entry) {
		store_take_out(store, entry);
		bury(store, entry, version ? version : entry->version);
	}
	pthread_mutex_unlock(&store->lock);
	if (entry) {
		tell(store, entry, false);
		entry_free(entry);
	}
}

static struct list *get_list(struct row *row, const char *namespace) {
	struct list **at = &row->lists;
	while (*at && strcmp((*at)->namespace, namespace) != 0) {
		at = &(*at)->next;
	}
	if (!*at) {
		*at = xcalloc(1, sizeof **at + strlen(namespace) + 1);
		memcpy((*at)->namespace, namespace, strlen(namespace));
	}
	return *at;
}

bool store_in_namespace(const struct entry *entry, uint8_t row, const char *namespace) {
	return entry->row == row && (!namespace || !strcmp(entry_namespace(entry), namespace));
}

void store_replace_begin(struct store *store, const struct watched *watched, const char *namespace) {
	uint8_t row = store_index(store, watched);
	pthread_mutex_lock(&store->lock);
	get_list(&store->row[row], namespace ? namespace : "");
	for (size_t i = 0; i < store->entries.size; i++) {
		for (struct entry *entry = store->entries.buckets[i]; entry; entry = entry->next) {
			entry->listed &= !store_in_namespace(entry, row, namespace);
		}
	}
	pthread_mutex_unlock(&store->lock);
}

void store_went_back(struct store *store, const struct watched *watched, const char *namespace) {
	uint8_t row = store_index(store, watched);
	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < store->entries.size; i++) {
		for (struct entry *entry = store->entries.buckets[i]; entry; entry = entry->next) {
			entry->lost |= store_in_namespace(entry, row, namespace);
		}
	}
	/* Or an object that is made now would count as gone: its version may be lower than that of a lost end. */
	for (size_t i = 0; i < GRAVES; i++) {
		store->graves[i].version = store->graves[i].row == row ? 0 : store->graves[i].version;
	}
	pthread_mutex_unlock(&store->lock);
}

/* Takes out what the list did not have, chained by `next`. */
static struct entry *take_unlisted(struct store *store, uint8_t row, const char *namespace, uint64_t version) {
	struct entry *gone = NULL;
	for (size_t i = 0; i < store->entries.size; i++) {
		for (struct entry *entry = store->entries.buckets[i], *next; entry; entry = next) {
			next = entry->next;
			if (store_in_namespace(entry, row, namespace) && !entry->listed && entry_order(entry, version) <= 0) {
				store_take_out(store, entry);
				bury(store, entry, version);
				entry->next = gone;
				gone = entry;
			}
		}
	}
	return gone;
}

void store_replace_end(struct store *store, const struct watched *watched, const char *namespace, uint64_t version) {
	uint8_t index = store_index(store, watched);
	pthread_mutex_lock(&store->lock);
	struct row *row = &store->row[index];
	get_list(row, namespace ? namespace : "")->complete = true;
	row->synced = true;
	for (const struct list *list = row->lists; list; list = list->next) {
		row->synced = row->synced && list->complete;
	}
	struct entry *gone = take_unlisted(store, index, namespace, version);
	pthread_mutex_unlock(&store->lock);
	for (struct entry *next; gone; gone = next) {
		next = gone->next;
		tell(store, gone, false);
		entry_free(gone);
	}
}

bool store_row_synced(const struct row *row, const char *namespace) {
	bool complete = !namespace && row->synced;
	for (const struct list *list = row->lists; namespace && list; list = list->next) {
		bool has = !list->namespace[0] || !strcmp(list->namespace, namespace);
		complete = complete || (has && list->complete);
	}
	return complete;
}

static bool synced(struct store *store, const char *namespace, bool first_only) {
	bool all = true;
	pthread_mutex_lock(&store->lock);
	for (size_t i = 0; i < store->rows; i++) {
		all = all && ((first_only && !store->watched[i].first) || store_row_synced(&store->row[i], namespace));
	}
	pthread_mutex_unlock(&store->lock);
	return all;
}

bool store_synced(struct store *store, const char *namespace) {
	return synced(store, namespace, false);
}

bool store_first_synced(struct store *store, const char *namespace) {
	return synced(store, namespace, true);
}

size_t store_waiting(struct store *store, const struct watched *watched, uint64_t *ceased) {
	pthread_mutex_lock(&store->lock);
	size_t documents = store->row[store_index(store, watched)].documents;
	*ceased = store->ceased;
	pthread_mutex_unlock(&store->lock);
	return documents;
}
