/* Workers: each takes keys "<reconciler>/<namespace>/<name>" from the queue and runs the reconciler, with an arena and
 * a client of its own. */
#ifndef RUN_WORKER_H
#define RUN_WORKER_H
#include "run/queue.h"
#include "run/reconcile.h"

struct metrics;
struct workers;

struct workers_config {
	int count; /* threads */
	struct queue *queue;
	struct kube_config *config;
	const struct kube_fence *fence;
	struct store *store;
	struct events *events;
	struct metrics *metrics;
	void *world;
	const struct reconciler *const *reconcilers; /* NULL-terminated */
};

struct workers *workers_start(const struct workers_config *config);
/* Interrupts calls under way, stops the queue and joins. False: one is still at work after so many seconds, in a call
 * of the token that does not return; nothing was freed, and it may be tried again. */
must_check bool workers_stop(struct workers *workers, double seconds);

#endif
