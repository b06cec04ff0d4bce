#include "kube/settled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

static const struct kind cluster_kind = {"YBCluster", "yugabyte.com/v1beta1", "ybclusters", false};
static const struct kind set_kind = {"StatefulSet", "apps/v1", "statefulsets", false};
static const struct kind list_kind = {"AllowList", "yugabyte.com/v1beta1", "allowlists", false};

static const char *label(const json_t *object) {
	return json_text(object, "metadata.labels.group");
}

static const struct watched rows[] = {
	{.kind = &cluster_kind, .keep = true, .first = true},
	{.kind = &set_kind, .selector = "a=b", .group = label},
	{.kind = &list_kind, .keep = true, .first = true},
};
enum { CLUSTER, SET, LIST };

static void ignore(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)namespace, (void)name, (void)group, (void)initial;
}

static void put(struct store *store, int row, const char *name, const char *group, const char *version) {
	json_t *object = json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:s*}}}", "metadata", "name", name, "namespace", "shop",
		"uid", name, "resourceVersion", version, "labels", "group", group);
	store_put(store, &rows[row], object, false);
}

/* As a reconcile does it: all documents of the group are taken. */
static void look(struct store *store) {
	struct arena *arena = arena_create();
	size_t count;
	store_group(store, arena, "shop", "db", &count);
	arena_destroy(arena);
}

static int set_up(void **state) {
	struct store *store = store_create(rows, 3, ignore, NULL);
	put(store, CLUSTER, "db", NULL, "1");
	put(store, CLUSTER, "other", NULL, "2");
	put(store, SET, "db-master", "db", "3");
	put(store, LIST, "offices", NULL, "4");
	look(store);
	uint64_t mark = store_mark(store, &cluster_kind, "shop", "db");
	store_settle(store, &cluster_kind, "shop", "db", mark, (struct rest){1000, 1234});
	*state = store;
	return 0;
}

static int tear_down(void **state) {
	store_destroy(*state);
	return 0;
}

static bool settled_at(struct store *store, int64_t now) {
	int64_t until = 0;
	bool is = store_settled(store, &cluster_kind, "shop", "db", now, &until);
	assert_true(!is || until == 1234);
	return is;
}

static bool settled(struct store *store) {
	return settled_at(store, 1000);
}

/* A clock that was put back may have made certificates of the future. */
static void from_its_pass_until_time_changes_it(void **state) {
	assert_true(settled_at(*state, 1233));
	assert_false(settled_at(*state, 1234));
	assert_false(settled_at(*state, 999));
}

static void holds_while_nothing_changes(void **state) {
	assert_true(settled(*state));
	put(*state, CLUSTER, "other", NULL, "5");
	put(*state, SET, "other-master", "other", "6");
	assert_true(settled(*state));
}

static void ends_with_a_change_of_the_cluster(void **state) {
	put(*state, CLUSTER, "db", NULL, "5");
	assert_false(settled(*state));
}

static void ends_with_a_change_of_a_child(void **state) {
	put(*state, SET, "db-master", "db", "5");
	look(*state);
	assert_false(settled(*state));
}

static void ends_with_a_new_child(void **state) {
	put(*state, SET, "db-tserver", "db", "5");
	look(*state);
	assert_false(settled(*state));
}

static void ends_with_a_child_that_goes(void **state) {
	store_remove(*state, &rows[SET], "shop", "db-master", "db-master", 9);
	assert_false(settled(*state));
}

static void ends_with_a_child_that_is_deleted(void **state) {
	store_deleted(*state, &set_kind, "shop", "db-master", "db-master");
	assert_false(settled(*state));
}

static void ends_with_what_belongs_to_no_group(void **state) {
	put(*state, LIST, "offices", NULL, "5");
	assert_false(settled(*state));
}

static void a_pass_that_was_overtaken_settles_nothing(void **state) {
	struct store *store = *state;
	uint64_t mark = store_mark(store, &cluster_kind, "shop", "db");
	put(store, SET, "db-master", "db", "5");
	look(store);
	store_settle(store, &cluster_kind, "shop", "db", mark, (struct rest){1000, 1234});
	assert_false(settled(store));
}

static void a_document_that_waits_is_news(void **state) {
	struct store *store = *state;
	put(store, SET, "db-master", "db", "5");
	uint64_t mark = store_mark(store, &cluster_kind, "shop", "db");
	store_settle(store, &cluster_kind, "shop", "db", mark, (struct rest){1000, 1234});
	assert_false(settled(store));
	look(store);
	assert_true(settled(store));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(holds_while_nothing_changes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(from_its_pass_until_time_changes_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_a_change_of_the_cluster, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_a_change_of_a_child, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_a_new_child, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_a_child_that_goes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_a_child_that_is_deleted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ends_with_what_belongs_to_no_group, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_pass_that_was_overtaken_settles_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_document_that_waits_is_news, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
