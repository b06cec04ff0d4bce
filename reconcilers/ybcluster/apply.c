/* From wanted documents to changes: names are taken, and differences found. */
#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "pure/diff.h"
#include "pure/immutable.h"
#include "ybcluster/apply.h"
#include "ybcluster/checks.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/scales.h"
#include "ybcluster/waves.h"

/* On its way out, and waited for. A policy that somebody's finalizer holds still lets in whom it names: that one is
 * compared as long as it is there. */
static bool is_leaving(const struct change *change) {
	bool deleting = change->live ? json_get(change->live, "metadata.deletionTimestamp") != NULL
	                             : change->child && change->child->deleting;
	return deleting && change->wanted->kind != NETWORK_POLICY;
}

/* By what the store has; true: it must be read. A document that is not in the store may be there all the same: before
 * its name is taken it is read. And one whose digest is new, or that changed since it was compared, must be at hand to
 * be compared. What is being deleted may be gone, though its watch has not told yet; but a StatefulSet is waited for,
 * since all that is judged of its pods is judged by that watch. */
static bool is_missing(struct change *change) {
	const struct child *known = change->child, *child = known && !known->deleting ? known : NULL;
	bool compared = child && child->in_sync && digest_equal(&child->compared, &change->wanted->digest);
	bool awaited = known && known->deleting && change->wanted->kind == STATEFUL_SET;
	change->live = child ? child->document : NULL;
	change->skip = compared && !change->wanted->why;
	return !change->live && !change->skip && !awaited;
}

static bool take_answer(struct change *change, const struct kube_call *call, struct error *err) {
	if (call->ok) {
		change->live = call->answer;
	} else if (call->err.kind != ERR_NOT_FOUND) {
		*err = call->err;
		return fail_in(err, "read %s %s", call->kind->name, call->name);
	} else if (change->child && change->wanted->kind == STATEFUL_SET) {
		change->child->deleting = true;
	} else {
		change->child = NULL;
	}
	return true;
}

/* Nothing is read for a fresh cluster, of whose names most likely none is taken, nor for a pass that may not write:
 * what that lacks is on its way. */
static bool read_missing(struct work *work, struct change *changes, size_t count, struct error *err) {
	struct kube_call *calls = arena_array(work->arena, struct kube_call, count);
	size_t *which = arena_array(work->arena, size_t, count), asked = 0;
	for (size_t i = 0; i < count; i++) {
		if (is_missing(&changes[i]) && work->pass->may_write && !work->fresh) {
			which[asked] = i;
			calls[asked++] = child_call(work, KUBE_GET, changes[i].wanted->kind, changes[i].wanted->name);
		}
	}
	kube_do(work->pass->client, work->arena, calls, asked);
	bool ok = true;
	for (size_t i = 0; ok && i < asked; i++) {
		ok = take_answer(&changes[which[i]], &calls[i], err);
	}
	return ok;
}

/* What a fresh cluster made before it met the name that was taken; what is not ours by now is not touched. */
static void take_back(struct work *work) {
	for (const struct made *made = work->made; made; made = made->earlier) {
		struct child child = {.kind = made->kind, .name = made->name, .uid = made->uid};
		struct error err;
		if (!child_take_back(work, &child, "a name of this cluster is taken", &err)) {
			log_warn("an object that was made in vain stays", "kind", child_kind_name(made->kind), "name", made->name,
				"error", err.text);
		}
	}
	work->made = NULL;
}

/* False: nothing may be written. What another one leaves behind and must close first is waited for: nothing runs beside
 * an earlier cluster's policy. */
static bool names_free(struct work *work, struct change *changes, size_t count, struct error *err) {
	for (size_t i = 0; i < count; i++) {
		json_t *live = changes[i].live;
		if (!live || changes[i].skip || is_leaving(&changes[i])) {
			continue;
		}
		if (!no_leftover(work, changes[i].wanted->kind, live, err)) {
			return false;
		}
		if (!is_ours(work, live)) {
			take_back(work);
			return fail_because(err, ERR_BLOCKED, "NameTaken",
				"%s %s exists and belongs to somebody else: delete it, or give the cluster another name",
				child_kind_name(changes[i].wanted->kind), changes[i].wanted->name);
		}
	}
	return true;
}

static void wait_for_end(struct work *work, struct change *change) {
	change->skip = change->waits = true;
	wake_at(work, work->now + LOOK_AGAIN);
	work->observed.reconciling = true;
	work->observed.reconciling_why = awaited_end(work, change->wanted->kind, change->wanted->name);
}

/* The object goes and comes anew; a StatefulSet around its pods (orphan delete). */
static bool renew(struct work *work, struct change *change, const char *why, struct error *err) {
	const struct child old = {.kind = change->wanted->kind,
		.name = change->wanted->name,
		.uid = json_text_or(change->live, "metadata.uid", ""),
		.version = json_text_or(change->live, "metadata.resourceVersion", "")};
	bool set = old.kind == STATEFUL_SET;
	if (set && !scale_is_seen(change, err)) {
		return false;
	}
	change->skip = true;
	wake_soon(work);
	work->observed.reconciling = true;
	work->observed.reconciling_why =
		arena_printf(work->arena, "%s %s is made anew", child_kind_name(old.kind), old.name);
	/* Nobody makes its pods anew until it is there again. */
	work->rollout_waits = work->rollout_waits || (set && !work->plan_only);
	return child_delete(work, &old, set ? "Orphan" : "Background", why, err);
}

/* While the cluster is being deleted nothing is made, and while nothing may open only what lets nobody in. */
static bool may_make(struct work *work, const struct wanted *wanted) {
	bool deny = strcmp(wanted->name, policy_name(work->arena, work->pass->name, POLICY_DENY)) == 0;
	return !work->cluster->metadata.deletion_timestamp && (!work->frozen || deny);
}

static bool compare(struct work *work, struct change *change, struct error *err) {
	if (is_leaving(change)) {
		wait_for_end(work, change);
	}
	if (change->skip) {
		return true;
	}
	if (!change->live) {
		change->why = "it does not exist";
		change->skip = !may_make(work, change->wanted);
		return true;
	}
	const struct wanted *wanted = change->wanted;
	const struct difference *rebuilt = immutable_difference(work->arena, wanted->kind, wanted->document, change->live);
	if (rebuilt && !work->frozen) {
		return renew(work, change, rebuilt->text, err);
	}
	const struct difference *difference = diff_find(work->arena, wanted->kind, wanted->document, change->live);
	change->foreign = diff_foreign(work->arena, wanted->kind, wanted->document, change->live);
	if (difference) {
		change->why = change->wanted->why ? change->wanted->why : difference->text;
	} else if (!change->foreign) {
		change->skip = true;
		if (change->child && change->child->handle) {
			store_compared(work->pass->store, change->child->handle, &change->wanted->digest);
		}
	}
	return true;
}

/* Once, and of the document as it is by now. */
static void seal(struct wanted *wanted) {
	static const struct digest none;
	if (digest_equal(&wanted->digest, &none)) {
		wanted->digest = digest_value(wanted->document);
	}
}

bool apply_pending(struct work *work, struct wanted *wanted) {
	const struct child *child = children_find(&work->children, wanted->kind, wanted->name);
	seal(wanted);
	return child && !(child->in_sync && digest_equal(&child->compared, &wanted->digest));
}

bool apply_wanted(struct work *work, struct error *err) {
	size_t count = work->wanted.count;
	struct change *changes = arena_array(work->arena, struct change, count);
	for (size_t i = 0; i < count; i++) {
		seal(&work->wanted.items[i]);
		changes[i].wanted = &work->wanted.items[i];
		changes[i].child = children_find(&work->children, changes[i].wanted->kind, changes[i].wanted->name);
	}
	if (!read_missing(work, changes, count, err) || !names_free(work, changes, count, err)) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!compare(work, &changes[i], err)) {
			return false;
		}
	}
	if (!work->pass->may_write) {
		for (size_t i = 0; i < count; i++) {
			work->changes += !changes[i].skip || changes[i].foreign;
		}
		return true;
	}
	return waves_write(work, changes, count, err);
}
