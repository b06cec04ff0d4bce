/* One reconcile of one YBCluster: what was observed, what is wanted, and what was found; all of it in the arena. */
#ifndef YBCLUSTER_WORK_H
#define YBCLUSTER_WORK_H
#include "pure/desired.h"
#include "pure/status.h"
#include "reconcilers/vault.h"
#include "reconcilers/world.h"

/* An object that this pass has made. */
struct made {
	const struct made *earlier;
	enum child_kind kind;
	const char *name, *uid;
};

/* SUPERSEDED: the store has something newer by now, and the next pass judges by that. */
enum standing { NOT_ASKED, STANDS, SUPERSEDED };

struct work {
	struct pass *pass;
	struct world *world;
	struct arena *arena;
	json_t *object; /* the YBCluster as it is stored */
	struct ybcluster *cluster;
	struct groups groups;
	struct children children;
	struct inputs inputs;
	const struct assigned *lists; /* those that the spec names, as this pass judges by them */
	size_t list_count;
	struct allowed allowed;
	struct wanted_list wanted;
	struct observed observed;
	int64_t now;
	const struct error *unreadable; /* why it cannot be decoded: see readable_cluster(). NULL: it can */
	enum standing standing;         /* is what this pass judges by still so? */
	const char *unpinned;           /* the cluster's version as it was read without a status; NULL: it has one by now */
	bool names_taken;        /* objects of another owner bear the cluster's name: an earlier cluster's, most likely */
	bool fresh;              /* nothing of the cluster is known to be there: its names are taken without a look */
	const struct made *made; /* what took its name in this pass, the newest first */
	bool plan_only;          /* annotation plan: write nothing but status.plan */
	bool paused;             /* annotation paused: only what closes */
	bool frozen;             /* nothing may open in this pass */
	const char *not_closed;  /* why what must close could not be closed; NULL: it could, or nothing had to */
	bool version_accepted;   /* spec.version may be rolled out */
	const char *strange_pod; /* of somebody else, under the name of one of ours; NULL: none was found */
	int64_t *pod_limits;     /* by group: the ordinal whose volume may not be mounted or made; NULL: there is none */
	bool ca_moved;           /* by this pass, to certificates that no Secret holds yet */
	bool rollout_waits;      /* templates were written by this pass, or held up, or a set is made anew */
	size_t changes;          /* writes and events that were made, would have been, or wait for a pass that may write */
	int64_t wake;            /* the earliest moment at which time alone changes something; 0: none */
};

/* Else what would be written is only noted: a plan, or a pass without leadership. */
static inline bool writes(const struct work *work) {
	return work->pass->may_write && !work->plan_only;
}

/* What certificates are live, before anything can fail: one that ends while nothing is done about it is told of. */
void certificates_observe(struct work *work);
/* Makes sure that the cluster's CA, the leaves and the admin's client certificate are there and good, appending Secrets
 * that must be written to the wanted list. Reasons: PKINotInitialised, TokenLacksCA, Token... */
must_check bool certificates_ensure(struct work *work, struct error *err);
/* C-admin: made once, its derived parts kept true. */
must_check bool accounts_ensure(struct work *work, struct error *err);

/* Volumes that grow, pods that are replaced, StatefulSets that must be made anew. */
must_check bool volumes_ensure(struct work *work, struct error *err);
must_check bool rollout_ensure(struct work *work, struct error *err);
/* A pod of ours that lost the labels by which it is watched, selected and firewalled is replaced; a strange one is told
 * of. */
must_check bool strays_ensure(struct work *work, struct error *err);

#endif
