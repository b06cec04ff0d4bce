#include "pure/desired.h"

#include "base/json.h"
#include "pure/manifests.h"

enum { MOST_WANTED = 128 };

struct wanted_list wanted_list_make(struct arena *arena) {
	return (struct wanted_list){arena_array(arena, struct wanted, MOST_WANTED), 0};
}

bool want(struct arena *arena, const struct ybcluster *cluster, struct wanted_list *list, enum child_kind kind,
	const char *component, const char *manifest, json_t *values, struct error *err) {
	if (!values) {
		return fail(err, ERR_INTERNAL, "manifest %s: its values cannot be packed", manifest);
	}
	arena_own_json(arena, values);
	if (list->count == MOST_WANTED) {
		return fail(err, ERR_INTERNAL, "more than %d documents", MOST_WANTED);
	}
	json_t *document = manifest_fill(arena, manifest, values, err);
	if (!document) {
		return false;
	}
	own(arena, cluster, component, document);
	const char *name = json_text(document, "metadata.name");
	list->items[list->count++] = (struct wanted){kind, name, document, .why = NULL};
	return true;
}

bool desired_account(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	return want(arena, cluster, list, SERVICE_ACCOUNT, NULL, "serviceaccount",
		json_pack("{s:s}", "name", cluster->metadata.name), err);
}

bool desired_documents(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	return desired_policies(arena, inputs, list, err) && desired_account(arena, inputs, list, err) &&
	       desired_services(arena, inputs, list, err) && desired_data_plane(arena, inputs, list, err);
}
