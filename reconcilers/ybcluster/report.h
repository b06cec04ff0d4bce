/* What a pass leaves behind for people, and for the next pass. */
#ifndef YBCLUSTER_REPORT_H
#define YBCLUSTER_REPORT_H
#include "ybcluster/work.h"

/* Stands for itself in conditions and events: something outside must change first. */
bool stall(struct work *work, const char *reason, const char *message);
void event(struct work *work, bool warning, const char *reason, const char *action, const char *note);
/* True: the pass may not write yet, and leaves to the next one what it would do now. It must ask this before anything
 * that it does not do for that reason: a pass that asked has not settled (kube/settled.h). */
bool held_back(struct work *work);
/* Wakes at `when` at the latest. */
void wake_at(struct work *work, int64_t when);
/* In a second, for what comes of this pass; of one that only plans nothing does. */
void wake_soon(struct work *work);
must_check bool report(struct work *work, struct error *err);
/* Ready False and Stalled, by a patch of the conditions alone: what else stands in the status is not lost. */
must_check bool report_undecodable(struct work *work, const struct error *why, struct error *err);
/* One field of the YBCluster itself, by server-side apply under our manager, only to `version` unless that is NULL.
 * Takes over `value`. */
must_check bool cluster_apply(
	struct work *work, enum kube_verb verb, const char *version, const char *path, json_t *value, struct error *err);

#endif
