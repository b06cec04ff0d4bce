/* Walks the field tables and the CRDs' schemas together: what one says, the other must say too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "arena_group.h"
#include "base/json.h"
#include "base/yaml.h"
#include "crds/owned.h"
#include "crds/tables.h"

/* Last: it has a macro fail(). */
#include <cmocka.h>

/* What the schema must say of a type. */
static const struct shape {
	const char *type, *format;
	size_t size; /* of the member, 0: a struct's */
} shapes[] = {
	[FIELD_TEXT] = {"string", NULL, sizeof(char *)},
	[FIELD_WORD] = {"string", NULL, sizeof(char *)},
	[FIELD_ENUM] = {"string", NULL, sizeof(int)},
	[FIELD_INT] = {"integer", "int32", sizeof(int)},
	[FIELD_LONG] = {"integer", "int64", sizeof(int64_t)},
	[FIELD_BOOL] = {"boolean", NULL, sizeof(bool)},
	[FIELD_DURATION] = {"string", NULL, sizeof(int64_t)},
	[FIELD_TIME] = {"string", "date-time", sizeof(int64_t)},
	[FIELD_MINUTE] = {"string", NULL, sizeof(int)},
	[FIELD_OBJECT] = {"object", NULL, 0},
	[FIELD_TEXTS] = {"array", NULL, sizeof(char **)},
	[FIELD_WORDS] = {"array", NULL, 0},
	[FIELD_OBJECTS] = {"array", NULL, sizeof(void *)},
	[FIELD_MAP] = {"object", NULL, sizeof(json_t *)},
	[FIELD_JSON] = {"object", NULL, sizeof(json_t *)},
	[FIELD_JSON_ARRAY] = {"array", NULL, sizeof(json_t *)},
};

static json_t *load(const char *name) {
	cleanup_str struct str text = {0};
	struct error err = {0};
	const char *path = arena_printf(arena, "%s/crds/%s", SOURCE_DIR, name);
	if (!str_read_file(&text, path, 1 << 20, &err)) {
		fail_msg("%s", err.text);
	}
	json_t *document = yaml_parse(text.text, text.length, &err);
	if (!document) {
		fail_msg("%s: %s", path, err.text);
	}
	return arena_own_json(arena, document);
}

static const json_t *schema_of(const char *name, const char *part) {
	const json_t *schema = json_get(load(name), "spec.versions.0.schema.openAPIV3Schema.properties");
	assert_non_null(schema);
	return json_get(schema, part);
}

static void same_text(const char *path, const char *what, const char *ours, const char *theirs) {
	if (!str_equal(ours, theirs)) {
		fail_msg("%s: %s is '%s' in the table, '%s' in the schema", path, what, ours ? ours : "", theirs ? theirs : "");
	}
}

static void same_number(const char *path, const char *what, int64_t ours, int64_t theirs) {
	if (ours != theirs) {
		fail_msg("%s: %s is %lld in the table, %lld in the schema", path, what, (long long)ours, (long long)theirs);
	}
}

static void same_form(const char *path, enum form_name name, int64_t max, const json_t *schema) {
	same_text(path, "type", "string", json_text(schema, "type"));
	same_text(path, "pattern", forms[name].pattern, json_text(schema, "pattern"));
	same_number(path, "maxLength", max ? max : forms[name].longest, json_int(schema, "maxLength", -1));
}

static void same_words(const char *path, const char *const *words, const json_t *list) {
	words += words[0][0] == '\0'; /* "not given" is no word */
	size_t count = 0;
	for (; words[count]; count++) {
		same_text(path, "enum", words[count], json_string_value(json_array_get(list, count)));
	}
	same_number(path, "enum's size", (int64_t)count, (int64_t)json_array_size(list));
}

static bool has_rule(const json_t *schema, const char *rule) {
	size_t i;
	json_t *row;
	json_array_foreach(json_object_get(schema, "x-kubernetes-validations"), i, row) {
		if (str_equal(json_text(row, "rule"), rule)) {
			return true;
		}
	}
	return false;
}

static const char *go_duration(int64_t seconds) {
	return seconds == 0          ? "0s"
	       : seconds % 3600 == 0 ? arena_printf(arena, "%lldh", (long long)seconds / 3600)
	                             : arena_printf(arena, "%lldm", (long long)seconds / 60);
}

static void check_duration(const char *path, const struct field *field, const json_t *schema) {
	same_form(path, FORM_DURATION, 0, schema);
	const char *rule = arena_printf(arena, "duration(self) >= duration('%s') && duration(self) <= duration('%s')",
		go_duration(field->min), go_duration(field->max));
	if (!has_rule(schema, rule)) {
		fail_msg("%s: the schema lacks the rule %s", path, rule);
	}
}

static void check_map(const char *path, const struct field *field, const json_t *schema) {
	const struct form *keys = &forms[field->keys];
	same_form(path, field->form, 0, json_get(schema, "additionalProperties"));
	same_number(path, "maxProperties", field->max, json_int(schema, "maxProperties", -1));
	cleanup_str struct str pattern = {0};
	for (const char *c = keys->pattern; *c; c++) {
		str_addf(&pattern, "%s%c", *c == '\\' ? "\\" : "", *c);
	}
	const char *rule =
		arena_printf(arena, "self.all(key, size(key) <= %d && key.matches('%s'))", keys->longest, pattern.text);
	if (!has_rule(schema, rule)) {
		fail_msg("%s: the schema lacks the rule %s", path, rule);
	}
}

static void check_table(const char *path, const struct field *fields, const json_t *schema);

static void check_list(const char *path, const struct field *field, const json_t *schema) {
	const json_t *items = json_get(schema, "items");
	same_number(path, "minItems", field->min, json_int(schema, "minItems", 0));
	same_number(path, "maxItems", field->max, json_int(schema, "maxItems", -1));
	if (field->type == FIELD_TEXTS) {
		same_form(path, field->form, 0, items);
	} else if (field->type == FIELD_WORDS) {
		same_words(path, field->words, json_get(items, "enum"));
	} else if (field->fields) {
		check_table(path, field->fields, items);
	}
}

static void check_bounds(const char *path, const struct field *field, const json_t *schema) {
	switch (field->type) {
	case FIELD_TEXT:
		same_form(path, field->form, field->max, schema);
		same_number(path, "minLength", field->min, json_int(schema, "minLength", 0));
		break;
	case FIELD_WORD:
	case FIELD_ENUM:
		same_words(path, field->words, json_get(schema, "enum"));
		break;
	case FIELD_INT:
	case FIELD_LONG:
		same_number(path, "minimum", field->min, json_int(schema, "minimum", INT64_MIN));
		same_number(path, "maximum", field->max, json_int(schema, "maximum", INT64_MAX));
		assert_true(field->type == FIELD_LONG || (field->min >= 0 && field->max <= INT32_MAX));
		break;
	case FIELD_DURATION:
		check_duration(path, field, schema);
		break;
	case FIELD_MINUTE:
		same_form(path, FORM_MINUTE, 0, schema);
		break;
	case FIELD_MAP:
		check_map(path, field, schema);
		break;
	case FIELD_OBJECT:
		check_table(path, field->fields, schema);
		break;
	case FIELD_TEXTS:
	case FIELD_WORDS:
	case FIELD_OBJECTS:
	case FIELD_JSON_ARRAY:
		check_list(path, field, schema);
		break;
	case FIELD_JSON:
		if (field->fields) {
			check_table(path, field->fields, schema);
		}
		break;
	case FIELD_BOOL:
	case FIELD_TIME:
		break;
	}
}

/* An object's default in the schema must say what the defaults of its members say, since rules look at it alone. */
static void check_default(const char *path, const struct field *field, const json_t *schema) {
	json_t *theirs = json_object_get(schema, "default");
	if (!field->def || !theirs) {
		same_text(path, "default", field->def, theirs ? json_print(arena, theirs) : NULL);
		return;
	}
	json_t *ours = arena_own_json(arena, json_loads(field->def, JSON_DECODE_ANY, NULL));
	if (field->type != FIELD_OBJECT) {
		same_text(path, "default", json_print(arena, ours), json_print(arena, theirs));
		return;
	}
	const char *name;
	json_t *value;
	json_object_foreach(theirs, name, value) {
		json_t *member = json_at(schema, "properties", name, "default", NULL);
		same_text(path, name, member ? json_print(arena, member) : NULL, json_print(arena, value));
	}
}

static bool requires(const json_t *schema, const char *name) {
	size_t i;
	json_t *entry;
	json_array_foreach(json_object_get(schema, "required"), i, entry) {
		if (str_equal(json_string_value(entry), name)) {
			return true;
		}
	}
	return false;
}

static void check_table(const char *path, const struct field *fields, const json_t *schema) {
	size_t count = 0;
	for (const struct field *field = fields; field->name; field++, count++) {
		const char *at = arena_printf(arena, "%s.%s", path, field->name);
		const struct shape *shape = &shapes[field->type];
		const json_t *property = json_at(schema, "properties", field->name, NULL);
		if (!property) {
			fail_msg("%s stands in the table only", at);
		}
		same_text(at, "type", shape->type, json_text(property, "type"));
		same_text(at, "format", shape->format, json_text(property, "format"));
		same_number(at, "required", field->required, requires(schema, field->name));
		if (shape->size) {
			same_number(at, "size of the member", (int64_t)field->size, (int64_t)shape->size);
		}
		check_default(at, field, property);
		check_bounds(at, field, property);
	}
	same_number(path, "number of fields", (int64_t)count, (int64_t)json_object_size(json_get(schema, "properties")));
}

static void test_tables(void **state) {
	(void)state;
	check_table("ybcluster.spec", ybcluster_spec_fields, schema_of("ybcluster.yaml", "spec"));
	check_table("ybcluster.status", ybcluster_status_fields, schema_of("ybcluster.yaml", "status"));
	check_table("allowlist.spec", allowlist_spec_fields, schema_of("allowlist.yaml", "spec"));
	check_table("allowlist.status", allowlist_status_fields, schema_of("allowlist.yaml", "status"));
}

/* Everything has a bound, or CEL's cost could not be told; and every field can be explained. */
static void check_bounded(const char *path, const json_t *schema) {
	const char *type = json_text_or(schema, "type", "");
	bool bounded = strcmp(type, "string") != 0 || json_get(schema, "maxLength") || json_get(schema, "enum") ||
	               json_get(schema, "format");
	bounded = bounded && (strcmp(type, "array") != 0 || (json_get(schema, "maxItems") && json_get(schema, "items")));
	bounded = bounded && (!json_get(schema, "additionalProperties") || json_get(schema, "maxProperties"));
	if (!bounded || (strcmp(type, "array") == 0 && !json_get(schema, "x-kubernetes-list-type"))) {
		fail_msg("%s: a bound or a list type is missing", path);
	}
	const char *name;
	json_t *property;
	json_object_foreach(json_get(schema, "properties"), name, property) {
		const char *at = arena_printf(arena, "%s.%s", path, name);
		if (strlen(json_text_or(property, "description", "")) < 8) {
			fail_msg("%s: has no description", at);
		}
		check_bounded(at, property);
	}
	if (json_get(schema, "items")) {
		check_bounded(arena_printf(arena, "%s[]", path), json_get(schema, "items"));
	}
	size_t i;
	json_t *rule;
	json_array_foreach(json_object_get(schema, "x-kubernetes-validations"), i, rule) {
		if (!json_text(rule, "message")) {
			fail_msg("%s: a rule has no message", path);
		}
	}
}

static void test_bounds(void **state) {
	(void)state;
	check_bounded("ybcluster.spec", schema_of("ybcluster.yaml", "spec"));
	check_bounded("ybcluster.status", schema_of("ybcluster.yaml", "status"));
	check_bounded("allowlist.spec", schema_of("allowlist.yaml", "spec"));
	check_bounded("allowlist.status", schema_of("allowlist.yaml", "status"));
}

static const struct refusal {
	const char *path, *start, *what;
	const struct owned *table;
} refusals[] = {
	{"properties.masters.properties.flags", "^(no)?", "this flag", owned_flags},
	{"properties.tservers.properties.flags", "^(no)?", "this flag", owned_flags},
	{"properties.pod.properties.labels", "^", "this label", owned_pod_keys},
	{"properties.pod.properties.annotations", "^", "this annotation", owned_pod_keys},
	{"properties.endpoints.properties.annotations", "^", "this annotation", owned_load_balancer_annotations},
};

static void check_refusals(const struct refusal *refusal, const json_t *list) {
	size_t rows = 0;
	for (const struct owned *row = refusal->table; row->names; row++, rows++) {
		const json_t *rule = json_array_get(list, rows + 1); /* the first is the form of keys */
		same_text(refusal->path, "rule",
			arena_printf(arena, "self.all(key, !key.matches('%s(%s)'))", refusal->start, row->names),
			json_text(rule, "rule"));
		same_text(refusal->path, "message",
			arena_printf(arena, "%s is the operator's: %s", refusal->what, row->instead), json_text(rule, "message"));
	}
	same_number(refusal->path, "number of rules", (int64_t)rows + 1, (int64_t)json_array_size(list));
}

static void test_owned_names(void **state) {
	(void)state;
	const json_t *spec = schema_of("ybcluster.yaml", "spec");
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		const json_t *schema = json_get(spec, refusals[i].path);
		check_refusals(&refusals[i], json_object_get(schema, "x-kubernetes-validations"));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_owned_names),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
