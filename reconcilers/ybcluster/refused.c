/* Pods that are not there because the API server refuses them to their StatefulSet, or because others are. */
#include "base/json.h"
#include "crds/object.h"
#include "kube/events.h"
#include "pure/refusal.h"
#include "ybcluster/checks.h"
#include "ybcluster/report.h"

enum { PATIENCE = 10, ASK_AGAIN = 60 }; /* seconds; a set that may makes its pods in less than one */

static int64_t not_ready_since(const struct work *work) {
	const struct ybcluster_status *status = &work->cluster->status;
	const struct condition *nodes = condition_find(status->conditions, status->condition_count, "NodesReady");
	return nodes && nodes->status == CONDITION_FALSE ? nodes->last_transition_time : work->now;
}

static struct refusal ask(struct work *work, const struct child *set) {
	struct kube_call call = {.verb = KUBE_GET, .kind = &kind_event, .namespace = work->pass->namespace};
	call.query =
		arena_printf(work->arena, "fieldSelector=regarding.kind%%3DStatefulSet%%2Cregarding.uid%%3D%s", set->uid);
	kube_do(work->pass->client, work->arena, &call, 1);
	/* Who may not read Events (the Role of an earlier release) says no more than that the pods are not ready. */
	return call.ok ? refusal_of(json_object_get(call.answer, "items")) : (struct refusal){NULL, NULL};
}

bool pods_overdue(const struct work *work) {
	return work->now >= not_ready_since(work) + PATIENCE;
}

const char *refused_pods(struct work *work, const char **reason) {
	const struct child *set = set_without_pod(work->arena, &work->groups, &work->children);
	if (!set) {
		return NULL;
	}
	bool overdue = pods_overdue(work);
	wake_at(work, overdue ? work->now + ASK_AGAIN : not_ready_since(work) + PATIENCE);
	if (work->strange_pod) {
		*reason = "PodNameTaken";
		return arena_printf(work->arena, "pod %s exists and belongs to somebody else: delete it", work->strange_pod);
	}
	struct refusal refusal = overdue ? ask(work, set) : (struct refusal){NULL, NULL};
	*reason = refusal.reason ? refusal.reason : *reason;
	return refusal.reason ? arena_printf(work->arena, "StatefulSet %s: %.512s", set->name, refusal.note) : NULL;
}
