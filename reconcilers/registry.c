/* What is watched, and who reconciles what: one line each. */
#include "allowlist/allowlist.h"
#include "reconcilers/world.h"
#include "ybcluster/summaries.h"
#include "ybcluster/ybcluster.h"

#define OURS LABEL_MANAGED_BY "=" OPERATOR_NAME

const struct kind kind_ybcluster = {"YBCluster", "yugabyte.com/v1beta1", "ybclusters", false};
const struct kind kind_allowlist = {"AllowList", "yugabyte.com/v1beta1", "allowlists", false};
const struct kind kind_storage_class = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};

static const struct kind child_kinds[CHILD_KINDS] = {
	[SERVICE_ACCOUNT] = {"ServiceAccount", "v1", "serviceaccounts", false},
	[CONFIG_MAP] = {"ConfigMap", "v1", "configmaps", false},
	[NETWORK_POLICY] = {"NetworkPolicy", "networking.k8s.io/v1", "networkpolicies", false},
	[SECRET] = {"Secret", "v1", "secrets", false},
	[SERVICE] = {"Service", "v1", "services", false},
	[POD_DISRUPTION_BUDGET] = {"PodDisruptionBudget", "policy/v1", "poddisruptionbudgets", false},
	[STATEFUL_SET] = {"StatefulSet", "apps/v1", "statefulsets", false},
	[POD] = {"Pod", "v1", "pods", false},
	[VOLUME_CLAIM] = {"PersistentVolumeClaim", "v1", "persistentvolumeclaims", false},
};

const struct kind *kind_of_child(enum child_kind kind) {
	return &child_kinds[kind];
}

/* NetworkPolicies are watched without a selector: policies add up, so a foreign one can open what ours close. */
const struct watched watched_table[] = {
	[SERVICE_ACCOUNT] = {&child_kinds[SERVICE_ACCOUNT], OURS, false, false, group_of_object, NULL},
	[CONFIG_MAP] = {&child_kinds[CONFIG_MAP], OURS, false, false, group_of_object, summarize_config_map},
	[NETWORK_POLICY] = {&child_kinds[NETWORK_POLICY], NULL, false, false, group_of_policy, summarize_network_policy},
	[SECRET] = {&child_kinds[SECRET], OURS, false, false, group_of_object, summarize_secret},
	[SERVICE] = {&child_kinds[SERVICE], OURS, false, false, group_of_object, summarize_service},
	[POD_DISRUPTION_BUDGET] = {&child_kinds[POD_DISRUPTION_BUDGET], OURS, false, false, group_of_object, NULL},
	[STATEFUL_SET] = {&child_kinds[STATEFUL_SET], OURS, false, false, group_of_object, summarize_stateful_set},
	[POD] = {&child_kinds[POD], OURS, false, false, group_of_object, summarize_pod},
	[VOLUME_CLAIM] = {&child_kinds[VOLUME_CLAIM], OURS, false, false, group_of_object, summarize_claim},
	{&kind_ybcluster, NULL, true, true, NULL, summarize_cluster},
	{&kind_allowlist, NULL, true, true, NULL, NULL},
};
const size_t watched_count = sizeof watched_table / sizeof *watched_table;

const struct reconciler *const reconcilers[] = {&ybcluster_reconciler, &allowlist_reconciler, NULL};
