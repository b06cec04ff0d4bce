#include "pure/manifests.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/yaml.h"

enum { MOST = 32 };

static json_t *parsed[MOST];

bool manifests_load(struct error *err) {
	for (size_t i = 0; manifest_texts[i].name; i++) {
		if (i >= MOST) {
			return fail(err, ERR_INTERNAL, "more than %d manifests", MOST);
		}
		parsed[i] = yaml_parse(manifest_texts[i].text, manifest_texts[i].length, err);
		if (!parsed[i]) {
			return fail_in(err, "manifest %s", manifest_texts[i].name);
		}
	}
	return true;
}

void manifests_unload(void) {
	for (size_t i = 0; i < MOST; i++) {
		json_decref(parsed[i]);
		parsed[i] = NULL;
	}
}

struct filling {
	const char *manifest;
	const json_t *values;
	size_t used; /* a bit for each of the first 64 values, in their order */
	struct error *err;
};

static json_t *value_of(struct filling *filling, const char *name, size_t length) {
	size_t at = 0;
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)filling->values, key, value) {
		if (strlen(key) == length && memcmp(key, name, length) == 0) {
			filling->used |= (size_t)1 << at;
			return value;
		}
		at++;
	}
	fail(filling->err, ERR_INTERNAL, "manifest %s: no value for ${%.*s}", filling->manifest, (int)length, name);
	return NULL;
}

static json_t *fill_joined(struct filling *filling, const char *text) {
	cleanup_str struct str joined = {0};
	const char *open;
	for (; (open = strstr(text, "${"));) {
		const char *close = strchr(open, '}');
		json_t *value = close ? value_of(filling, open + 2, (size_t)(close - open) - 2) : NULL;
		if (!json_is_string(value)) {
			if (value || !close) {
				fail(filling->err, ERR_INTERNAL, "manifest %s: '%s' wants a string", filling->manifest, text);
			}
			return NULL;
		}
		str_add(&joined, text, (size_t)(open - text));
		str_adds(&joined, json_string_value(value));
		text = close + 1;
	}
	str_adds(&joined, text);
	return json_string(joined.text);
}

static json_t *fill_scalar(struct filling *filling, const json_t *node) {
	const char *text = json_string_value(node);
	if (!text || !strstr(text, "${")) {
		return json_incref((json_t *)(uintptr_t)node);
	}
	size_t length = strlen(text);
	if (text[0] == '$' && strchr(text, '}') == text + length - 1) {
		return json_incref(value_of(filling, text + 2, length - 3));
	}
	return fill_joined(filling, text);
}

static json_t *fill(struct filling *filling, const json_t *node);

static json_t *fill_object(struct filling *filling, const json_t *node) {
	json_t *object = json_object();
	const char *key;
	json_t *member;
	json_object_foreach((json_t *)(uintptr_t)node, key, member) {
		json_t *value = fill(filling, member);
		if (!value) {
			json_decref(object);
			return NULL;
		}
		if (json_is_null(value)) {
			json_decref(value);
		} else {
			json_object_set_new(object, key, value);
		}
	}
	return object;
}

static json_t *fill_array(struct filling *filling, const json_t *node) {
	json_t *array = json_array();
	for (size_t i = 0; i < json_array_size(node); i++) {
		json_t *value = fill(filling, json_array_get(node, i));
		if (!value) {
			json_decref(array);
			return NULL;
		}
		json_array_append_new(array, value);
	}
	return array;
}

static json_t *fill(struct filling *filling, const json_t *node) {
	if (json_is_object(node)) {
		return fill_object(filling, node);
	}
	return json_is_array(node) ? fill_array(filling, node) : fill_scalar(filling, node);
}

json_t *manifest_fill(struct arena *arena, const char *name, const json_t *values, struct error *err) {
	size_t at = 0;
	for (; manifest_texts[at].name && strcmp(manifest_texts[at].name, name) != 0; at++) {
	}
	if (!manifest_texts[at].name || !parsed[at]) {
		fail(err, ERR_INTERNAL, "no manifest %s", name);
		return NULL;
	}
	struct filling filling = {name, values, 0, err};
	json_t *document = arena_own_json(arena, fill(&filling, parsed[at]));
	size_t all = ((size_t)1 << json_object_size(values)) - 1;
	if (document && filling.used != all) {
		fail(err, ERR_INTERNAL, "manifest %s: a value that no placeholder uses", name);
		return NULL;
	}
	return document;
}
