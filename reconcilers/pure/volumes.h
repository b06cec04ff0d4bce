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
/* The claims that StatefulSets are about to mount (all of a set that is not there, those of the new pods of one that
 * grows) and that are not known: by label selector nobody sees a claim that was made by hand or restored without our
 * labels. NULL-terminated. */
const char *const *volumes_to_mount(
	struct arena *arena, const struct ybcluster *cluster, const struct groups *groups, const struct children *children);
/* What such a claim is to this cluster, by the uid in its label. */
enum claim_right {
	CLAIM_OURS,
	CLAIM_ADOPTED, /* ours, or given to us by the annotation; but labels of ours are missing */
	CLAIM_FOREIGN, /* another cluster's, or nobody knows whose */
};
enum claim_right volumes_judge(const struct ybcluster *cluster, const json_t *claim);
/* The first claim that carries another cluster's uid; NULL: none. */
const struct child *volumes_foreign(const struct ybcluster *cluster, const struct children *children);

#endif
