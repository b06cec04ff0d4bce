#include "ybcluster/standing.h"

#include "base/json.h"
#include "base/str.h"

bool cluster_read(struct work *work, json_t **live, struct error *err) {
	struct kube_call call = {.verb = KUBE_GET,
		.kind = &kind_ybcluster,
		.namespace = work->pass->namespace,
		.query = arena_printf(work->arena, "fieldSelector=metadata.name%%3D%s", work->pass->name)};
	kube_do(work->pass->client, work->arena, &call, 1);
	const json_t *items = json_object_get(call.answer, "items");
	json_t *found = json_array_get(items, 0);
	*live = str_equal(json_text(found, "metadata.uid"), work->cluster->metadata.uid) ? found : NULL;
	if (!call.ok) {
		*err = call.err;
		return fail_in(err, "read the cluster");
	}
	return json_is_array(items) || fail(err, ERR_UNAVAILABLE, "read the cluster: the answer is no list");
}

bool cluster_destroy_keys(struct work *work, struct error *err) {
	const char *prefix = arena_printf(work->arena, "ybcluster/%s/", work->cluster->metadata.uid);
	struct token *token = vault_token(work->world->vault, err);
	if (!token && err->kind == ERR_BLOCKED && !json_text(work->object, "status.rootCA.fingerprint")) {
		/* No CA was ever made: half-built clusters go away too. Read as it is stored: of one that cannot be decoded
		 * nothing else is known. */
		return true;
	}
	if (!token) {
		return fail_in(err, "the key of the cluster's CA must be destroyed before the cluster can go");
	}
	return work->plan_only || token_keys_destroy(token, prefix, err);
}

bool cluster_stands(struct work *work, struct error *err) {
	json_t *live;
	if (!cluster_read(work, &live, err)) {
		return false;
	}
	if (live && !json_get(live, "metadata.deletionTimestamp")) {
		return true;
	}
	return (live || cluster_destroy_keys(work, err)) && fail(err, ERR_CANCELLED, "the cluster is gone, or going");
}
