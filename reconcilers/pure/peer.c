#include "pure/peer.h"

#include <string.h>

enum { LONGEST_NAME = 63, LONGEST_PREFIX = 253 };

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define LETTERS LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* Of `plain` and `inside` characters, the first and the last of them plain. */
static bool is_word(const char *text, size_t length, size_t most, const char *plain, const char *inside) {
	if (length == 0 || length > most || !strchr(plain, text[0]) || !strchr(plain, text[length - 1])) {
		return false;
	}
	for (size_t i = 0; i < length; i++) {
		if (!strchr(plain, text[i]) && !strchr(inside, text[i])) {
			return false;
		}
	}
	return true;
}

static bool is_key(const char *text, size_t length) {
	const char *slash = memchr(text, '/', length);
	if (slash) {
		size_t prefix = (size_t)(slash - text);
		if (!is_word(text, prefix, LONGEST_PREFIX, LOWER, "-.")) {
			return false;
		}
		text += prefix + 1;
		length -= prefix + 1;
	}
	return is_word(text, length, LONGEST_NAME, LETTERS, "-_.");
}

/* "LABEL=VALUE" as a LabelSelector; NULL when it is none. */
static json_t *selector(const char *text, size_t length) {
	const char *equals = memchr(text, '=', length);
	size_t key = equals ? (size_t)(equals - text) : 0, value = equals ? length - key - 1 : 0;
	if (!equals || !is_key(text, key) || !is_word(equals + 1, value, LONGEST_NAME, LETTERS, "-_.")) {
		return NULL;
	}
	json_t *labels = json_object();
	json_object_setn_new(labels, text, key, json_stringn(equals + 1, value));
	return json_pack("{s:o}", "matchLabels", labels);
}

json_t *peer_parse(const char *text, struct error *err) {
	size_t first = strcspn(text, ":");
	json_t *namespaces = selector(text, first), *pods = NULL;
	if (namespaces && text[first] == ':') {
		pods = selector(text + first + 1, strlen(text + first + 1));
	}
	if (!namespaces || (text[first] && !pods)) {
		json_decref(namespaces);
		fail(err, ERR_INVALID,
			"is no selector: NAMESPACE-LABEL=VALUE, or NAMESPACE-LABEL=VALUE:POD-LABEL=VALUE, would be one");
		return NULL;
	}
	return json_pack("{s:o, s:o*}", "namespaceSelector", namespaces, "podSelector", pods);
}
