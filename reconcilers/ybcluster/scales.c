#include "ybcluster/scales.h"

#include "base/json.h"
#include "pure/volumes.h"
#include "ybcluster/observe.h"
#include "ybcluster/standing.h"

static bool fail_scaled(const struct change *change, struct error *err) {
	return fail(err, ERR_CONFLICT, "StatefulSet %s was scaled meanwhile", change->wanted->name);
}

/* As far as summaries count. */
static int64_t pods_of(const json_t *set) {
	int64_t replicas = json_int(set, "spec.replicas", 1);
	return replicas < MOST_PODS ? replicas : MOST_PODS;
}

/* A set out of the watch's sight, by a label that it lost, is never seen there: what puts it right may not wait for
 * that. */
static int64_t pods_seen(const struct change *change) {
	return change->child ? change->child->number[STATEFUL_SET_REPLICAS] : MOST_PODS;
}

bool scale_is_seen(const struct change *change, struct error *err) {
	return pods_of(change->live) <= pods_seen(change) || fail_scaled(change, err);
}

static bool is_due_set(const struct change *change, bool there) {
	return change_is_due(change) && change->wanted->kind == STATEFUL_SET && !change->live == !there;
}

static bool any_due_set(const struct change *changes, size_t count, bool there) {
	bool any = false;
	for (size_t i = 0; i < count; i++) {
		any = any || is_due_set(&changes[i], there);
	}
	return any;
}

static bool changed_stand(struct work *work, const struct change *changes, size_t count, struct error *err) {
	if (!observe_live(work, STATEFUL_SET, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct change *change = &changes[i];
		const struct child *set = children_find(&work->children, STATEFUL_SET, change->wanted->name);
		int64_t listed = set ? set->number[STATEFUL_SET_REPLICAS] : 0, read = pods_of(change->live);
		int64_t has = listed > read ? listed : read;
		if (is_due_set(change, true) && has > pods_of(change->wanted->document) && has > pods_seen(change)) {
			return fail_scaled(change, err);
		}
	}
	return true;
}

/* One that is made takes in the pods that are there. */
static bool made_stand(struct work *work, const struct change *changes, size_t count, struct error *err) {
	const struct children before = work->children;
	if (!observe_live(work, POD, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		const struct change *change = &changes[i];
		int64_t has = volumes_pods_running(&work->children, change->wanted->name);
		if (is_due_set(change, false) && has > pods_of(change->wanted->document) &&
			has > volumes_pods_running(&before, change->wanted->name)) {
			return fail_scaled(change, err);
		}
	}
	return true;
}

bool scales_stand(struct work *work, const struct change *changes, size_t count, struct error *err) {
	bool made = any_due_set(changes, count, false), changed = any_due_set(changes, count, true);
	return (!made || cluster_stands(work, err)) && (!changed || changed_stand(work, changes, count, err)) &&
	       (!made || work->fresh || made_stand(work, changes, count, err));
}
