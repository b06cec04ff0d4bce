#include "pure/selection.h"

#include <stdlib.h>

#include "base/str.h"
#include "world.h"

#include "arena_group.h"

static const struct children none;

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
	struct pod_labels pods = labels_of_pods(arena, cluster, &none);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (selector_reaches(&pods, yaml(arena, rows[i].selector)) != rows[i].reaches) {
			fail_msg("%s", rows[i].selector);
		}
	}
}

static void zones_are_labels_too(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {zones: [a, b, c]}");
	struct pod_labels pods = labels_of_pods(arena, cluster, &none);
	assert_true(selector_reaches(&pods, yaml(arena, "{matchLabels: {yugabyte.com/zone: b}}")));
	assert_false(selector_reaches(&pods, yaml(arena, "{matchLabels: {yugabyte.com/zone: d}}")));
}

/* A pod of the cluster `db` with these labels beside those that it should have, as the store keeps it. */
static struct child pod_with(struct ybcluster *cluster, const char *labels) {
	json_t *live = json_copy(labels_of(arena, cluster, "tserver")), *more = yaml(arena, labels), *value;
	const char *key;
	json_object_set_new(live, "statefulset.kubernetes.io/pod-name", json_string("db-tserver-1"));
	json_object_set_new(live, "apps.kubernetes.io/pod-index", json_string("1"));
	json_object_set_new(live, "controller-revision-hash", json_string("db-tserver-5d9f"));
	json_object_foreach(more, key, value) {
		if (json_is_null(value)) {
			json_object_del(live, key);
		} else {
			json_object_set(live, key, value);
		}
	}
	json_t *pod =
		arena_own_json(arena, json_pack("{s:{s:s, s:o}}", "metadata", "name", "db-tserver-1", "labels", live));
	char *beside = labels_beside(pod);
	struct child child = {.kind = POD, .name = "db-tserver-1", .labels = beside ? arena_strdup(arena, beside) : ""};
	free(beside);
	return child;
}

static bool reaches(const char *spec, const char *labels, const char *selector) {
	struct ybcluster *cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: %s", spec));
	struct child pod = pod_with(cluster, labels);
	struct children children = {&pod, 1};
	struct pod_labels pods = labels_of_pods(arena, cluster, &children);
	return selector_reaches(&pods, yaml(arena, selector));
}

static void a_pod_as_it_should_be_has_nothing_to_remember(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	assert_string_equal(pod_with(cluster, "{}").labels, "");
	assert_string_equal(pod_with(cluster, "{topology.kubernetes.io/zone: a}").labels, "");
	assert_string_equal(pod_with(cluster, "{team: blue}").labels, "{\"team\":\"blue\"}");
	assert_string_equal(pod_with(cluster, "{yugabyte.com/cluster-uid: null}").labels, "");
}

/* Whoever may label pods may not open them unseen. */
static void labels_that_somebody_put_on_a_pod_count(void **state) {
	(void)state;
	assert_true(reaches("{}", "{role: web}", "{matchLabels: {role: web}}"));
	assert_false(reaches("{}", "{role: api}", "{matchLabels: {role: web}}"));
	assert_false(reaches("{}", "{}", "{matchLabels: {role: web}}"));
	assert_true(reaches("{}", "{app.kubernetes.io/part-of: web}", "{matchLabels: {app.kubernetes.io/part-of: web}}"));
	assert_true(reaches("{}", "{app.kubernetes.io/part-of: null}",
		"{matchExpressions: [{key: app.kubernetes.io/part-of, operator: DoesNotExist}]}"));
	assert_true(reaches("{}", "{yugabyte.com/zone: d}", "{matchLabels: {yugabyte.com/zone: d}}"));
}

/* Before they restart, pods have the labels of the spec before. */
static void labels_of_the_spec_count_before_and_after_the_restart(void **state) {
	(void)state;
	assert_true(reaches("{pod: {labels: {team: red}}}", "{team: blue}", "{matchLabels: {team: blue}}"));
	assert_true(reaches("{pod: {labels: {team: red}}}", "{team: blue}", "{matchLabels: {team: red}}"));
	assert_true(
		reaches("{pod: {labels: {team: red}}}", "{}", "{matchExpressions: [{key: team, operator: DoesNotExist}]}"));
}

/* Of anybody's, with our labels: as many as they like. */
static void pods_by_other_names_do_not_count(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	static const char *const others[] = {"db-tserver-1000", "db-tserver-", "db-tserver-x-1", "db-other-0", "tserver-0"};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct child pod = {.kind = POD, .name = others[i], .labels = LABELS_UNKNOWN};
		struct pod_labels pods = labels_of_pods(arena, cluster, &(struct children){&pod, 1});
		assert_int_equal(pods.count, labels_of_pods(arena, cluster, &none).count);
	}
}

static bool selected(const char *labels) {
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	json_t *all = json_deep_copy(labels_of(arena, cluster, "tserver")), *change = yaml(arena, labels);
	json_object_update(all, change);
	return selected_by_ours(arena, cluster, "tserver", arena_own_json(arena, all));
}

static void who_lost_a_label_is_out_of_the_watch_or_the_policies(void **state) {
	(void)state;
	assert_true(selected("{}"));
	assert_true(selected("{app.kubernetes.io/part-of: x, team: red}"));
	assert_false(selected("{yugabyte.com/cluster: dc}"));
	assert_false(selected("{yugabyte.com/cluster-uid: null}"));
	assert_false(selected("{app.kubernetes.io/component: master}"));
	assert_false(selected("{app.kubernetes.io/managed-by: Helm}"));
}

static void more_than_is_kept_counts_as_anything(void **state) {
	(void)state;
	cleanup_str struct str labels = {0};
	str_adds(&labels, "{");
	for (int i = 0; i < 300; i++) {
		str_addf(&labels, "%sexample.com/label-%d: value-of-a-label", i ? ", " : "", i);
	}
	str_adds(&labels, "}");
	assert_string_equal(pod_with(cluster_of(arena, HEAD "spec: {}"), labels.text).labels, LABELS_UNKNOWN);
	assert_true(reaches("{}", labels.text, "{matchLabels: {role: web}}"));
	assert_string_equal(pod_with(cluster_of(arena, HEAD "spec: {}"), "{'a|b': c}").labels, LABELS_UNKNOWN);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(match_labels),
		cmocka_unit_test(match_expressions),
		cmocka_unit_test(all_requirements_count),
		cmocka_unit_test(what_cannot_be_read_matches),
		cmocka_unit_test(reaches_pods_of_either_role),
		cmocka_unit_test(zones_are_labels_too),
		cmocka_unit_test(a_pod_as_it_should_be_has_nothing_to_remember),
		cmocka_unit_test(labels_that_somebody_put_on_a_pod_count),
		cmocka_unit_test(labels_of_the_spec_count_before_and_after_the_restart),
		cmocka_unit_test(who_lost_a_label_is_out_of_the_watch_or_the_policies),
		cmocka_unit_test(pods_by_other_names_do_not_count),
		cmocka_unit_test(more_than_is_kept_counts_as_anything),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
