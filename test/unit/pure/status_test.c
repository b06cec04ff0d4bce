#include "base/json.h"
#include "pure/status.h"
#include "world.h"

#include "arena_group.h"

enum { NOW = 1795341600 };

#define OLD "lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1"
#define KEPT                                                                                                           \
	"{type: NodesReady, status: 'True', reason: AllReady, message: m, " OLD "}, "                                      \
	"{type: CertificatesReady, status: 'True', reason: Issued, message: m, " OLD "}, "                                 \
	"{type: AllowListsApplied, status: 'True', reason: Applied, message: m, " OLD "}, "                                \
	"{type: NetworkIsolated, status: 'True', reason: Enforced, message: m, " OLD "}"

/* What a pass found of a cluster whose status was `before`. */
static struct observed *observe(const char *before) {
	struct observed *observed = arena_new(arena, struct observed);
	observed->cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: {}\nstatus: %s", before));
	observed->findings = arena_array(arena, struct finding, 16);
	observed->version = "2025.2.2.1-b1";
	observed->tservers = (struct readiness){.ready = 3, .desired = 3};
	observed->masters = observed->tservers;
	observed->endpoint_host = "db.shop.svc.cluster.local";
	observed->now = NOW;
	return observed;
}

static void all_good(struct observed *observed) {
	find_true(observed, "NodesReady", "AllReady", "m");
	find_true(observed, "CertificatesReady", "Issued", "m");
	find_true(observed, "AllowListsApplied", "Applied", "m");
	find_true(observed, "NetworkIsolated", "Enforced", "m");
}

static json_t *condition(const struct observed *observed, const char *type) {
	json_t *list = json_get(status_build(arena, observed), "conditions");
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcmp(json_text_or(json_array_get(list, i), "type", ""), type) == 0) {
			return json_array_get(list, i);
		}
	}
	return NULL;
}

static void expect(const struct observed *observed, const char *type, const char *status, const char *reason) {
	json_t *found = condition(observed, type);
	assert_non_null(found);
	assert_string_equal(json_text_or(found, "status", ""), status);
	assert_string_equal(json_text_or(found, "reason", ""), reason);
}

static void ready_needs_the_three_promises(void **state) {
	(void)state;
	static const char *const needed[] = {"NodesReady", "CertificatesReady", "AllowListsApplied"};
	struct observed *observed = observe("{}");
	all_good(observed);
	expect(observed, "Ready", "True", "AllPromisesKept");
	for (size_t i = 0; i < 3; i++) {
		observed = observe("{}");
		all_good(observed);
		find_unknown(observed, needed[i], "Why", "m");
		expect(observed, "Ready", "Unknown", "Why");
		find_false(observed, needed[i], "Broken", "m");
		expect(observed, "Ready", "False", "Broken");
	}
	observed = observe("{}");
	expect(observed, "Ready", "Unknown", "NotObserved");
}

static void one_false_is_enough_and_unknown_isolation_is_not(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	all_good(observed);
	find_unknown(observed, "NetworkIsolated", "EnforcementNotProbed", "m");
	expect(observed, "Ready", "True", "MeasuredPromisesKept");
	assert_non_null(strstr(
		json_text_or(condition(observed, "Ready"), "message", ""), "NetworkIsolated was not: EnforcementNotProbed"));
	find_false(observed, "NetworkIsolated", "ForeignPolicy", "m");
	expect(observed, "Ready", "False", "ForeignPolicy");
	observed = observe("{}");
	all_good(observed);
	find_unknown(observed, "NodesReady", "PlacementNotSet", "m");
	find_false(observed, "AllowListsApplied", "TooManyRules", "m");
	expect(observed, "Ready", "False", "TooManyRules");
}

static void an_endpoint_holds_nothing_back_and_is_told_while_it_is_said(void **state) {
	(void)state;
	struct observed *observed = observe("{conditions: [" KEPT ", {type: EndpointReady, status: Unknown, "
										"reason: AddressPending, message: m, " OLD "}]}");
	assert_null(condition(observed, "EndpointReady"));
	find_unknown(observed, "EndpointReady", "NoLoadBalancer", "m");
	expect(observed, "EndpointReady", "Unknown", "NoLoadBalancer");
	expect(observed, "Ready", "True", "AllPromisesKept");
	assert_string_equal(json_text(condition(observed, "EndpointReady"), "lastTransitionTime"), "2026-01-01T00:00:00Z");
}

static void conditions_are_kept_when_a_pass_says_nothing(void **state) {
	(void)state;
	struct observed *observed = observe("{conditions: [" KEPT "]}");
	expect(observed, "NodesReady", "True", "AllReady");
	expect(observed, "Ready", "True", "AllPromisesKept");
	find_false(observed, "NodesReady", "PodsNotReady", "m");
	expect(observed, "NodesReady", "False", "PodsNotReady");
	assert_null(condition(observe("{}"), "NodesReady"));
}

static void nothing_is_kept_for_a_spec_that_nobody_looked_at(void **state) {
	(void)state;
	struct observed *observed = observe("{conditions: [" KEPT "]}");
	struct ybcluster *edited = arena_new(arena, struct ybcluster);
	*edited = *observed->cluster;
	edited->metadata.generation = 2;
	observed->cluster = edited;
	find_true(observed, "NodesReady", "AllReady", "m");
	expect(observed, "NodesReady", "True", "AllReady");
	expect(observed, "CertificatesReady", "Unknown", "NotVerified");
	expect(observed, "AllowListsApplied", "Unknown", "NotVerified");
	expect(observed, "NetworkIsolated", "True", "Enforced");
	expect(observed, "Ready", "Unknown", "NotVerified");
}

static void transition_time_moves_with_the_status_alone(void **state) {
	(void)state;
	struct observed *observed = observe("{conditions: [" KEPT "]}");
	find_true(observed, "NodesReady", "Other", "another message");
	assert_string_equal(json_text(condition(observed, "NodesReady"), "lastTransitionTime"), "2026-01-01T00:00:00Z");
	find_unknown(observed, "NodesReady", "Other", "another message");
	assert_string_equal(json_text(condition(observed, "NodesReady"), "lastTransitionTime"), "2026-11-22T10:00:00Z");
	assert_string_equal(json_text(condition(observed, "Ready"), "lastTransitionTime"), "2026-11-22T10:00:00Z");
}

/* kstatus: Reconciling and Stalled stand there only while true, and never both. */
static void reconciling_and_stalled(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	all_good(observed);
	assert_null(condition(observed, "Reconciling"));
	assert_null(condition(observed, "Stalled"));
	observed->reconciling = true;
	expect(observed, "Reconciling", "True", "Progressing");
	assert_true(strlen(json_text(condition(observed, "Reconciling"), "message")) > 0);
	observed->stalled_reason = "NameTaken";
	observed->stalled_message = "Service db";
	expect(observed, "Stalled", "True", "NameTaken");
	expect(observed, "Ready", "False", "NameTaken");
	assert_null(condition(observed, "Reconciling"));
	json_t *status = status_build(arena, observed);
	assert_string_equal(json_text(status, "phase"), "Stalled");
	assert_string_equal(json_text(status, "conditions.0.type"), "Ready");
	assert_int_equal(json_int(status, "observedGeneration", 0), 1);
	assert_int_equal(json_int(status, "conditions.1.observedGeneration", 0), 1);
}

static void phases(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	assert_string_equal(json_text(status_build(arena, observed), "phase"), "Creating");
	all_good(observed);
	assert_string_equal(json_text(status_build(arena, observed), "phase"), "Ready");
	observed->reconciling = true;
	assert_string_equal(json_text(status_build(arena, observed), "phase"), "Updating");
	static const struct {
		const char *before, *after;
	} unready[] = {{"Creating", "Creating"}, {"Ready", "Degraded"}, {"Updating", "Degraded"}, {"Degraded", "Degraded"},
		{"Paused", "Resuming"}, {"Resuming", "Resuming"}};
	for (size_t i = 0; i < sizeof unready / sizeof *unready; i++) {
		observed = observe(arena_printf(arena, "{nodes: {ready: 2}, phase: %s}", unready[i].before));
		find_false(observed, "NodesReady", "PodsNotReady", "m");
		assert_string_equal(json_text(status_build(arena, observed), "phase"), unready[i].after);
	}
}

static void numbers_for_people_and_programs(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	struct allowed allowed = {.count = 4};
	static const char *const serials[] = {"01", "02", NULL};
	observed->tservers.ready = 2;
	observed->allowed = &allowed;
	observed->root_fingerprint = "abc";
	observed->root_not_after = NOW;
	observed->certificates_not_after = NOW + 1;
	observed->ca_generation = 2;
	observed->serials = serials;
	observed->operation = (struct operation_finding){"RotateCA", "TrustBoth", NOW};
	json_t *status = status_build(arena, observed);
	assert_string_equal(
		json_print(arena, json_get(status, "nodes")), "{\"desired\":3,\"display\":\"2/3\",\"ready\":2}");
	assert_string_equal(json_print(arena, json_get(status, "rootCA")),
		"{\"configMap\":\"db-ca\",\"fingerprint\":\"abc\",\"notAfter\":\"2026-11-22T10:00:00Z\"}");
	assert_string_equal(json_print(arena, json_get(status, "certificates")),
		"{\"generation\":2,\"notAfter\":\"2026-11-22T10:00:01Z\",\"serials\":[\"01\",\"02\"]}");
	assert_string_equal(json_print(arena, json_get(status, "operation")),
		"{\"name\":\"RotateCA\",\"startedAt\":\"2026-11-22T10:00:00Z\",\"step\":\"TrustBoth\"}");
	assert_int_equal(json_int(status, "allowList.rules", 0), 4);
	assert_string_equal(json_text(status, "version"), "2025.2.2.1-b1");
	assert_string_equal(json_text(status, "selector"), "yugabyte.com/cluster=db,app.kubernetes.io/component=tserver");
	assert_int_equal(json_int(status, "replicationFactor", 0), 3);
}

/* A deletion, a pause and a failure ahead of the certificates know nothing of them: what was there is still there. */
static void certificates_are_kept_when_a_pass_says_nothing(void **state) {
	(void)state;
	static const char *const serials[] = {"03", NULL};
	struct observed *observed =
		observe("{rootCA: {configMap: db-ca, fingerprint: abc, notAfter: '2029-01-01T00:00:00Z'}, "
				"certificates: {notAfter: '2027-01-01T00:00:00Z', generation: 3, serials: ['01', '02']}}");
	json_t *status = status_build(arena, observed);
	assert_string_equal(json_print(arena, json_get(status, "rootCA")),
		"{\"configMap\":\"db-ca\",\"fingerprint\":\"abc\",\"notAfter\":\"2029-01-01T00:00:00Z\"}");
	assert_string_equal(json_print(arena, json_get(status, "certificates")),
		"{\"generation\":3,\"notAfter\":\"2027-01-01T00:00:00Z\",\"serials\":[\"01\",\"02\"]}");
	/* What is live is known without the token, but for the serials. */
	observed->root_fingerprint = "def";
	observed->certificates_not_after = NOW;
	status = status_build(arena, observed);
	assert_string_equal(json_text(status, "rootCA.fingerprint"), "def");
	assert_string_equal(json_print(arena, json_get(status, "certificates")),
		"{\"generation\":3,\"notAfter\":\"2026-11-22T10:00:00Z\",\"serials\":[\"01\",\"02\"]}");
	observed->serials = serials;
	status = status_build(arena, observed);
	assert_string_equal(json_print(arena, json_get(status, "certificates.serials")), "[\"03\"]");
	assert_null(json_get(status_build(arena, observe("{}")), "rootCA"));
}

static void plans_stand_in_status_in_plan_mode_alone(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	assert_null(json_get(status_build(arena, observed), "plan"));
	struct plan_line *lines = arena_array(arena, struct plan_line, 150);
	for (size_t i = 0; i < 150; i++) {
		lines[i] = (struct plan_line){"update", arena_printf(arena, "Secret/%zu", i), "why"};
	}
	observed->plan = lines;
	observed->plan_count = 150;
	json_t *plan = json_get(status_build(arena, observed), "plan");
	assert_int_equal(json_array_size(plan), 100);
	assert_string_equal(json_text_or(json_array_get(plan, 99), "object", ""), "51 more changes");
	assert_string_equal(
		json_print(arena, json_array_get(plan, 7)), "{\"action\":\"update\",\"object\":\"Secret/7\",\"why\":\"why\"}");
}

/* A message is cut, never inside a character, and never takes its condition away. */
static void long_messages_are_cut(void **state) {
	(void)state;
	char text[3002] = "";
	for (size_t i = 0; i < 1500; i++) {
		memcpy(text + 2 * i, "\xc3\xa9", 2);
	}
	for (size_t shift = 0; shift < 2; shift++) {
		struct observed *observed = observe("{}");
		all_good(observed);
		find_false(observed, "NodesReady", "PodsNotReady", arena_printf(arena, "%.*s%s", (int)shift, "x", text));
		json_t *nodes = condition(observed, "NodesReady"), *ready = condition(observed, "Ready");
		assert_non_null(nodes);
		assert_non_null(ready);
		assert_true(strlen(json_text(nodes, "message")) >= 1000 && strlen(json_text(nodes, "message")) <= 1024);
	}
}

static void equal_status_is_not_written(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	all_good(observed);
	json_t *status = status_build(arena, observed);
	assert_false(status_equal(arena, status, NULL));
	json_t *live = arena_own_json(arena, json_deep_copy(status));
	assert_true(status_equal(arena, status, live));
	/* The same facts an hour later are the same status. */
	struct observed *later = observe(json_print(arena, live));
	all_good(later);
	later->now = NOW + 3600;
	assert_true(status_equal(arena, status_build(arena, later), live));
	later->tservers.ready = 2;
	assert_false(status_equal(arena, status_build(arena, later), live));
}

static void what_went_away_is_written(void **state) {
	(void)state;
	struct observed *observed = observe("{}");
	all_good(observed);
	observed->reconciling = true;
	observed->operation = (struct operation_finding){"RotateCA", "TrustBoth", NOW};
	json_t *live = arena_own_json(arena, json_deep_copy(status_build(arena, observed)));
	observed->operation.name = NULL;
	assert_false(status_equal(arena, status_build(arena, observed), live));
	observed->operation.name = "RotateCA";
	assert_true(status_equal(arena, status_build(arena, observed), live));
	observed->reconciling = false;
	assert_false(status_equal(arena, status_build(arena, observed), live));
	observed->reconciling = true;
	observed->endpoint_host = NULL;
	assert_false(status_equal(arena, status_build(arena, observed), live));
	observed->endpoint_host = "db.shop.svc.cluster.local";
	struct plan_line line = {"create", "Secret/x", "it does not exist"};
	observed->plan = &line;
	observed->plan_count = 1;
	json_t *planned = arena_own_json(arena, json_deep_copy(status_build(arena, observed)));
	assert_false(status_equal(arena, planned, live));
	observed->plan = NULL;
	observed->plan_count = 0;
	assert_false(status_equal(arena, status_build(arena, observed), planned));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_needs_the_three_promises),
		cmocka_unit_test(one_false_is_enough_and_unknown_isolation_is_not),
		cmocka_unit_test(an_endpoint_holds_nothing_back_and_is_told_while_it_is_said),
		cmocka_unit_test(conditions_are_kept_when_a_pass_says_nothing),
		cmocka_unit_test(nothing_is_kept_for_a_spec_that_nobody_looked_at),
		cmocka_unit_test(transition_time_moves_with_the_status_alone),
		cmocka_unit_test(reconciling_and_stalled),
		cmocka_unit_test(phases),
		cmocka_unit_test(numbers_for_people_and_programs),
		cmocka_unit_test(certificates_are_kept_when_a_pass_says_nothing),
		cmocka_unit_test(plans_stand_in_status_in_plan_mode_alone),
		cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(equal_status_is_not_written),
		cmocka_unit_test(what_went_away_is_written),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
