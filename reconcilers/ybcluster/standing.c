#include "ybcluster/standing.h"

#include "base/json.h"
#include "base/str.h"
#include "ybcluster/report.h"

/* As a list of one. NULL and no error: it is gone; what has its name is another one. */
static bool read(struct work *work, json_t **live, struct error *err) {
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

static bool is_same(const struct object_meta *judged, const json_t *live) {
	static const char *const wishes[] = {
		ANNOTATION_PAUSED, ANNOTATION_PLAN, ANNOTATION_RESTART, ANNOTATION_ADOPT_VOLUMES};
	bool same = json_int(live, "metadata.generation", 0) == judged->generation &&
	            !json_get(live, "metadata.deletionTimestamp") == !judged->deletion_timestamp;
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		const char *wish = json_string_value(json_at(live, "metadata", "annotations", wishes[i], NULL));
		same = same && str_equal(wish, object_annotation(judged, wishes[i]));
	}
	return same;
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

void cluster_answered(struct work *work, const json_t *answer) {
	store_wrote(work->pass->store, &kind_ybcluster, answer, NULL);
	work->confirmed = is_same(&work->cluster->metadata, answer);
	if (!work->confirmed) {
		work->superseded = true;
		wake_soon(work);
	}
}

static bool fail_superseded(struct error *err) {
	return fail(err, ERR_CONFLICT, "what this pass judges by was changed meanwhile");
}

bool cluster_current(struct work *work, json_t **live, struct error *err) {
	if (!read(work, live, err)) {
		return false;
	}
	if (!*live) {
		return cluster_destroy_keys(work, err) && fail(err, ERR_CANCELLED, "the cluster is gone");
	}
	cluster_answered(work, *live);
	return work->confirmed || fail_superseded(err);
}

bool inputs_stand(struct work *work, struct error *err) {
	json_t *live;
	if (work->superseded) {
		return fail_superseded(err);
	}
	return work->confirmed || work->plan_only || !work->pass->may_write || cluster_current(work, &live, err);
}

/* The newest of it is in the store from now on; one that is gone counts as leaving, which closes what is open by it. */
static bool list_stands(struct work *work, const struct assigned *assigned, const struct kube_call *call) {
	const struct object_meta *judged = &assigned->list->metadata;
	bool there = call->ok && str_equal(json_text(call->answer, "metadata.uid"), judged->uid);
	if (there && is_same(judged, call->answer)) {
		return true;
	}
	if (call->ok) {
		store_wrote(work->pass->store, &kind_allowlist, call->answer, NULL);
	} else {
		store_deleted(work->pass->store, &kind_allowlist, work->pass->namespace, assigned->name, judged->uid);
	}
	return false;
}

bool lists_stand(struct work *work, struct error *err) {
	const struct assigned **asked = arena_array(work->arena, const struct assigned *, work->list_count);
	struct kube_call *calls = arena_array(work->arena, struct kube_call, work->list_count);
	size_t count = 0;
	for (size_t i = 0; i < work->list_count; i++) {
		if (work->lists[i].list) {
			asked[count] = &work->lists[i];
			calls[count++] = (struct kube_call){.verb = KUBE_GET,
				.kind = &kind_allowlist,
				.namespace = work->pass->namespace,
				.name = work->lists[i].name};
		}
	}
	kube_do(work->pass->client, work->arena, calls, count);
	for (size_t i = 0; i < count; i++) {
		if (!calls[i].ok && calls[i].err.kind != ERR_NOT_FOUND) {
			*err = calls[i].err;
			return fail_in(err, "read AllowList %s", calls[i].name);
		}
		work->superseded = !list_stands(work, asked[i], &calls[i]) || work->superseded;
	}
	return !work->superseded || fail_superseded(err);
}
