/* A custom resource as a store may hold it, in YAML: decoded whole, or refused with a reason and a text that a
 * condition can hold. What was decoded passes its own rules. */
#include <string.h>

#include "../property.h"
#include "base/json.h"
#include "base/yaml.h"
#include "crds/allowlist.h"
#include "crds/ybcluster.h"

static void refused(const struct error *err) {
	json_t *text = json_string(err->text);
	property(err->kind == ERR_INVALID && strcmp(err->reason, "InvalidSpec") == 0 && json_string_length(text) > 0);
	json_decref(text);
}

static void as_cluster(struct arena *arena, const json_t *object) {
	struct error err = {0};
	struct ybcluster *cluster = ybcluster_decode(arena, object, &err);
	if (!cluster) {
		refused(&err);
		return;
	}
	const struct ybcluster_spec *spec = &cluster->spec;
	property(ybcluster_check(cluster, &err) && ybcluster_fault_tolerance(spec) != FAULT_TOLERANCE_UNSET);
	int copies = ybcluster_replication_factor(spec);
	property(copies >= 1 && copies % 2 == 1);
	property(spec->maintenance_window.start >= 0 && spec->maintenance_window.start < 24 * 60);
	property(spec->tls.duration > spec->tls.renew_before && spec->endpoints.ysql.port > 0);
}

static void as_list(struct arena *arena, const json_t *object) {
	struct error err = {0};
	struct allowlist *list = allowlist_decode(arena, object, &err);
	if (!list) {
		refused(&err);
		return;
	}
	for (size_t i = 0; i < list->spec.entry_count; i++) {
		property(list->spec.entries[i].range.prefix > 0 || list->spec.allow_all);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	struct arena *arena = arena_create();
	json_t *object = arena_own_json(arena, yaml_parse((const char *)data, size, &err));
	if (object) {
		as_cluster(arena, object);
		as_list(arena, object);
	}
	arena_destroy(arena);
	return 0;
}
