/* What is kept of a child when its document is gone. */
#include "reconcilers/ybcluster/summaries.h"

#include <stdlib.h>

#include "pure/child.h"
#include "pure/diff.h"
#include "pure/world.h"

#include "arena_group.h"

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

static bool entered(const char *container) {
	struct summary summary = {0};
	summarize_pod(
		yaml(arena,
			arena_printf(arena,
				"{metadata: {name: db-tserver-0, labels: {yugabyte.com/cluster: db}}, spec: {"
				"containers: [{name: agent, volumeMounts: [{name: theirs, mountPath: /t}]}, {name: yb-tserver, "
				"volumeMounts: [{name: certificates, mountPath: /c}, {name: data0, mountPath: /d}, "
				"{name: tmp, mountPath: /tmp}]}], volumes: [{name: data0, persistentVolumeClaim: {claimName: x}}, "
				"{name: certificates, secret: {secretName: x}}, {name: tmp, emptyDir: {}}, {name: theirs, emptyDir: "
				"{}}, "
				"{name: again, persistentVolumeClaim: {claimName: data0-db-tserver-0}}, "
				"{name: admin, projected: {sources: [{secret: {name: db-admin}}]}}], "
				"ephemeralContainers: [{name: first}, {name: debugger, %s}]}}",
				container)),
		&summary);
	free(summary.text);
	return summary.number[POD_ENTERED];
}

static void an_ephemeral_container_enters_by_what_is_ours(void **state) {
	(void)state;
	static const char *const ours[] = {"certificates", "data0", "tmp", "again", "admin"};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		assert_true(entered(arena_printf(arena, "volumeMounts: [{name: theirs, mountPath: /t}, {name: %s}]", ours[i])));
		assert_true(entered(arena_printf(arena, "volumeDevices: [{name: %s}]", ours[i])));
	}
	assert_true(entered("env: [{name: A, valueFrom: {secretKeyRef: {name: db-admin, key: password}}}]"));
	assert_true(entered("envFrom: [{secretRef: {name: db-tserver-tls}}]"));
	/* kubectl debug, with and without --target */
	assert_false(entered("targetContainerName: yb-tserver, securityContext: {capabilities: {add: [SYS_PTRACE]}}"));
	assert_false(entered("volumeMounts: [{name: theirs, mountPath: /t}]"));
	assert_false(entered("envFrom: [{secretRef: {name: dbx-admin}}]"));
	assert_false(pod_entered(yaml(arena, "{metadata: 1, spec: {ephemeralContainers: [1, null, {volumeMounts: {}}]}}")));
	assert_false(pod_entered(yaml(arena, "{spec: []}")));
}

static void a_pod_that_is_ready_waits_for_nothing(void **state) {
	(void)state;
	struct summary summary =
		pod("{conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: yb-tserver, " CRASHES "}]}");
	assert_int_equal(summary.number[POD_READY], 1);
	assert_int_equal(summary.number[POD_STUCK], 0);
	assert_string_equal(summary.text + POD_TROUBLE, "||");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_container_is_what_a_pod_is_judged_by),
		cmocka_unit_test(what_starts_before_ours_is_named),
		cmocka_unit_test(a_pod_that_no_node_takes_does_not_run),
		cmocka_unit_test(an_ephemeral_container_enters_by_what_is_ours),
		cmocka_unit_test(a_pod_that_is_ready_waits_for_nothing),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
