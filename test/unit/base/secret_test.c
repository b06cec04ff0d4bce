/* What is freed holds no secret any more: every free() of base is looked at before it happens (linked with
 * --wrap=free).
 */
#include "base/secret.h"

#include <malloc.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/json.h"
#include "testing.h"

#define SECRET "correct horse battery staple"

static struct { size_t freed, leaked; } seen;

void __real_free(void *memory); /* the linker's name */
void __wrap_free(void *memory);

void __wrap_free(void *memory) {
	if (memory) {
		seen.freed++;
		seen.leaked += memmem(memory, malloc_usable_size(memory), SECRET, strlen(SECRET)) != NULL;
	}
	__real_free(memory);
}

static int begin(void **state) {
	(void)state;
	seen.freed = seen.leaked = 0;
	return 0;
}

static void expect_freed(size_t least) {
	assert_true(seen.freed >= least);
	assert_int_equal(seen.leaked, 0);
}

static void the_look_sees_what_is_left(void **state) {
	(void)state;
	free(xstrdup(SECRET));
	assert_int_equal(seen.leaked, 1);
}

static void texts_leave_nothing_behind(void **state) {
	(void)state;
	struct str text = {0};
	for (int i = 0; i < 1000; i++) {
		str_addf(&text, "%d %s,", i, SECRET);
	}
	expect_freed(8); /* it grew */
	const char *bytes = text.text;
	size_t length = text.length;
	str_clear(&text);
	assert_string_equal(text.text, "");
	assert_null(memmem(bytes, length, SECRET, strlen(SECRET)));
	str_adds(&text, SECRET);
	str_done(&text);
	str_done(&text);
	expect_freed(9);
}

static void base64_leaves_nothing_behind(void **state) {
	(void)state;
	struct str text = {0};
	assert_true(base64_decode(&text, "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ=="));
	assert_string_equal(text.text, SECRET);
	str_done(&text);
	expect_freed(2);
}

static void arenas_leave_nothing_behind(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	const char *first = arena_strdup(arena, SECRET);
	char *large = arena_alloc(arena, 100000);
	memcpy(large + 99000, SECRET, strlen(SECRET));
	arena_reset(arena);
	expect_freed(1);
	assert_null(memmem(first, strlen(SECRET), SECRET, strlen(SECRET)));
	arena_strdup(arena, SECRET);
	arena_destroy(arena);
	expect_freed(3);
}

static void moved_memory_leaves_nothing_behind(void **state) {
	(void)state;
	char *memory = secret_realloc(NULL, 64);
	memcpy(memory, SECRET, sizeof SECRET);
	memory = secret_realloc(memory, 100000);
	assert_string_equal(memory, SECRET);
	memory = secret_realloc(memory, 7);
	assert_memory_equal(memory, SECRET, 7);
	expect_freed(2);
	secret_free(memory);
	secret_free(NULL);
	expect_freed(3);
}

static void json_leaves_nothing_behind(void **state) {
	(void)state;
	struct error err;
	static const char text[] = "{\"data\": {\"" SECRET "\": \"" SECRET "\", \"list\": [\"" SECRET "\"]}}";
	struct arena *arena = arena_create();
	begin(state);
	json_t *value = json_parse(text, strlen(text), &err);
	json_put(value, "data.other", json_string(SECRET));
	assert_non_null(strstr(json_print(arena, value), SECRET));
	json_decref(value);
	expect_freed(10); /* jansson's are among them */
	arena_destroy(arena);
	expect_freed(12);
}

int main(void) {
	json_keep_secrets();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_look_sees_what_is_left, begin),
		cmocka_unit_test_setup(texts_leave_nothing_behind, begin),
		cmocka_unit_test_setup(base64_leaves_nothing_behind, begin),
		cmocka_unit_test_setup(arenas_leave_nothing_behind, begin),
		cmocka_unit_test_setup(moved_memory_leaves_nothing_behind, begin),
		cmocka_unit_test_setup(json_leaves_nothing_behind, begin),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
