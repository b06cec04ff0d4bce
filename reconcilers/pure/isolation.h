/* NetworkPolicies add up: does one that is not ours select our pods? And does the network enforce them at all? */
#ifndef PURE_ISOLATION_H
#define PURE_ISOLATION_H
#include "pure/status.h"

/* True when the LabelSelector matches the labels (reference/kubernetes-api/common-definitions/label-selector). What
 * cannot be read matches: fail closed. */
bool selector_matches(const json_t *selector, const json_t *labels);
/* The labels that each pod of a cluster is known to carry. */
struct pod_labels {
	json_t **items;
	size_t count;
};
struct pod_labels labels_of_pods(struct arena *arena, const struct ybcluster *cluster);
/* True when it matches any of these pods. Keeps no memory: tenants write as many policies as they like. */
bool selector_reaches(const struct pod_labels *pods, const json_t *selector);

/* What a connection from the operator's pod to a tserver met. */
enum knock { KNOCK_NONE, KNOCK_ANSWERED, KNOCK_REFUSED, KNOCK_SILENT };
/* NetworkIsolated by the evidence of both: `granted` is the port that C-operator lets the operator in to, tried after
 * `ungranted`, the other one, where a tserver listens as well. True only when policies were seen to keep it out. */
struct finding isolation_finding(enum knock granted, enum knock ungranted);
/* Which pods hold a container that no template of ours has and that reaches what is ours, and what is to be done; NULL:
 * none. The first pod by name and its container are named, the others counted. */
const char *isolation_intrusion(struct arena *arena, const struct children *children);
/* A ready tserver whose address is known (its mark), another one with each `round`; NULL: none. */
const struct child *isolation_target(
	struct arena *arena, const struct groups *groups, const struct children *children, int64_t round);

#endif
