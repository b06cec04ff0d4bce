/* How much may wait in the store to be compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/json.h"
#include "kube/store.h"

enum { MEBIBYTE = 1 << 20, MANY = 100 };

static const struct kind maps = {"ConfigMap", "v1", "configmaps", false};

static const char *one_group(const json_t *object) {
	(void)object;
	return "c";
}

static const struct watched row = {.kind = &maps, .group = one_group};

static void put(struct store *store, const char *text, int name, int version) {
	char names[2][16];
	snprintf(names[0], sizeof names[0], "n%d", name);
	snprintf(names[1], sizeof names[1], "%d", version);
	store_put(store, &row,
		json_pack("{s:{s:s, s:s, s:s, s:s}, s:s}", "metadata", "namespace", "ns", "name", names[0], "uid", names[0],
			"resourceVersion", names[1], "data", text),
		false);
}

static size_t with_document(struct store *store, size_t *count) {
	struct arena *arena = arena_create();
	struct object **objects = store_group(store, arena, "ns", "c", count);
	size_t documents = 0;
	for (size_t i = 0; i < *count; i++) {
		documents += objects[i]->document != NULL;
	}
	arena_destroy(arena);
	return documents;
}

static void what_waits_is_bounded_and_known_all_the_same(void **state) {
	(void)state;
	struct store *store = store_create(&row, 1, NULL, NULL);
	char *text = malloc(MEBIBYTE + 1);
	size_t count;
	memset(text, 'x', MEBIBYTE);
	text[MEBIBYTE] = '\0';
	for (int version = 1; version <= 3; version++) {
		for (int name = 0; name < MANY; name++) {
			put(store, text, name, version);
		}
		assert_int_equal(store_documents(store), 63);
	}
	assert_int_equal(with_document(store, &count), 63);
	assert_int_equal(count, MANY);
	assert_int_equal(store_documents(store), 0);
	put(store, text, MANY - 1, 4);
	assert_int_equal(with_document(store, &count), 1);
	free(text);
	store_destroy(store);
}

static void a_removed_object_weighs_nothing(void **state) {
	(void)state;
	struct store *store = store_create(&row, 1, NULL, NULL);
	char *text = malloc(MEBIBYTE + 1);
	memset(text, 'x', MEBIBYTE);
	text[MEBIBYTE] = '\0';
	for (int version = 1; version <= MANY; version++) {
		put(store, text, 0, version);
		assert_int_equal(store_documents(store), 1);
		store_remove(store, &row, "ns", "n0", NULL, 0);
	}
	free(text);
	store_destroy(store);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_is_bounded_and_known_all_the_same),
		cmocka_unit_test(a_removed_object_weighs_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
