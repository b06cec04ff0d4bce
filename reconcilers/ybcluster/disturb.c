/* What touches running pods and their volumes: growth, and replacing one pod at a time. */
#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "base/str.h"
#include "pure/rollout.h"
#include "pure/volumes.h"
#include "ybcluster/children.h"
#include "ybcluster/observe.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

enum { GROW_AGAIN = 60 }; /* seconds: nobody tells when a claim may grow */

static bool grow(struct work *work, const struct growth *growth, const char **refused, struct error *err) {
	struct patch patch = {"update", growth->why,
		json_pack("{s:{s:{s:{s:s}}}}", "spec", "resources", "requests", "storage", growth->size)};
	if (child_patch(work, growth->claim, &patch, err)) {
		return true;
	}
	bool refusal = err->kind == ERR_FORBIDDEN || err->kind == ERR_INVALID;
	if (!refusal || work->standing != STANDS) {
		return false; /* not of the claim: what was refused may be the look before */
	}
	/* Its class, or a quota, does not let it grow, and the spec cannot go back: all else must go on. */
	*refused = growth->size;
	wake_at(work, work->now + GROW_AGAIN);
	return stall(work, *err->reason ? err->reason : "VolumeExpansionRefused", err->text);
}

static void wait_for_capacity(struct work *work) {
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *claim = &work->children.items[i];
		if (claim->kind == VOLUME_CLAIM && claim->number[CLAIM_CAPACITY] > 0 &&
			claim->number[CLAIM_CAPACITY] < claim->number[CLAIM_REQUESTED]) {
			work->observed.reconciling = true;
			work->observed.reconciling_why = arena_printf(work->arena, "volume %s is growing", claim->name);
		}
	}
}

bool volumes_ensure(struct work *work, struct error *err) {
	size_t count;
	const char *refused = NULL; /* one refusal stands for all claims of a role */
	struct growth *growth = volumes_growth(work->arena, work->cluster, &work->groups, &work->children, &count);
	for (size_t i = 0; i < count; i++) {
		if (growth[i].size != refused && !grow(work, &growth[i], &refused, err)) {
			return false;
		}
	}
	wait_for_capacity(work);
	return true;
}

/* `gone`: it is on its way out. A pod that changed since it was judged is refused when the budget has counted it
 * already (the eviction's handler deletes last): other evictions then wait until the budget's controller has forgotten
 * it, two minutes at most. */
static bool evict(struct work *work, const struct child *pod, const char *why, bool *gone, struct error *err) {
	note_change(work, "evict", POD, pod->name, why);
	*gone = false;
	if (work->plan_only) {
		return true;
	}
	struct kube_call call = child_call(work, KUBE_EVICT, POD, pod->name);
	call.uid = pod->uid;
	call.resource_version = pod->version; /* one that is not ready by now passes the budget */
	kube_do(work->pass->client, work->arena, &call, 1);
	if (call.ok) {
		*gone = true;
		store_deleted(work->pass->store, call.kind, call.namespace, call.name, pod->uid);
		return true;
	}
	if (call.err.kind == ERR_CONFLICT) {
		wake_soon(work);
		work->observed.reconciling_why = arena_printf(work->arena, "pod %s has just changed", pod->name);
		return true;
	}
	if (call.err.kind == ERR_THROTTLED) {
		/* the budget says not now: somebody else drains a node */
		wake_at(work, work->now + 10);
		work->observed.reconciling_why = "the PodDisruptionBudget allows no eviction now";
		return true;
	}
	*err = call.err;
	return fail_in(err, "evict pod %s", pod->name);
}

static bool is_move(const struct rollout *rollout) {
	return rollout->move == ROLLOUT_EVICT || rollout->move == ROLLOUT_DELETE;
}

static bool replace(struct work *work, const struct rollout *rollout, struct error *err) {
	bool evicted = false;
	bool ok = rollout->move == ROLLOUT_EVICT ? evict(work, rollout->pod, rollout->why, &evicted, err)
	                                         : child_delete(work, rollout->pod, NULL, rollout->why, err);
	if (ok && (evicted || rollout->move == ROLLOUT_DELETE)) {
		bool entered = rollout->pod->number[POD_ENTERED];
		if (entered) {
			world_count_drift(work->world, POD);
		}
		event(work, entered, "PodReplaced", "Rollout",
			arena_printf(work->arena, "%s: %s", rollout->pod->name, rollout->why));
	}
	return ok;
}

static struct rollout decide(struct work *work, bool may_disturb) {
	return rollout_next(
		work->arena, work->cluster, &work->groups, &work->wanted, &work->children, work->now, may_disturb);
}

/* Somebody may have written another template, which new pods would have. */
static bool templates_stand(const struct work *work) {
	for (size_t i = 0; i < work->wanted.count; i++) {
		const struct wanted *wanted = &work->wanted.items[i];
		if (wanted->kind != STATEFUL_SET) {
			continue;
		}
		const struct child *set = children_find(&work->children, STATEFUL_SET, wanted->name);
		const char *digest = template_annotation(wanted->document, ANNOTATION_DIGEST);
		if (!set || !str_equal(template_annotation(set->document, ANNOTATION_DIGEST), digest)) {
			return false;
		}
	}
	return true;
}

/* Watches may be late, and a pod that goes is gone: who goes is decided once more by what the API server has now. */
static bool look_again(struct work *work, bool may_disturb, struct rollout *rollout, struct error *err) {
	if (!inputs_stand(work, err) || !observe_live(work, STATEFUL_SET, err) || !observe_live(work, POD, err)) {
		return false;
	}
	*rollout = decide(work, may_disturb);
	if (is_move(rollout) && !templates_stand(work)) {
		rollout->move = ROLLOUT_WAIT;
		rollout->why = ROLLOUT_UNSEEN;
	}
	return true;
}

bool rollout_ensure(struct work *work, struct error *err) {
	if (work->rollout_waits) {
		/* the controller must see them first; the watch brings the cluster back */
		work->observed.reconciling = true;
		if (!work->observed.reconciling_why) {
			work->observed.reconciling_why = ROLLOUT_UNSEEN;
		}
		return true;
	}
	const char *namespace = work->pass->namespace, *name = work->pass->name;
	bool open = window_open(work->cluster, work->now);
	struct rollout rollout = decide(work, false);
	bool may_disturb = rollout.move == ROLLOUT_WINDOW && open && !work->plan_only && !held_back(work) &&
	                   world_take_turn(work->world, namespace, name);
	if (may_disturb) {
		rollout = decide(work, true);
	}
	if (is_move(&rollout) && writes(work) && !look_again(work, may_disturb, &rollout, err)) {
		return false;
	}
	if (rollout.move == ROLLOUT_DONE || !open) {
		world_end_turn(work->world, namespace, name);
	}
	if (rollout.move == ROLLOUT_DONE) {
		return true;
	}
	if (rollout.wake) {
		wake_at(work, rollout.wake);
	}
	if (rollout.move == ROLLOUT_WINDOW) {
		wake_at(work, work->now + (open ? 30 : window_wait(work->cluster, work->now)));
	} else {
		work->observed.reconciling = true;
	}
	work->observed.reconciling_why = rollout.why;
	work->changes += is_move(&rollout);
	return !is_move(&rollout) || !work->pass->may_write || replace(work, &rollout, err);
}
