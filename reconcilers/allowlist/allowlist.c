/* AllowLists: their status, and their end. A list that clusters refer to is kept by a finalizer until each of them has
 * closed its addresses; that is read from the live policies, not believed. */
#include "allowlist/allowlist.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "crds/allowlist.h"
#include "pure/allow.h"
#include "pure/diff.h"
#include "reconcilers/finalizer.h"
#include "reconcilers/listing.h"
#include "reconcilers/owner.h"
#include "reconcilers/world.h"

#define LIST_FINALIZER "yugabyte.com/allowlist"

struct list_work {
	struct pass *pass;
	struct world *world;
	struct arena *arena;
	json_t *object;
	struct allowlist *list; /* NULL: invalid */
	struct error problem;
	const char **clusters; /* that refer to it */
	size_t cluster_count;
	int64_t now;
};

/* A cluster's summary has the names of its lists, each between line ends. */
static bool refers(const struct object *cluster, const char *line) {
	return cluster->summary.text && strstr(cluster->summary.text, line);
}

static int by_name(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void find_clusters(struct list_work *work) {
	size_t count;
	struct object **all = store_loose(work->pass->store, work->arena, &kind_ybcluster, work->pass->namespace, &count);
	const char *line = arena_printf(work->arena, "\n%s\n", work->pass->name);
	work->clusters = arena_array(work->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (refers(all[i], line)) {
			work->clusters[work->cluster_count++] = all[i]->name;
		}
	}
	qsort(work->clusters, work->cluster_count, sizeof *work->clusters, by_name);
}

static bool has_finalizer(const struct list_work *work) {
	return finalizer_is_on(work->object, LIST_FINALIZER);
}

static json_t *identity(struct list_work *work) {
	return arena_own_json(
		work->arena, json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "apiVersion", kind_allowlist.api_version, "kind",
						 kind_allowlist.name, "metadata", "name", work->pass->name, "namespace", work->pass->namespace,
						 "uid", json_text_or(work->object, "metadata.uid", "")));
}

static bool write(struct list_work *work, enum kube_verb verb, json_t *body, struct error *err) {
	struct kube_call call = {.verb = verb,
		.kind = &kind_allowlist,
		.namespace = work->pass->namespace,
		.name = work->pass->name,
		.body = body,
		.force = true};
	kube_do(work->pass->client, work->arena, &call, 1);
	if (call.ok) {
		store_wrote(work->pass->store, &kind_allowlist, call.answer, NULL);
		return true;
	}
	*err = call.err;
	return call.err.kind == ERR_NOT_FOUND;
}

static bool set_finalizer(struct list_work *work, bool wanted, struct error *err) {
	if (has_finalizer(work) == wanted || !work->pass->may_write) {
		return true;
	}
	if (!wanted) {
		return finalizer_remove(work->pass, &kind_allowlist, work->object, LIST_FINALIZER, err);
	}
	json_t *body = identity(work);
	json_put(body, "metadata.finalizers", json_pack("[s]", LIST_FINALIZER));
	return write(work, KUBE_APPLY, body, err) || fail_in(err, "set the finalizer");
}

/* What is open in one cluster by two objects, and the ranges that its other lists want. Those are the store's: one
 * watch shows them and this list's deletion in order, so they are no older than that. */
struct opening {
	const json_t *cluster;
	bool referred; /* it names this list now */
	struct assigned *lists;
	size_t count;
};

static struct opening opening_of(struct list_work *work, const json_t *cluster) {
	json_t *names = json_get(cluster, "spec.allowLists");
	struct opening opening = {cluster, false, arena_array(work->arena, struct assigned, json_array_size(names) + 1), 0};
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		struct object *other =
			name && strcmp(name, work->pass->name) != 0
				? store_get(work->pass->store, work->arena, &kind_allowlist, work->pass->namespace, name)
				: NULL;
		struct error ignored;
		struct allowlist *list =
			other && !other->deleting ? allowlist_decode(work->arena, other->document, &ignored) : NULL;
		opening.referred = opening.referred || str_equal(name, work->pass->name);
		if (list) {
			opening.lists[opening.count++] = (struct assigned){name, list, NULL};
		}
	}
	return opening;
}

/* The live object's ranges; none of one that is not there, or is not this cluster's: nobody closes those. */
static bool read_ranges(struct list_work *work, const struct opening *opening, enum child_kind kind, const char *name,
	struct cidr **live, size_t *count, struct error *err) {
	struct kube_call call = {
		.verb = KUBE_GET, .kind = kind_of_child(kind), .namespace = work->pass->namespace, .name = name};
	kube_do(work->pass->client, work->arena, &call, 1);
	*count = 0;
	if (!call.ok) {
		*err = call.err;
		return call.err.kind == ERR_NOT_FOUND;
	}
	if (belongs_to(call.answer, json_text_or(opening->cluster, "metadata.uid", ""))) {
		*live = (kind == SERVICE ? allow_sources : allow_live)(work->arena, call.answer, count);
	}
	return true;
}

/* True when nothing that is open now is open because of this list alone. A cluster that names the list closes all that
 * nobody wants; in another one only the list's own addresses matter. The union's limit is no matter here. */
static bool closed_in(struct list_work *work, const json_t *cluster, bool *closed, struct error *err) {
	struct opening opening = opening_of(work, cluster);
	const char *name = json_text_or(cluster, "metadata.name", "");
	const struct {
		enum child_kind kind;
		const char *name;
	} places[] = {{NETWORK_POLICY, policy_name(work->arena, name, POLICY_CLIENTS)}, {SERVICE, name}};
	*closed = true;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct cidr *live = NULL;
		size_t count;
		if (!read_ranges(work, &opening, places[i].kind, places[i].name, &live, &count, err)) {
			return false;
		}
		struct allowed others = allow_union(work->arena, opening.lists, opening.count, live, count, true, work->now);
		*closed =
			*closed && allow_closed(live, count, opening.referred ? NULL : work->list, others.ranges, others.count);
	}
	return true;
}

/* As long again as it already took, up to half a minute. */
static double patience(struct list_work *work) {
	int64_t since = work->now;
	struct error ignored;
	if (!clock_parse(json_text_or(work->object, "metadata.deletionTimestamp", ""), &since, &ignored)) {
		since = work->now;
	}
	int64_t took = work->now - since;
	return (double)(took < 1 ? 1 : took > 30 ? 30 : took);
}

/* Every cluster, not only those that refer to it now: one that just ceased to may not have closed yet. And as the API
 * server has them: who becomes the leader may not know all that the leader before has opened. */
static bool finish(struct list_work *work, struct error *err) {
	struct kube_call call = list_call(work->pass, &kind_ybcluster, NULL);
	kube_do(work->pass->client, work->arena, &call, 1);
	const json_t *clusters;
	if (!listed(&call, &clusters, err)) {
		return false;
	}
	for (size_t i = 0; i < json_array_size(clusters); i++) {
		const json_t *cluster = json_array_get(clusters, i);
		bool closed;
		if (!closed_in(work, cluster, &closed, err)) {
			return fail_in(err, "read what cluster %s has open", json_text_or(cluster, "metadata.name", ""));
		}
		if (!closed) {
			work->pass->again = patience(work);
			return true;
		}
	}
	return set_finalizer(work, false, err);
}

static int rules(struct list_work *work) {
	struct assigned self = {work->pass->name, work->list, NULL};
	struct allowed allowed = allow_union(work->arena, &self, 1, NULL, 0, false, work->now);
	if (allowed.next_expiry) {
		work->pass->again = (double)(allowed.next_expiry - work->now);
	}
	return (int)allowed.count;
}

static json_t *condition(struct list_work *work, const char *type, bool is, const char *reason, const char *message) {
	const char *status = is ? "True" : "False", *since = clock_format(work->arena, work->now);
	json_t *old = json_get(work->object, "status.conditions");
	for (size_t i = 0; i < json_array_size(old); i++) {
		json_t *one = json_array_get(old, i);
		bool same =
			strcmp(json_text_or(one, "type", ""), type) == 0 && strcmp(json_text_or(one, "status", ""), status) == 0;
		since = same ? json_text_or(one, "lastTransitionTime", since) : since;
	}
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "type", type, "status", status, "reason", reason, "message",
		message, "lastTransitionTime", since, "observedGeneration",
		(json_int_t)json_int(work->object, "metadata.generation", 0));
}

static json_t *status_of(struct list_work *work) {
	json_t *clusters = json_array(), *conditions = json_array();
	for (size_t i = 0; i < work->cluster_count && i < 100; i++) {
		json_array_append_new(clusters, json_string(work->clusters[i]));
	}
	int count = work->list ? rules(work) : 0;
	if (work->list) {
		json_array_append_new(conditions,
			condition(work, "Ready", true, "Valid", arena_printf(work->arena, "%d rules count now", count)));
	} else {
		const char *reason = work->problem.reason[0] ? work->problem.reason : "Invalid";
		json_array_append_new(conditions, condition(work, "Ready", false, reason, work->problem.text));
		json_array_append_new(conditions, condition(work, "Stalled", true, reason, work->problem.text));
	}
	return arena_own_json(work->arena, json_pack("{s:I, s:i, s:o, s:o}", "observedGeneration",
										   (json_int_t)json_int(work->object, "metadata.generation", 0), "rules", count,
										   "clusters", clusters, "conditions", conditions));
}

static bool report(struct list_work *work, struct error *err) {
	json_t *status = status_of(work), *live = json_get(work->object, "status");
	bool same_sizes = json_array_size(json_get(status, "clusters")) == json_array_size(json_get(live, "clusters")) &&
	                  json_array_size(json_get(status, "conditions")) == json_array_size(json_get(live, "conditions"));
	if (!work->pass->may_write || (live && same_sizes && !diff_find(work->arena, CHILD_KINDS, status, live))) {
		return true;
	}
	json_t *body = identity(work);
	json_object_set(body, "status", status);
	return write(work, KUBE_APPLY_STATUS, body, err) || fail_in(err, "write the status");
}

static bool reconcile(struct pass *pass, struct error *err) {
	struct list_work work = {.pass = pass, .world = pass->world, .arena = pass->arena, .now = clock_wall()};
	struct object *object = store_get(pass->store, pass->arena, &kind_allowlist, pass->namespace, pass->name);
	if (!object || !object->document) {
		return true;
	}
	if (!pass->may_write) {
		return true;
	}
	work.object = object->document;
	work.list = allowlist_decode(work.arena, work.object, &work.problem);
	find_clusters(&work);
	if (object->deleting) {
		return has_finalizer(&work) ? finish(&work, err) : true;
	}
	/* Once there it stays: who ceased to refer to the list may not have closed yet. Its end looks at that. */
	return set_finalizer(&work, has_finalizer(&work) || work.cluster_count > 0, err) && report(&work, err);
}

const struct reconciler allowlist_reconciler = {"allowlist", &kind_allowlist, reconcile};
