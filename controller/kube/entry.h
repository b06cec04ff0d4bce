/* The store's own: one entry an object, in one allocation with its strings, and the two indexes over the entries.
 * Nothing here locks. */
#ifndef KUBE_ENTRY_H
#define KUBE_ENTRY_H
#include "kube/store.h"

struct entry {
	struct entry *next;    /* in the bucket of (row, namespace, name) */
	struct entry *sibling; /* in the bucket of (namespace, group), or of (row, namespace) without a group */
	json_t *document;      /* not compared yet */
	char *kept;            /* the compact text, for kinds with `keep` */
	struct summary summary;
	struct digest compared;
	uint64_t version;
	uint64_t wish; /* of kinds with `keep`: equal for versions between which nobody asked for anything */
	uint32_t hash, group_hash;
	uint32_t weight;                  /* of the document, in bytes of memory */
	uint16_t name, uid, owner, group; /* offsets into strings, where the namespace is first; no group: 0 */
	uint8_t row;
	bool deleting;
	bool in_sync;
	bool delivered; /* changed() was called for this version */
	bool listed;    /* seen by the list that is coming in */
	bool lost;      /* of before the server went back: whatever is told of the object now replaces it */
	char strings[];
};

static inline const char *entry_namespace(const struct entry *entry) {
	return entry->strings;
}
static inline const char *entry_name(const struct entry *entry) {
	return entry->strings + entry->name;
}
static inline const char *entry_uid(const struct entry *entry) {
	return entry->strings + entry->uid;
}
/* NULL: belongs to none. */
static inline const char *entry_group(const struct entry *entry) {
	return entry->group ? entry->strings + entry->group : NULL;
}

/* Reads identity, version, summary and, for `keep`, the text. NULL: this is no object of the API. No document yet. */
struct entry *entry_read(const struct watched *watched, uint8_t row, const json_t *object);
/* < 0, 0, > 0: it is older than what is told with this version, the same, or newer. A lost one is older than all. */
static inline int entry_order(const struct entry *entry, uint64_t version) {
	return entry->lost ? -1 : (entry->version > version) - (entry->version < version);
}
void entry_free(struct entry *entry);
/* A copy in the arena, without a document. */
struct object *entry_copy(const struct entry *entry, const struct watched *watched, struct arena *arena);
/* The document of a `keep` kind; else NULL. */
json_t *entry_kept(const struct entry *entry, struct arena *arena);

struct entries {
	struct entry **buckets, **groups;
	size_t size, count;
	uint64_t seed; /* tenants choose names: they must not be able to choose buckets */
};

void entries_init(struct entries *entries);
void entries_done(struct entries *entries);
struct entry *entries_find(const struct entries *entries, uint8_t row, const char *namespace, const char *name);
/* Owns `entry` from now on. */
void entries_add(struct entries *entries, struct entry *entry);
/* The caller owns `entry` again. */
void entries_take(struct entries *entries, struct entry *entry);
/* The first of the bucket that may hold the group; go on by `sibling`, and compare. */
struct entry *entries_group(const struct entries *entries, const char *namespace, const char *group);
/* The same for what belongs to no group. */
struct entry *entries_loose(const struct entries *entries, uint8_t row, const char *namespace);

#endif
