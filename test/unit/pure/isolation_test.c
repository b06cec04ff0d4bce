#include "pure/isolation.h"
#include "world.h"

#include "arena_group.h"

static bool matches(const char *selector) {
	return selector_matches(yaml(arena, selector), yaml(arena, "{app: db, tier: gold, empty: ''}"));
}

static void match_labels(void **state) {
	(void)state;
	assert_true(matches("{}"));
	assert_true(matches("{matchLabels: {app: db}}"));
	assert_true(matches("{matchLabels: {app: db, tier: gold}}"));
	assert_false(matches("{matchLabels: {app: db, tier: iron}}"));
	assert_false(matches("{matchLabels: {other: db}}"));
	assert_true(matches("{matchLabels: {empty: ''}}"));
	assert_false(matches("{matchLabels: {absent: ''}}"));
}

static void match_expressions(void **state) {
	(void)state;
	assert_true(matches("{matchExpressions: [{key: app, operator: In, values: [x, db]}]}"));
	assert_false(matches("{matchExpressions: [{key: app, operator: In, values: [x]}]}"));
	assert_false(matches("{matchExpressions: [{key: other, operator: In, values: [x]}]}"));
	assert_false(matches("{matchExpressions: [{key: app, operator: NotIn, values: [db]}]}"));
	assert_true(matches("{matchExpressions: [{key: app, operator: NotIn, values: [x]}]}"));
	assert_true(matches("{matchExpressions: [{key: other, operator: NotIn, values: [x]}]}"));
	assert_true(matches("{matchExpressions: [{key: app, operator: Exists}]}"));
	assert_false(matches("{matchExpressions: [{key: other, operator: Exists}]}"));
	assert_false(matches("{matchExpressions: [{key: app, operator: DoesNotExist}]}"));
	assert_true(matches("{matchExpressions: [{key: other, operator: DoesNotExist}]}"));
}

static void all_requirements_count(void **state) {
	(void)state;
	assert_false(matches("{matchLabels: {app: db}, matchExpressions: [{key: tier, operator: Exists}, {key: app, "
						 "operator: DoesNotExist}]}"));
	assert_false(matches("{matchLabels: {app: x}, matchExpressions: [{key: tier, operator: Exists}]}"));
}

/* Fail closed: a selector that cannot be read is taken to reach us. */
static void what_cannot_be_read_matches(void **state) {
	(void)state;
	assert_true(selector_matches(NULL, yaml(arena, "{app: db}")));
	assert_true(matches("[]"));
	assert_true(matches("{matchLabels: text, matchExpressions: 7}"));
	assert_true(matches("{matchLabels: {app: 7}}"));
	assert_true(matches("{matchExpressions: [{key: app, operator: Sounds, values: [x]}]}"));
	assert_true(matches("{matchExpressions: [null]}"));
}

static void reaches_pods_of_either_role(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {pod: {labels: {team: blue}}}");
	static const struct {
		const char *selector;
		bool reaches;
	} rows[] = {
		{"{}", true},
		{"{matchLabels: {app.kubernetes.io/component: master}}", true},
		{"{matchLabels: {app.kubernetes.io/component: tserver}}", true},
		{"{matchLabels: {app.kubernetes.io/component: other}}", false},
		{"{matchLabels: {yugabyte.com/cluster: db}}", true},
		{"{matchLabels: {yugabyte.com/cluster: dc}}", false},
		{"{matchLabels: {yugabyte.com/cluster-uid: 11111111-2222-3333-4444-555555555555}}", true},
		{"{matchLabels: {team: blue}}", true},
		{"{matchLabels: {team: red}}", false},
		{"{matchLabels: {statefulset.kubernetes.io/pod-name: db-tserver-2}}", true},
		{"{matchLabels: {statefulset.kubernetes.io/pod-name: db-tserver-3}}", false},
		{"{matchLabels: {apps.kubernetes.io/pod-index: '0', app.kubernetes.io/component: master}}", true},
		{"{matchLabels: {controller-revision-hash: db-tserver-5d9f}}", true},
		{"{matchLabels: {controller-revision-hash: x, team: red}}", false},
		{"{matchLabels: {topology.kubernetes.io/zone: a}}", true},
		{"{matchExpressions: [{key: topology.kubernetes.io/region, operator: In, values: [x]}]}", true},
		{"{matchExpressions: [{key: controller-revision-hash, operator: In, values: [x]}]}", true},
		{"{matchExpressions: [{key: yugabyte.com/cluster, operator: DoesNotExist}]}", false},
	};
	struct pod_labels pods = labels_of_pods(arena, cluster);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (selector_reaches(&pods, yaml(arena, rows[i].selector)) != rows[i].reaches) {
			fail_msg("%s", rows[i].selector);
		}
	}
}

static void zones_are_labels_too(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {zones: [a, b, c]}");
	struct pod_labels pods = labels_of_pods(arena, cluster);
	assert_true(selector_reaches(&pods, yaml(arena, "{matchLabels: {yugabyte.com/zone: b}}")));
	assert_false(selector_reaches(&pods, yaml(arena, "{matchLabels: {yugabyte.com/zone: d}}")));
}

static void expect_finding(enum knock granted, enum knock ungranted, enum condition_status status, const char *reason) {
	struct finding finding = isolation_finding(granted, ungranted);
	assert_string_equal(finding.type, "NetworkIsolated");
	assert_string_equal(finding.reason, reason);
	assert_int_equal(finding.status, status);
}

/* Of all that can be met, one thing proves isolation, and one disproves it. */
static void only_silence_beside_an_answer_is_evidence(void **state) {
	(void)state;
	for (enum knock granted = KNOCK_NONE; granted <= KNOCK_SILENT; granted++) {
		expect_finding(granted, KNOCK_ANSWERED, CONDITION_FALSE, "NotEnforced");
		expect_finding(granted, KNOCK_REFUSED, CONDITION_UNKNOWN, "EnforcementNotProbed");
		expect_finding(granted, KNOCK_NONE, CONDITION_UNKNOWN, "EnforcementNotProbed");
		if (granted != KNOCK_ANSWERED) {
			expect_finding(granted, KNOCK_SILENT, CONDITION_UNKNOWN, "EnforcementNotProbed");
		}
	}
	expect_finding(KNOCK_ANSWERED, KNOCK_SILENT, CONDITION_TRUE, "Enforced");
}

static void which_tserver_is_probed(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	struct groups groups = groups_of(arena, cluster);
	static const uint8_t somewhere[16] = {1}, nowhere[16];
	struct child pods[] = {
		{.kind = POD, .name = "db-master-0", .mark = somewhere, .number = {1}},
		{.kind = POD, .name = "db-tserver-0", .mark = somewhere, .number = {1}},
		{.kind = POD, .name = "db-tserver-1", .mark = nowhere, .number = {1}},
		{.kind = POD, .name = "db-tserver-2", .mark = somewhere, .number = {1}},
	};
	struct children children = {pods, 4};
	assert_ptr_equal(isolation_target(arena, &groups, &children, 0), &pods[1]);
	assert_ptr_equal(isolation_target(arena, &groups, &children, 1), &pods[3]);
	assert_ptr_equal(isolation_target(arena, &groups, &children, 2), &pods[1]);
	pods[1].number[POD_READY] = 0;
	assert_ptr_equal(isolation_target(arena, &groups, &children, 0), &pods[3]);
	pods[3].deleting = true;
	assert_null(isolation_target(arena, &groups, &children, 0));
}

static void pods_with_intruders_are_named_and_counted(void **state) {
	(void)state;
	struct child pods[] = {
		{.kind = STATEFUL_SET, .name = "db-tserver"},
		{.kind = POD, .name = "db-tserver-1", .intruders = ""},
		{.kind = POD, .name = "db-tserver-0", .intruders = ""},
		{.kind = POD, .name = "db-master-0", .intruders = ""},
	};
	struct children children = {pods, 4};
	assert_null(isolation_intrusion(arena, &children));
	pods[1].intruders = "container a mounts data0";
	const char *alone = isolation_intrusion(arena, &children);
	assert_non_null(strstr(alone, "pod db-tserver-1: container a mounts data0. "));
	/* In whatever order they are found: a status that changes is written. */
	pods[2].intruders = "container b mounts tmp";
	assert_non_null(strstr(
		isolation_intrusion(arena, &children), "pod db-tserver-0: container b mounts tmp (such pods beside it: 1). "));
	pods[3].intruders = "container c mounts tmp";
	assert_non_null(strstr(
		isolation_intrusion(arena, &children), "pod db-master-0: container c mounts tmp (such pods beside it: 2)"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_labels),
		cmocka_unit_test(match_expressions),
		cmocka_unit_test(all_requirements_count),
		cmocka_unit_test(what_cannot_be_read_matches),
		cmocka_unit_test(reaches_pods_of_either_role),
		cmocka_unit_test(zones_are_labels_too),
		cmocka_unit_test(only_silence_beside_an_answer_is_evidence),
		cmocka_unit_test(which_tserver_is_probed),
		cmocka_unit_test(pods_with_intruders_are_named_and_counted),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
