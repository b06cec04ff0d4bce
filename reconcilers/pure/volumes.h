/* Volumes: which claims grow, and whether volumes of another cluster stand in the way. */
#ifndef PURE_VOLUMES_H
#define PURE_VOLUMES_H
#include "pure/child.h"
#include "pure/names.h"

/* A claim that is smaller than its group's storage size. */
struct growth {
	const struct child *claim;
	const char *size; /* the wanted quantity */
	const char *why;
};

struct growth *volumes_growth(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct children *children, size_t *count);
/* How many pods of this StatefulSet have volumes of ours: what taking pods away must not forget. */
int64_t volumes_replicas(const struct ybcluster *cluster, const struct children *children, const char *set);
/* How many pods of a StatefulSet run, those of one that is not there too: it adopts them when it is made anew, and
 * takes away what is more than its replicas. */
int64_t volumes_pods_running(const struct children *children, const char *set);
/* The claims that StatefulSets are about to mount (all of a set that is not there, those of the new pods of one that
 * grows), or that pods which are there have mounted, and that are not known: by label selector nobody sees a claim that
 * was made by hand or restored without our labels, or that lost them. NULL-terminated. */
const char *const *volumes_to_mount(
	struct arena *arena, const struct ybcluster *cluster, const struct groups *groups, const struct children *children);
/* What such a claim is to this cluster, by the uid in its label. */
enum claim_right {
	CLAIM_OURS,
	CLAIM_ADOPTED, /* ours, or given to us by the annotation; but labels of ours are missing */
	CLAIM_FOREIGN, /* another cluster's, or nobody knows whose */
};
enum claim_right volumes_judge(const struct ybcluster *cluster, const json_t *claim);
/* The next claim that carries another cluster's uid, after `last`, or the first; NULL: none. */
const struct child *volumes_foreign(
	const struct ybcluster *cluster, const struct children *children, const struct child *last);
/* The ordinal of the pod that mounts the claim of this name; -1: no pod of this group does, or ever will (MOST_PODS).
 */
int64_t volumes_ordinal(const struct group *group, const char *claim);
/* How many pods a StatefulSet may have when it is to have `wanted`, its volumes or its pods are of `had`, and new ones
 * may be made up to the ordinal `limit` alone, where the first claim stands that is not ours. Those that run stay. -1:
 * a set that is not there is not made, for it would take pods away that run without it, or have none. */
int64_t volumes_pods(int64_t wanted, const struct child *set, int64_t had, int64_t limit);

#endif
