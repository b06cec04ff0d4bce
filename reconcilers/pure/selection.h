/* NetworkPolicies add up: does one that is not ours select our pods? By the labels that these have, whoever put them
 * on, and by those that their templates give. */
#ifndef PURE_SELECTION_H
#define PURE_SELECTION_H
#include "pure/child.h"
#include "pure/names.h"

/* True when the LabelSelector matches the labels (reference/kubernetes-api/common-definitions/label-selector). What
 * cannot be read matches: fail closed. */
bool selector_matches(const json_t *selector, const json_t *labels);

/* A pod with these labels is in the watch, and selected by the policies, the Service and the StatefulSet of its role.
 */
bool selected_by_ours(
	struct arena *arena, const struct ybcluster *cluster, const char *component, const json_t *labels);

/* What a pod's labels are beside those that follow from its name and its cluster, as JSON: null for one that it lacks,
 * and nothing of those whose values others give. LABELS_UNKNOWN: more than is kept. NULL: nothing, or it is no pod of
 * ours; else the caller's to free. */
enum { LABELS_BESIDE_LENGTH = 12600 }; /* as much as spec.pod.labels may be */
#define LABELS_UNKNOWN "*"
char *labels_beside(const json_t *pod);

/* The labels of each pod of the cluster that there is and that there should be; NULL: anything. */
struct pod_labels {
	json_t **items;
	size_t count;
};
struct pod_labels labels_of_pods(struct arena *arena, const struct ybcluster *cluster, const struct children *children);
/* True when it matches any of these pods. Keeps no memory: tenants write as many policies as they like. */
bool selector_reaches(const struct pod_labels *pods, const json_t *selector);

#endif
