/* A stream of YAML or JSON: the YBCluster, then AllowLists and live objects, each of any form. */
#include "base/json.h"
#include "base/yaml.h"

#include "../property.h"
#include "plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	struct plan plan;
	plan_setup();
	struct arena *arena = arena_create();
	json_t *all = arena_own_json(arena, yaml_parse_all((const char *)data, size, &err));
	if (all && plan_make(arena, json_array_get(all, 0), all, &plan)) {
		for (size_t i = 1; i < json_array_size(all); i++) {
			for (size_t j = 0; j < plan.wanted.count; j++) {
				plan_meet(arena, &plan, &plan.wanted.items[j], json_array_get(all, i));
			}
		}
	}
	arena_destroy(arena);
	return 0;
}
