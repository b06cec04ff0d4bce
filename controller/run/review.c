#include "run/review.h"

#include "base/json.h"

const json_t *review_user(const json_t *answer) {
	const json_t *user = json_get(answer, "status.user");
	bool known = json_bool(answer, "status.authenticated", false) && json_text_or(user, "username", "")[0];
	return known ? user : NULL;
}

json_t *review_access_spec(const json_t *user) {
	json_t *spec = json_object();
	const char *const fields[][2] = {{"user", "username"}, {"groups", "groups"}, {"uid", "uid"}, {"extra", "extra"}};
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		json_t *value = json_object_get(user, fields[i][1]);
		if (value) {
			json_object_set(spec, fields[i][0], value);
		}
	}
	json_put(spec, "nonResourceAttributes.path", json_string("/metrics"));
	json_put(spec, "nonResourceAttributes.verb", json_string("get"));
	return spec;
}

enum verdict review_access(const json_t *answer) {
	bool allowed = json_bool(answer, "status.allowed", false) && !json_bool(answer, "status.denied", false);
	return allowed ? VERDICT_ALLOWED : VERDICT_FORBIDDEN;
}
