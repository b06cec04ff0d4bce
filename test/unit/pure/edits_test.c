/* Whatever anybody changes in what is ours is a difference: each leaf of each document of the golden inputs, one by
 * one. */
#include <glob.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/diff.h"
#include "world.h"

#include "manifests_group.h"

/* What the golden inputs say nothing of. */
#define ALL_ELSE                                                                                                       \
	HEAD                                                                                                               \
		"spec: {nodes: 3, endpoints: {exposure: Public, annotations: {example.com/a: b}, clients: [{podSelector: "     \
		"{matchLabels: {app: shop}}, namespaceSelector: {matchLabels: {team: a}}}]}, image: {pullSecrets: [x]}, pod: " \
		"{labels: {a: b}, annotations: {c: d}, nodeSelector: {e: f}, priorityClassName: high, runtimeClassName: "      \
		"gvisor, "                                                                                                     \
		"tolerations: [{key: k, operator: Exists}]}, tservers: {storage: {class: fast, volumes: 2}}}"

struct edit {
	const struct wanted *wanted;
	json_t *live;
	size_t count;
};

/* Of the same type, and no zero; but true has false alone. A quantity stays one. */
static json_t *another(const json_t *leaf) {
	switch (json_typeof(leaf)) {
	case JSON_STRING:
		return json_string(arena_printf(arena, "7%s", json_string_value(leaf)));
	case JSON_INTEGER:
		return json_integer(json_integer_value(leaf) == -1 ? 1 : json_integer_value(leaf) + 1);
	default:
		return json_boolean(!json_is_true(leaf));
	}
}

static bool is_zero(const json_t *leaf) {
	return json_is_integer(leaf) ? json_integer_value(leaf) == 0 : !json_is_true(leaf) && json_string_length(leaf) == 0;
}

static void must_differ(struct edit *edit, const char *leaf, const char *how) {
	edit->count++;
	if (!diff_find(arena, edit->wanted->kind, edit->wanted->document, edit->live)) {
		fail_msg("%s %s: '%s' was %s, and nobody saw it", child_kind_name(edit->wanted->kind), edit->wanted->name, leaf,
			how);
	}
}

/* A missing value equals its zero value: nothing is lost by taking that off. */
static void edit_leaf(struct edit *edit, json_t *parent, const char *key, size_t index, json_t *leaf) {
	const struct {
		const char *how;
		json_t *value;
	} edits[] = {{"changed", another(leaf)}, {"taken off", is_zero(leaf) ? NULL : json_null()}};
	json_incref(leaf);
	for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
		if (edits[i].value) {
			key ? json_object_set_new(parent, key, edits[i].value) : json_array_set_new(parent, index, edits[i].value);
			must_differ(edit, key ? key : json_print(arena, leaf), edits[i].how);
		}
	}
	key ? json_object_set_new(parent, key, leaf) : json_array_set_new(parent, index, leaf);
}

static void edit_all(struct edit *edit, json_t *parent) {
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe(parent, next, key, value) {
		(json_is_object(value) || json_is_array(value)) ? edit_all(edit, value)
														: edit_leaf(edit, parent, key, 0, value);
	}
	for (size_t i = 0; i < json_array_size(parent); i++) {
		value = json_array_get(parent, i);
		(json_is_object(value) || json_is_array(value)) ? edit_all(edit, value)
														: edit_leaf(edit, parent, NULL, i, value);
	}
}

static void edit_documents(const struct ybcluster *cluster) {
	static const struct cidr ranges[] = {{4, 24, {198, 51, 100}}, {6, 32, {0x20, 1, 0xd, 0xb8}}};
	struct allowed allowed = {
		.ranges = (struct cidr *)(uintptr_t)ranges, .count = 2, .whole = true, .reason = "Applied"};
	struct groups groups = groups_of(arena, cluster);
	struct trust *trust = arena_array(arena, struct trust, groups.count + 1);
	for (size_t i = 0; i < groups.count; i++) {
		trust[i] = (struct trust){groups.items[i].name, "0123456789abcdef0123456789abcdef", 0, 0};
	}
	struct inputs inputs = {
		.cluster = cluster, .settings = &settings, .allowed = &allowed, .trust = trust, .ipv4 = true, .ipv6 = true};
	struct wanted_list list = wanted_list_make(arena);
	struct error err = {0};
	if (!desired_documents(arena, &inputs, &list, &err)) {
		fail_msg("%s", err.text);
	}
	for (size_t i = 0; i < list.count; i++) {
		struct edit edit = {&list.items[i], arena_own_json(arena, json_deep_copy(list.items[i].document)), 0};
		edit_all(&edit, edit.live);
		assert_true(edit.count > 10);
		assert_null(diff_find(arena, edit.wanted->kind, edit.wanted->document, edit.live));
	}
}

static void every_leaf_of_the_golden_documents(void **state) {
	(void)state;
	glob_t found;
	assert_int_equal(glob(SOURCE_DIR "/test/golden/ybcluster/*/object.yaml", 0, NULL, &found), 0);
	size_t accepted = 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		cleanup_str struct str text = {0};
		struct error err = {0};
		assert_true(str_read_file(&text, found.gl_pathv[i], 1 << 20, &err));
		const struct ybcluster *cluster = ybcluster_decode(arena, yaml(arena, text.text), &err);
		if (cluster) {
			edit_documents(cluster);
			accepted++;
		}
	}
	globfree(&found);
	assert_true(accepted >= 9);
}

static void every_leaf_of_what_else_may_stand_there(void **state) {
	(void)state;
	edit_documents(cluster_of(arena, ALL_ELSE));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_leaf_of_the_golden_documents),
		cmocka_unit_test(every_leaf_of_what_else_may_stand_there)};
	return cmocka_run_group_tests(tests, manifests_begin, manifests_end);
}
