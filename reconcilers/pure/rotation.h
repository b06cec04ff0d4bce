/* When a leaf is renewed, and the steps of a CA rotation. A client or server never meets a certificate that it cannot
 * trust: the new CA is trusted by everybody before anything is signed by it, and the old one stays trusted until
 * nothing that it signed is served any more, each with `tls.caOverlap` in between for those who hold copies of
 * root.crt. */
#ifndef PURE_ROTATION_H
#define PURE_ROTATION_H
#include "crds/ybcluster.h"

enum ca_step {
	CA_STABLE,     /* one CA */
	CA_TRUST_BOTH, /* root.crt has old and new, the old one signs */
	CA_NEW_LEAVES, /* the new one signs; until every pod serves a leaf of it */
	CA_KEEP_OLD,   /* only new leaves are served; the old CA is still trusted for the overlap */
	CA_DROP_OLD,   /* root.crt has the new one alone; until every pod runs with that */
	CA_STEPS,
};

struct ca_progress {
	enum ca_step step;
	int64_t since;     /* when the step began */
	bool wished;       /* spec.tls.rotateCA has a value that was not followed yet */
	int64_t not_after; /* of the CA that signs */
	bool served;       /* every pod runs what the Secrets hold, and nothing had to be issued in this pass */
};

const char *ca_step_name(enum ca_step step); /* "Stable", "TrustBoth", "NewLeaves", "KeepOld", "DropOld" */
/* In status.operation: one of the three that change what pods run. The overlap after new leaves is part of theirs. */
const char *ca_step_shown(enum ca_step step);
const char *ca_step_awaits(enum ca_step step); /* "every pod …", to follow "until"; NULL: nothing */
enum ca_step ca_step_of(const char *name);     /* CA_STABLE when it is none of them */
int ca_generation_of(const char *number);      /* 1 when it is none */
/* It signs nothing any more, and nobody believes what it signed. */
bool ca_has_ended(const struct ca_progress *progress, int64_t now);
/* The step to be in now: the same, or the next one. A CA that has ended is waited for by nobody. */
enum ca_step ca_next(const struct ca_progress *progress, const struct ybcluster_spec *spec, int64_t now);
/* The record of a rotation lies where others may write. Its step is told by the CAs that were found: the one beside
 * that which signs is newer (`beside` > 0), older (< 0), or there is none (any more, where a rotation had come to new
 * leaves). Where the record says otherwise, or that the step is yet to come, it begins now; and none began before the
 * newer CA, made at `born`, allowed it: no overlap is cut short. */
void ca_confirm(struct ca_progress *recorded, int beside, int64_t born, const struct ybcluster_spec *spec, int64_t now);
/* When time alone may lead on; 0: never. */
int64_t ca_wake(const struct ca_progress *progress, const struct ybcluster_spec *spec);
/* When the leaf in this Secret is to be renewed. */
int64_t leaf_renewal(const struct ybcluster *cluster, const char *secret, int64_t not_before, int64_t not_after);
/* When a pod that still serves a leaf of before its renewal waits for no maintenance window any more: half of the time
 * is over that the renewal came ahead of the leaf's end. */
int64_t leaf_urgency(const struct ybcluster *cluster, int64_t not_before, int64_t not_after);

#endif
