#include "crds/field.h"

#include <string.h>

#include "base/json.h"
#include "crds/walk.h"

static bool table_decode(
	struct walk *walk, const struct place *place, const struct field *fields, const json_t *object, char *into);

static bool take_object(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	return table_decode(walk, place, field->fields, value, into);
}

static bool take_array(struct walk *walk, const struct place *place, const struct field *field, const json_t *value) {
	return json_is_array(value) ? entries_fit(walk, place, field, json_array_size(value))
	                            : refuse(walk, place, value, "a list");
}

/* The number of entries stands beside the list in the same struct. */
static size_t *counter(const struct field *field, void *into) {
	return (size_t *)((char *)into - field->offset + field->count);
}

static bool take_texts(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!take_array(walk, place, field, value)) {
		return false;
	}
	size_t count = json_array_size(value);
	const char **texts = arena_array(walk->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		struct place at = {.up = place, .index = i};
		const json_t *text = json_array_get(value, i);
		if (!text_fits(walk, &at, text, field->form, 0)) {
			return false;
		}
		texts[i] = json_string_value(text);
	}
	*(const char ***)into = texts;
	*counter(field, into) = count;
	return true;
}

static bool take_words(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!take_array(walk, place, field, value)) {
		return false;
	}
	for (size_t i = 0; i < json_array_size(value); i++) {
		struct place at = {.up = place, .index = i};
		int index = word_index(field, json_array_get(value, i));
		if (index < 0) {
			return refuse_word(walk, &at, field, json_array_get(value, i));
		}
		((bool *)into)[index] = true;
	}
	return true;
}

static bool take_objects(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!take_array(walk, place, field, value)) {
		return false;
	}
	size_t count = json_array_size(value);
	char *elements = arena_alloc(walk->arena, (count + 1) * field->element);
	for (size_t i = 0; i < count; i++) {
		struct place at = {.up = place, .index = i};
		if (!table_decode(walk, &at, field->fields, json_array_get(value, i), elements + i * field->element)) {
			return false;
		}
	}
	memcpy(into, &elements, sizeof elements); /* a pointer of another type: by its bytes */
	*counter(field, into) = count;
	return true;
}

static bool take_map(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!json_is_object(value)) {
		return refuse(walk, place, value, "an object");
	}
	if (!entries_fit(walk, place, field, json_object_size(value))) {
		return false;
	}
	const char *key;
	json_t *text;
	json_object_foreach((json_t *)(uintptr_t)value, key, text) {
		const struct form *form = &forms[field->keys];
		if (strlen(key) > (size_t)form->longest || !form->holds(key)) {
			json_t *name = arena_own_json(walk->arena, json_string(key));
			return refuse(walk, place, name, arena_printf(walk->arena, "%s (as a key)", form->what));
		}
		struct place at = {.up = place, .name = key};
		if (!text_fits(walk, &at, text, field->form, 0)) {
			return false;
		}
	}
	*(const json_t **)into = value;
	return true;
}

static bool element_fits(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *element) {
	struct walk closed = {.arena = walk->arena, .err = walk->err, .closed = true};
	return table_decode(&closed, place, field->fields, element, arena_alloc(walk->arena, field->element));
}

static bool take_json(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!json_is_object(value)) {
		return refuse(walk, place, value, "an object");
	}
	*(const json_t **)into = value;
	return !field->fields || element_fits(walk, place, field, value);
}

static bool take_json_array(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!take_array(walk, place, field, value)) {
		return false;
	}
	for (size_t i = 0; field->fields && i < json_array_size(value); i++) {
		struct place at = {.up = place, .index = i};
		if (!element_fits(walk, &at, field, json_array_get(value, i))) {
			return false;
		}
	}
	*(const json_t **)into = value;
	return true;
}

/* NULL members of JSON are absent, as the API server has it. */
static const json_t *member(struct walk *walk, const struct field *field, const json_t *object) {
	const json_t *value = json_object_get(object, field->name);
	if ((!value || json_is_null(value)) && field->def) {
		return arena_own_json(walk->arena, json_loads(field->def, JSON_DECODE_ANY, NULL));
	}
	return json_is_null(value) ? NULL : value;
}

static take *const takers[] = {
	[FIELD_TEXT] = take_text,
	[FIELD_WORD] = take_word,
	[FIELD_ENUM] = take_word,
	[FIELD_INT] = take_integer,
	[FIELD_LONG] = take_integer,
	[FIELD_BOOL] = take_bool,
	[FIELD_DURATION] = take_duration,
	[FIELD_TIME] = take_time,
	[FIELD_MINUTE] = take_minute,
	[FIELD_OBJECT] = take_object,
	[FIELD_TEXTS] = take_texts,
	[FIELD_WORDS] = take_words,
	[FIELD_OBJECTS] = take_objects,
	[FIELD_MAP] = take_map,
	[FIELD_JSON] = take_json,
	[FIELD_JSON_ARRAY] = take_json_array,
};

static bool has_field(const struct field *fields, const char *name) {
	while (fields->name && strcmp(fields->name, name) != 0) {
		fields++;
	}
	return fields->name != NULL;
}

static bool all_known(struct walk *walk, const struct place *place, const struct field *fields, const json_t *object) {
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, name, value) {
		if (!has_field(fields, name)) {
			struct place at = {.up = place, .name = name};
			return refuse(walk, &at, NULL, "left out: there is no such field");
		}
	}
	return true;
}

static bool table_decode(
	struct walk *walk, const struct place *place, const struct field *fields, const json_t *object, char *into) {
	if (object && !json_is_object(object)) {
		return refuse(walk, place, object, "an object");
	}
	if (walk->closed && !all_known(walk, place, fields, object)) {
		return false;
	}
	for (const struct field *field = fields; field->name; field++) {
		struct place at = {.up = place, .name = field->name};
		const json_t *value = member(walk, field, object);
		if (!value && field->required) {
			return refuse(walk, &at, NULL, "given");
		}
		if (value && !takers[field->type](walk, &at, field, value, into + field->offset)) {
			return false;
		}
	}
	return true;
}

bool fields_decode(struct arena *arena, const struct field *fields, const json_t *object, const char *path, void *into,
	struct error *err) {
	struct walk walk = {.arena = arena, .err = err};
	struct place place = {.name = path};
	return table_decode(&walk, &place, fields, object, into);
}
