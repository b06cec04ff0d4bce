#include "kube/event_head.h"

#include <string.h>

#include "kube/watch_event.h"

/* Goes on behind `text` when the rest begins with it. */
static bool pass(const char **at, const char *end, const char *text) {
	size_t length = strlen(text);
	if ((size_t)(end - *at) < length || memcmp(*at, text, length) != 0) {
		return false;
	}
	*at += length;
	return true;
}

/* A string without escapes, up to and with its closing quote. */
static bool pass_string(const char **at, const char *end, char *out, size_t size) {
	size_t length = 0;
	while (*at + length < end && (*at)[length] != '"' && (*at)[length] != '\\') {
		length++;
	}
	if (*at + length == end || (*at)[length] != '"' || length >= size) {
		return false;
	}
	memcpy(out, *at, length);
	out[length] = '\0';
	*at += length + 1;
	return length > 0;
}

static bool pass_member(const char **at, const char *end, const char *opening, char *out, size_t size) {
	return pass(at, end, opening) && pass_string(at, end, out, size);
}

bool event_head_read(struct event_head *head, const char *line, size_t length) {
	char type[16], kind[64], api[128], generated[254], version[24];
	const char *at = line, *end = line + length;
	if (!pass_member(&at, end, "{\"type\":\"", type, sizeof type) ||
		(strcmp(type, "ADDED") != 0 && strcmp(type, "MODIFIED") != 0) ||
		!pass_member(&at, end, ",\"object\":{\"kind\":\"", kind, sizeof kind) ||
		!pass_member(&at, end, ",\"apiVersion\":\"", api, sizeof api) ||
		!pass_member(&at, end, ",\"metadata\":{\"name\":\"", head->name, sizeof head->name)) {
		return false;
	}
	const char *before = at;
	if (!pass_member(&at, end, ",\"generateName\":\"", generated, sizeof generated)) {
		at = before;
	}
	return pass_member(&at, end, ",\"namespace\":\"", head->namespace, sizeof head->namespace) &&
	       pass_member(&at, end, ",\"uid\":\"", head->uid, sizeof head->uid) &&
	       pass_member(&at, end, ",\"resourceVersion\":\"", version, sizeof version) &&
	       version_parse(version, &head->version);
}
