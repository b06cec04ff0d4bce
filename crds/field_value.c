#include <stdlib.h>

#include "base/clock.h"
#include "crds/walk.h"

bool take_text(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	const char *text = json_string_value(value);
	if (!text_fits(walk, place, value, field->form, field->max)) {
		return false;
	}
	if (characters(text) < (size_t)field->min) {
		return refuse(walk, place, NULL, arena_printf(walk->arena, "at least %lld characters", (long long)field->min));
	}
	*(const char **)into = text;
	return true;
}

bool take_word(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	int index = word_index(field, value);
	if (index < 0) {
		return refuse_word(walk, place, field, value);
	}
	if (field->type == FIELD_ENUM) {
		*(int *)into = index;
	} else {
		*(const char **)into = field->words[index];
	}
	return true;
}

bool take_integer(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	if (!json_is_integer(value)) {
		return refuse(walk, place, value, "a whole number");
	}
	int64_t number = json_integer_value(value);
	if (number < field->min || number > field->max) {
		return refuse_bounds(walk, place, field, "");
	}
	if (field->type == FIELD_LONG) {
		*(int64_t *)into = number;
	} else {
		*(int *)into = (int)number; /* a table's test holds the bounds inside int */
	}
	return true;
}

bool take_bool(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	(void)field;
	if (!json_is_boolean(value)) {
		return refuse(walk, place, value, "true or false");
	}
	*(bool *)into = json_is_true(value);
	return true;
}

bool take_duration(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
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
	*(int64_t *)into = seconds;
	return true;
}

bool take_time(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	(void)field;
	struct error ignored;
	int64_t seconds;
	const char *text = json_string_value(value);
	if (!text || !clock_parse(text, &seconds, &ignored)) {
		return refuse(walk, place, value, "a time such as 2026-11-22T10:00:00Z");
	}
	seconds -= seconds == 0; /* 0 stands for a time that is not there, and what ended with 1970 has ended */
	*(int64_t *)into = seconds;
	return true;
}

bool take_minute(
	struct walk *walk, const struct place *place, const struct field *field, const json_t *value, void *into) {
	(void)field;
	if (!text_fits(walk, place, value, FORM_MINUTE, 0)) {
		return false;
	}
	const char *text = json_string_value(value);
	*(int *)into = atoi(text) * 60 + atoi(text + 3);
	return true;
}
