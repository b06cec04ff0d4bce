#include "kube/store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/log.h"

static const struct kind cluster_kind = {"YBCluster", "yugabyte.com/v1alpha1", "ybclusters", false};
static const struct kind set_kind = {"StatefulSet", "apps/v1", "statefulsets", false};
static const struct kind class_kind = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};
static const struct kind unknown_kind = {"Pod", "v1", "pods", false};

static const char *own_name(const json_t *object) {
	return json_text(object, "metadata.name");
}
static const char *label(const json_t *object) {
	return json_text(object, "metadata.labels.group");
}
static void summarize(const json_t *object, struct summary *summary) {
	summary->number[0] = json_int(object, "status.readyReplicas", -1);
	const char *image = json_text(object, "spec.image");
	summary->text = image ? xstrdup(image) : NULL;
}

static const struct watched rows[] = {
	{.kind = &cluster_kind, .keep = true, .first = true, .group = own_name},
	{.kind = &set_kind, .group = label, .summarize = summarize},
	{.kind = &class_kind},
};
enum { CLUSTER, SET, CLASS };

struct world {
	struct store *store;
	struct arena *arena;
	int changes;
	char last[128]; /* kind namespace/name group */
	bool last_initial;
};

static void on_change(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	struct world *world = context;
	world->changes++;
	world->last_initial = initial;
	snprintf(world->last, sizeof world->last, "%s %s/%s %s", watched->kind->name, namespace, name, group ? group : "-");
	store_documents(world->store); /* hangs if the lock is held */
}

static int set_up(void **state) {
	struct world *world = xcalloc(1, sizeof *world);
	world->store = store_create(rows, 3, on_change, world);
	world->arena = arena_create();
	*state = world;
	return 0;
}

static int tear_down(void **state) {
	struct world *world = *state;
	store_destroy(world->store);
	arena_destroy(world->arena);
	free(world);
	return 0;
}

static json_t *object(const char *name, const char *uid, int version) {
	char text[16];
	snprintf(text, sizeof text, "%d", version);
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:s}, s:[{s:s}]}, s:{s:s}, s:{s:i}}", "metadata", "namespace", "ns",
		"name", name, "uid", uid, "resourceVersion", text, "labels", "group", "c", "managedFields", "manager", "m",
		"spec", "image", "i", "status", "readyReplicas", version);
}

static void put(struct world *world, int row, const char *name, const char *uid, int version) {
	store_put(world->store, &rows[row], object(name, uid, version), false);
}

static void wrote(struct world *world, int row, const char *name, const char *uid, int version, bool compared) {
	json_t *answer = object(name, uid, version);
	struct digest digest = digest_bytes("d", 1);
	store_wrote(world->store, rows[row].kind, answer, compared ? &digest : NULL);
	json_decref(answer);
}

static struct object *get(struct world *world, int row, const char *name) {
	return store_get(world->store, world->arena, rows[row].kind, "ns", name);
}

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

static void test_hostile_objects_are_left_out(void **state) {
	struct world *world = *state;
	static const char *const texts[] = {"{}", "[]", "3", "null", "{\"metadata\":[]}", "{\"metadata\":{\"name\":3}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"x\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"-1\"}}",
		"{\"metadata\":{\"name\":\"a\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"99999999999999999999\"}"
		"}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"5\"}}"};
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
	struct world world = {.store = store_create(rows, 3, nothing, NULL)};
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
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_document_is_there_until_it_is_taken),
		TEST(test_older_and_equal_versions_are_ignored),
		TEST(test_own_write_that_was_compared_is_no_news),
		TEST(test_own_write_without_comparison_brings_its_document),
		TEST(test_own_status_write_is_news_only_with_a_foreign_edit),
		TEST(test_compared_counts_for_that_version_only),
		TEST(test_recreated_object_replaces_the_entry),
		TEST(test_late_answer_does_not_bring_a_removed_object_back),
		TEST(test_list_forgets_what_it_does_not_have),
		TEST(test_list_of_one_namespace_leaves_the_others),
		TEST(test_synced_when_each_begin_had_its_end),
		TEST(test_hostile_objects_are_left_out),
		TEST(test_cluster_scoped_and_unknown_kinds),
		TEST(test_an_echo_is_of_that_version_alone),
		TEST(test_what_belongs_to_no_group_is_found_by_namespace),
		TEST(test_an_empty_group_is_none),
		TEST(test_a_changed_group_tells_the_old_one_too),
		TEST(test_many_objects_are_found_again),
		TEST(test_waiting_documents_are_counted_by_kind),
		TEST(test_two_sides_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
