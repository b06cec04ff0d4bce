#include "crds/field.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"

/* Where the walker stands; places live on the stack, a path is only written for an error. */
struct place {
	const struct place *up;
	const char *name; /* NULL: an array's element */
	size_t index;
};

struct walk {
	struct arena *arena;
	struct error *err;
	bool closed; /* a member that is in no table is refused: what is handed on must be understood */
};

static void place_write(const struct place *place, struct str *path) {
	if (place->up) {
		place_write(place->up, path);
	}
	if (!place->name) {
		str_addf(path, "[%zu]", place->index);
	} else {
		str_addf(path, "%s%s", path->length ? "." : "", place->name);
	}
}

/* Refuses; the offending value is shown only when it is short and plain, since it may be anything. */
static bool refuse(struct walk *walk, const struct place *place, const json_t *value, const char *what) {
	cleanup_str struct str path = {0};
	place_write(place, &path);
	const char *text = json_string_value(value);
	bool plain = text && strlen(text) <= 80;
	for (const char *c = text; plain && *c; c++) {
		plain = *c >= ' ' && *c <= '~';
	}
	if (plain) {
		return fail_because(walk->err, ERR_INVALID, "InvalidSpec", "%s: '%s' must be %s", path.text, text, what);
	}
	return fail_because(walk->err, ERR_INVALID, "InvalidSpec", "%s: must be %s", path.text, what);
}

static bool refuse_bounds(struct walk *walk, const struct place *place, const struct field *field, const char *unit) {
	const char *what = arena_printf(walk->arena, "%lld to %lld%s", (long long)field->min, (long long)field->max, unit);
	return refuse(walk, place, NULL, what);
}

/* Longest is counted in characters by the API server, and in bytes here when the form is ASCII anyway. */
static size_t characters(const char *text) {
	size_t count = 0;
	for (; *text; text++) {
		count += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return count;
}

static bool text_fits(
	struct walk *walk, const struct place *place, const json_t *value, enum form_name name, int64_t max) {
	const struct form *form = &forms[name];
	const char *text = json_string_value(value);
	if (!text || strlen(text) != json_string_length(value)) {
		return refuse(walk, place, NULL, "a text");
	}
	int64_t longest = max ? max : form->longest;
	if (characters(text) > (size_t)longest) {
		return refuse(walk, place, NULL, arena_printf(walk->arena, "at most %lld characters long", (long long)longest));
	}
	return form->holds(text) || refuse(walk, place, value, form->what);
}

static int word_index(const struct field *field, const json_t *value) {
	const char *text = json_string_value(value);
	for (int i = 0; text && field->words[i]; i++) {
		if (strcmp(field->words[i], text) == 0) {
			return i;
		}
	}
	return -1;
}

static bool refuse_word(struct walk *walk, const struct place *place, const struct field *field, const json_t *value) {
	cleanup_str struct str words = {0};
	for (size_t i = 0; field->words[i]; i++) {
		str_addf(&words, "%s%s", !words.length ? "" : field->words[i + 1] ? ", " : " or ", field->words[i]);
	}
	return refuse(walk, place, value, words.text);
}

static bool entries_fit(struct walk *walk, const struct place *place, const struct field *field, size_t count) {
	return (field->max == 0 || (count >= (size_t)field->min && count <= (size_t)field->max)) ||
	       refuse_bounds(walk, place, field, " entries");
}

static bool take_text(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	const char *text = json_string_value(value);
	if (!text_fits(walk, place, value, field->form, field->max)) {
		return false;
	}
	if (characters(text) < (size_t)field->min) {
		return refuse(walk, place, NULL, arena_printf(walk->arena, "at least %lld characters", (long long)field->min));
	}
	memcpy(into, &text, sizeof text);
	return true;
}

static bool take_word(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	int index = word_index(field, value);
	if (index < 0) {
		return refuse_word(walk, place, field, value);
	}
	if (field->type == FIELD_ENUM) {
		memcpy(into, &index, sizeof index);
	} else {
		memcpy(into, &field->words[index], sizeof field->words[index]);
	}
	return true;
}

static bool take_integer(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	if (!json_is_integer(value)) {
		return refuse(walk, place, value, "a whole number");
	}
	int64_t number = json_integer_value(value);
	if (number < field->min || number > field->max) {
		return refuse_bounds(walk, place, field, "");
	}
	if (field->type == FIELD_LONG) {
		memcpy(into, &number, sizeof number);
	} else {
		int narrow = (int)number; /* a table's test holds the bounds inside int */
		memcpy(into, &narrow, sizeof narrow);
	}
	return true;
}

static bool take_bool(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	(void)field;
	if (!json_is_boolean(value)) {
		return refuse(walk, place, value, "true or false");
	}
	bool truth = json_is_true(value);
	memcpy(into, &truth, sizeof truth);
	return true;
}

static bool take_duration(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	struct error ignored;
	int64_t seconds;
	if (!text_fits(walk, place, value, FORM_DURATION, 0)) {
		return false;
	}
	if (!duration_parse(json_string_value(value), &seconds, &ignored)) {
		return refuse(walk, place, value, forms[FORM_DURATION].what);
	}
	if (seconds < field->min || (field->max && seconds > field->max)) {
		return refuse_bounds(walk, place, field, " seconds");
	}
	memcpy(into, &seconds, sizeof seconds);
	return true;
}

static bool take_time(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	(void)field;
	struct error ignored;
	int64_t seconds;
	const char *text = json_string_value(value);
	if (!text || !clock_parse(text, &seconds, &ignored)) {
		return refuse(walk, place, value, "a time such as 2026-11-22T10:00:00Z");
	}
	seconds -= seconds == 0; /* 0 stands for a time that is not there, and what ended with 1970 has ended */
	memcpy(into, &seconds, sizeof seconds);
	return true;
}

static bool take_minute(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	(void)field;
	if (!text_fits(walk, place, value, FORM_MINUTE, 0)) {
		return false;
	}
	const char *text = json_string_value(value);
	int minute = atoi(text) * 60 + atoi(text + 3);
	memcpy(into, &minute, sizeof minute);
	return true;
}

static bool table_decode(
	struct walk *walk, const struct place *place, const struct field *fields, const json_t *object, char *into);

static bool take_object(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	return table_decode(walk, place, field->fields, value, into);
}

static bool take_array(struct walk *walk, const struct place *place, const struct field *field, const json_t *value) {
	return json_is_array(value) ? entries_fit(walk, place, field, json_array_size(value))
	                            : refuse(walk, place, value, "a list");
}

static bool take_texts(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
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
	memcpy(into, &texts, sizeof texts);
	memcpy(into - field->offset + field->count, &count, sizeof count);
	return true;
}

static bool take_words(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
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
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
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
	memcpy(into, &elements, sizeof elements);
	memcpy(into - field->offset + field->count, &count, sizeof count);
	return true;
}

static bool take_map(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
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
	memcpy(into, &value, sizeof value);
	return true;
}

static bool element_fits(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *element) {
	struct walk closed = {.arena = walk->arena, .err = walk->err, .closed = true};
	return table_decode(&closed, place, field->fields, element, arena_alloc(walk->arena, field->element));
}

static bool take_json(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	if (!json_is_object(value)) {
		return refuse(walk, place, value, "an object");
	}
	memcpy(into, &value, sizeof value);
	return !field->fields || element_fits(walk, place, field, value);
}

static bool take_json_array(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, char *into) {
	if (!take_array(walk, place, field, value)) {
		return false;
	}
	for (size_t i = 0; field->fields && i < json_array_size(value); i++) {
		struct place at = {.up = place, .index = i};
		if (!element_fits(walk, &at, field, json_array_get(value, i))) {
			return false;
		}
	}
	memcpy(into, &value, sizeof value);
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

typedef bool take(struct walk *, const struct place *, const struct field *, const json_t *, char *);

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
