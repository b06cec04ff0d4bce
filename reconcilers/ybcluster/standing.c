#include "ybcluster/standing.h"

#include "base/json.h"
#include "base/str.h"
#include "reconcilers/listing.h"
#include "ybcluster/report.h"

static struct kube_call look_call(struct work *work, const struct kind *kind, const char *name) {
	return list_call(work->pass, kind, query_of_name(work->arena, name));
}

/* NULL and no error: there is none. */
static bool look_answer(const struct kube_call *call, json_t **live, struct error *err) {
	const json_t *items;
	bool ok = listed(call, &items, err);
	*live = json_array_get(items, 0);
	return ok;
}

static bool is_same(const struct object_meta *judged, const json_t *live) {
	return str_equal(json_text(live, "metadata.uid"), judged->uid) &&
	       json_int(live, "metadata.generation", 0) == judged->generation &&
	       !json_get(live, "metadata.deletionTimestamp") == !judged->deletion_timestamp;
}

/* Annotations are no part of the generation. */
static bool has_same_wishes(const struct object_meta *judged, const json_t *live) {
	static const char *const wishes[] = {
		ANNOTATION_PAUSED, ANNOTATION_PLAN, ANNOTATION_RESTART, ANNOTATION_ADOPT_VOLUMES};
	bool same = true;
	for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
		const char *wish = json_string_value(json_at(live, "metadata", "annotations", wishes[i], NULL));
		same = same && str_equal(wish, object_annotation(judged, wishes[i]));
	}
	return same;
}

bool fail_superseded(struct error *err) {
	return fail(err, ERR_CONFLICT, "what this pass judges by was changed meanwhile");
}

void cluster_seen(struct work *work, const json_t *answer) {
	const struct object_meta *judged = &work->cluster->metadata;
	store_wrote(work->pass->store, &kind_ybcluster, answer, NULL);
	work->standing = is_same(judged, answer) && has_same_wishes(judged, answer) ? STANDS : SUPERSEDED;
	if (work->standing == SUPERSEDED) {
		wake_soon(work);
	}
}

bool cluster_look(struct work *work, json_t **live, struct error *err) {
	struct kube_call call = look_call(work, &kind_ybcluster, work->pass->name);
	kube_do(work->pass->client, work->arena, &call, 1);
	if (!look_answer(&call, live, err)) {
		return false;
	}
	if (!str_equal(json_text(*live, "metadata.uid"), work->cluster->metadata.uid)) {
		*live = NULL;
		return true;
	}
	cluster_seen(work, *live);
	return work->standing == STANDS || fail_superseded(err);
}

static bool fail_gone(struct error *err) {
	return fail(err, ERR_CANCELLED, "the cluster is gone");
}

bool cluster_overtaken(struct work *work, struct error *err) {
	json_t *live = NULL;
	if (!cluster_look(work, &live, err)) {
		return false;
	}
	if (!live) {
		return fail_gone(err);
	}
	work->standing = SUPERSEDED;
	return fail_superseded(err);
}

bool inputs_stand(struct work *work, struct error *err) {
	json_t *live;
	if (work->standing == SUPERSEDED) {
		return fail_superseded(err);
	}
	if (work->standing == STANDS || !writes(work)) {
		return true;
	}
	return cluster_look(work, &live, err) && (live || fail_gone(err));
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
	if (!cluster_look(work, &live, err)) {
		return false;
	}
	return live || (cluster_destroy_keys(work, err) && fail_gone(err));
}

/* One that could not be counted, for it is not there, invalid or going, must be so still. */
static bool is_judged(struct work *work, const struct assigned *assigned, const json_t *live) {
	if (assigned->list) {
		return is_same(&assigned->list->metadata, live);
	}
	const struct object *known =
		store_get(work->pass->store, work->arena, &kind_allowlist, work->pass->namespace, assigned->name);
	const json_t *document = known ? known->document : NULL;
	return !live || (known && str_equal(json_text(live, "metadata.uid"), known->uid) &&
						json_int(live, "metadata.generation", 0) == json_int(document, "metadata.generation", 0));
}

/* The newest of it is in the store from now on; one that is gone counts as leaving, which closes what is open by it. */
static void tell_store(struct work *work, const struct assigned *assigned, const json_t *live) {
	if (live) {
		store_wrote(work->pass->store, &kind_allowlist, live, NULL);
	} else {
		store_deleted(
			work->pass->store, &kind_allowlist, work->pass->namespace, assigned->name, assigned->list->metadata.uid);
	}
}

bool lists_stand(struct work *work, struct error *err) {
	struct kube_call *calls = arena_array(work->arena, struct kube_call, work->list_count);
	for (size_t i = 0; i < work->list_count; i++) {
		calls[i] = look_call(work, &kind_allowlist, work->lists[i].name);
	}
	kube_do(work->pass->client, work->arena, calls, work->list_count);
	for (size_t i = 0; i < work->list_count; i++) {
		json_t *live;
		if (!look_answer(&calls[i], &live, err)) {
			return false;
		}
		if (!is_judged(work, &work->lists[i], live)) {
			tell_store(work, &work->lists[i], live);
			work->standing = SUPERSEDED;
		}
	}
	return work->standing != SUPERSEDED || fail_superseded(err);
}
