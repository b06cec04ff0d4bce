/* A reconciler: what is called for one key, and the table row that names it. Workers call it; the queue makes sure that
 * a key never runs twice at once. */
#ifndef RUN_RECONCILE_H
#define RUN_RECONCILE_H
#include "base/arena.h"
#include "base/error.h"
#include "kube/client.h"
#include "kube/events.h"
#include "kube/store.h"

/* What a reconcile may use; the worker's own. */
struct pass {
	struct arena *arena; /* reset when the reconcile returns */
	struct kube_client *client;
	struct store *store;
	struct events *events;
	void *world; /* the reconcilers' own settings and tools (struct world of reconcilers/world.h) */
	const char *namespace, *name;
	bool may_write; /* false until every kind of this namespace is synced: compare, but decide nothing */
	double again;   /* set by the reconciler: seconds until it wants to run again; 0: no wish */
};

struct reconciler {
	const char *name; /* "ybcluster": the metric's label, and the key's first part */
	const struct kind *kind;
	bool (*reconcile)(struct pass *pass, struct error *err);
};

#endif
