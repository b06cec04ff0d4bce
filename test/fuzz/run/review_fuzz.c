/* A line with the answer to a TokenReview, then one to a SubjectAccessReview. Only who was authenticated by name, and
 * was allowed by a plain true, may read; and the user says nothing but who it is. */
#include "run/review.h"

#include <string.h>

#include "../property.h"
#include "base/json.h"

static const char *name_of(const json_t *user) {
	return json_string_value(json_object_get(user, "username"));
}

static void asks_for_the_metrics(const json_t *user) {
	static const char *const fields[][2] = {
		{"user", "username"}, {"groups", "groups"}, {"uid", "uid"}, {"extra", "extra"}};
	json_t *spec = review_access_spec(user), *asked = json_object_get(spec, "nonResourceAttributes");
	property(json_object_size(asked) == 2 && strcmp(json_text_or(asked, "path", ""), "/metrics") == 0);
	property(strcmp(json_text_or(asked, "verb", ""), "get") == 0);
	size_t said = 1;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		json_t *value = json_object_get(user, fields[i][1]);
		property(json_object_get(spec, fields[i][0]) == value);
		said += value != NULL;
	}
	property(json_object_size(spec) == said);
	json_decref(spec);
}

static void authenticates(const json_t *answer) {
	const json_t *status = json_object_get(answer, "status"), *user = review_user(answer);
	bool named = name_of(json_object_get(status, "user")) && *name_of(json_object_get(status, "user"));
	property((user != NULL) == (named && json_is_true(json_object_get(status, "authenticated"))));
	if (user) {
		property(user == json_object_get(status, "user"));
		asks_for_the_metrics(user);
	}
}

static void allows(const json_t *answer) {
	const json_t *status = json_object_get(answer, "status");
	bool allowed = json_is_true(json_object_get(status, "allowed")) && !json_is_true(json_object_get(status, "denied"));
	property(review_access(answer) == (allowed ? VERDICT_ALLOWED : VERDICT_FORBIDDEN));
}

static void read(const char *text, size_t length, void (*look)(const json_t *answer)) {
	struct error ignored;
	json_t *answer = json_parse(text, length, &ignored);
	if (answer) {
		look(answer);
	}
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data, *end = size ? memchr(text, '\n', size) : NULL;
	size_t first = end ? (size_t)(end - text) : size;
	read(text, first, authenticates);
	if (end) {
		read(end + 1, size - first - 1, allows);
	}
	return 0;
}
