#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/str.h"

enum { DEEPEST = 64 };

struct reader {
	yaml_parser_t parser;
	yaml_event_t event;
	struct error *err;
};

static bool refuse(struct reader *reader, const char *what) {
	return fail(reader->err, ERR_INVALID, "YAML, line %zu: %s", reader->event.start_mark.line + 1, what);
}

static bool next(struct reader *reader) {
	yaml_event_delete(&reader->event);
	if (yaml_parser_parse(&reader->parser, &reader->event)) {
		return true;
	}
	return fail(reader->err, ERR_INVALID, "YAML, line %zu: %s", reader->parser.problem_mark.line + 1,
		reader->parser.problem ? reader->parser.problem : "cannot be read");
}

static bool digits(const char *text, size_t *at) {
	size_t from = *at;
	while (text[*at] >= '0' && text[*at] <= '9') {
		++*at;
	}
	return *at > from;
}

/* JSON's grammar of a number. `octal` is set for 0644 and the like, which YAML 1.1 reads in another base. */
static bool is_number(const char *text, bool *real, bool *octal) {
	size_t at = text[0] == '-', start = at;
	*real = false;
	if (!digits(text, &at)) {
		return false;
	}
	*octal = text[start] == '0' && at > start + 1;
	if (text[at] == '.') {
		*real = true;
		at++;
		if (!digits(text, &at)) {
			return false;
		}
	}
	if (text[at] == 'e' || text[at] == 'E') {
		*real = true;
		at++;
		at += text[at] == '+' || text[at] == '-';
		if (!digits(text, &at)) {
			return false;
		}
	}
	return text[at] == '\0';
}

static json_t *plain(struct reader *reader, const char *text, size_t length) {
	bool real, octal;
	if (length == 0 || str_equal(text, "null") || str_equal(text, "~")) {
		return json_null();
	}
	if (str_equal(text, "true") || str_equal(text, "false")) {
		return json_boolean(text[0] == 't');
	}
	if (!is_number(text, &real, &octal)) {
		return json_stringn(text, length);
	}
	if (octal) {
		refuse(reader, "a number with a leading zero: write it in decimal, or quote it");
		return NULL;
	}
	errno = 0;
	json_t *value = real ? json_real(strtod(text, NULL)) : json_integer(strtoll(text, NULL, 10));
	if (!real && errno == ERANGE) {
		json_decref(value);
		value = NULL;
	}
	if (!value) {
		refuse(reader, "a number out of range");
	}
	return value;
}

static json_t *scalar(struct reader *reader) {
	const char *text = (const char *)reader->event.data.scalar.value;
	size_t length = reader->event.data.scalar.length;
	json_t *value = NULL;
	if (reader->event.data.scalar.tag) {
		refuse(reader, "tags are not taken");
	} else if (reader->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
		value = plain(reader, text, length);
	} else if (!(value = json_stringn(text, length))) {
		refuse(reader, "a string that is not UTF-8");
	}
	return value;
}

static json_t *node(struct reader *reader, int depth);

static json_t *sequence(struct reader *reader, int depth) {
	json_t *array = json_array();
	while (next(reader)) {
		if (reader->event.type == YAML_SEQUENCE_END_EVENT) {
			return array;
		}
		json_t *item = node(reader, depth + 1);
		if (!item) {
			break;
		}
		json_array_append_new(array, item);
	}
	json_decref(array);
	return NULL;
}

static bool member(struct reader *reader, json_t *object, int depth) {
	if (reader->event.type != YAML_SCALAR_EVENT) {
		return refuse(reader, "a key must be a scalar");
	}
	cleanup_str struct str key = {0};
	str_add(&key, reader->event.data.scalar.value, reader->event.data.scalar.length);
	if (strlen(key.text) != key.length) {
		return refuse(reader, "a key with a NUL character");
	}
	if (json_object_get(object, key.text)) {
		return refuse(reader, "a key stands here for the second time");
	}
	if (!next(reader)) {
		return false;
	}
	json_t *value = node(reader, depth + 1);
	if (!value) {
		return false;
	}
	if (json_object_set_new(object, key.text, value) != 0) {
		return refuse(reader, "a key that is not UTF-8");
	}
	return true;
}

static json_t *mapping(struct reader *reader, int depth) {
	json_t *object = json_object();
	while (next(reader)) {
		if (reader->event.type == YAML_MAPPING_END_EVENT) {
			return object;
		}
		if (!member(reader, object, depth)) {
			break;
		}
	}
	json_decref(object);
	return NULL;
}

static json_t *node(struct reader *reader, int depth) {
	if (depth > DEEPEST) {
		refuse(reader, "nested too deep");
		return NULL;
	}
	if ((reader->event.type == YAML_SEQUENCE_START_EVENT && reader->event.data.sequence_start.tag) ||
		(reader->event.type == YAML_MAPPING_START_EVENT && reader->event.data.mapping_start.tag)) {
		refuse(reader, "tags are not taken");
		return NULL;
	}
	switch (reader->event.type) {
	case YAML_SCALAR_EVENT:
		return scalar(reader);
	case YAML_SEQUENCE_START_EVENT:
		return sequence(reader, depth);
	case YAML_MAPPING_START_EVENT:
		return mapping(reader, depth);
	default:
		refuse(reader, "aliases are not taken");
		return NULL;
	}
}

static bool documents(struct reader *reader, json_t *array) {
	while (next(reader)) {
		if (reader->event.type == YAML_STREAM_END_EVENT) {
			return true;
		}
		if (reader->event.type != YAML_DOCUMENT_START_EVENT) {
			continue;
		}
		if (!next(reader)) {
			return false;
		}
		json_t *document = node(reader, 0);
		if (!document) {
			return false;
		}
		if (json_is_null(document)) {
			json_decref(document);
		} else {
			json_array_append_new(array, document);
		}
	}
	return false;
}

/* The line of the first character that ends a line in YAML 1.1, libyaml's, and does not in YAML 1.2 and in JSON; 0:
 * none. */
static size_t ambiguous_line(const char *text, size_t length) {
	static const char *const breaks[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"}; /* U+0085, U+2028, U+2029 */
	size_t line = 1;
	for (size_t at = 0; at < length; at++) {
		line += text[at] == '\n';
		for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++) {
			size_t size = strlen(breaks[i]);
			if (length - at >= size && memcmp(text + at, breaks[i], size) == 0) {
				return line;
			}
		}
	}
	return 0;
}

json_t *yaml_parse_all(const char *text, size_t length, struct error *err) {
	struct reader reader = {.err = err};
	size_t ambiguous = ambiguous_line(text, length);
	if (ambiguous) {
		fail(err, ERR_INVALID, "YAML, line %zu: one of U+0085, U+2028 and U+2029: write it as an escape in quotes",
			ambiguous);
		return NULL;
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		abort();
	}
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
	json_t *array = json_array();
	if (!documents(&reader, array)) {
		json_decref(array);
		array = NULL;
	}
	yaml_event_delete(&reader.event);
	yaml_parser_delete(&reader.parser);
	return array;
}

json_t *yaml_parse(const char *text, size_t length, struct error *err) {
	json_t *array = yaml_parse_all(text, length, err);
	if (array && json_array_size(array) != 1) {
		fail(err, ERR_INVALID, "YAML: one document is wanted, here are %zu", json_array_size(array));
		json_decref(array);
		return NULL;
	}
	json_t *document = array ? json_incref(json_array_get(array, 0)) : NULL;
	json_decref(array);
	return document;
}
