/* What is kept of a child when its document is gone. */
#include "reconcilers/ybcluster/summaries.h"

#include <stdlib.h>

#include "pure/child.h"
#include "pure/world.h"

static struct arena *arena;

static struct summary pod(const char *status) {
	struct summary summary = {0};
	summarize_pod(yaml(arena, arena_printf(arena, "{metadata: {name: db-tserver-0}, status: %s}", status)), &summary);
	char *text = summary.text;
	summary.text = arena_strdup(arena, text);
	free(text);
	return summary;
}

/* Behind uid and hostnames, of which these pods have none. */
static void expect_trouble(const char *status, const char *trouble, bool stuck) {
	struct summary summary = pod(status);
	assert_string_equal(summary.text + POD_TROUBLE, arena_printf(arena, "||%s", trouble));
	assert_int_equal(summary.number[POD_STUCK], stuck);
	assert_int_equal(summary.number[POD_READY], 0);
}

#define CRASHES "state: {waiting: {reason: CrashLoopBackOff, message: back-off}}"

static void our_own_container_is_what_a_pod_is_judged_by(void **state) {
	(void)state;
	expect_trouble("{containerStatuses: [{name: yb-tserver, " CRASHES "}]}", "CrashLoopBackOff: back-off", true);
	expect_trouble("{containerStatuses: [{name: yb-tserver, state: {running: {}}}]}", "", false);
	expect_trouble("{containerStatuses: [{name: agent, " CRASHES "}, {name: yb-tserver, state: {running: {}}}]}",
		"container agent: CrashLoopBackOff: back-off", false);
	expect_trouble("{containerStatuses: [{name: agent, " CRASHES
				   "}, {name: yb-master, state: {waiting: {reason: ErrImagePull}}}, {name: other, " CRASHES "}]}",
		"ErrImagePull", true);
}

#define INITIALIZING "{name: yb-tserver, state: {waiting: {reason: PodInitializing}}}"

/* What the kubelet says while an init container keeps ours from starting, and of one that runs on beside it. */
static void what_starts_before_ours_is_named(void **state) {
	(void)state;
	expect_trouble("{containerStatuses: [" INITIALIZING "], initContainerStatuses: [{name: mesh, " CRASHES "}]}",
		"container mesh: CrashLoopBackOff: back-off", true);
	expect_trouble("{containerStatuses: [{name: agent, state: {waiting: {reason: PodInitializing}}}, " INITIALIZING
				   "], initContainerStatuses: [{name: first, state: {terminated: {exitCode: 0}}}, "
				   "{name: second, state: {waiting: {reason: ImagePullBackOff}}}, "
				   "{name: third, state: {waiting: {reason: PodInitializing}}}]}",
		"container second: ImagePullBackOff", true);
	expect_trouble("{containerStatuses: [" INITIALIZING
				   "], initContainerStatuses: [{name: mesh, state: {running: {}}}]}",
		"PodInitializing", true);
	expect_trouble("{containerStatuses: [{name: yb-tserver, state: {running: {}}}], "
				   "initContainerStatuses: [{name: sidecar, " CRASHES "}]}",
		"container sidecar: CrashLoopBackOff: back-off", false);
	expect_trouble("{containerStatuses: [{name: yb-tserver, state: {waiting: {reason: ErrImagePull}}}], "
				   "initContainerStatuses: [{name: sidecar, " CRASHES "}]}",
		"ErrImagePull", true);
}

static void a_pod_that_no_node_takes_does_not_run(void **state) {
	(void)state;
	expect_trouble("{conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/3 nodes}]}",
		"Unschedulable: 0/3 nodes", true);
	expect_trouble("{conditions: [{type: PodScheduled, status: 'True'}]}", "", false);
}

static void a_pod_that_is_ready_waits_for_nothing(void **state) {
	(void)state;
	struct summary summary =
		pod("{conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: yb-tserver, " CRASHES "}]}");
	assert_int_equal(summary.number[POD_READY], 1);
	assert_int_equal(summary.number[POD_STUCK], 0);
	assert_string_equal(summary.text + POD_TROUBLE, "||");
}

static int setup(void **state) {
	(void)state;
	arena = arena_create();
	return 0;
}

static int teardown(void **state) {
	(void)state;
	arena_destroy(arena);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_container_is_what_a_pod_is_judged_by),
		cmocka_unit_test(what_starts_before_ours_is_named),
		cmocka_unit_test(a_pod_that_no_node_takes_does_not_run),
		cmocka_unit_test(a_pod_that_is_ready_waits_for_nothing),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
