#include "base/json.h"

#include <stdlib.h>

#include "arena_group.h"
#include "testing.h"

static json_t *parse(const char *text) {
	struct error err = {0};
	json_t *value = json_parse(text, strlen(text), &err);
	if (!value) {
		fail_msg("%s", err.text);
	}
	return arena_own_json(arena, value);
}

static void paths_lead_through_objects_and_lists(void **state) {
	(void)state;
	json_t *root = parse("{\"a\":[{\"b\":{\"c\":\"x\"}},{\"b\":7}],\"k.l\":{\"m\":true}}");
	assert_string_equal(json_text(root, "a.0.b.c"), "x");
	assert_int_equal(json_int(root, "a.1.b", -1), 7);
	assert_true(json_is_true(json_at(root, "k.l", "m", NULL)));
	assert_null(json_get(root, "k.l.m"));
	assert_ptr_equal(json_get(root, ""), root);
}

/* Live objects come from others: whatever stands where something else is looked for is as if it were not there. */
static void what_is_of_another_type_is_absent(void **state) {
	(void)state;
	json_t *root = parse("{\"a\":[1],\"s\":\"x\",\"n\":null,\"r\":1.5,\"big\":9223372036854775807}");
	static const char *const nowhere[] = {
		"b", "a.1", "a.99999999999999999999", "a.x", "a.-1", "s.t", "n.x", "a.0.b", ".."};
	for (size_t i = 0; i < sizeof nowhere / sizeof *nowhere; i++) {
		if (json_get(root, nowhere[i])) {
			fail_msg("'%s' leads somewhere", nowhere[i]);
		}
	}
	assert_null(json_text(root, "a"));
	assert_string_equal(json_text_or(root, "n", "other"), "other");
	assert_int_equal(json_int(root, "s", 5), 5);
	assert_int_equal(json_int(root, "r", 5), 5);
	assert_int_equal(json_int(root, "big", 5), INT64_MAX);
	assert_true(json_bool(root, "s", true));
	assert_false(json_bool(root, "n", false));
	assert_null(json_get(NULL, "a.b"));
	assert_null(json_text(NULL, "a"));
	assert_null(json_at(NULL, "a", NULL));
}

static void put_makes_the_way(void **state) {
	(void)state;
	json_t *root = parse("{\"a\":{\"x\":1},\"s\":\"text\"}");
	json_put(root, "a.b.c", json_integer(2));
	json_put(root, "s.t", json_true());
	json_put(root, "a.x", json_null());
	assert_string_equal(json_print(arena, root), "{\"a\":{\"b\":{\"c\":2},\"x\":null},\"s\":{\"t\":true}}");
}

static void texts_are_compact_and_sorted(void **state) {
	(void)state;
	assert_string_equal(json_print(arena, parse("{ \"b\" : 1, \"a\" : [ true, \"\\u00e9\\n\" ] }")),
		"{\"a\":[true,\"\xc3\xa9\\n\"],\"b\":1}");
	assert_string_equal(json_print(arena, json_get(parse("{\"a\":\"x\"}"), "a")), "\"x\"");
	assert_string_equal(json_print(arena, NULL), "");
}

static void hostile_texts_are_refused(void **state) {
	(void)state;
	static const char *const texts[] = {"", " ", "{", "{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}",
		"{} x", "{}{}", "{\"a\":01}", "{'a':1}", "[1,]", "{\"a\":NaN}", "[99999999999999999999]", "\"\xc0\xaf\"",
		"[\"\xed\xa0\x80\"]"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct error err = {0};
		json_t *value = json_parse(texts[i], strlen(texts[i]), &err);
		if (value) {
			json_decref(value);
			fail_msg("'%s' was taken", texts[i]);
		}
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void depth_is_bounded(void **state) {
	(void)state;
	size_t length = 1000000;
	char *deep = xmalloc(length);
	memset(deep, '[', length);
	struct error err = {0};
	assert_null(json_parse(deep, length, &err));
	assert_non_null(strstr(err.text, "depth"));
	free(deep);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_lead_through_objects_and_lists),
		cmocka_unit_test(what_is_of_another_type_is_absent),
		cmocka_unit_test(put_makes_the_way),
		cmocka_unit_test(texts_are_compact_and_sorted),
		cmocka_unit_test(hostile_texts_are_refused),
		cmocka_unit_test(depth_is_bounded),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
