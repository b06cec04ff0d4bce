#include "base/json.h"
#include "base/str.h"
#include "pure/flags.h"
#include "pure/manifests.h"
#include "world.h"

#include "manifests_group.h"

/* The documents of a cluster whose certificates are there. */
static struct wanted_list documents(const char *spec) {
	struct error err = {0};
	struct ybcluster *cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: %s", spec));
	struct groups groups = groups_of(arena, cluster);
	struct trust *trust = arena_array(arena, struct trust, groups.count + 1);
	for (size_t i = 0; i < groups.count; i++) {
		trust[i] = (struct trust){groups.items[i].name, "0123456789abcdef0123456789abcdef", 0, 0};
	}
	struct inputs inputs = {.cluster = cluster,
		.settings = &settings,
		.allowed = arena_new(arena, struct allowed),
		.ipv4 = true,
		.trust = trust};
	struct wanted_list list = wanted_list_make(arena);
	if (!desired_documents(arena, &inputs, &list, &err)) {
		fail_msg("%s", err.text);
	}
	return list;
}

static const char *const specs[] = {"{}", "{tier: Sandbox, nodes: 1}", "{zones: [a, b, c], faultTolerance: Zone}",
	"{endpoints: {exposure: Public, ysql: {port: 6000}}, desiredState: Paused, faultsToTolerate: 2, nodes: 5}",
	"{image: {pullSecrets: [x]}, pod: {labels: {a: b}, annotations: {c: d}, nodeSelector: {e: f}, priorityClassName: "
	"high, "
	"runtimeClassName: gvisor, tolerations: [{key: k, operator: Exists}]}, tservers: {storage: {class: fast, volumes: "
	"3}}}"};
enum { SPECS = sizeof specs / sizeof *specs };

static bool has_placeholder(const json_t *value) {
	cleanup_str struct str text = {0};
	json_write(&text, value);
	return strstr(text.text, "${") != NULL;
}

/* An unknown or an unused placeholder is an error of manifest_fill(): none of the code's calls has one. */
static void every_document_fills(void **state) {
	(void)state;
	for (size_t i = 0; i < SPECS; i++) {
		struct wanted_list list = documents(specs[i]);
		size_t sets = 0;
		for (size_t j = 0; j < list.count; j++) {
			assert_false(has_placeholder(list.items[j].document));
			assert_string_equal(json_text(list.items[j].document, "kind"), child_kind_name(list.items[j].kind));
			assert_string_equal(json_text(list.items[j].document, "metadata.name"), list.items[j].name);
			assert_string_equal(json_text(list.items[j].document, "metadata.namespace"), "shop");
			sets += list.items[j].kind == STATEFUL_SET;
			for (size_t k = 0; k < j; k++) {
				assert_true(
					list.items[k].kind != list.items[j].kind || strcmp(list.items[k].name, list.items[j].name) != 0);
			}
		}
		assert_int_equal(sets, i == 2 ? 6 : 2);
	}
}

/* The members that a manifest names between "${" and "}". */
static void placeholders(const json_t *node, json_t *names) {
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)node, key, value) {
		placeholders(value, names);
	}
	for (size_t i = 0; i < json_array_size(node); i++) {
		placeholders(json_array_get(node, i), names);
	}
	for (const char *open = json_string_value(node); open && (open = strstr(open, "${")); open += 2) {
		const char *name = arena_strndup(arena, open + 2, strcspn(open + 2, "}"));
		json_object_set_new(names, name, json_string("x"));
	}
}

static void every_manifest_wants_all_its_values_and_no_more(void **state) {
	(void)state;
	for (const struct manifest_text *manifest = manifest_texts; manifest->name; manifest++) {
		struct error err = {0};
		json_t *values = arena_own_json(arena, json_object());
		placeholders(yaml(arena, arena_strndup(arena, manifest->text, manifest->length)), values);
		assert_true(json_object_size(values) > 0);
		assert_non_null(manifest_fill(arena, manifest->name, values, &err));
		json_object_set_new(values, "nobody", json_string("x"));
		assert_null(manifest_fill(arena, manifest->name, values, &err));
		assert_int_equal(err.kind, ERR_INTERNAL);
		json_object_del(values, "nobody");
		json_object_del(values, json_object_iter_key(json_object_iter(values)));
		err = (struct error){0};
		assert_null(manifest_fill(arena, manifest->name, values, &err));
		assert_int_equal(err.kind, ERR_INTERNAL);
	}
	struct error err = {0};
	assert_null(manifest_fill(arena, "nonsense", yaml(arena, "{}"), &err));
}

/* Filling works on nodes: a value never becomes structure, and null takes its member away. */
static void values_stay_values(void **state) {
	(void)state;
	struct error err = {0};
	json_t *values = yaml(arena, "{name: \"x\\nspec: {hostNetwork: true}\", root: '${chain}', chain: null}");
	json_t *document = manifest_fill(arena, "ca", values, &err);
	assert_string_equal(json_text(document, "metadata.name"), "x\nspec: {hostNetwork: true}");
	assert_null(json_get(document, "spec"));
	assert_string_equal(json_string_value(json_at(document, "data", "root.crt", NULL)), "${chain}");
	assert_null(json_at(document, "data", "chain.crt", NULL));
}

static bool in_table(int what, const char *value, const char *process, bool prefix) {
	for (const struct image_fact *fact = image_table; fact->value; fact++) {
		enum flag_process wanted = strcmp(process, "yb-master") == 0 ? FLAG_MASTER : FLAG_TSERVER;
		bool same = prefix ? str_starts(value, fact->value) : strcmp(value, fact->value) == 0;
		if ((int)fact->what == what && same && fact->process & wanted) {
			return true;
		}
	}
	return false;
}

static void table_has(int what, const char *value, const char *process, bool prefix) {
	if (!in_table(what, value, process, prefix)) {
		fail_msg("%s of %s is not in the table", value, process);
	}
}

/* What the image is taken to have stands in one table. */
static void ports_paths_and_commands_are_in_the_table(void **state) {
	(void)state;
	struct wanted_list list = documents("{tservers: {storage: {volumes: 2}}}");
	for (size_t i = 0; i < list.count; i++) {
		json_t *container = json_get(list.items[i].document, "spec.template.spec.containers.0");
		const char *process = json_text(container, "name");
		if (!container) {
			continue;
		}
		table_has(IMAGE_COMMAND, json_text(container, "command.0"), process, false);
		if (json_get(container, "readinessProbe.exec")) {
			table_has(IMAGE_COMMAND, json_text(container, "readinessProbe.exec.command.0"), process, false);
		}
		for (size_t j = 0; j < json_array_size(json_get(container, "ports")); j++) {
			json_t *port = json_array_get(json_get(container, "ports"), j);
			table_has(IMAGE_PORT, json_print(arena, json_get(port, "containerPort")), process, false);
		}
		for (size_t j = 0; j < json_array_size(json_get(container, "volumeMounts")); j++) {
			json_t *mount = json_array_get(json_get(container, "volumeMounts"), j);
			table_has(IMAGE_PATH, json_text(mount, "mountPath"), process, true);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_document_fills),
		cmocka_unit_test(every_manifest_wants_all_its_values_and_no_more),
		cmocka_unit_test(values_stay_values),
		cmocka_unit_test(ports_paths_and_commands_are_in_the_table),
	};
	return cmocka_run_group_tests(tests, manifests_begin, manifests_end);
}
