/* One child at a time: read, judged, deleted, and what is said of it. */
#include "ybcluster/children.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "base/str.h"
#include "pure/pod_name.h"
#include "reconcilers/listing.h"
#include "reconcilers/owner.h"
#include "ybcluster/observe.h"
#include "ybcluster/standing.h"

struct kube_call child_call(struct work *work, enum kube_verb verb, enum child_kind kind, const char *name) {
	return (struct kube_call){
		.verb = verb, .kind = kind_of_child(kind), .namespace = work->pass->namespace, .name = name};
}

/* As the API server has it; NULL and no error: it is not there. */
static bool read_by_name(struct work *work, enum child_kind kind, const char *name, json_t **live, struct error *err) {
	struct kube_call call = child_call(work, KUBE_GET, kind, name);
	kube_do(work->pass->client, work->arena, &call, 1);
	*live = call.ok ? call.answer : NULL;
	if (!call.ok && call.err.kind != ERR_NOT_FOUND) {
		*err = call.err;
		return fail_in(err, "read %s %s", child_kind_name(kind), name);
	}
	return true;
}

bool child_document(struct work *work, enum child_kind kind, const char *name, json_t **document, struct error *err) {
	struct child *child = children_find(&work->children, kind, name);
	*document = child && !child->deleting ? child->document : NULL; /* or it may be gone by now */
	if (*document || work->fresh) {
		return true;
	}
	if (!read_by_name(work, kind, name, document, err)) {
		return false;
	}
	if (child && *document) {
		child->document = *document;
		child->version = json_text_or(*document, "metadata.resourceVersion", child->version);
	}
	return true;
}

bool own_document(struct work *work, enum child_kind kind, const char *name, json_t **document, struct error *err) {
	bool ok = child_document(work, kind, name, document, err);
	if (ok && !is_ours(work, *document)) {
		*document = NULL;
	}
	return ok;
}

/* What a pass plans twice, before something held it up and when it only closed, is one line. */
static bool is_planned(const struct observed *observed, const char *action, const char *object) {
	for (size_t i = 0; i < observed->plan_count; i++) {
		if (strcmp(observed->plan[i].action, action) == 0 && strcmp(observed->plan[i].object, object) == 0) {
			return true;
		}
	}
	return false;
}

void note_change(struct work *work, const char *action, enum child_kind kind, const char *name, const char *why) {
	work->changes++;
	if (work->plan_only) {
		struct observed *observed = &work->observed;
		const char *object = arena_printf(work->arena, "%s/%s", child_kind_name(kind), name);
		if (is_planned(observed, action, object)) {
			return;
		}
		struct plan_line *plan = arena_array(work->arena, struct plan_line, observed->plan_count + 1);
		for (size_t i = 0; i < observed->plan_count; i++) {
			plan[i] = observed->plan[i];
		}
		plan[observed->plan_count++] = (struct plan_line){action, object, why};
		observed->plan = plan;
		return;
	}
	if (!work->pass->may_write) {
		return;
	}
	log_info(action, "cluster", arena_printf(work->arena, "%s/%s", work->pass->namespace, work->pass->name), "kind",
		child_kind_name(kind), "name", name, "why", why);
}

/* etcd's first revision is 1, and is the empty store: no object has it. An apply with it makes an object, or is refused
 * with 409 when there is one by that name: nobody's object is ever changed by mistake. */
static const char NO_VERSION[] = "1";

const char *document_version(const json_t *live) {
	return json_text_or(live, "metadata.resourceVersion", NO_VERSION);
}

bool is_ours(const struct work *work, const json_t *live) {
	return belongs_to(live, work->cluster->metadata.uid);
}

bool is_anothers(const struct work *work, const struct child *child) {
	return *child->owner_uid && strcmp(child->owner_uid, work->cluster->metadata.uid) != 0;
}

bool is_their_pod(const struct work *work, const struct child *pod) {
	return *pod->owner_uid && !pod_is_of(work->cluster->metadata.name, pod->name);
}

const char *awaited_end(struct work *work, enum child_kind kind, const char *name) {
	return arena_printf(
		work->arena, "waiting until %s %s, which is being deleted, is gone", child_kind_name(kind), name);
}

bool no_leftover(struct work *work, enum child_kind kind, const json_t *live, struct error *err) {
	bool waits = live && !is_ours(work, live) && json_get(live, "metadata.deletionTimestamp");
	return !waits || fail(err, ERR_CONFLICT, "%s", awaited_end(work, kind, json_text_or(live, "metadata.name", "")));
}

static bool delete_now(struct work *work, const struct child *child, const char *propagation, struct error *err) {
	struct kube_call call = child_call(work, KUBE_DELETE, child->kind, child->name);
	call.uid = child->uid;
	call.resource_version = child->kind == POD || child->kind == STATEFUL_SET ? NULL : child->version;
	call.propagation = propagation;
	kube_do(work->pass->client, work->arena, &call, 1);
	if (!call.ok) {
		*err = call.err;
		return fail_in(err, "delete %s %s", call.kind->name, call.name);
	}
	store_deleted(work->pass->store, call.kind, call.namespace, call.name, child->uid);
	return true;
}

bool child_delete(
	struct work *work, const struct child *child, const char *propagation, const char *why, struct error *err) {
	note_change(work, "delete", child->kind, child->name, why);
	return !writes(work) || (inputs_stand(work, err) && delete_now(work, child, propagation, err));
}

bool child_take_back(struct work *work, const struct child *child, const char *why, struct error *err) {
	note_change(work, "delete", child->kind, child->name, why);
	return delete_now(work, child, "Background", err);
}

bool child_patch(struct work *work, const struct child *child, const struct patch *patch, struct error *err) {
	struct kube_call call = child_call(work, KUBE_PATCH_MERGE, child->kind, child->name);
	call.body = arena_own_json(work->arena, patch->body);
	json_put(call.body, "metadata.uid", json_string(child->uid));
	note_change(work, patch->action, child->kind, child->name, patch->why);
	if (!writes(work)) {
		return true;
	}
	if (!inputs_stand(work, err)) {
		return false;
	}
	kube_do(work->pass->client, work->arena, &call, 1);
	if (!call.ok) {
		*err = call.err;
		return fail_in(err, "%s %s %s", patch->action, call.kind->name, call.name);
	}
	store_wrote(work->pass->store, call.kind, call.answer, NULL);
	return true;
}

bool children_list(
	struct work *work, enum child_kind kind, const char *query, const json_t **items, struct error *err) {
	struct kube_call call = list_call(work->pass, kind_of_child(kind), query);
	kube_do(work->pass->client, work->arena, &call, 1);
	return listed(&call, items, err);
}

/* By the label that it was listed by it is ours, whatever other one it lost; so is a set whose owner's reference
 * somebody took off. A pod without one is an orphan, and claims never have one. */
static struct child child_by_uid(struct work *work, enum child_kind kind, json_t *item) {
	struct child child = child_shown(work, kind, item);
	child.cluster_uid = work->cluster->metadata.uid;
	if (kind == STATEFUL_SET && !*child.owner_uid) {
		child.owner_uid = work->cluster->metadata.uid;
	}
	return child;
}

/* What the list does not have may have lost its label, or be gone: it is asked for by name. */
static bool look_by_name(struct work *work, const struct child *child, bool *there, struct error *err) {
	json_t *live;
	bool read = read_by_name(work, child->kind, child->name, &live, err);
	*there = read && str_equal(json_text(live, "metadata.uid"), child->uid);
	return read;
}

static bool list_by_uid(struct work *work, enum child_kind kind, struct children *listed, struct error *err) {
	const char *ours =
		arena_printf(work->arena, "labelSelector=" LABEL_CLUSTER_UID "%%3D%s", work->cluster->metadata.uid);
	const json_t *items;
	if (!children_list(work, kind, ours, &items, err)) {
		return false;
	}
	listed->items = arena_array(work->arena, struct child, json_array_size(items) + 1);
	while (listed->count < json_array_size(items)) {
		listed->items[listed->count] = child_by_uid(work, kind, json_array_get(items, listed->count));
		listed->count++;
	}
	return true;
}

bool children_look(struct work *work, enum child_kind kind, struct error *err) {
	const char *uid = work->cluster->metadata.uid;
	struct children listed = {0};
	if (!list_by_uid(work, kind, &listed, err)) {
		return false;
	}
	struct children all = {arena_array(work->arena, struct child, work->children.count + listed.count), 0};
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *known = &work->children.items[i];
		bool asked = known->kind == kind && (str_equal(known->owner_uid, uid) || str_equal(known->cluster_uid, uid));
		bool there = !children_find(&listed, kind, known->name);
		if (asked && there && !look_by_name(work, known, &there, err)) {
			return false;
		}
		if (there) {
			all.items[all.count++] = *known;
		}
	}
	for (size_t i = 0; i < listed.count; i++) {
		all.items[all.count++] = listed.items[i];
	}
	work->children = all;
	return true;
}
