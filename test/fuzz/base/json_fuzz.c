/* A path on the first line, JSON behind it. What was parsed prints and parses to the same value with the same digest,
 * and reading by any path is total. */
#include "base/json.h"

#include <string.h>

#include "../property.h"
#include "base/hash.h"

static void print(struct arena *arena, const json_t *value) {
	struct error err = {0};
	const char *text = json_print(arena, value);
	json_t *again = json_parse(text, strlen(text), &err);
	property(json_equal(value, again));
	struct digest a = digest_json(value), b = digest_json(again);
	property(digest_equal(&a, &b));
	json_decref(again);
}

static void read_by(const json_t *value, const char *path) {
	const json_t *found = json_get(value, path);
	const char *text = json_text(value, path);
	property((text != NULL) == json_is_string(found));
	property(json_int(value, path, 7) == 7 || json_is_integer(found));
	property(!json_bool(value, path, false) || json_is_true(found));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	const char *line = size ? memchr(data, '\n', size) : NULL;
	if (!line) {
		return 0;
	}
	size_t head = (size_t)(line - (const char *)data) + 1;
	json_t *value = json_parse((const char *)data + head, size - head, &err);
	property(value || (err.kind == ERR_INVALID && err.text[0]));
	struct arena *arena = arena_create();
	if (value) {
		print(arena, value);
		read_by(value, arena_strndup(arena, (const char *)data, head - 1));
	}
	arena_destroy(arena);
	json_decref(value);
	return 0;
}
