/* What all reconcilers share: made by main.c before the workers start, ended after they have joined. */
#ifndef RECONCILERS_WORLD_H
#define RECONCILERS_WORLD_H
#include <pthread.h>
#include <stdatomic.h>

#include "kube/store.h"
#include "pure/child.h"
#include "pure/names.h"
#include "run/metrics.h"
#include "run/queue.h"
#include "run/reconcile.h"

struct world {
	struct settings settings;
	struct vault *vault; /* the token and the PKI's certificates */
	struct queue *queue; /* to wake other reconcilers */
	struct store *store;
	struct metrics *metrics;
	atomic_bool reconciling;   /* this process does: it holds the lease, or there is none */
	struct prober *prober;     /* NULL: the operator is no pod of the cluster, and has nothing to probe from */
	pthread_mutex_t turn_lock; /* protects turn */
	char turn[320];            /* the cluster whose unasked restarts are under way, "" for none */
	int64_t turn_used;         /* clock_monotonic() when it last took it: a turn that is not used is lost */
};

/* The rows of all watched kinds and their count; the first CHILD_KINDS rows are the children, by enum child_kind. */
extern const struct watched watched_table[];
extern const size_t watched_count;
extern const struct kind kind_ybcluster, kind_allowlist, kind_storage_class;
const struct kind *kind_of_child(enum child_kind kind);
/* NULL-terminated. */
extern const struct reconciler *const reconcilers[];

/* Fits store_changed: tells the queue who must look. `context` is the world. */
void world_changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial);

/* A foreign change of such an object was taken back. */
void world_count_drift(struct world *world, enum child_kind kind);

/* Takes the turn for restarts that nobody asked for; false: another cluster has it. The same cluster takes it again
 * with every step; after half an hour without one another cluster may. */
bool world_take_turn(struct world *world, const char *namespace, const char *name);
void world_end_turn(struct world *world, const char *namespace, const char *name);

#endif
