#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "arena_group.h"
#include "base/str.h"
#include "base/yaml.h"
#include "crds/allowlist.h"

#include <cmocka.h>

#define META "metadata: {name: office, namespace: team, uid: 1a2b}\n"

static struct allowlist *decode(const char *spec, struct error *err) {
	const char *yaml = arena_printf(arena, "%s%s\n", META, spec);
	json_t *object = yaml_parse(yaml, strlen(yaml), err);
	if (!object) {
		fail_msg("%s", err->text);
	}
	return allowlist_decode(arena, arena_own_json(arena, object), err);
}

static void test_entries(void **state) {
	(void)state;
	struct error err = {0};
	struct allowlist *list = decode("spec: {entries: [{cidr: 198.51.100.0/24, description: office}, "
									"{cidr: 2001:db8::1, expiresAt: \"1970-01-01T00:00:10Z\"}]}",
		&err);
	assert_non_null(list);
	assert_true(list->spec.ysql);
	assert_false(list->spec.allow_all);
	assert_int_equal(list->spec.entry_count, 2);
	assert_int_equal(list->spec.entries[0].range.family, 4);
	assert_int_equal(list->spec.entries[1].range.prefix, 128);
	assert_true(allowlist_entry_counts(&list->spec.entries[0], INT64_MAX));
	assert_true(allowlist_entry_counts(&list->spec.entries[1], 9));
	assert_false(allowlist_entry_counts(&list->spec.entries[1], 10));
}

static void test_allow_all(void **state) {
	(void)state;
	struct error err = {0};
	assert_non_null(decode("spec: {allowAll: true, entries: [{cidr: 0.0.0.0/0}, {cidr: \"::/0\"}]}", &err));
}

static const struct refusal {
	const char *spec, *error;
} refusals[] = {
	{"spec: {}", "spec.entries: must be given"},
	{"spec: {entries: []}", "spec.entries: must be 1 to 100 entries"},
	{"spec: {entries: {}}", "spec.entries: must be a list"},
	{"spec: {entries: [{}]}", "spec.entries[0].cidr: must be given"},
	{"spec: {entries: [{cidr: 10.0.0.1}, {cidr: 10.1.2.3/8}]}", "spec.entries[1].cidr: "},
	{"spec: {entries: [{cidr: all}]}", "spec.entries[0].cidr: "},
	{"spec: {entries: [{cidr: \"::ffff:10.0.0.1\"}]}", "spec.entries[0].cidr: "},
	{"spec: {entries: [{cidr: 0.0.0.0/0}]}", "spec.allowAll: must be true for spec.entries[0]"},
	{"spec: {entries: [{cidr: 10.0.0.1}, {cidr: \"::/0\"}]}", "spec.allowAll: must be true for spec.entries[1]"},
	{"spec: {entries: [{cidr: 10.0.0.1, expiresAt: tomorrow}]}",
		"spec.entries[0].expiresAt: 'tomorrow' must be a time"},
	{"spec: {entries: [{cidr: 10.0.0.1, expiresAt: 5}]}", "spec.entries[0].expiresAt: must be a time"},
	{"spec: {entries: [{cidr: 10.0.0.1}], endpoints: [YCQL]}", "spec.endpoints[0]: 'YCQL' must be YSQL"},
	{"spec: {entries: [{cidr: 10.0.0.1}], allowAll: \"true\"}", "spec.allowAll: 'true' must be true or false"},
};

static void test_refusals(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct error err = {0};
		if (decode(refusals[i].spec, &err)) {
			fail_msg("taken: %s", refusals[i].spec);
		}
		if (!str_starts(err.text, refusals[i].error)) {
			fail_msg("%s: is refused with \"%s\", not \"%s\"", refusals[i].spec, err.text, refusals[i].error);
		}
		assert_string_equal(err.reason, "InvalidSpec");
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entries),
		cmocka_unit_test(test_allow_all),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
