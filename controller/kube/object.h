/* A watched object as the store gives it out, and the row that says how its kind is watched. */
#ifndef KUBE_OBJECT_H
#define KUBE_OBJECT_H
#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"
#include "kube/kind.h"

/* The few facts of an object that later decisions use; each reconciler says what its numbers mean. */
struct summary {
	int64_t number[6];
	uint8_t mark[16];
	char *text; /* malloc'd by summarize(), or NULL; the store frees it */
};

/* How one kind is watched: a row of the reconcilers' table. */
struct watched {
	const struct kind *kind;
	const char *selector; /* labelSelector, not escaped; NULL: all */
	bool keep;            /* keep the JSON text */
	bool first;           /* synced before the kinds that are not: own custom resources */
	/* The group that the object belongs to, or NULL; borrowed from the object. */
	const char *(*group)(const json_t *object);
	/* Fills the summary; may be NULL. */
	void (*summarize)(const json_t *object, struct summary *summary);
};

struct object {
	const struct watched *watched;
	const char *namespace, *name, *uid, *owner_uid; /* owner_uid: of the controller reference, "" without */
	uint64_t version;       /* resourceVersion; the API server promises order since 1.35, etcd always had it */
	bool deleting;          /* has a deletionTimestamp */
	struct summary summary; /* text is the arena's here */
	bool in_sync;           /* `compared` is the digest of a desired document that this very version satisfies */
	struct digest compared;
	json_t *document; /* the arena's, NULL when it was taken before; `keep` kinds: always there */
};

#endif
