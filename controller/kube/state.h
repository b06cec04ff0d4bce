/* The store's own state, shared by its two sides: store.c (the watch's) and recall.c (the reconcilers'). */
#ifndef KUBE_STATE_H
#define KUBE_STATE_H
#include <pthread.h>

#include "kube/entry.h"

enum { GRAVES = 512 };

/* The list of a namespace; "" is all of them. */
struct list {
	struct list *next;
	bool complete; /* it was, once */
	char namespace[];
};

struct row {
	struct list *lists;
	size_t count, documents;
	uint64_t loose; /* how often an entry without a group came or went */
	bool synced;    /* all of its lists are complete */
	bool complained;
};

/* An object that the watch saw go. The answer to a write of ours may be recorded later than that, and must not bring
 * the object back; the gap is a matter of milliseconds, so a few are enough. */
struct grave {
	uint64_t version;
	uint32_t hash;
	uint8_t row;
};

struct store {
	pthread_mutex_t lock;
	struct entries entries;
	size_t documents, weight; /* that wait, and their bytes of memory */
	uint64_t ceased;          /* documents that were taken or forgotten */
	struct grave graves[GRAVES];
	size_t next_grave;
	const struct watched *watched;
	size_t rows;
	store_changed *changed;
	void *context;
	struct row row[];
};

/* The row of a kind, or NULL. Of two rows of one kind the first counts. */
const struct watched *store_row(const struct store *store, const struct kind *kind);

static inline uint8_t store_index(const struct store *store, const struct watched *watched) {
	return (uint8_t)(watched - store->watched);
}

/* The callers of these hold the lock. */
/* Takes the reference of `document`, which may be NULL, and lets it go when too much waits. */
void store_set_document(struct store *store, struct entry *entry, json_t *document);
void store_insert(struct store *store, struct entry *entry);
void store_take_out(struct store *store, struct entry *entry);
/* What outlives the version `old`. */
void store_inherit(struct entry *entry, const struct entry *old);
/* NULL: everywhere. */
bool store_row_synced(const struct row *row, const char *namespace);
bool store_in_namespace(const struct entry *entry, uint8_t row, const char *namespace);

#endif
