#include "base/quantity.h"
#include "base/str.h"
#include "pure/volumes.h"
#include "world.h"

#define UID "11111111-2222-3333-4444-555555555555"

static struct arena *arena;
static struct ybcluster *cluster;
static struct groups groups;

static struct child claim(const char *name, const char *uid, const char *size) {
	int64_t milli = 0;
	assert_true(quantity_parse(size, &milli));
	return (struct child){
		.kind = VOLUME_CLAIM, .name = name, .cluster_uid = uid, .number[CLAIM_REQUESTED] = milli / 1000};
}

static size_t growth_of(struct child child, const char **size) {
	struct children children = {&child, 1};
	size_t count;
	struct growth *growth = volumes_growth(arena, cluster, &groups, &children, &count);
	if (count) {
		*size = growth[0].size;
		assert_ptr_equal(growth[0].claim, &child);
	}
	return count;
}

static void smaller_claims_of_a_group_grow(void **state) {
	(void)state;
	const char *size = NULL;
	assert_int_equal(growth_of(claim("data0-db-tserver-0", UID, "10Gi"), &size), 1);
	assert_string_equal(size, "20Gi");
	assert_int_equal(growth_of(claim("data1-db-tserver-11", UID, "10Gi"), &size), 1);
	assert_int_equal(growth_of(claim("data0-db-master-0", UID, "1Gi"), &size), 1);
	assert_string_equal(size, "5Gi");
	assert_int_equal(growth_of(claim("data0-db-tserver-0", UID, "20Gi"), &size), 0);
	assert_int_equal(growth_of(claim("data0-db-tserver-0", UID, "20480Mi"), &size), 0);
	assert_int_equal(growth_of(claim("data0-db-tserver-0", UID, "30Gi"), &size), 0);
}

static void nothing_else_is_touched(void **state) {
	(void)state;
	const char *size;
	static const char *const names[] = {"data0-db-tserver", "data0-db-tserver-", "data0-db-tserver-x",
		"data0-db-tserver-0-x", "data0-other-tserver-0", "backup0-db-tserver-0", "data", "", "-",
		"data0-db-tserver-a-0", "data0-db-tserver-1000", "data0-db-tserver-9223372036854775807",
		"data0-db-tserver-99999999999999999999"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (growth_of(claim(names[i], UID, "1Gi"), &size)) {
			fail_msg("'%s' would grow", names[i]);
		}
	}
	assert_int_equal(growth_of(claim("data0-db-tserver-0", "another", "1Gi"), &size), 0);
	assert_int_equal(growth_of(claim("data0-db-tserver-0", "", "1Gi"), &size), 0);
	struct child going = claim("data0-db-tserver-0", UID, "1Gi");
	going.deleting = true;
	assert_int_equal(growth_of(going, &size), 0);
	struct child set = claim("data0-db-tserver-0", UID, "1Gi");
	set.kind = STATEFUL_SET;
	assert_int_equal(growth_of(set, &size), 0);
}

static void claims_of_an_earlier_cluster_stand_in_the_way(void **state) {
	(void)state;
	struct child items[] = {claim("data0-db-tserver-0", UID, "1Gi"), claim("data0-db-tserver-1", "another", "1Gi")};
	struct children children = {items, 2};
	assert_ptr_equal(volumes_foreign(cluster, &children, NULL), &items[1]);
	assert_null(volumes_foreign(cluster, &children, &items[1]));
	children.count = 1;
	assert_null(volumes_foreign(cluster, &children, NULL));
	items[0].cluster_uid = "";
	assert_ptr_equal(volumes_foreign(cluster, &children, NULL), &items[0]);
	items[0].kind = POD;
	assert_null(volumes_foreign(cluster, &children, NULL));
}

/* What once had volumes has data on them: so many pods a StatefulSet that is made anew needs. */
static void a_set_had_as_many_pods_as_it_has_volumes(void **state) {
	(void)state;
	struct child items[] = {claim("data0-db-tserver-0", UID, "1Gi"), claim("data1-db-tserver-11", UID, "1Gi"),
		claim("data0-db-tserver-40", "another", "1Gi"), claim("data0-db-master-20", UID, "1Gi"),
		claim("data0-db-tserver-x-30", UID, "1Gi")};
	struct children children = {items, sizeof items / sizeof *items};
	assert_int_equal(volumes_replicas(cluster, &children, "db-tserver"), 12);
	assert_int_equal(volumes_replicas(cluster, &children, "db-master"), 21);
	assert_int_equal(volumes_replicas(cluster, &children, "db-other"), 0);
	children.count = 1;
	assert_int_equal(volumes_replicas(cluster, &children, "db-tserver"), 1);
}

static struct child set_of(const char *name, int replicas) {
	return (struct child){.kind = STATEFUL_SET, .name = name, .number[STATEFUL_SET_REPLICAS] = replicas};
}

static void expect_to_mount(const struct ybcluster *of, struct children children, const char *wanted) {
	cleanup_str struct str is = {0};
	struct groups its = groups_of(arena, of);
	for (const char *const *name = volumes_to_mount(arena, of, &its, &children); *name; name++) {
		str_addf(&is, "%s ", *name);
	}
	assert_string_equal(is.text ? is.text : "", wanted);
}

static void what_new_pods_will_mount(void **state) {
	(void)state;
	struct ybcluster *two_volumes = cluster_of(arena, HEAD "spec: {nodes: 4, tservers: {storage: {volumes: 2}}}");
	struct child items[] = {set_of("db-master", 3), set_of("db-tserver", 3), claim("data1-db-tserver-3", UID, "1Gi"),
		claim("data0-db-tserver-5", UID, "1Gi")};
	expect_to_mount(two_volumes, (struct children){items, 3}, "data0-db-tserver-3 ");
	expect_to_mount(cluster, (struct children){NULL, 0},
		"data0-db-master-0 data0-db-master-1 data0-db-master-2 data0-db-tserver-0 data0-db-tserver-1 "
		"data0-db-tserver-2 ");
	/* At rest, and while pods go: nothing. */
	expect_to_mount(cluster, (struct children){items, 2}, "");
	items[1].number[STATEFUL_SET_REPLICAS] = 9;
	expect_to_mount(cluster, (struct children){items, 2}, "");
	/* Of pods that run: what is not seen has lost its labels. */
	struct child running[] = {set_of("db-master", 3), set_of("db-tserver", 3), claim("data0-db-master-0", UID, "1Gi"),
		{.kind = POD, .name = "db-master-0"}, {.kind = POD, .name = "db-tserver-1"}};
	expect_to_mount(cluster, (struct children){running, 5}, "data0-db-tserver-1 ");
	/* Made anew it gets back as many pods as it has volumes, also those that the spec does not ask for any more. */
	items[1] = set_of("other", 3);
	expect_to_mount(cluster, (struct children){items, 4},
		"data0-db-tserver-0 data0-db-tserver-1 data0-db-tserver-2 data0-db-tserver-3 data0-db-tserver-4 ");
	expect_to_mount(cluster_of(arena, HEAD "spec: {desiredState: Paused}"), (struct children){items, 1}, "");
}

/* A claim that is not ours keeps new pods away from itself, and from nothing else. */
static void pods_are_made_up_to_a_foreign_claim(void **state) {
	(void)state;
	const struct group *tservers = &groups.items[groups.count - 1];
	assert_int_equal(volumes_ordinal(tservers, "data0-db-tserver-7"), 7);
	assert_int_equal(volumes_ordinal(tservers, "data0-db-master-7"), -1);
	struct child set = set_of("db-tserver", 3);
	assert_int_equal(volumes_pods(5, &set, 3, 7), 5);
	assert_int_equal(volumes_pods(9, &set, 3, 7), 7);
	assert_int_equal(volumes_pods(4, &set, 3, 3), 3);
	assert_int_equal(volumes_pods(4, &set, 3, 1), 3);
	assert_int_equal(volumes_pods(0, &set, 3, 1), 0);
	assert_int_equal(volumes_pods(2, &set, 3, 1), 2);
	/* Made anew around pods that run: with all of them, or not at all. */
	assert_int_equal(volumes_pods(3, NULL, 3, 7), 3);
	assert_int_equal(volumes_pods(9, NULL, 3, 7), 7);
	assert_int_equal(volumes_pods(3, NULL, 3, 1), -1);
	assert_int_equal(volumes_pods(3, NULL, 0, 0), -1);
	assert_int_equal(volumes_pods(0, NULL, 3, 1), 0);
}

static enum claim_right judged(const char *annotations, const char *labels) {
	struct ybcluster *its = cluster_of(arena, HEAD "spec: {}");
	its->metadata.annotations = yaml(arena, annotations);
	return volumes_judge(its, yaml(arena, arena_printf(arena, "{metadata: {labels: %s}}", labels)));
}

static void whose_a_claim_is(void **state) {
	(void)state;
	const char *adopt = "{yugabyte.com/adopt-volumes: earlier}";
	const char *all = "{app.kubernetes.io/managed-by: ybcluster-operator, yugabyte.com/cluster: db, "
					  "yugabyte.com/cluster-uid: " UID "}";
	assert_int_equal(judged("{}", all), CLAIM_OURS);
	assert_int_equal(judged("{}", "{yugabyte.com/cluster-uid: " UID "}"), CLAIM_ADOPTED);
	assert_int_equal(judged(adopt, "{yugabyte.com/cluster-uid: earlier}"), CLAIM_ADOPTED);
	assert_int_equal(judged("{}", "{yugabyte.com/cluster-uid: earlier}"), CLAIM_FOREIGN);
	assert_int_equal(judged(adopt, "{yugabyte.com/cluster-uid: another}"), CLAIM_FOREIGN);
	assert_int_equal(judged(adopt, "{yugabyte.com/cluster: db}"), CLAIM_FOREIGN);
	assert_int_equal(judged(adopt, "{}"), CLAIM_FOREIGN);
	assert_int_equal(volumes_judge(cluster, yaml(arena, "{metadata: {}}")), CLAIM_FOREIGN);
}

/* Those that a StatefulSet would adopt, were it made anew. */
static void pods_that_run_are_counted_by_name(void **state) {
	(void)state;
	struct child pods[] = {{.kind = POD, .name = "db-master-0"}, {.kind = POD, .name = "db-master-2"},
		{.kind = POD, .name = "db-master-4", .deleting = true}, {.kind = POD, .name = "db-master-x"},
		{.kind = POD, .name = "db-masters-7"}, {.kind = POD, .name = "db-master-1000"},
		{.kind = POD, .name = "db-tserver-5"}, {.kind = VOLUME_CLAIM, .name = "db-master-8"}};
	struct children children = {pods, sizeof pods / sizeof *pods};
	assert_int_equal(volumes_pods_running(&children, "db-master"), 3);
	assert_int_equal(volumes_pods_running(&children, "db-tserver"), 6);
	assert_int_equal(volumes_pods_running(&children, "other"), 0);
}

static int setup(void **state) {
	(void)state;
	arena = arena_create();
	cluster = cluster_of(arena, HEAD "spec: {masters: {storage: {size: 5Gi}}, tservers: {storage: {size: 20Gi}}}");
	groups = groups_of(arena, cluster);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	arena_destroy(arena);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(smaller_claims_of_a_group_grow),
		cmocka_unit_test(nothing_else_is_touched),
		cmocka_unit_test(claims_of_an_earlier_cluster_stand_in_the_way),
		cmocka_unit_test(a_set_had_as_many_pods_as_it_has_volumes),
		cmocka_unit_test(what_new_pods_will_mount),
		cmocka_unit_test(pods_are_made_up_to_a_foreign_claim),
		cmocka_unit_test(pods_that_run_are_counted_by_name),
		cmocka_unit_test(whose_a_claim_is),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
