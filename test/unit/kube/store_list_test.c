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
		STORE_TEST(test_list_of_one_namespace_leaves_the_others),
		STORE_TEST(test_synced_when_each_begin_had_its_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
