/* Which objects belong together, and those that belong to nobody. */
#include "store_world.h"

static void test_what_belongs_to_no_group_is_found_by_namespace(void **state) {
	struct world *world = *state;
	for (int i = 0; i < 3; i++) {
		json_t *loose = object((const char *[]){"x", "y", "z"}[i], "u", i + 5);
		json_put(loose, "metadata.labels", json_object());
		json_put(loose, "metadata.namespace", json_string(i == 2 ? "other" : "ns"));
		store_put(world->store, &rows[SET], loose, false);
	}
	put(world, SET, "grouped", "u4", 9);
	size_t count;
	struct object **found = store_loose(world->store, world->arena, &set_kind, "ns", &count);
	assert_int_equal(count, 2);
	assert_null(found[0]->document);
	assert_int_equal(strcmp(found[0]->name, "x") * strcmp(found[1]->name, "x"), 0);
	store_remove(world->store, &rows[SET], "ns", "x", "u", 20);
	found = store_loose(world->store, world->arena, &set_kind, "ns", &count);
	assert_int_equal(count, 1);
	assert_string_equal(found[0]->name, "y");
	store_loose(world->store, world->arena, &set_kind, "nowhere", &count);
	assert_int_equal(count, 0);
}

/* A key of the queue cannot name it, so that nobody would ever look at it. */
static void test_an_empty_group_is_none(void **state) {
	struct world *world = *state;
	json_t *nameless = object("a", "u1", 5);
	json_put(nameless, "metadata.labels.group", json_string(""));
	store_put(world->store, &rows[SET], nameless, false);
	assert_string_equal(world->last, "StatefulSet ns/a -");
	assert_int_equal(store_documents(world->store), 0);
}

static void test_a_changed_group_tells_the_old_one_too(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	json_t *moved = object("a", "u1", 6);
	json_put(moved, "metadata.labels.group", json_string("d"));
	store_put(world->store, &rows[SET], moved, false);
	assert_int_equal(world->changes, 3);
	size_t count;
	store_group(world->store, world->arena, "ns", "c", &count);
	assert_int_equal(count, 0);
	store_group(world->store, world->arena, "ns", "d", &count);
	assert_int_equal(count, 1);
}

static void test_many_objects_are_found_again(void **state) {
	struct world *world = *state;
	enum { MANY = 5000 };
	char name[32];
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%d", i);
		put(world, SET, name, name, i + 1);
	}
	size_t count;
	store_loose(world->store, world->arena, &set_kind, "ns", &count);
	assert_int_equal(count, 0);
	store_group(world->store, world->arena, "ns", "c", &count);
	assert_int_equal(count, MANY);
	for (int i = 0; i < MANY; i += 2) {
		snprintf(name, sizeof name, "n%d", i);
		store_remove(world->store, &rows[SET], "ns", name, name, (uint64_t)i + 1);
	}
	assert_int_equal(store_count(world->store, SET), MANY / 2);
	store_group(world->store, world->arena, "ns", "c", &count);
	assert_int_equal(count, MANY / 2);
}

static void test_all_of_a_kind_are_found(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	put(world, SET, "b", "u2", 6);
	put(world, CLUSTER, "a", "u3", 7);
	size_t count;
	struct object **all = store_all(world->store, world->arena, &set_kind, &count);
	assert_int_equal(count, 2);
	assert_int_equal(all[0]->summary.number[0] + all[1]->summary.number[0], 11);
	assert_null(all[0]->document);
	assert_int_equal(store_documents(world->store), 2);
	store_all(world->store, world->arena, &class_kind, &count);
	assert_int_equal(count, 0);
	store_all(world->store, world->arena, &unknown_kind, &count);
	assert_int_equal(count, 0);
}

int main(void) {
	log_setup(LOG_FORMAT_CONSOLE, LOG_ERROR);
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_what_belongs_to_no_group_is_found_by_namespace),
		STORE_TEST(test_an_empty_group_is_none),
		STORE_TEST(test_a_changed_group_tells_the_old_one_too),
		STORE_TEST(test_all_of_a_kind_are_found),
		STORE_TEST(test_many_objects_are_found_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
