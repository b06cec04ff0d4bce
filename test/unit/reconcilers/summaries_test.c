/* What is kept of a pod that does not run: what it waits for, and whether the database itself waits. */
#include <stdlib.h>

#include "base/yaml.h"
#include "pure/child.h"
#include "reconcilers/world.h"

/* Last: cmocka's fail() is a macro. */
#include "../base/testing.h"

static void expect(const char *status, const char *trouble, bool stuck) {
	struct error err = {0};
	struct summary summary = {0};
	json_t *pod = yaml_parse(status, strlen(status), &err);
	assert_non_null(pod);
	watched_table[POD].summarize(pod, &summary);
	const char *told = strrchr(summary.text, '|');
	assert_non_null(told);
	assert_string_equal(told + 1, trouble);
	assert_int_equal(summary.number[POD_STUCK], stuck);
	free(summary.text);
	json_decref(pod);
}

#define WAITS(name, reason) "{name: " name ", state: {waiting: {reason: " reason ", message: m}}}"
#define RUNS(name) "{name: " name ", state: {running: {}}}"

static void its_own_container_waits(void **state) {
	(void)state;
	expect("status: {containerStatuses: [" WAITS("yb-master", "ErrImagePull") "]}", "ErrImagePull: m", true);
	expect("status: {containerStatuses: [" RUNS("yb-tserver") "]}", "", false);
	expect("status: {}", "", false);
	expect("status: {conditions: [{type: Ready, status: 'True'}], containerStatuses: [" WAITS("yb-master", "Odd") "]}",
		"", false);
}

static void no_node_takes_it(void **state) {
	(void)state;
	expect("status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: none}]}",
		"Unschedulable: none", true);
}

static void somebodys_sidecar_waits(void **state) {
	(void)state;
	expect("status: {containerStatuses: [" WAITS("a-proxy", "ImagePullBackOff") ", " RUNS("yb-tserver") "]}",
		"ImagePullBackOff: m", false);
	expect("status: {containerStatuses: [" RUNS("a-proxy") ", " WAITS("yb-tserver", "CrashLoopBackOff") "]}",
		"CrashLoopBackOff: m", true);
	expect("status: {containerStatuses: [" WAITS("a-proxy", "ContainerCreating") ", " WAITS(
			   "yb-tserver", "ErrImagePull") "]}",
		"ErrImagePull: m", true);
}

static void what_must_go_ahead_waits(void **state) {
	(void)state;
	expect("status: {initContainerStatuses: [" WAITS("mesh", "ErrImagePull") "], containerStatuses: [" WAITS(
			   "yb-master", "PodInitializing") "]}",
		"ErrImagePull: m", true);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_own_container_waits),
		cmocka_unit_test(no_node_takes_it),
		cmocka_unit_test(somebodys_sidecar_waits),
		cmocka_unit_test(what_must_go_ahead_waits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
