#include "store_world.h"

#include <pthread.h>

static void test_a_document_is_there_until_it_is_taken(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	assert_int_equal(world->changes, 1);
	assert_string_equal(world->last, "StatefulSet ns/a c");
	assert_int_equal(store_documents(world->store), 1);
	assert_null(get(world, SET, "a")->document);
	size_t count;
	struct object **group = store_group(world->store, world->arena, "ns", "c", &count);
	assert_int_equal(count, 1);
	assert_string_equal(group[0]->uid, "u1");
	assert_string_equal(group[0]->owner_uid, "");
	assert_int_equal(group[0]->summary.number[0], 5);
	assert_string_equal(group[0]->summary.text, "i");
	assert_string_equal(json_text(group[0]->document, "spec.image"), "i");
	assert_null(json_get(group[0]->document, "metadata.managedFields"));
	assert_int_equal(store_documents(world->store), 0);
	assert_null(store_group(world->store, world->arena, "ns", "c", &count)[0]->document);
	store_group(world->store, world->arena, "other", "c", &count);
	assert_int_equal(count, 0);
}

static void test_older_and_equal_versions_are_ignored(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	put(world, SET, "a", "u1", 4);
	put(world, SET, "a", "u1", 5);
	assert_int_equal(world->changes, 1);
	assert_int_equal(get(world, SET, "a")->version, 5);
	put(world, SET, "a", "u1", 10);
	assert_int_equal(world->changes, 2);
	assert_int_equal(get(world, SET, "a")->version, 10);
	assert_int_equal(store_documents(world->store), 1);
}

static void test_own_write_that_was_compared_is_no_news(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	wrote(world, SET, "a", "u1", 7, true);
	assert_int_equal(store_documents(world->store), 0);
	assert_true(get(world, SET, "a")->in_sync);
	put(world, SET, "a", "u1", 6);
	put(world, SET, "a", "u1", 7);
	assert_int_equal(world->changes, 1);
	assert_int_equal(store_documents(world->store), 0);
	assert_true(get(world, SET, "a")->in_sync);
	put(world, SET, "a", "u1", 8);
	assert_int_equal(world->changes, 2);
	assert_false(get(world, SET, "a")->in_sync);
}

static void test_own_write_without_comparison_brings_its_document(void **state) {
	struct world *world = *state;
	wrote(world, SET, "a", "u1", 7, false);
	assert_int_equal(world->changes, 0);
	assert_int_equal(store_documents(world->store), 0);
	put(world, SET, "a", "u1", 7);
	assert_int_equal(world->changes, 1);
	assert_int_equal(store_documents(world->store), 1);
	put(world, SET, "a", "u1", 7);
	assert_int_equal(world->changes, 1);
}

static void test_own_status_write_is_news_only_with_a_foreign_edit(void **state) {
	struct world *world = *state;
	put(world, CLUSTER, "c", "u1", 5);
	wrote(world, CLUSTER, "c", "u1", 6, false);
	put(world, CLUSTER, "c", "u1", 6);
	assert_int_equal(world->changes, 1);
	json_t *edited = object("c", "u1", 8);
	json_put(edited, "spec.image", json_string("edited before our write"));
	json_put(edited, "metadata.generation", json_integer(2));
	store_wrote(world->store, &cluster_kind, edited, NULL);
	store_put(world->store, &rows[CLUSTER], edited, false);
	assert_int_equal(world->changes, 2);
	assert_string_equal(json_text(get(world, CLUSTER, "c")->document, "spec.image"), "edited before our write");
	assert_null(json_get(get(world, CLUSTER, "c")->document, "metadata.managedFields"));
	assert_int_equal(store_documents(world->store), 0);
}

static void test_compared_counts_for_that_version_only(void **state) {
	struct world *world = *state;
	struct digest digest = digest_bytes("x", 1);
	put(world, SET, "a", "u1", 5);
	struct object *seen = get(world, SET, "a");
	store_compared(world->store, seen, &digest);
	assert_true(get(world, SET, "a")->in_sync);
	assert_memory_equal(&get(world, SET, "a")->compared, &digest, sizeof digest);
	assert_int_equal(store_documents(world->store), 0);
	put(world, SET, "a", "u1", 6);
	store_compared(world->store, seen, &digest);
	assert_false(get(world, SET, "a")->in_sync);
	assert_int_equal(store_documents(world->store), 1);
}

static void test_recreated_object_replaces_the_entry(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	store_deleted(world->store, &set_kind, "ns", "a", "other");
	assert_false(get(world, SET, "a")->deleting);
	store_deleted(world->store, &set_kind, "ns", "a", "u1");
	assert_true(get(world, SET, "a")->deleting);
	put(world, SET, "a", "u1", 6);
	assert_true(get(world, SET, "a")->deleting);
	put(world, SET, "a", "u2", 9);
	assert_false(get(world, SET, "a")->deleting);
	assert_string_equal(get(world, SET, "a")->uid, "u2");
	store_remove(world->store, &rows[SET], "ns", "a", "u1", 8);
	assert_non_null(get(world, SET, "a"));
	store_remove(world->store, &rows[SET], "ns", "a", "u2", 10);
	assert_null(get(world, SET, "a"));
	assert_int_equal(store_documents(world->store), 0);
	assert_int_equal(store_count(world->store, SET), 0);
}

static void test_late_answer_does_not_bring_a_removed_object_back(void **state) {
	struct world *world = *state;
	put(world, SET, "a", "u1", 5);
	store_remove(world->store, &rows[SET], "ns", "a", "u1", 9);
	wrote(world, SET, "a", "u1", 8, true);
	assert_null(get(world, SET, "a"));
	wrote(world, SET, "a", "u2", 12, true);
	assert_non_null(get(world, SET, "a"));
}

static void test_hostile_objects_are_left_out(void **state) {
	struct world *world = *state;
	static const char *const texts[] = {"{}", "[]", "3", "null", "{\"metadata\":[]}", "{\"metadata\":{\"name\":3}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"x\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"-1\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"99999999999999999999\"}"
		"}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}",
		"{\"metadata\":{\"name\":\"\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"\",\"resourceVersion\":\"5\"}}"};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		json_t *hostile = json_loads(texts[i], JSON_DECODE_ANY, NULL);
		store_wrote(world->store, &set_kind, hostile, NULL);
		store_put(world->store, &rows[SET], hostile, false);
	}
	char name[300];
	memset(name, 'a', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	put(world, SET, name, "u", 5);
	assert_int_equal(world->changes, 0);
	assert_int_equal(store_count(world->store, SET), 0);
	json_t *odd = object("odd", "u", 5);
	json_put(
		odd, "metadata.ownerReferences", json_pack("[i,{s:i},{s:s,s:b}]", 1, "uid", 3, "uid", "o", "controller", 1));
	json_put(odd, "metadata.labels", json_string("none"));
	store_put(world->store, &rows[SET], odd, true);
	assert_string_equal(get(world, SET, "odd")->owner_uid, "o");
	assert_string_equal(world->last, "StatefulSet ns/odd -");
	assert_true(world->last_initial);
	assert_int_equal(store_documents(world->store), 0); /* nobody could ever take it */
}

static void test_cluster_scoped_and_unknown_kinds(void **state) {
	struct world *world = *state;
	put(world, CLASS, "fast", "u1", 5);
	assert_string_equal(store_get(world->store, world->arena, &class_kind, NULL, "fast")->namespace, "");
	assert_null(store_get(world->store, world->arena, &unknown_kind, "ns", "x"));
	size_t count = 9;
	store_loose(world->store, world->arena, &unknown_kind, "", &count);
	assert_int_equal(count, 0);
	json_t *answer = object("p", "u", 4);
	store_wrote(world->store, &unknown_kind, answer, NULL);
	json_decref(answer);
}

static void test_an_echo_is_of_that_version_alone(void **state) {
	struct world *world = *state;
	assert_false(store_heard(world->store, &rows[SET], "ns", "a", "u1", 6));
	put(world, SET, "a", "u1", 5);
	assert_true(store_heard(world->store, &rows[SET], "ns", "a", "u1", 5));
	wrote(world, SET, "a", "u1", 6, false);
	assert_false(
		store_heard(world->store, &rows[SET], "ns", "a", "u1", 6)); /* nobody compared it: the document counts */
	wrote(world, SET, "a", "u1", 7, true);
	assert_true(store_heard(world->store, &rows[SET], "ns", "a", "u1", 7));
	assert_false(store_heard(world->store, &rows[SET], "ns", "a", "u1", 6));
	assert_false(store_heard(world->store, &rows[SET], "ns", "a", "u1", 8));
	assert_false(store_heard(world->store, &rows[SET], "ns", "a", "u2", 7));
	assert_int_equal(world->changes, 1);
}

static void test_waiting_documents_are_counted_by_kind(void **state) {
	struct world *world = *state;
	uint64_t ceased = 9;
	put(world, SET, "a", "u1", 5);
	put(world, SET, "b", "u2", 6);
	put(world, CLASS, "fast", "u3", 7);
	assert_int_equal(store_waiting(world->store, &rows[SET], &ceased), 2);
	assert_int_equal(ceased, 0);
	assert_int_equal(store_waiting(world->store, &rows[CLASS], &ceased), 0);
	put(world, SET, "b", "u2", 8); /* a newer document in its place: nobody compared */
	assert_int_equal(store_waiting(world->store, &rows[SET], &ceased), 2);
	store_remove(world->store, &rows[SET], "ns", "b", "u2", 9);
	assert_int_equal(store_waiting(world->store, &rows[SET], &ceased), 1);
	size_t count;
	store_group(world->store, world->arena, "ns", "c", &count);
	assert_int_equal(store_waiting(world->store, &rows[SET], &ceased), 0);
	assert_true(ceased >= 2);
}

static void *churn(void *context) {
	struct world *world = context;
	struct arena *arena = arena_create();
	for (int i = 0; i < 300; i++) {
		size_t count;
		struct object **group = store_group(world->store, arena, "ns", "c", &count);
		struct digest digest = digest_bytes("d", 1);
		for (size_t j = 0; j < count; j++) {
			if (group[j]->document) {
				assert_non_null(json_text(group[j]->document, "spec.image"));
				store_compared(world->store, group[j], &digest);
			}
		}
		store_loose(world->store, arena, &set_kind, "ns", &count);
		arena_reset(arena);
	}
	arena_destroy(arena);
	return NULL;
}

static void nothing(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)namespace, (void)name, (void)group, (void)initial;
}

static void test_two_sides_at_once(void **state) {
	(void)state;
	struct world world = {.store = store_create(rows, ROWS, nothing, NULL)};
	pthread_t threads[2];
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, churn, &world), 0);
	}
	char name[32];
	for (int i = 1; i < 3000; i++) {
		snprintf(name, sizeof name, "n%d", i % 20);
		put(&world, SET, name, "u", i);
		if (i % 7 == 0) {
			store_remove(world.store, &rows[SET], "ns", name, "u", (uint64_t)i);
		}
	}
	for (int i = 0; i < 2; i++) {
		pthread_join(threads[i], NULL);
	}
	store_destroy(world.store);
}

int main(void) {
	log_setup(LOG_FORMAT_CONSOLE, LOG_ERROR);
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_a_document_is_there_until_it_is_taken),
		STORE_TEST(test_older_and_equal_versions_are_ignored),
		STORE_TEST(test_own_write_that_was_compared_is_no_news),
		STORE_TEST(test_own_write_without_comparison_brings_its_document),
		STORE_TEST(test_own_status_write_is_news_only_with_a_foreign_edit),
		STORE_TEST(test_compared_counts_for_that_version_only),
		STORE_TEST(test_an_echo_is_of_that_version_alone),
		STORE_TEST(test_recreated_object_replaces_the_entry),
		STORE_TEST(test_late_answer_does_not_bring_a_removed_object_back),
		STORE_TEST(test_hostile_objects_are_left_out),
		STORE_TEST(test_cluster_scoped_and_unknown_kinds),
		STORE_TEST(test_waiting_documents_are_counted_by_kind),
		STORE_TEST(test_two_sides_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
