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
/* The first claim that carries another cluster's uid; NULL: none. */
const struct child *volumes_foreign(const struct ybcluster *cluster, const struct children *children);
/* True when the live StatefulSet's claim templates are smaller than the spec: it must be made anew (orphan delete). */
bool volumes_template_outdated(const struct ybcluster *cluster, const struct group *group, const struct child *set);

#endif
