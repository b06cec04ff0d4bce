/* Complete lists: what they forget, whose namespace they are of, and when all have come. */
#include "store_world.h"

static void test_list_forgets_what_it_does_not_have(void **state) {
	struct world *world = *state;
	put(world, SET, "stays", "u1", 5);
	put(world, SET, "goes", "u2", 6);
	wrote(world, SET, "newer", "u3", 50, true);
	store_replace_begin(world->store, &rows[SET], NULL);
	put(world, SET, "stays", "u1", 5);
	wrote(world, SET, "meanwhile", "u4", 60, true);
	int before = world->changes;
	store_replace_end(world->store, &rows[SET], NULL, 40);
	assert_int_equal(world->changes, before + 1);
	assert_string_equal(world->last, "StatefulSet ns/goes c");
	assert_null(get(world, SET, "goes"));
	assert_non_null(get(world, SET, "stays"));
	assert_non_null(get(world, SET, "newer"));
	assert_non_null(get(world, SET, "meanwhile"));
	/* The next list is newer than the writes: what it has not is gone. */
	store_replace_begin(world->store, &rows[SET], NULL);
	put(world, SET, "stays", "u1", 5);
	store_replace_end(world->store, &rows[SET], NULL, 61);
	assert_null(get(world, SET, "newer"));
	assert_non_null(get(world, SET, "stays"));
}

/* The server came back from a backup: what was known is of a future that never was. */
static void test_list_of_a_server_that_went_back_is_believed(void **state) {
	struct world *world = *state;
	put(world, SET, "older", "u1", 50);
	put(world, SET, "same", "u2", 3);
	put(world, SET, "never-made", "u3", 60);
	wrote(world, SET, "written", "u4", 70, true);
	store_deleted(world->store, &set_kind, "ns", "older", "u1");
	store_went_back(world->store, &rows[SET], NULL);
	store_replace_begin(world->store, &rows[SET], NULL);
	/* Nothing is taken for gone before the list is whole. */
	assert_int_equal(get(world, SET, "older")->version, 50);
	assert_non_null(get(world, SET, "never-made"));
	put(world, SET, "older", "u1", 7);
	assert_string_equal(world->last, "StatefulSet ns/older c");
	assert_int_equal(get(world, SET, "older")->version, 7);
	assert_false(get(world, SET, "older")->deleting);
	assert_false(store_heard(world->store, &rows[SET], "ns", "same", "u2", 3));
	put(world, SET, "same", "u2", 3);
	int before = world->changes;
	store_replace_end(world->store, &rows[SET], NULL, 9);
	assert_int_equal(world->changes, before + 2);
	assert_null(get(world, SET, "never-made"));
	assert_null(get(world, SET, "written"));
	assert_non_null(get(world, SET, "same"));
	/* From here on versions count again. */
	put(world, SET, "older", "u1", 6);
	assert_int_equal(get(world, SET, "older")->version, 7);
}

static void test_writes_after_it_went_back_are_not_forgotten(void **state) {
	struct world *world = *state;
	put(world, SET, "written", "u1", 50);
	put(world, SET, "deleted", "u2", 60);
	store_remove(world->store, &rows[SET], "ns", "deleted", "u2", 61);
	store_went_back(world->store, &rows[SET], NULL);
	store_replace_begin(world->store, &rows[SET], NULL);
	wrote(world, SET, "written", "u1", 12, true);
	assert_int_equal(get(world, SET, "written")->version, 12);
	/* That an object of this name went in the lost future does not hide the new one. */
	wrote(world, SET, "deleted", "u3", 13, true);
	assert_non_null(get(world, SET, "deleted"));
	put(world, SET, "written", "u1", 7);
	assert_int_equal(get(world, SET, "written")->version, 12);
	store_replace_end(world->store, &rows[SET], NULL, 9);
	assert_int_equal(get(world, SET, "written")->version, 12);
	assert_non_null(get(world, SET, "deleted"));
}

static void test_one_namespace_went_back(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 50);
	store_went_back(world->store, &rows[SET], "elsewhere");
	store_went_back(world->store, &rows[CLUSTER], NULL);
	put(world, SET, "a", "u1", 7);
	assert_int_equal(get(world, SET, "a")->version, 50);
	store_went_back(world->store, &rows[SET], "ns");
	store_remove(world->store, &rows[SET], "ns", "a", "u1", 8);
	assert_null(get(world, SET, "a"));
}

static void test_list_of_one_namespace_leaves_the_others(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	store_replace_begin(world->store, &rows[SET], "elsewhere");
	store_replace_begin(world->store, &rows[SET], "ns2");
	store_replace_end(world->store, &rows[SET], "elsewhere", 9);
	assert_non_null(get(world, SET, "a"));
	store_replace_end(world->store, &rows[SET], "ns2", 9);
	store_replace_begin(world->store, &rows[SET], "ns");
	store_replace_end(world->store, &rows[SET], "ns", 9);
	assert_null(get(world, SET, "a"));
}

static void test_synced_when_each_begin_had_its_end(void **state) {
	struct store *store = ((struct world *)*state)->store;
	store_replace_begin(store, &rows[CLUSTER], "x");
	store_replace_begin(store, &rows[CLUSTER], "y");
	store_replace_begin(store, &rows[CLUSTER], "y");
	store_replace_end(store, &rows[CLUSTER], "y", 1);
	assert_false(store_first_synced(store, NULL) || store_first_synced(store, "x"));
	assert_true(store_first_synced(store, "y"));
	assert_false(store_synced(store, "y"));
	store_replace_end(store, &rows[CLUSTER], "x", 1);
	assert_true(store_first_synced(store, NULL));
	assert_false(store_synced(store, NULL));
	for (int row = SET; row <= CLASS; row++) {
		store_replace_begin(store, &rows[row], NULL);
		store_replace_end(store, &rows[row], NULL, 1);
	}
	assert_true(store_synced(store, NULL));
	assert_true(store_synced(store, "x"));
	assert_false(store_synced(store, "unknown"));
	store_replace_begin(store, &rows[CLUSTER], "x");
	assert_true(store_synced(store, NULL) && store_synced(store, "x"));
}

int main(void) {
	log_setup(LOG_FORMAT_CONSOLE, LOG_ERROR);
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_list_forgets_what_it_does_not_have),
		STORE_TEST(test_list_of_a_server_that_went_back_is_believed),
		STORE_TEST(test_writes_after_it_went_back_are_not_forgotten),
		STORE_TEST(test_one_namespace_went_back),
		STORE_TEST(test_list_of_one_namespace_leaves_the_others),
		STORE_TEST(test_synced_when_each_begin_had_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
