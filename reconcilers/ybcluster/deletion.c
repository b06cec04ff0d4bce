/* The end of a cluster, one step a pass, each step safe to repeat: close outside access, stop compute, remove the
 * children, the volumes if the policy says so, the CA's key, and last the finalizer.
 *
 * Two others may be behind, and what they would still make or not yet show must not stay: the StatefulSets' controller,
 * which makes claims that no owner's reference takes along (so a set is scaled to none, and goes when its controller
 * has seen that), and our own watches (so before what protects pods goes, and before the cluster does, one looks
 * again; and for sets from the start: one whose creation was never answered makes claims like any other). */
#include "ybcluster/deletion.h"

#include <string.h>

#include "base/json.h"
#include "reconcilers/finalizer.h"
#include "ybcluster/apply.h"
#include "ybcluster/checks.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

bool finalizer_set(struct work *work, bool wanted, struct error *err) {
	const struct object_meta *metadata = &work->cluster->metadata;
	if (object_has_finalizer(metadata, FINALIZER) == wanted || work->plan_only) {
		return true;
	}
	work->changes++;
	if (!work->pass->may_write) {
		return true;
	}
	if (!wanted) {
		return finalizer_remove(work->pass, &kind_ybcluster, work->object, FINALIZER, err);
	}
	return cluster_apply(work, KUBE_APPLY, NULL, "metadata.finalizers", json_pack("[s]", FINALIZER), err) ||
	       fail_in(err, "set the finalizer");
}

static bool ours(const struct work *work, const struct child *child) {
	return strcmp(child->owner_uid, work->cluster->metadata.uid) == 0;
}

/* A policy without its owner is in no cluster's group: these four are looked for by name. */
static void add_policies(struct work *work) {
	size_t count = work->children.count;
	struct children all = {arena_array(work->arena, struct child, count + POLICY_COUNT), count};
	for (size_t i = 0; i < count; i++) {
		all.items[i] = work->children.items[i];
	}
	for (enum policy i = POLICY_DENY; i < POLICY_COUNT; i++) {
		const char *name = policy_name(work->arena, work->pass->name, i);
		if (!children_find(&work->children, NETWORK_POLICY, name)) {
			all.items[all.count++] = (struct child){.kind = NETWORK_POLICY, .name = name, .owner_uid = "", .text = ""};
		}
	}
	work->children = all;
}

/* Somebody may have taken the owner's reference off while nothing was reconciled: such an object is ours by its label,
 * which only its document has, and the garbage collector does not know it. One that is not there goes out of the list.
 */
static bool claim_unowned(struct work *work, struct error *err) {
	size_t kept = 0;
	add_policies(work);
	for (size_t i = 0; i < work->children.count; i++) {
		struct child *child = &work->children.items[i];
		bool asked = *child->owner_uid == '\0' && child->kind != POD && child->kind != VOLUME_CLAIM;
		json_t *live = NULL;
		if (asked && !child_document(work, child->kind, child->name, &live, err)) {
			return false;
		}
		if (asked && is_ours(work, live)) {
			child->owner_uid = work->cluster->metadata.uid;
			child->uid = json_text_or(live, "metadata.uid", "");
			child->version = json_text_or(live, "metadata.resourceVersion", "");
			child->deleting = json_get(live, "metadata.deletionTimestamp");
		}
		if (!asked || live) {
			work->children.items[kept++] = *child;
		}
	}
	work->children.count = kept;
	return true;
}

static const char why[] = "the cluster is being deleted";

static bool take_away(struct work *work, const struct child *child, struct error *err) {
	return child->deleting || child_delete(work, child, NULL, why, err);
}

/* The StatefulSets' controller takes its own pods away; what a set has left behind nobody else will. */
static bool take_orphan_away(struct work *work, const struct child *child, struct error *err) {
	return *child->owner_uid || take_away(work, child, err);
}

static bool scale_to_none(struct work *work, const struct child *child, struct error *err) {
	if (child->deleting || !child->number[STATEFUL_SET_REPLICAS]) {
		return true;
	}
	struct patch none = {"scale", why, json_pack("{s:{s:i}}", "spec", "replicas", 0)};
	return child_patch(work, child, &none, err) || err->kind == ERR_NOT_FOUND;
}

/* The Service for clients goes first; the policies go last, with the rest, when no pod is left to protect. */
static bool is_access(const struct work *work, const struct child *child) {
	return ours(work, child) && child->kind == SERVICE && strcmp(child->name, work->cluster->metadata.name) == 0;
}

/* A set that its controller has not seen at none yet: it may be about to make a pod and its claims. */
static bool is_compute(const struct work *work, const struct child *child) {
	return ours(work, child) && child->kind == STATEFUL_SET &&
	       (child->deleting || child->number[STATEFUL_SET_REPLICAS] || !child->number[STATEFUL_SET_OBSERVED]);
}

/* Not one that somebody's ReplicaSet keeps with our label on it: it would never be gone. */
static bool is_pod(const struct work *work, const struct child *child) {
	return child->kind == POD && strcmp(child->cluster_uid, work->cluster->metadata.uid) == 0 &&
	       !is_their_pod(work, child);
}

static bool is_rest(const struct work *work, const struct child *child) {
	return ours(work, child) && child->kind != POD;
}

static bool is_volume(const struct work *work, const struct child *child) {
	return child->kind == VOLUME_CLAIM && strcmp(child->cluster_uid, work->cluster->metadata.uid) == 0;
}

/* C-clients loses its rules at once, before anything else happens. */
static bool close_access(struct work *work, struct error *err) {
	struct allowed nobody = {0};
	struct ybcluster closed = *work->cluster;
	closed.spec.client_count = 0;
	struct inputs inputs = {.cluster = &closed, .settings = &work->world->settings, .allowed = &nobody};
	const char *name = policy_name(work->arena, work->pass->name, POLICY_CLIENTS);
	struct wanted_list all = wanted_list_make(work->arena);
	work->wanted = wanted_list_make(work->arena);
	json_t *policy;
	if (!own_document(work, NETWORK_POLICY, name, &policy, err) ||
		(policy && !desired_policies(work->arena, &inputs, &all, err))) {
		return false;
	}
	for (size_t i = 0; i < all.count; i++) {
		if (strcmp(all.items[i].name, name) == 0) {
			work->wanted.items[work->wanted.count++] = all.items[i];
		}
	}
	return apply_wanted(work, err);
}

/* Volumes that go are gone, and our watch may be late: whether the cluster is going at all, and what it then wants to
 * keep, is what the API server says. `going`: this pass has something to take away. */
static bool confirm(struct work *work, bool *going, struct error *err) {
	json_t *live;
	*going = object_has_finalizer(&work->cluster->metadata, FINALIZER);
	if (!*going || !work->pass->may_write) {
		return true;
	}
	if (!cluster_look(work, &live, err)) {
		return false;
	}
	*going = finalizer_is_on(live, FINALIZER);
	return *going || cluster_destroy_keys(work, err);
}

static const struct step {
	const char *name;
	bool (*chosen)(const struct work *work, const struct child *child);
	bool (*act)(struct work *work, const struct child *child, struct error *err);
	const enum child_kind *looked_for; /* asked of the API server itself before the step counts as done; NULL: none */
	bool while_left;                   /* and also while some are left */
	bool only_with_policy_delete;
} steps[] = {
	{"the Service for clients", is_access, take_away, NULL, false, false},
	{"compute", is_compute, scale_to_none, &(const enum child_kind){STATEFUL_SET}, true, false},
	{"pods", is_pod, take_orphan_away, &(const enum child_kind){POD}, false, false},
	{"children", is_rest, take_away, NULL, false, false},
	{"volumes", is_volume, take_away, &(const enum child_kind){VOLUME_CLAIM}, false, true},
};

/* `left`: how many are still there. */
static bool take(struct work *work, const struct step *step, size_t *left, struct error *err) {
	*left = 0;
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *child = &work->children.items[i];
		if (step->chosen(work, child)) {
			++*left;
			if (!step->act(work, child, err)) {
				return false;
			}
		}
	}
	return true;
}

static bool step_take(struct work *work, const struct step *step, size_t *left, struct error *err) {
	if (!take(work, step, left, err)) {
		return false;
	}
	if (!step->looked_for || !work->pass->may_write || (*left && !step->while_left)) {
		return true;
	}
	return children_look(work, *step->looked_for, err) && take(work, step, left, err);
}

bool deletion_step(struct work *work, struct error *err) {
	world_end_turn(work->world, work->pass->namespace, work->pass->name);
	bool going;
	if (!confirm(work, &going, err)) {
		return false;
	}
	if (!going) {
		return true;
	}
	if (!claim_unowned(work, err) || !close_access(work, err)) {
		return false;
	}
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		if (steps[i].only_with_policy_delete && work->cluster->spec.deletion_policy != DELETION_POLICY_DELETE) {
			continue;
		}
		size_t left;
		if (!step_take(work, &steps[i], &left, err)) {
			return false;
		}
		if (left) {
			wake_at(work, work->now + LOOK_AGAIN); /* what is left may be out of our watches' sight */
			work->observed.reconciling = true;
			work->observed.reconciling_why = arena_printf(work->arena, "deleting: %zu %s left", left, steps[i].name);
			return true;
		}
	}
	if (!work->pass->may_write) {
		work->changes++; /* what seems to be gone may not have come in yet */
		return true;
	}
	return cluster_destroy_keys(work, err) && finalizer_set(work, false, err);
}
