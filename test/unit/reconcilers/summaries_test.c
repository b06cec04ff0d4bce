/* What is kept of a child when its document is gone. */
#include "reconcilers/ybcluster/summaries.h"

#include <stdlib.h>

#include "pure/child.h"
#include "pure/entered.h"
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

/* Behind uid, hostnames, labels and intruders, of which these pods have none. */
static void expect_trouble(const char *status, const char *trouble, bool stuck) {
	struct summary summary = pod(status);
	assert_string_equal(summary.text + POD_TROUBLE, arena_printf(arena, "||||%s", trouble));
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

#define SAFE "securityContext: {allowPrivilegeEscalation: false}"

/* The API server gave every container the token of the service account, as it does where somebody wants that. */
static void expect_intruders(const char *before, const char *beside, const char *told) {
	json_t *pod = yaml(arena,
		arena_printf(arena,
			"{metadata: {name: db-tserver-0, labels: {yugabyte.com/cluster: db, yugabyte.com/cluster-uid: u, "
			"app.kubernetes.io/component: tserver, app.kubernetes.io/name: yugabytedb, app.kubernetes.io/instance: db, "
			"app.kubernetes.io/part-of: yugabytedb, app.kubernetes.io/managed-by: ybcluster-operator, "
			"statefulset.kubernetes.io/pod-name: db-tserver-0, apps.kubernetes.io/pod-index: '0'}}, spec: "
			"{initContainers: [%s], containers: [%s{name: yb-tserver, "
			"volumeMounts: [{name: certificates, mountPath: /c}, {name: data0, mountPath: /d}, {name: tmp, mountPath: "
			"/tmp}, {name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount}]}], volumes: [{name: "
			"data0, persistentVolumeClaim: {claimName: x}}, {name: certificates, secret: {secretName: x}}, {name: tmp, "
			"emptyDir: {}}, {name: theirs, emptyDir: {}}, {name: node, hostPath: {path: /}}, {name: again, "
			"persistentVolumeClaim: {claimName: data0-db-tserver-0}}, {name: token, projected: {sources: "
			"[{serviceAccountToken: {path: token}}]}}]}}",
			before, beside));
	struct summary summary = {0};
	summarize_pod(pod, &summary);
	assert_string_equal(summary.text + POD_TROUBLE, arena_printf(arena, "u|||%s|", told));
	assert_false(summary.number[POD_ENTERED]);
	free(summary.text);
}

static void who_was_put_beside_ours_is_named_with_what_it_reaches(void **state) {
	(void)state;
	expect_intruders("",
		"{name: agent, " SAFE ", volumeMounts: [{name: theirs}, {name: data0}, {name: tmp}, "
		"{name: data0}]}, ",
		"container agent mounts data0, tmp");
	expect_intruders("{name: copy, " SAFE ", volumeMounts: [{name: again}]}", "", "init container copy mounts again");
	expect_intruders("{name: copy, " SAFE ", volumeDevices: [{name: data0}]}, {name: fine, " SAFE "}",
		"{name: agent, " SAFE ", volumeMounts: [{name: node}]}, ",
		"init container copy mounts data0; container agent mounts node");
	expect_intruders("", "{name: agent, " SAFE ", env: [{name: A, valueFrom: {secretKeyRef: {name: db-admin}}}]}, ",
		"container agent reads a Secret of the cluster");
	expect_intruders("", "{name: agent}, ", "container agent may do more than Pod Security restricted lets it");
}

static void the_name_of_a_server_hides_nobody(void **state) {
	(void)state;
	expect_intruders("", "{name: yb-master, " SAFE ", volumeMounts: [{name: certificates}]}, ",
		"container yb-master mounts certificates");
	expect_intruders(
		"{name: yb-tserver, " SAFE ", volumeMounts: [{name: tmp}]}", "", "init container yb-tserver mounts tmp");
}

/* Of a mesh, say; as they may stand in a template. */
static void who_reaches_nothing_of_ours_is_no_intruder(void **state) {
	(void)state;
	expect_intruders("", "", "");
	expect_intruders("{name: mesh-init, " SAFE "}",
		"{name: mesh, " SAFE ", volumeMounts: [{name: theirs, mountPath: /t}, {name: token, mountPath: "
		"/var/run/secrets/kubernetes.io/serviceaccount}], env: [{name: A, value: b}]}, ",
		"");
}

static void many_intruders_are_cut_short(void **state) {
	(void)state;
	const char *some = "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9, ";
	for (int i = 0; i < 4; i++) {
		some = arena_printf(arena, "%s%s", some, some);
	}
	json_t *pod = arena_own_json(
		arena, json_pack("{s:{s:[{s:s}, {s:s}]}}", "spec", "containers", "name", some, "name", "yb-master"));
	char *text = pod_intruders(pod);
	assert_in_range(strlen(text), INTRUDERS_LENGTH - 3, INTRUDERS_LENGTH);
	assert_non_null(arena_own_json(arena, json_string(text)));
	free(text);
}

static struct summary annotated(const char *annotations) {
	struct summary summary = {0};
	summarize_pod(
		yaml(arena, arena_printf(arena,
						"{metadata: {name: db-tserver-0, labels: {yugabyte.com/cluster: db, yugabyte.com/cluster-uid: "
						"u, app.kubernetes.io/component: tserver, team: red}, annotations: {%s}}}",
						annotations)),
		&summary);
	char *text = summary.text;
	summary.text = arena_strdup(arena, text);
	free(text);
	return summary;
}

#define DIGEST "0123456789abcdef0123456789abcdef"

/* Whoever may write annotations could hide by them what stands behind. */
static void no_annotation_shifts_what_stands_behind(void **state) {
	(void)state;
	struct summary plain = annotated("yugabyte.com/digest: " DIGEST), odd;
	const char *labels = strchr(strchr(plain.text + POD_TROUBLE, '|') + 1, '|');
	assert_memory_equal(plain.text, DIGEST " ", 33);
	assert_memory_equal(plain.text + POD_TROUBLE, "u|", 2);
	assert_non_null(strstr(labels, "\"team\":\"red\""));
	odd = annotated("yugabyte.com/hostnames: 'x||'");
	assert_string_equal(strchr(strchr(odd.text + POD_TROUBLE, '|') + 1, '|'), labels);
	odd = annotated("yugabyte.com/digest: 0123456789abcdef0123456789abcde\u00e9, yugabyte.com/trust: " DIGEST "0");
	assert_string_equal(odd.text + POD_TROUBLE, plain.text + POD_TROUBLE);
	assert_memory_equal(odd.text, "                                 ", 33);
}

static void how_long_its_leaf_is_valid_is_told(void **state) {
	(void)state;
	struct summary one = annotated("yugabyte.com/certificate-validity: 2001-09-09T01:45:40Z/2001-09-09T01:46:40Z");
	assert_int_equal(one.number[POD_LEAF_BEGINS], 1000000000 - 60);
	assert_int_equal(one.number[POD_LEAF_ENDS], 1000000000);
	static const char *const none[] = {"''", "x/y", "2001-09-09T01:45:40Z", "2001-09-09T01:45:40Z/",
		"/2001-09-09T01:45:40Z", "2001-09-09T01:45:40.00000000000000000000Z/2001-09-09T01:46:40Z"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		one = annotated(arena_printf(arena, "yugabyte.com/certificate-validity: %s", none[i]));
		assert_int_equal(one.number[POD_LEAF_BEGINS], 0);
		assert_int_equal(one.number[POD_LEAF_ENDS], 0);
	}
}

static void a_pod_that_is_ready_waits_for_nothing(void **state) {
	(void)state;
	struct summary summary =
		pod("{conditions: [{type: Ready, status: 'True'}], containerStatuses: [{name: yb-tserver, " CRASHES "}]}");
	assert_int_equal(summary.number[POD_READY], 1);
	assert_int_equal(summary.number[POD_STUCK], 0);
	assert_string_equal(summary.text + POD_TROUBLE, "||||");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own_container_is_what_a_pod_is_judged_by),
		cmocka_unit_test(what_starts_before_ours_is_named),
		cmocka_unit_test(a_pod_that_no_node_takes_does_not_run),
		cmocka_unit_test(an_ephemeral_container_enters_by_what_is_ours),
		cmocka_unit_test(who_was_put_beside_ours_is_named_with_what_it_reaches),
		cmocka_unit_test(the_name_of_a_server_hides_nobody),
		cmocka_unit_test(who_reaches_nothing_of_ours_is_no_intruder),
		cmocka_unit_test(many_intruders_are_cut_short),
		cmocka_unit_test(no_annotation_shifts_what_stands_behind),
		cmocka_unit_test(how_long_its_leaf_is_valid_is_told),
		cmocka_unit_test(a_pod_that_is_ready_waits_for_nothing),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
