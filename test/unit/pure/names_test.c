#include "base/json.h"
#include "base/str.h"
#include "pure/pod_name.h"
#include "world.h"

#include "arena_group.h"

static void expect_groups(const char *spec, const char *wanted) {
	struct groups groups = groups_of(arena, cluster_of(arena, arena_printf(arena, HEAD "spec: %s", spec)));
	cleanup_str struct str text = {0};
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *group = &groups.items[i];
		str_addf(&text, "%s%s=%d", i ? " " : "", group->name, group->replicas);
		assert_string_equal(group->certificate, arena_printf(arena, "%s-tls", group->name));
	}
	assert_string_equal(text.text, wanted);
}

static void groups_without_zones(void **state) {
	(void)state;
	expect_groups("{}", "db-master=3 db-tserver=3");
	expect_groups("{nodes: 7}", "db-master=3 db-tserver=7");
	expect_groups("{nodes: 5, faultsToTolerate: 2}", "db-master=5 db-tserver=5");
	expect_groups("{tier: Sandbox, nodes: 1}", "db-master=1 db-tserver=1");
}

static void groups_over_zones(void **state) {
	(void)state;
	expect_groups("{zones: [c, a, b], nodes: 6}",
		"db-master-a=1 db-master-b=1 db-master-c=1 db-tserver-a=2 db-tserver-b=2 db-tserver-c=2");
	expect_groups("{zones: [b, a], nodes: 4}", "db-master-a=2 db-master-b=1 db-tserver-a=2 db-tserver-b=2");
	expect_groups("{zones: [d, c, b, a], nodes: 4}",
		"db-master-a=1 db-master-b=1 db-master-c=1 db-tserver-a=1 db-tserver-b=1 db-tserver-c=1 db-tserver-d=1");
	expect_groups("{zones: [z], nodes: 3}", "db-master-z=3 db-tserver-z=3");
}

static void groups_do_not_sort_the_spec(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {zones: [c, a, b]}");
	groups_of(arena, cluster);
	assert_string_equal(cluster->spec.zones[0], "c");
}

static const char *joined(const char *const *names) {
	cleanup_str struct str text = {0};
	for (size_t i = 0; names[i]; i++) {
		str_addf(&text, "%s%s", i ? " " : "", names[i]);
	}
	return arena_strdup(arena, text.text);
}

static void names_in_certificates(void **state) {
	(void)state;
	struct ybcluster *cluster =
		cluster_of(arena, HEAD "spec: {endpoints: {hostnames: [db.example.com, sql.example.com]}}");
	struct groups groups = groups_of(arena, cluster);
	assert_string_equal(joined(certificate_names(arena, cluster, &settings, &groups.items[0])),
		"*.db-masters.shop.svc.cluster.local db-masters.shop.svc.cluster.local localhost");
	assert_string_equal(joined(certificate_names(arena, cluster, &settings, &groups.items[1])),
		"*.db-tservers.shop.svc.cluster.local db-tservers.shop.svc.cluster.local db.shop.svc.cluster.local db.shop.svc "
		"db.shop "
		"db.example.com sql.example.com localhost");
}

static void addresses_of_all_masters(void **state) {
	(void)state;
	assert_string_equal(master_addresses(arena, cluster_of(arena, HEAD "spec: {}"), &settings),
		"db-master-0.db-masters.shop.svc.cluster.local:7100,db-master-1.db-masters.shop.svc.cluster.local:7100,"
		"db-master-2.db-masters.shop.svc.cluster.local:7100");
	assert_string_equal(master_addresses(arena, cluster_of(arena, HEAD "spec: {zones: [b, a], nodes: 4}"), &settings),
		"db-master-a-0.db-masters.shop.svc.cluster.local:7100,db-master-a-1.db-masters.shop.svc.cluster.local:7100,"
		"db-master-b-0.db-masters.shop.svc.cluster.local:7100");
}

/* Another cluster of the same name, in time or in another namespace, must not be selected. */
static void selectors_carry_the_uid(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	json_t *selector = selector_of(arena, cluster, "master"), *labels = labels_of(arena, cluster, "master");
	assert_string_equal(json_string_value(json_object_get(selector, LABEL_CLUSTER_UID)), cluster->metadata.uid);
	const char *key;
	json_t *value;
	json_object_foreach(selector, key, value) {
		assert_true(json_equal(value, json_object_get(labels, key)));
	}
	assert_null(json_object_get(selector_of(arena, cluster, NULL), LABEL_COMPONENT));
	assert_null(json_object_get(labels_of(arena, cluster, NULL), LABEL_COMPONENT));
}

static void documents_are_owned(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	json_t *document = yaml(arena, "{metadata: {name: x, labels: {foreign: label}}}");
	own(arena, cluster, "tserver", document);
	assert_string_equal(json_text(document, "metadata.namespace"), "shop");
	assert_string_equal(json_text(document, "metadata.ownerReferences.0.uid"), cluster->metadata.uid);
	assert_string_equal(json_text(document, "metadata.ownerReferences.0.kind"), "YBCluster");
	assert_true(json_bool(document, "metadata.ownerReferences.0.controller", false));
	assert_true(json_equal(json_get(document, "metadata.labels"), labels_of(arena, cluster, "tserver")));
	assert_string_equal(
		json_string_value(json_at(document, "metadata", "labels", "app.kubernetes.io/managed-by", NULL)),
		OPERATOR_NAME);
}

static void pods_by_their_names(void **state) {
	(void)state;
	static const char *const ours[] = {"db-master-0", "db-tserver-12", "db-tserver-eu-west-1a-3"};
	static const char *const others[] = {"db-tserver-x", "db-tservers-0", "db-0", "db-master", "dbs-master-0",
		"db-backup-0", "db-tserver-", "db-tserver-1000", "theirs-0", ""};
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		assert_true(pod_is_of("db", ours[i]));
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		assert_false(pod_is_of("db", others[i]));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_without_zones),
		cmocka_unit_test(groups_over_zones),
		cmocka_unit_test(groups_do_not_sort_the_spec),
		cmocka_unit_test(names_in_certificates),
		cmocka_unit_test(addresses_of_all_masters),
		cmocka_unit_test(selectors_carry_the_uid),
		cmocka_unit_test(documents_are_owned),
		cmocka_unit_test(pods_by_their_names),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
