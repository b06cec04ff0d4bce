#include "kube/managed_fields.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Inside of a string every quote has a backslash before it, so behind '{' or ',' this can be nothing but a key. A text
 * with blanks between is not of the API server, and stays whole. */
static const char KEY[] = "\"managedFields\":[";

static const char *after_string(const char *at, const char *end) {
	for (at++; at < end && *at != '"'; at++) {
		at += *at == '\\';
	}
	return at < end ? at + 1 : NULL;
}

/* Behind the array that opens at `at`; NULL: it does not close. */
static const char *after_array(const char *at, const char *end) {
	size_t depth = 0;
	while (at && at < end) {
		if (*at == '"') {
			at = after_string(at, end);
			continue;
		}
		depth += *at == '[' || *at == '{';
		depth -= *at == ']' || *at == '}';
		at++;
		if (!depth) {
			return at;
		}
	}
	return NULL;
}

/* The member with the one comma that goes with it. */
static bool find_member(const char *from, const char *end, const char **begin, const char **behind) {
	const char *key = memmem(from, (size_t)(end - from), KEY, sizeof KEY - 1);
	if (!key || key == from || (key[-1] != '{' && key[-1] != ',')) {
		return false;
	}
	*begin = key;
	*behind = after_array(key + sizeof KEY - 2, end);
	if (!*behind || *behind == end) {
		return false;
	}
	if (key[-1] == ',') {
		--*begin;
		return true;
	}
	*behind += **behind == ',';
	return (*behind)[-1] == ',' || **behind == '}';
}

char *managed_fields_cut(const char *text, size_t length, size_t *left) {
	const char *at = text, *end = text + length, *begin, *behind;
	char *out = NULL;
	*left = 0;
	while (find_member(at, end, &begin, &behind)) {
		out = out ? out : xmalloc(length);
		memcpy(out + *left, at, (size_t)(begin - at));
		*left += (size_t)(begin - at);
		at = behind;
	}
	if (out) {
		memcpy(out + *left, at, (size_t)(end - at));
		*left += (size_t)(end - at);
	}
	return out;
}

void managed_fields_free(char *text, size_t length) {
	if (text) {
		explicit_bzero(text, length);
		free(text);
	}
}
