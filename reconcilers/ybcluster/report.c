/* What a reconcile leaves behind for people: status, events, metrics. */
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

void wake_at(struct work *work, int64_t when) {
	if (when <= work->now) {
		when = work->now + 1;
	}
	work->wake = work->wake && work->wake < when ? work->wake : when;
}

void wake_soon(struct work *work) {
	if (!work->plan_only) {
		wake_at(work, work->now);
	}
}

bool held_back(struct work *work) {
	work->changes += !work->pass->may_write;
	return !work->pass->may_write;
}

void event(struct work *work, bool warning, const char *reason, const char *action, const char *note) {
	if (!held_back(work) && !work->plan_only) {
		events_record(work->pass->events, work->object, warning, reason, action, note);
	}
}

bool stall(struct work *work, const char *reason, const char *message) {
	work->observed.stalled_reason = arena_strdup(work->arena, reason);
	work->observed.stalled_message = arena_strdup(work->arena, message);
	return true;
}

/* The last word of the pass: an earlier one that it replaced would be told of again in every pass. */
static void tell_stalled(struct work *work) {
	const struct ybcluster_status *before = &work->cluster->status;
	const struct condition *old = condition_find(before->conditions, before->condition_count, "Stalled");
	const char *reason = work->observed.stalled_reason;
	if (reason && (!old || strcmp(old->reason, reason) != 0)) {
		event(work, true, reason, "Reconcile", work->observed.stalled_message);
	}
}

static void tell_ready(struct work *work, const json_t *status) {
	const struct ybcluster_status *before = &work->cluster->status;
	const struct condition *old = condition_find(before->conditions, before->condition_count, "Ready");
	bool was = old && old->status == CONDITION_TRUE;
	bool is = strcmp(json_text_or(status, "conditions.0.status", ""), "True") == 0;
	if (is && !was) {
		event(work, false, "Ready", "Reconcile", json_text_or(status, "conditions.0.message", ""));
	} else if (was && !is) {
		event(work, true, "NotReady", "Reconcile", json_text_or(status, "conditions.0.message", ""));
	}
}

/* Conditions whose cause is outside when they say this: an image that cannot be pulled, a list that does not exist, a
 * foreign policy or container, a load balancer that nobody provides. */
static const struct {
	const char *type, *status;
} told_of[] = {
	{"NodesReady", "False"},
	{"AllowListsApplied", "False"},
	{"NetworkIsolated", "False"},
	{"EndpointReady", "Unknown"},
};

static bool is_told_of(const json_t *condition) {
	const char *type = json_text_or(condition, "type", ""), *status = json_text_or(condition, "status", "");
	bool found = false;
	for (size_t i = 0; i < sizeof told_of / sizeof *told_of; i++) {
		found = found || (strcmp(type, told_of[i].type) == 0 && strcmp(status, told_of[i].status) == 0);
	}
	return found;
}

/* What comes and goes by itself while pods start and addresses are given, or was asked for. */
static bool is_passing(const char *reason) {
	static const char *const reasons[] = {
		"PodsNotReady", "ContainerCreating", "PodInitializing", "AddressPending", "PlanOnly"};
	bool found = false;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		found = found || strcmp(reason, reasons[i]) == 0;
	}
	return found;
}

/* Nobody reads the conditions of a cluster that never was Ready. */
static void tell_broken(struct work *work, const json_t *status) {
	const struct ybcluster_status *before = &work->cluster->status;
	const json_t *conditions = json_object_get(status, "conditions");
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);
		const char *type = json_text_or(condition, "type", ""), *reason = json_text_or(condition, "reason", "");
		const struct condition *old = condition_find(before->conditions, before->condition_count, type);
		bool news = !old || strcmp(old->reason, reason) != 0;
		if (news && is_told_of(condition) && !is_passing(reason)) {
			event(work, true, reason, "Reconcile", json_text_or(condition, "message", ""));
		}
	}
}

bool cluster_apply(
	struct work *work, enum kube_verb verb, const char *version, const char *path, json_t *value, struct error *err) {
	const struct object_meta *metadata = &work->cluster->metadata;
	json_t *body =
		arena_own_json(work->arena, json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "apiVersion", kind_ybcluster.api_version,
										"kind", kind_ybcluster.name, "metadata", "name", metadata->name, "namespace",
										metadata->namespace, "uid", metadata->uid));
	json_put(body, path, value);
	if (version) {
		json_put(body, "metadata.resourceVersion", json_string(version));
	}
	struct kube_call call = {.verb = verb,
		.kind = &kind_ybcluster,
		.namespace = metadata->namespace,
		.name = metadata->name,
		.body = body,
		.force = true};
	kube_do(work->pass->client, work->arena, &call, 1);
	if (!call.ok) {
		*err = call.err;
		return false;
	}
	cluster_seen(work, call.answer);
	return true;
}

bool report(struct work *work, struct error *err) {
	json_t *status = status_build(work->arena, &work->observed);
	if (status_equal(work->arena, status, json_get(work->object, "status"))) {
		return true;
	}
	work->changes++;
	if (held_back(work)) {
		return true;
	}
	/* The first status pins the version: not over one that another leader, of another release perhaps, has pinned. */
	if (!cluster_apply(work, KUBE_APPLY_STATUS, work->unpinned, "status", json_incref(status), err)) {
		if (work->unpinned && err->kind == ERR_CONFLICT) {
			return cluster_overtaken(work, err);
		}
		return err->kind == ERR_NOT_FOUND || fail_in(err, "write the status");
	}
	work->unpinned = NULL;
	tell_stalled(work);
	tell_ready(work, status);
	tell_broken(work, status);
	return true;
}

static json_t *plain_condition(struct work *work, const char *type, const char *status, const struct error *why) {
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "type", type, "status", status, "reason",
		why->reason[0] ? why->reason : "InvalidSpec", "message", why->text, "lastTransitionTime",
		clock_format(work->arena, work->now));
}

bool report_undecodable(struct work *work, const struct error *why, struct error *err) {
	json_t *live = json_get(work->object, "status.conditions");
	if (json_array_size(live) == 2 && strcmp(json_text_or(live, "1.message", ""), why->text) == 0) {
		return true;
	}
	event(work, true, why->reason[0] ? why->reason : "InvalidSpec", "Reconcile", why->text);
	json_t *body = arena_own_json(
		work->arena, json_pack("{s:{s:[o, o]}}", "status", "conditions", plain_condition(work, "Ready", "False", why),
						 plain_condition(work, "Stalled", "True", why)));
	struct kube_call call = {.verb = KUBE_PATCH_MERGE,
		.kind = &kind_ybcluster,
		.namespace = work->pass->namespace,
		.name = work->pass->name,
		.subresource = "status",
		.body = body};
	kube_do(work->pass->client, work->arena, &call, 1);
	if (!call.ok) {
		*err = call.err;
	}
	return call.ok;
}
