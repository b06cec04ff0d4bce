#include "pure/immutable.h"

#include <string.h>

#include "base/json.h"
#include "pure/desired.h"

static json_t *set_part(const json_t *desired) {
	static const char *const members[] = {"serviceName", "podManagementPolicy", "selector", "volumeClaimTemplates"};
	json_t *spec = json_object();
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		json_object_set(spec, members[i], json_at(desired, "spec", members[i], NULL));
	}
	return json_pack("{s:o}", "spec", spec);
}

static json_t *balancer_part(const json_t *desired) {
	json_t *annotations = json_object();
	const char *key;
	json_t *value;
	json_object_foreach(json_get(desired, "metadata.annotations"), key, value) {
		if (network_is_scheme(key)) {
			json_object_set(annotations, key, value);
		}
	}
	return json_pack("{s:{s:o}}", "metadata", "annotations", annotations);
}

const struct difference *immutable_difference(
	struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live) {
	bool balancer = kind == SERVICE && strcmp(json_text_or(live, "spec.type", ""), "LoadBalancer") == 0 &&
	                strcmp(json_text_or(desired, "spec.type", ""), "LoadBalancer") == 0;
	if (kind != STATEFUL_SET && !balancer) {
		return NULL;
	}
	json_t *part = arena_own_json(arena, kind == STATEFUL_SET ? set_part(desired) : balancer_part(desired));
	return diff_find(arena, kind, part, live);
}
