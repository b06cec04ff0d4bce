#include "crds/walk.h"

#include <string.h>

#include "base/str.h"

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
bool refuse(struct walk *walk, const struct place *place, const json_t *value, const char *what) {
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

bool refuse_bounds(struct walk *walk, const struct place *place, const struct field *field, const char *unit) {
	const char *what = arena_printf(walk->arena, "%lld to %lld%s", (long long)field->min, (long long)field->max, unit);
	return refuse(walk, place, NULL, what);
}

size_t characters(const char *text) {
	size_t count = 0;
	for (; *text; text++) {
		count += ((unsigned char)*text & 0xc0) != 0x80;
	}
	return count;
}

bool text_fits(struct walk *walk, const struct place *place, const json_t *value, enum form_name name, int64_t max) {
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

int word_index(const struct field *field, const json_t *value) {
	const char *text = json_string_value(value);
	for (int i = 0; text && field->words[i]; i++) {
		if (strcmp(field->words[i], text) == 0) {
			return i;
		}
	}
	return -1;
}

bool refuse_word(struct walk *walk, const struct place *place, const struct field *field, const json_t *value) {
	cleanup_str struct str words = {0};
	for (size_t i = 0; field->words[i]; i++) {
		str_addf(&words, "%s%s", !words.length ? "" : field->words[i + 1] ? ", " : " or ", field->words[i]);
	}
	return refuse(walk, place, value, words.text);
}

bool entries_fit(struct walk *walk, const struct place *place, const struct field *field, size_t count) {
	return (field->max == 0 || (count >= (size_t)field->min && count <= (size_t)field->max)) ||
	       refuse_bounds(walk, place, field, " entries");
}
