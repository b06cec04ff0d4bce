/* NetworkPolicies add up: does one that is not ours select our pods? */
#ifndef PURE_ISOLATION_H
#define PURE_ISOLATION_H
#include "pure/names.h"

/* True when the LabelSelector matches the labels (reference/kubernetes-api/common-definitions/label-selector). What
 * cannot be read matches: fail closed. */
bool selector_matches(const json_t *selector, const json_t *labels);
/* True when it matches any pod of the cluster, by labels that the pods are known to carry. */
bool selector_reaches(struct arena *arena, const struct ybcluster *cluster, const json_t *selector);

#endif
