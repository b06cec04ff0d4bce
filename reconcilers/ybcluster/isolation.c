/* NetworkIsolated: measured, not assumed. Foreign policies, and foreign containers in our pods, are looked for in the
 * store; whether policies are enforced at all only a probe can tell, from inside the cluster: the operator's pod knocks
 * at a tserver's two ports, of which one is granted to it. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "pure/flags.h"
#include "pure/isolation.h"
#include "pure/selection.h"
#include "run/probe.h"
#include "ybcluster/isolation.h"
#include "ybcluster/report.h"

/* `pods` are those of the cluster, once anybody asked. */
static bool opens(struct work *work, struct pod_labels *pods, int64_t allows, const char *selector) {
	struct error ignored;
	if (!allows) {
		return false;
	}
	if (!pods->count) {
		*pods = labels_of_pods(work->arena, work->cluster, &work->children);
	}
	json_t *parsed = json_parse(selector, strlen(selector), &ignored);
	bool reaches = selector_reaches(pods, parsed);
	json_decref(parsed);
	return reaches;
}

/* What claims to be of this cluster, and is not. */
static const char *false_friend(struct work *work, struct pod_labels *pods) {
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *child = &work->children.items[i];
		bool ours = child->kind == NETWORK_POLICY && strcmp(child->owner_uid, work->cluster->metadata.uid) == 0;
		if (child->kind == NETWORK_POLICY && !ours && opens(work, pods, child->number[0], child->text)) {
			return child->name;
		}
	}
	return NULL;
}

/* Policies that are in another cluster's group select its pods alone (group_of_policy): they are not looked at. */
static const char *foreign_policy(struct work *work) {
	size_t count;
	struct pod_labels pods = {0};
	struct object **policies =
		store_loose(work->pass->store, work->arena, kind_of_child(NETWORK_POLICY), work->pass->namespace, &count);
	for (size_t i = 0; i < count; i++) {
		bool ours = strcmp(policies[i]->owner_uid, work->cluster->metadata.uid) == 0 &&
		            policy_is_of(work->pass->name, policies[i]->name);
		const char *text = policies[i]->summary.text ? policies[i]->summary.text : "";
		if (!ours && opens(work, &pods, policies[i]->summary.number[0], text)) {
			return policies[i]->name;
		}
	}
	return false_friend(work, &pods);
}

/* Seconds between measurements: while policies are enforced, while they are not, or cannot be measured; and how long
 * one under way is left alone. */
enum { MEASURE_AGAIN = 600, MEASURE_SOON = 60, MEASURE_LOOK = 5 };

static const enum knock knocks[] = {
	[PROBE_NONE] = KNOCK_NONE,
	[PROBE_CONNECTED] = KNOCK_ANSWERED,
	[PROBE_REFUSED] = KNOCK_REFUSED,
	[PROBE_SILENT] = KNOCK_SILENT,
};

static const char *probe_key(const struct work *work) {
	return arena_printf(work->arena, "%s/%s", work->pass->namespace, work->pass->name);
}

/* Only behind policies that stand: C-deny keeps the operator out, C-operator lets it in. */
static bool policies_stand(struct work *work) {
	static const char *const suffixes[] = {"deny", "operator"};
	bool stand = true;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const char *name = arena_printf(work->arena, "%s-%s", work->pass->name, suffixes[i]);
		const struct child *policy = children_find(&work->children, NETWORK_POLICY, name);
		stand = stand && policy && !policy->deleting;
	}
	return stand;
}

/* What was measured last; NULL reason: nothing yet. */
static struct finding last_finding(const struct probe_result *result) {
	return result->closed == PROBE_NONE ? (struct finding){0}
	                                    : isolation_finding(knocks[result->open], knocks[result->closed]);
}

/* False: what was measured last is too old to be said any more, and nothing can be measured. */
static bool probe_when_due(struct work *work, const struct probe_result *result, const struct finding *last) {
	struct prober *prober = work->world->prober;
	int64_t age = last->reason ? (clock_monotonic() - result->at) / SECONDS(1) : 0;
	int64_t every = last->status == CONDITION_TRUE ? MEASURE_AGAIN : MEASURE_SOON;
	const struct child *pod = isolation_target(work->arena, &work->groups, &work->children, work->now / MEASURE_AGAIN);
	if (result->pending) {
		wake_at(work, work->now + MEASURE_LOOK);
	} else if (last->reason && age < every) {
		wake_at(work, work->now + every - age);
	} else if (!pod || !policies_stand(work)) {
		return !work->pass->may_write;
	} else if (!held_back(work)) {
		struct probe probe = {.open = PORT_TSERVER_HTTP, .closed = PORT_TSERVER_RPC};
		memcpy(probe.address, pod->mark, sizeof probe.address);
		prober_ask(prober, probe_key(work), &probe);
		wake_at(work, work->now + MEASURE_LOOK);
	}
	return true;
}

/* Before the first measurement of this process that of an earlier one stands, and nothing else. */
static bool measured_before(const struct work *work) {
	static const char *const reasons[] = {"Enforced", "NotEnforced"};
	const struct ybcluster_status *status = &work->cluster->status;
	const struct condition *old = condition_find(status->conditions, status->condition_count, "NetworkIsolated");
	return old && (strcmp(old->reason, reasons[0]) == 0 || strcmp(old->reason, reasons[1]) == 0);
}

static void observe_enforcement(struct work *work) {
	if (!work->world->prober) {
		find_unknown(&work->observed, "NetworkIsolated", "EnforcementNotProbed",
			"no foreign policy adds to the operator's; whether this cluster's network enforces them was not probed: "
			"the "
			"operator runs outside of it, and what it reaches is not what pods reach");
		return;
	}
	struct probe_result result = prober_find(work->world->prober, probe_key(work));
	struct finding last = last_finding(&result);
	bool counts = probe_when_due(work, &result, &last);
	const struct child *pod = isolation_target(work->arena, &work->groups, &work->children, 0);
	if (last.reason && counts) {
		find_that(&work->observed, &last);
	} else if (!pod || !measured_before(work)) {
		find_unknown(&work->observed, "NetworkIsolated", "EnforcementNotProbed",
			pod ? "no foreign policy adds to the operator's; whether this cluster's network enforces them is being "
				  "probed"
				: "no foreign policy adds to the operator's; no tserver is ready at which it could be probed whether "
				  "this cluster's network enforces them");
	}
}

/* NULL: no foreign policy opens anything. */
static const char *opened(struct work *work) {
	const char *foreign = foreign_policy(work);
	return foreign
	           ? arena_printf(work->arena,
					 "NetworkPolicy %s selects this cluster's pods and allows something: policies add up, so it opens "
					 "what the operator's policies close. It was left alone: remove it, or let its podSelector leave "
					 "out %s",
					 foreign, LABEL_CLUSTER)
	           : NULL;
}

void observe_isolation(struct work *work) {
	if (work->cluster->metadata.deletion_timestamp) {
		isolation_end(work);
		return;
	}
	const char *policy = opened(work), *intrusion = isolation_intrusion(work->arena, &work->children);
	if (policy) {
		const char *both = intrusion ? arena_printf(work->arena, "%s. And %s", policy, intrusion) : policy;
		find_false(&work->observed, "NetworkIsolated", "ForeignPolicy", both);
	} else if (intrusion) {
		/* No policy stands between the containers of a pod. */
		find_false(&work->observed, "NetworkIsolated", "ForeignContainer", intrusion);
	} else {
		observe_enforcement(work);
	}
}

void isolation_end(struct work *work) {
	if (work->world->prober) {
		prober_forget(work->world->prober, probe_key(work));
	}
}
