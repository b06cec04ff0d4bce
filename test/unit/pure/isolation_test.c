#include "pure/isolation.h"
#include "world.h"

#include "arena_group.h"

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
		cmocka_unit_test(only_silence_beside_an_answer_is_evidence),
		cmocka_unit_test(which_tserver_is_probed),
		cmocka_unit_test(pods_with_intruders_are_named_and_counted),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
