#include "pure/desired.h"

#include "base/json.h"
#include "pure/manifests.h"

enum { MOST_WANTED = 128 };

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
	list->items[list->count++] = (struct wanted){kind, name, document, digest_json(document), NULL};
	return true;
}

static bool desired_account(struct arena *arena, const struct inputs *inputs, struct wanted_list *list,
	struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	return want(arena, cluster, list, SERVICE_ACCOUNT, NULL, "serviceaccount",
		json_pack("{s:s}", "name", cluster->metadata.name), err);
}

static bool desired_ca(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	if (!inputs->ca_root) {
		return true;
	}
	const struct ybcluster *cluster = inputs->cluster;
	return want(arena, cluster, list, CONFIG_MAP, NULL, "ca",
		json_pack("{s:s, s:s, s:s}", "name", arena_printf(arena, "%s-ca", cluster->metadata.name), "root",
			inputs->ca_root, "chain", inputs->ca_chain),
		err);
}

bool desired_documents(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	*list = (struct wanted_list){arena_array(arena, struct wanted, MOST_WANTED), 0};
	return desired_policies(arena, inputs, list, err) && desired_account(arena, inputs, list, err) &&
	       desired_ca(arena, inputs, list, err) && desired_services(arena, inputs, list, err) &&
	       desired_data_plane(arena, inputs, list, err);
}
