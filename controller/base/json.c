#include "base/json.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

void json_keep_secrets(void) {
	json_set_alloc_funcs(xmalloc, secret_free);
}

static json_t *step(const json_t *value, const char *key, size_t length) {
	if (json_is_object(value)) {
		return json_object_getn(value, key, length);
	}
	if (json_is_array(value) && length && key[0] >= '0' && key[0] <= '9') {
		return json_array_get(value, strtoul(key, NULL, 10));
	}
	return NULL;
}

json_t *json_get(const json_t *root, const char *path) {
	const json_t *value = root;
	while (value && *path) {
		size_t length = strcspn(path, ".");
		value = step(value, path, length);
		path += length;
		path += *path == '.';
	}
	return (json_t *)(uintptr_t)value;
}

json_t *json_at(const json_t *root, ...) {
	const json_t *value = root;
	va_list keys;
	va_start(keys, root);
	for (const char *key; value && (key = va_arg(keys, const char *));) {
		value = step(value, key, strlen(key));
	}
	va_end(keys);
	return (json_t *)(uintptr_t)value;
}

const char *json_text(const json_t *root, const char *path) {
	return json_string_value(json_get(root, path));
}

const char *json_text_or(const json_t *root, const char *path, const char *otherwise) {
	const char *text = json_text(root, path);
	return text ? text : otherwise;
}

int64_t json_int(const json_t *root, const char *path, int64_t otherwise) {
	const json_t *value = json_get(root, path);
	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

bool json_bool(const json_t *root, const char *path, bool otherwise) {
	const json_t *value = json_get(root, path);
	return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

void json_put(json_t *root, const char *path, json_t *value) {
	json_t *object = root;
	for (;;) {
		size_t length = strcspn(path, ".");
		if (path[length] == '\0') {
			json_object_setn_new(object, path, length, value);
			return;
		}
		json_t *next = json_object_getn(object, path, length);
		if (!json_is_object(next)) {
			next = json_object();
			json_object_setn_new(object, path, length, next);
		}
		object = next;
		path += length + 1;
	}
}

json_t *json_parse(const char *text, size_t length, struct error *err) {
	json_error_t problem;
	json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
	if (!value) {
		fail(err, ERR_INVALID, "JSON, line %d column %d: %s", problem.line, problem.column, problem.text);
	}
	return value;
}

static int append(const char *bytes, size_t length, void *out) {
	str_add(out, bytes, length);
	return 0;
}

void json_write(struct str *out, const json_t *value) {
	json_dump_callback(value, append, out, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

void json_write_unsorted(struct str *out, const json_t *value) {
	json_dump_callback(value, append, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

const char *json_print(struct arena *arena, const json_t *value) {
	cleanup_str struct str text = {0};
	json_write(&text, value);
	return arena_strndup(arena, text.text ? text.text : "", text.length);
}

/* As jansson and glibc's malloc have it on 64 bits, give or take a fifth. */
size_t json_weight(const json_t *value) {
	enum { OBJECT = 240, MEMBER = 72, ARRAY = 128, STRING = 64, OTHER = 32 };
	size_t weight = OTHER, index;
	const char *key;
	json_t *child;
	if (json_is_string(value)) {
		return STRING + json_string_length(value);
	}
	if (json_is_array(value)) {
		weight = ARRAY;
		json_array_foreach(value, index, child) {
			weight += sizeof child + json_weight(child);
		}
	} else if (json_is_object(value)) {
		weight = OBJECT;
		json_object_foreach((json_t *)(uintptr_t)value, key, child) {
			weight += MEMBER + strlen(key) + json_weight(child);
		}
	}
	return weight;
}
