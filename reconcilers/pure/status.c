#include "pure/status.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"
#include "pure/diff.h"

enum { MOST_FINDINGS = 16, LONGEST_MESSAGE = 1024, LONGEST_PLAN = 100 };

static void find(struct observed *observed, const char *type, enum condition_status status, const char *reason,
	const char *message) {
	if (observed->finding_count < MOST_FINDINGS) {
		observed->findings[observed->finding_count++] = (struct finding){type, status, reason, message};
	}
}

void find_that(struct observed *observed, const struct finding *finding) {
	find(observed, finding->type, finding->status, finding->reason, finding->message);
}

void find_true(struct observed *observed, const char *type, const char *reason, const char *message) {
	find(observed, type, CONDITION_TRUE, reason, message);
}

void find_false(struct observed *observed, const char *type, const char *reason, const char *message) {
	find(observed, type, CONDITION_FALSE, reason, message);
}

void find_unknown(struct observed *observed, const char *type, const char *reason, const char *message) {
	find(observed, type, CONDITION_UNKNOWN, reason, message);
}

/* The promises that Ready waits for, in the order in which they are reported. */
static const char *const needed[] = {"NodesReady", "CertificatesReady", "AllowListsApplied"};
/* The rest of what is kept from the status before when a pass says nothing of it. */
static const char *const kept[] = {"NodesReady", "CertificatesReady", "AllowListsApplied", "NetworkIsolated"};
/* What stands there only while a pass says it. */
static const char *const passing[] = {"EndpointReady", "Paused"};

static const struct finding *finding_of(const struct observed *observed, const char *type) {
	for (size_t i = observed->finding_count; i-- > 0;) {
		if (strcmp(observed->findings[i].type, type) == 0) {
			return &observed->findings[i];
		}
	}
	return NULL;
}

static bool is_needed(const char *type) {
	bool found = false;
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
		found = found || strcmp(needed[i], type) == 0;
	}
	return found;
}

/* What the pass found, else what the status said before: but of a spec that was changed since, nobody has looked. */
static struct finding current(const struct observed *observed, const char *type) {
	const struct finding *found = finding_of(observed, type);
	const struct ybcluster_status *before = &observed->cluster->status;
	const struct condition *old = condition_find(before->conditions, before->condition_count, type);
	if (found) {
		return *found;
	}
	if (old && old->observed_generation != observed->cluster->metadata.generation && is_needed(type)) {
		return (struct finding){
			type, CONDITION_UNKNOWN, "NotVerified", "the spec has changed, and this was not looked at since"};
	}
	return old ? (struct finding){type, old->status, old->reason, old->message}
	           : (struct finding){type, CONDITION_UNKNOWN, "NotObserved", "not observed yet"};
}

/* How one promise bears on Ready. */
static struct finding weigh(struct arena *arena, const struct finding *so_far, const struct finding *one) {
	if (one->status == CONDITION_FALSE || (one->status == CONDITION_UNKNOWN && is_needed(one->type))) {
		bool worse = one->status == CONDITION_FALSE || so_far->status == CONDITION_TRUE;
		const char *message = arena_printf(arena, "%s: %s", one->type, one->message);
		return worse && so_far->status != CONDITION_FALSE ? (struct finding){"Ready", one->status, one->reason, message}
		                                                  : *so_far;
	}
	if (one->status == CONDITION_UNKNOWN && so_far->status == CONDITION_TRUE) {
		return (struct finding){"Ready", CONDITION_TRUE, "MeasuredPromisesKept",
			arena_printf(arena, "every promise that was measured is kept; %s was not: %s", one->type, one->reason)};
	}
	return *so_far;
}

static struct finding ready(struct arena *arena, const struct observed *observed) {
	struct finding result = {"Ready", CONDITION_TRUE, "AllPromisesKept", "every promise was measured and is kept"};
	if (observed->stalled_reason) {
		return (struct finding){"Ready", CONDITION_FALSE, observed->stalled_reason, observed->stalled_message};
	}
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct finding one = current(observed, kept[i]);
		result = weigh(arena, &result, &one);
	}
	return result;
}

static json_t *condition(struct arena *arena, const struct observed *observed, const struct finding *finding) {
	const struct ybcluster_status *before = &observed->cluster->status;
	const struct condition *old = condition_find(before->conditions, before->condition_count, finding->type);
	bool same = old && old->status == finding->status && old->last_transition_time;
	char *message = arena_strndup(arena, finding->message, strnlen(finding->message, LONGEST_MESSAGE));
	utf8_keep(message);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "type", finding->type, "status",
		condition_status_name(finding->status), "reason", finding->reason, "message", message, "lastTransitionTime",
		clock_format(arena, same ? old->last_transition_time : observed->now), "observedGeneration",
		(json_int_t)observed->cluster->metadata.generation);
}

static json_t *conditions(struct arena *arena, const struct observed *observed, const struct finding *is_ready) {
	json_t *list = json_array();
	json_array_append_new(list, condition(arena, observed, is_ready));
	if (observed->stalled_reason) {
		struct finding stalled = {"Stalled", CONDITION_TRUE, observed->stalled_reason, observed->stalled_message};
		json_array_append_new(list, condition(arena, observed, &stalled));
	} else if (observed->reconciling) {
		struct finding busy = {"Reconciling", CONDITION_TRUE, "Progressing",
			observed->reconciling_why ? observed->reconciling_why : "work is under way"};
		json_array_append_new(list, condition(arena, observed, &busy));
	}
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		struct finding one = current(observed, kept[i]);
		if (strcmp(one.reason, "NotObserved") != 0) {
			json_array_append_new(list, condition(arena, observed, &one));
		}
	}
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++) {
		const struct finding *one = finding_of(observed, passing[i]);
		if (one) {
			json_array_append_new(list, condition(arena, observed, one));
		}
	}
	return list;
}

static const char *phase(const struct observed *observed, const struct finding *is_ready) {
	if (observed->cluster->metadata.deletion_timestamp) {
		return "Deleting";
	}
	if (observed->stalled_reason) {
		return "Stalled";
	}
	if (observed->cluster->spec.desired_state == DESIRED_STATE_PAUSED) {
		return observed->tservers.ready || observed->masters.ready ? "Pausing" : "Paused";
	}
	if (is_ready->status == CONDITION_TRUE) {
		return observed->reconciling ? "Updating" : "Ready";
	}
	/* A cluster that never was ready is not degraded yet. */
	const char *before = observed->cluster->status.phase;
	if (!before || strcmp(before, "Creating") == 0) {
		return "Creating";
	}
	return strcmp(before, "Paused") == 0 || strcmp(before, "Resuming") == 0 ? "Resuming" : "Degraded";
}

/* The last line of a plan that is too long says how much of it is missing. */
static json_t *plan(struct arena *arena, const struct observed *observed) {
	json_t *list = json_array();
	size_t count = observed->plan_count, shown = count > LONGEST_PLAN ? LONGEST_PLAN - 1 : count;
	for (size_t i = 0; i < shown; i++) {
		json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "action", observed->plan[i].action, "object",
										observed->plan[i].object, "why", observed->plan[i].why));
	}
	if (shown < count) {
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s}", "action", "more", "object",
					  arena_printf(arena, "%zu more changes", count - shown), "why", "not shown here"));
	}
	return list;
}

/* A pass that says nothing of them leaves them as they were: that there is a CA is what a deletion goes by. */
static void put_certificates(struct arena *arena, const struct observed *observed, json_t *status) {
	const struct ybcluster_status *before = &observed->cluster->status;
	bool ca = observed->root_fingerprint, leaves = ca && observed->certificates_not_after;
	const char *fingerprint = ca ? observed->root_fingerprint : before->root_ca.fingerprint;
	int64_t root_end = ca ? observed->root_not_after : before->root_ca.not_after;
	int64_t end = leaves ? observed->certificates_not_after : before->certificates.not_after;
	if (!fingerprint) {
		return;
	}
	json_put(status, "rootCA",
		json_pack("{s:s, s:s, s:s}", "configMap", arena_printf(arena, "%s-ca", observed->cluster->metadata.name),
			"fingerprint", fingerprint, "notAfter", clock_format(arena, root_end)));
	if (!end) {
		return;
	}
	json_t *serials = json_array();
	for (const char *const *serial = observed->serials; serial && *serial; serial++) {
		json_array_append_new(serials, json_string(*serial));
	}
	for (size_t i = 0; !observed->serials && i < before->certificates.serial_count; i++) {
		json_array_append_new(serials, json_string(before->certificates.serials[i]));
	}
	json_put(status, "certificates", json_pack("{s:s, s:o}", "notAfter", clock_format(arena, end), "serials", serials));
	int generation = observed->ca_generation ? observed->ca_generation : before->certificates.generation;
	if (generation) {
		json_put(status, "certificates.generation", json_integer(generation));
	}
}

json_t *status_build(struct arena *arena, const struct observed *observed) {
	const struct ybcluster *cluster = observed->cluster;
	struct finding is_ready = ready(arena, observed);
	int desired = observed->tservers.desired;
	json_t *status = json_pack("{s:I, s:s, s:i, s:s, s:s, s:{s:i, s:i, s:s}, s:s, s:[{s:s, s:s*, s:i}]}",
		"observedGeneration", (json_int_t)cluster->metadata.generation, "phase", phase(observed, &is_ready),
		"replicationFactor", ybcluster_replication_factor(&cluster->spec), "faultTolerance",
		fault_tolerance_name(ybcluster_fault_tolerance(&cluster->spec)), "version", observed->version, "nodes",
		"desired", desired, "ready", observed->tservers.ready, "display",
		arena_printf(arena, "%d/%d", observed->tservers.ready, desired), "selector",
		arena_printf(arena, LABEL_CLUSTER "=%s," LABEL_COMPONENT "=tserver", cluster->metadata.name), "endpoints",
		"name", "ysql", "host", observed->endpoint_host, "port", cluster->spec.endpoints.ysql.port);
	arena_own_json(arena, status);
	put_certificates(arena, observed, status);
	if (observed->allowed) {
		json_put(status, "allowList",
			json_pack(
				"{s:i, s:i}", "lists", (int)cluster->spec.allow_list_count, "rules", (int)observed->allowed->count));
	}
	if (observed->operation.name) {
		json_put(status, "operation",
			json_pack("{s:s, s:s, s:s}", "name", observed->operation.name, "step", observed->operation.step,
				"startedAt", clock_format(arena, observed->operation.started_at)));
	}
	if (observed->plan) {
		json_put(status, "plan", plan(arena, observed));
	}
	json_put(status, "conditions", conditions(arena, observed, &is_ready));
	return status;
}

static bool same_set(const json_t *wanted, const json_t *live, const char *path) {
	return json_array_size(json_get(wanted, path)) == json_array_size(json_get(live, path));
}

bool status_equal(struct arena *arena, const json_t *wanted, const json_t *live) {
	return live && json_object_size(wanted) == json_object_size(live) &&
	       json_object_size(json_get(wanted, "endpoints.0")) == json_object_size(json_get(live, "endpoints.0")) &&
	       same_set(wanted, live, "conditions") && same_set(wanted, live, "plan") &&
	       !json_get(wanted, "operation") == !json_get(live, "operation") &&
	       !diff_find(arena, CHILD_KINDS, wanted, live);
}
