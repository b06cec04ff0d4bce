/* The writes of one pass, in waves, and what is learned from their answers. */
#include "ybcluster/waves.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/diff.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/scales.h"
#include "ybcluster/standing.h"

/* What closes comes first, what runs comes last; a wave starts when the one before it is written whole. */
enum { WAVES = 3, PARALLEL = 64 };
static int wave_of(enum child_kind kind) {
	return kind == NETWORK_POLICY ? 0 : kind == STATEFUL_SET ? 2 : 1;
}

/* The document with the uid of what it changes: another object of the same name is not touched. And one that carries on
 * what the live one held, with the version that it was read at: a newer one may hold something else. */
static json_t *body_of(struct work *work, const struct change *change) {
	json_t *body = json_copy(change->wanted->document);
	json_t *metadata = json_copy(json_object_get(body, "metadata"));
	const char *version = change->live ? change->wanted->version : document_version(NULL);
	if (change->live) {
		json_object_set_new(metadata, "uid", json_string(json_text_or(change->live, "metadata.uid", "")));
	}
	if (version) {
		json_object_set_new(metadata, "resourceVersion", json_string(version));
	}
	json_object_set_new(body, "metadata", metadata);
	return arena_own_json(work->arena, body);
}

static struct kube_call apply_call(struct work *work, const struct change *change) {
	struct kube_call call = child_call(work, KUBE_APPLY, change->wanted->kind, change->wanted->name);
	call.body = body_of(work, change);
	call.force = change->live != NULL;
	return call;
}

/* The answer is the newest version. When it already is what was wanted, nobody needs to look at it again. */
static bool learn(struct work *work, const struct change *change, const json_t *answer, struct error *err) {
	const struct wanted *wanted = change->wanted;
	const struct difference *left = diff_find(work->arena, wanted->kind, wanted->document, answer);
	bool foreign = diff_foreign(work->arena, wanted->kind, wanted->document, answer) != NULL;
	store_wrote(work->pass->store, kind_of_child(wanted->kind), answer, left || foreign ? NULL : &wanted->digest);
	if (left) {
		return fail(err, ERR_INTERNAL, "%s %s was applied but still differs: %s", child_kind_name(wanted->kind),
			wanted->name, left->text);
	}
	return true;
}

/* A change that neither an edit of the spec nor our own progress (a renewal, a first look at a Service) asked for. */
static bool is_drift(const struct work *work, const struct change *change) {
	const struct ybcluster_status *status = &work->cluster->status;
	bool ours = change->wanted->why || (change->why && str_starts(change->why, "spec.template.metadata.annotations."));
	return change->live && !ours && status->observed_generation == work->cluster->metadata.generation &&
	       status->phase && strcmp(status->phase, "Creating") != 0;
}

static void note_made(struct work *work, const struct change *change, const json_t *answer) {
	struct made *made = arena_new(work->arena, struct made);
	*made =
		(struct made){work->made, change->wanted->kind, change->wanted->name, json_text_or(answer, "metadata.uid", "")};
	work->made = made;
}

/* Its controller looks only at what has a new generation, and says so in the status, which brings the cluster back. */
static bool seen_by_controller(const json_t *set) {
	return json_int(set, "status.observedGeneration", 0) >= json_int(set, "metadata.generation", 1);
}

/* This pass judges by what it saw before it wrote, and the watch tells nobody of what was written here. Unless somebody
 * else acts on it, as the controllers do on a fresh cluster, nobody would ever judge by it. */
static void look_again(struct work *work) {
	if (!work->fresh) {
		wake_soon(work);
	}
}

static bool finish(struct work *work, const struct change *change, const struct kube_call *call, struct error *err) {
	if (call->ok) {
		look_again(work);
		if (!change->live) {
			note_made(work, change, call->answer);
		}
		if (change->wanted->kind == STATEFUL_SET && !seen_by_controller(call->answer)) {
			work->rollout_waits = true;
		}
		if (is_drift(work, change)) {
			world_count_drift(work->world, change->wanted->kind);
		}
		return learn(work, change, call->answer, err);
	}
	*err = call->err;
	if (err->kind == ERR_CONFLICT && !change->live) {
		/* The name is taken, by us perhaps: look at it. */
		return fail_in(err, "take the name of %s %s", call->kind->name, call->name);
	}
	return fail_in(err, "write %s %s", call->kind->name, call->name);
}

bool change_is_due(const struct change *change) {
	return !change->skip && change->why;
}

static bool write_wave(struct work *work, struct change *changes, size_t count, int wave, struct error *err) {
	struct kube_call calls[PARALLEL];
	struct change *which[PARALLEL];
	size_t asked = 0;
	for (size_t i = 0; i < count && asked < PARALLEL; i++) {
		struct change *change = &changes[i];
		if (!change_is_due(change) || wave_of(change->wanted->kind) != wave) {
			continue;
		}
		note_change(work, change->live ? "update" : "create", change->wanted->kind, change->wanted->name, change->why);
		if (!work->plan_only) {
			which[asked] = change;
			calls[asked++] = apply_call(work, change);
		}
	}
	kube_do(work->pass->client, work->arena, calls, asked);
	bool ok = true;
	for (size_t i = 0; i < asked; i++) {
		struct error one;
		which[i]->failed = !finish(work, which[i], &calls[i], &one);
		if (which[i]->failed) {
			*err = ok || one.kind == ERR_CONFLICT ? one : *err;
			ok = false;
		}
	}
	return ok;
}

/* Foreign entries in closed places. After a write the object is another version: then it is looked at again first. */
static bool strip(struct work *work, const struct change *change, struct error *err) {
	if (change->skip || !change->foreign) {
		return true;
	}
	if (change->why) {
		wake_soon(work);
		return true;
	}
	note_change(
		work, "strip", change->wanted->kind, change->wanted->name, "somebody added entries where only ours may be");
	if (work->plan_only) {
		return true;
	}
	struct kube_call call = child_call(work, KUBE_PATCH_JSON, change->wanted->kind, change->wanted->name);
	call.body = change->foreign;
	kube_do(work->pass->client, work->arena, &call, 1);
	if (call.ok) {
		event(work, true, "ForeignEntryRemoved", "Strip",
			arena_printf(work->arena, "took foreign entries off %s %s", call.kind->name, call.name));
	}
	return finish(work, change, &call, err);
}

/* Nothing is written by what is not so any more; nor is anybody let in by what lists do not say any more. */
static bool judged_by_what_is(struct work *work, const struct change *changes, size_t count, struct error *err) {
	const char *clients = policy_name(work->arena, work->pass->name, POLICY_CLIENTS);
	bool any = false, access = false;
	for (size_t i = 0; i < count; i++) {
		const struct wanted *wanted = changes[i].wanted;
		bool due = change_is_due(&changes[i]);
		any = any || due || (!changes[i].skip && changes[i].foreign);
		bool service = wanted->kind == SERVICE && strcmp(wanted->name, work->pass->name) == 0;
		access = access || (due && (service || strcmp(wanted->name, clients) == 0));
	}
	bool opens = access && !work->frozen && !work->plan_only;
	return !any || (inputs_stand(work, err) && (!opens || lists_stand(work, err)));
}

/* No pod may start from a template while its Secret goes. */
static bool secret_leaves(const struct change *changes, size_t count) {
	bool leaves = false;
	for (size_t i = 0; i < count; i++) {
		leaves = leaves || (changes[i].waits && changes[i].wanted->kind == SECRET);
	}
	return leaves;
}

/* No pod may start from a template that is ahead of its Secret. */
static bool secret_failed(const struct change *changes, size_t count) {
	bool failed = false;
	for (size_t i = 0; i < count; i++) {
		failed = failed || (changes[i].failed && changes[i].wanted->kind == SECRET);
	}
	return failed;
}

/* What closes must stand before anything else is made; a failure further on does not hold up the rest, but for a name
 * that a fresh cluster finds taken: nothing more is made then. Nor is a set made for a cluster that is gone, or changed
 * that was scaled meanwhile. */
bool waves_write(struct work *work, struct change *changes, size_t count, struct error *err) {
	if (!judged_by_what_is(work, changes, count, err) || !write_wave(work, changes, count, 0, err)) {
		return false;
	}
	bool ok = true;
	for (int wave = 1; wave < WAVES; wave++) {
		struct error one;
		if (wave == wave_of(STATEFUL_SET) && secret_leaves(changes, count)) {
			work->rollout_waits = true;
			break;
		}
		if (wave == wave_of(STATEFUL_SET) && !scales_stand(work, changes, count, &one)) {
			*err = one;
			ok = false;
			break;
		}
		if (!write_wave(work, changes, count, wave, &one)) {
			*err = ok || one.kind == ERR_CONFLICT ? one : *err;
			ok = false;
		}
		if ((!ok && work->fresh && err->kind == ERR_CONFLICT) || secret_failed(changes, count)) {
			return false;
		}
	}
	for (size_t i = 0; (ok || err->kind != ERR_CANCELLED) && i < count; i++) {
		struct error one;
		if (!strip(work, &changes[i], &one)) {
			*err = ok ? one : *err;
			ok = false;
		}
	}
	return ok;
}
