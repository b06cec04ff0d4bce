/* What the name of a pod tells. Others may carry our labels as well. */
#ifndef PURE_POD_NAME_H
#define PURE_POD_NAME_H
#include "pure/names.h"

/* Whose it is: <group>-<ordinal>; NULL: no group's. */
const struct group *group_of_pod(const struct groups *groups, const char *pod);
/* Is it one of the cluster's, whatever zones that has or had? <cluster>-<role>[-<zone>]-<ordinal> */
bool pod_is_of(const char *cluster, const char *pod);

#endif
