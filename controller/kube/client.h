/* Calls to the API server. One client belongs to one thread: it has its own connections.
 *
 * Writes are checked against the fence (the lease's deadline) just before they are sent, and are aborted when it is
 * lost. */
#ifndef KUBE_CLIENT_H
#define KUBE_CLIENT_H
#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "kube/kind.h"

struct kube_config;
struct kube_client;

/* Asked before each write; false means: send nothing any more (ERR_CANCELLED). NULL: no fence. */
struct kube_fence {
	bool (*holds)(void *context);
	void *context;
};

enum kube_verb {
	KUBE_GET,          /* one object, or with name NULL the whole list of the namespace (chunks are joined) */
	KUBE_CREATE,       /* POST: for Events, TokenReviews, Leases; never for what is applied later */
	KUBE_APPLY,        /* server-side apply under the one field manager */
	KUBE_APPLY_STATUS, /* the same to /status */
	KUBE_UPDATE,       /* PUT with the body's resourceVersion: for the Lease */
	KUBE_PATCH_JSON,   /* RFC 6902, with the tests that the caller put into the body */
	KUBE_PATCH_MERGE,  /* RFC 7386 */
	KUBE_DELETE,       /* with preconditions; a missing object is success */
	KUBE_EVICT,        /* POST policy/v1 Eviction to pods/eviction, with preconditions; 429 is ERR_THROTTLED */
};

struct kube_call {
	enum kube_verb verb;
	const struct kind *kind;
	const char *namespace; /* NULL: cluster-scoped, or a list of all namespaces */
	const char *name;
	const char *query;            /* further query, already escaped ("labelSelector=a%3Db"), or NULL */
	const char *subresource;      /* "status", "scale", or NULL */
	json_t *body;                 /* borrowed */
	const char *uid;              /* KUBE_DELETE, KUBE_EVICT: precondition, required */
	const char *resource_version; /* KUBE_DELETE: precondition; NULL leaves it out */
	const char *propagation;      /* KUBE_DELETE: "Background" when NULL; "Orphan", "Foreground" */
	bool force;                   /* KUBE_APPLY: take fields from other managers */

	bool ok;          /* the answer: true and `answer`, or false and `err` */
	json_t *answer;   /* owned by the arena given to kube_do(); NULL where the server gave none */
	struct error err; /* text has the server's own message */
};

struct kube_client *kube_client_create(struct kube_config *config, const struct kube_fence *fence);
void kube_client_destroy(struct kube_client *client);
/* Runs all calls side by side and returns when each has its answer. */
void kube_do(struct kube_client *client, struct arena *arena, struct kube_call *calls, size_t count);
/* Ends every call under way, and all later ones, with ERR_CANCELLED. From any thread. */
void kube_client_interrupt(struct kube_client *client);

#endif
