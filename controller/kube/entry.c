#include "kube/entry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/json.h"

enum { LONGEST = 253, FIRST_SIZE = 64 }; /* no name of the API is longer than a DNS subdomain */
enum { LOOSE = 256 };                    /* sets the hash of what has no group, by row, apart from that of groups */

/* Objects come from others: a text that is missing, of another type or too long is no text. */
static const char *short_text(const json_t *value) {
	const char *text = json_string_value(value);
	return text && json_string_length(value) <= LONGEST ? text : NULL;
}

/* What names an object is never empty: a precondition of "" would be none. */
static const char *identity(const json_t *value) {
	const char *text = short_text(value);
	return text && *text ? text : NULL;
}

static bool read_version(const char *text, uint64_t *version) {
	if (!text || text[0] < '1' || text[0] > '9' || strlen(text) > 19) {
		return false;
	}
	char *end;
	*version = strtoull(text, &end, 10);
	return *end == '\0';
}

static const char *controller_uid(const json_t *metadata) {
	size_t index;
	json_t *reference;
	json_array_foreach(json_object_get(metadata, "ownerReferences"), index, reference) {
		const char *uid = short_text(json_object_get(reference, "uid"));
		if (uid && json_is_true(json_object_get(reference, "controller"))) {
			return uid;
		}
	}
	return "";
}

static const char *group_of(const struct watched *watched, const json_t *object) {
	const char *group = watched->group ? watched->group(object) : NULL;
	return group && *group && strlen(group) <= LONGEST ? group : NULL;
}

/* What is kept of our own resources: all but the book-keeping of field managers. */
static char *kept_text(const json_t *object) {
	json_t *copy = json_copy((json_t *)object);
	json_t *metadata = json_copy(json_object_get(object, "metadata"));
	json_object_del(metadata, "managedFields");
	json_object_set_new(copy, "metadata", metadata);
	struct str text = {0};
	json_write_unsorted(&text, copy);
	json_decref(copy);
	text.text = xrealloc(text.text, text.length + 1);
	return text.text;
}

/* What a reconcile follows: the spec, which has a new generation with every change, and what people write beside it.
 * Not the status, not finalizers: those are ours. */
static uint64_t wish_of(const json_t *metadata) {
	static const char *const members[] = {"generation", "labels", "annotations", "deletionTimestamp"};
	json_t *wish = json_array();
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_t *member = json_object_get(metadata, members[i]);
		json_array_append_new(wish, member ? json_incref(member) : json_null());
	}
	struct digest digest = digest_value(wish);
	json_decref(wish);
	uint64_t result;
	memcpy(&result, digest.bytes, sizeof result);
	return result;
}

static uint16_t append(char *strings, uint16_t *used, const char *text) {
	uint16_t at = *used;
	size_t size = strlen(text) + 1;
	memcpy(strings + at, text, size);
	*used = (uint16_t)(at + size);
	return at;
}

struct entry *entry_read(const struct watched *watched, uint8_t row, const json_t *object) {
	const json_t *metadata = json_object_get(object, "metadata");
	const char *name = identity(json_object_get(metadata, "name"));
	const char *uid = identity(json_object_get(metadata, "uid"));
	const char *namespace = watched->kind->cluster_scoped ? "" : identity(json_object_get(metadata, "namespace"));
	uint64_t version;
	if (!name || !uid || !namespace || !read_version(json_text(metadata, "resourceVersion"), &version)) {
		return NULL;
	}
	const char *owner = controller_uid(metadata), *group = group_of(watched, object);
	size_t size = strlen(namespace) + strlen(name) + strlen(uid) + strlen(owner) + 4 + (group ? strlen(group) + 1 : 0);
	struct entry *entry = xcalloc(1, sizeof *entry + size);
	uint16_t used = 0;
	append(entry->strings, &used, namespace);
	entry->name = append(entry->strings, &used, name);
	entry->uid = append(entry->strings, &used, uid);
	entry->owner = append(entry->strings, &used, owner);
	entry->group = group ? append(entry->strings, &used, group) : 0;
	entry->row = row;
	entry->version = version;
	entry->deleting = json_is_string(json_object_get(metadata, "deletionTimestamp"));
	entry->kept = watched->keep ? kept_text(object) : NULL;
	entry->wish = watched->keep ? wish_of(metadata) : 0;
	if (watched->summarize) {
		watched->summarize(object, &entry->summary);
	}
	return entry;
}

void entry_free(struct entry *entry) {
	if (entry) {
		json_decref(entry->document);
		free(entry->kept);
		free(entry->summary.text);
		free(entry);
	}
}

static json_t *parse_kept(const char *kept) {
	return json_loads(kept, JSON_ALLOW_NUL, NULL); /* our own text: it parses */
}

struct object *entry_copy(const struct entry *entry, const struct watched *watched, struct arena *arena) {
	uint16_t last = entry->group ? entry->group : entry->owner;
	size_t size = last + strlen(entry->strings + last) + 1;
	const char *strings = memcpy(arena_alloc(arena, size), entry->strings, size);
	struct object *object = arena_new(arena, struct object);
	*object = (struct object){
		.watched = watched,
		.namespace = strings,
		.name = strings + entry->name,
		.uid = strings + entry->uid,
		.owner_uid = strings + entry->owner,
		.version = entry->version,
		.deleting = entry->deleting,
		.summary = entry->summary,
		.in_sync = entry->in_sync,
		.compared = entry->compared,
	};
	object->summary.text = entry->summary.text ? arena_strdup(arena, entry->summary.text) : NULL;
	return object;
}

json_t *entry_kept(const struct entry *entry, struct arena *arena) {
	return entry->kept ? arena_own_json(arena, parse_kept(entry->kept)) : NULL;
}

static uint32_t hash_pair(const struct entries *entries, uint64_t salt, const char *a, const char *b) {
	uint64_t hash = hash_more(hash_more(entries->seed ^ salt, a) ^ 0xff, b);
	return (uint32_t)(hash ^ (hash >> 32));
}

void entries_init(struct entries *entries) {
	*entries = (struct entries){.size = FIRST_SIZE};
	if (getrandom(&entries->seed, sizeof entries->seed, 0) != (ssize_t)sizeof entries->seed) {
		abort();
	}
	entries->buckets = xcalloc(entries->size, sizeof *entries->buckets);
	entries->groups = xcalloc(entries->size, sizeof *entries->groups);
}

void entries_done(struct entries *entries) {
	for (size_t i = 0; i < entries->size; i++) {
		for (struct entry *entry = entries->buckets[i], *next; entry; entry = next) {
			next = entry->next;
			entry_free(entry);
		}
	}
	free(entries->buckets);
	free(entries->groups);
}

struct entry *entries_find(const struct entries *entries, uint8_t row, const char *namespace, const char *name) {
	uint32_t hash = hash_pair(entries, row, namespace, name);
	for (struct entry *entry = entries->buckets[hash & (entries->size - 1)]; entry; entry = entry->next) {
		if (entry->hash == hash && entry->row == row && !strcmp(entry_namespace(entry), namespace) &&
			!strcmp(entry_name(entry), name)) {
			return entry;
		}
	}
	return NULL;
}

static void link_entry(struct entries *entries, struct entry *entry) {
	struct entry **bucket = &entries->buckets[entry->hash & (entries->size - 1)];
	entry->next = *bucket;
	*bucket = entry;
	struct entry **group = &entries->groups[entry->group_hash & (entries->size - 1)];
	entry->sibling = *group;
	*group = entry;
}

static void grow(struct entries *entries) {
	struct entry **old = entries->buckets;
	size_t size = entries->size;
	free(entries->groups);
	entries->size = size * 2;
	entries->buckets = xcalloc(entries->size, sizeof *entries->buckets);
	entries->groups = xcalloc(entries->size, sizeof *entries->groups);
	for (size_t i = 0; i < size; i++) {
		for (struct entry *entry = old[i], *next; entry; entry = next) {
			next = entry->next;
			link_entry(entries, entry);
		}
	}
	free(old);
}

void entries_add(struct entries *entries, struct entry *entry) {
	if (entries->count++ >= entries->size) {
		grow(entries);
	}
	entry->hash = hash_pair(entries, entry->row, entry_namespace(entry), entry_name(entry));
	entry->group_hash = entry->group ? hash_pair(entries, 0, entry_namespace(entry), entry_group(entry))
	                                 : hash_pair(entries, LOOSE + entry->row, entry_namespace(entry), "");
	link_entry(entries, entry);
}

void entries_take(struct entries *entries, struct entry *entry) {
	struct entry **at = &entries->buckets[entry->hash & (entries->size - 1)];
	while (*at != entry) {
		at = &(*at)->next;
	}
	*at = entry->next;
	at = &entries->groups[entry->group_hash & (entries->size - 1)];
	while (*at != entry) {
		at = &(*at)->sibling;
	}
	*at = entry->sibling;
	entries->count--;
}

struct entry *entries_group(const struct entries *entries, const char *namespace, const char *group) {
	return entries->groups[hash_pair(entries, 0, namespace, group) & (entries->size - 1)];
}

struct entry *entries_loose(const struct entries *entries, uint8_t row, const char *namespace) {
	return entries->groups[hash_pair(entries, LOOSE + row, namespace, "") & (entries->size - 1)];
}
