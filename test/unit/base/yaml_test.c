#include "base/yaml.h"

#include "arena_group.h"
#include "base/json.h"
#include "testing.h"

static const char *read(const char *text) {
	struct error err = {0};
	json_t *value = arena_own_json(arena, yaml_parse(text, strlen(text), &err));
	if (!value) {
		fail_msg("%s: %s", text, err.text);
	}
	return json_print(arena, value);
}

static void scalars_follow_the_json_schema(void **state) {
	(void)state;
	assert_string_equal(
		read("[true, false, null, ~, '', 1, -7, 0, 1.5, 2e3]"), "[true,false,null,null,\"\",1,-7,0,1.5,2000.0]");
	assert_string_equal(read("[on, off, yes, no, n, True, NULL, 0x10, +1, .5, 1_000, '1', \"true\"]"),
		"[\"on\",\"off\",\"yes\",\"no\",\"n\",\"True\",\"NULL\",\"0x10\",\"+1\",\".5\",\"1_000\",\"1\",\"true\"]");
	assert_string_equal(read("{a: , b: 2026-11-22, c: 10Gi}"), "{\"a\":null,\"b\":\"2026-11-22\",\"c\":\"10Gi\"}");
}

static void blocks_and_flows(void **state) {
	(void)state;
	assert_string_equal(
		read("a:\n- b: 1\n  c: |\n    x\n    y\n- [d]\n"), "{\"a\":[{\"b\":1,\"c\":\"x\\ny\\n\"},[\"d\"]]}");
	assert_string_equal(read("# nothing\n---\na: ${name}-x # why\n"), "{\"a\":\"${name}-x\"}");
}

static void refused(const char *text, size_t length, const char *why) {
	struct error err = {0};
	json_t *value = yaml_parse(text, length, &err);
	if (value) {
		json_decref(value);
		fail_msg("'%s' was taken", text);
	}
	assert_int_equal(err.kind, ERR_INVALID);
	if (!strstr(err.text, why)) {
		fail_msg("'%s': %s", text, err.text);
	}
}

static void what_is_ambiguous_is_refused(void **state) {
	(void)state;
	static const char *const rows[][2] = {
		{"mode: 0644", "leading zero"},
		{"a: 9223372036854775808", "out of range"},
		{"a: 1e999", "out of range"},
		{"a: 1\na: 2", "second time"},
		{"a: 1\nb: 'c \xc2\x85 d'", "line 2: one of U+0085"},
		{"a: \"b \xe2\x80\xa8 c\"", "U+2028"},
		{"a: b\xe2\x80\xa9", "U+2029"},
		{"a: &x 1\nb: *x", "aliases"},
		{"a: !!str 1", "tags"},
		{"a: !secret x", "tags"},
		{"? [a]\n: 1", "must be a scalar"},
		{"a: 1\n---\nb: 2", "one document"},
		{"", "one document"},
		{"a: [1", "line"},
		{"a: 'x", "line"},
		{"a: b: c", "line 1"},
		{"x: 1\n\ty: 2", "line 2"},
		{"a: \"\xff\"", "line"},
		{"a: \xc3(", "line"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		refused(rows[i][0], strlen(rows[i][0]), rows[i][1]);
	}
	refused("a: \0b", 5, "line");
}

static void depth_is_bounded(void **state) {
	(void)state;
	char deep[20001];
	memset(deep, '[', sizeof deep - 1);
	deep[sizeof deep - 1] = '\0';
	refused(deep, sizeof deep - 1, "deep");
	char fine[81] = "";
	memset(fine, '[', 40);
	memset(fine + 40, ']', 40);
	assert_string_equal(read(fine), fine);
}

/* The text need not end in NUL, and nothing behind its length is read. */
static void length_is_kept(void **state) {
	(void)state;
	struct error err = {0};
	json_t *value = arena_own_json(arena, yaml_parse("a: 12", 4, &err));
	assert_string_equal(json_print(arena, value), "{\"a\":1}");
}

static void streams(void **state) {
	(void)state;
	struct error err = {0};
	const char *text = "a: 1\n---\n---\nb: 2\n...\n";
	json_t *all = arena_own_json(arena, yaml_parse_all(text, strlen(text), &err));
	assert_string_equal(json_print(arena, all), "[{\"a\":1},{\"b\":2}]");
	all = arena_own_json(arena, yaml_parse_all("", 0, &err));
	assert_int_equal(json_array_size(all), 0);
	const char *broken = "a: 1\n---\nb: [";
	assert_null(yaml_parse_all(broken, strlen(broken), &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_follow_the_json_schema),
		cmocka_unit_test(blocks_and_flows),
		cmocka_unit_test(what_is_ambiguous_is_refused),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(length_is_kept),
		cmocka_unit_test(streams),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
