#include "base/quantity.h"
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
		"data0-db-tserver-a-0"};
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
	assert_ptr_equal(volumes_foreign(cluster, &children), &items[1]);
	children.count = 1;
	assert_null(volumes_foreign(cluster, &children));
	items[0].cluster_uid = "";
	assert_ptr_equal(volumes_foreign(cluster, &children), &items[0]);
	items[0].kind = POD;
	assert_null(volumes_foreign(cluster, &children));
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
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
