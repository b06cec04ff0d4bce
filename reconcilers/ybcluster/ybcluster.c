/* One reconcile of one YBCluster, in order: observe, decide what is wanted, compare and write, look after pods and
 * volumes, report. Read this first; each step is a file of its name, and what is decided is decided in ../pure. */
#include "ybcluster/ybcluster.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "kube/settled.h"
#include "pure/flags.h"
#include "ybcluster/apply.h"
#include "ybcluster/checks.h"
#include "ybcluster/children.h"
#include "ybcluster/closing.h"
#include "ybcluster/deletion.h"
#include "ybcluster/isolation.h"
#include "ybcluster/observe.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

/* What is left when access and certificates stand. */
static bool desired_rest(struct work *work, struct error *err) {
	return desired_account(work->arena, &work->inputs, &work->wanted, err) &&
	       desired_data_plane(work->arena, &work->inputs, &work->wanted, err);
}

/* In this order: certificates before the StatefulSets that mount them, closing before anything that may take long. */
static bool bring_about(struct work *work, struct error *err) {
	return finalizer_set(work, true, err) && observe_allow_lists(work, err) && access_ensure(work, err) &&
	       certificates_ensure(work, err) && accounts_ensure(work, err) && desired_rest(work, err) &&
	       checks_scale(work, err) && volumes_ensure(work, err) && apply_wanted(work, err) &&
	       strays_ensure(work, err) && rollout_ensure(work, err);
}

/* The very first write says that somebody is at work, before anything else is there; it also pins the version. */
static bool announce(struct work *work, struct error *err) {
	if (!work->unpinned || work->plan_only) {
		return true;
	}
	struct observed found = work->observed;
	work->observed.reconciling = true;
	bool ok = report(work, err);
	work->observed = found;
	return ok;
}

static void explain_protection(struct work *work) {
	bool news = work->cluster->status.observed_generation != work->cluster->metadata.generation;
	if (work->cluster->spec.deletion_protection && news) {
		event(work, false, "DeletionProtected", "Reconcile",
			"deleting this cluster is refused by the API server while spec.deletionProtection is true, if the "
			"installer "
			"put the admission policy in place; deleting its namespace is refused only when that carries the label "
			"yugabyte.com/deletion-protection=true");
	}
}

static bool act(struct work *work, struct error *err) {
	if (work->cluster->metadata.deletion_timestamp) {
		return deletion_step(work, err);
	}
	certificates_observe(work);
	if (work->paused) {
		find_true(&work->observed, "Paused", "PausedByAnnotation",
			"nothing is reconciled but what must close, until the annotation " ANNOTATION_PAUSED " goes");
		world_end_turn(work->world, work->pass->namespace, work->pass->name);
		return only_close(work, err);
	}
	explain_protection(work);
	if (announce(work, err) && checks_before(work, err) && bring_about(work, err)) {
		return true;
	}
	close_after(work, err);
	return false;
}

static bool annotated(const struct ybcluster *cluster, const char *annotation) {
	const char *value = object_annotation(&cluster->metadata, annotation);
	return value && strcmp(value, "true") == 0;
}

/* A stored object can be older than its schema. What cannot be read gets a condition, and what must close is closed; it
 * can be deleted too, for that takes only its metadata (and volumes stay, as by default). */
static struct ybcluster *undecodable(struct work *work, const struct error *why) {
	struct error *kept = arena_new(work->arena, struct error);
	*kept = *why;
	work->unreadable = kept;
	return readable_cluster(work->arena, work->object);
}

static bool name_was_taken(const struct ybcluster *cluster) {
	const struct condition *stalled =
		condition_find(cluster->status.conditions, cluster->status.condition_count, "Stalled");
	return stalled && strcmp(stalled->reason, "NameTaken") == 0;
}

/* Before every kind is synced nothing is decided. What has come in is compared all the same, so that its documents need
 * not be kept; but only once the cluster is whole, for documents that were taken and not compared would have to be read
 * again. The last child that comes in brings the cluster back. Most of these passes end before anything is parsed. */
static bool prepare(struct work *work, bool careful, struct error *err) {
	if (!work->pass->may_write && !children_may_be_whole(work)) {
		return true;
	}
	struct object *object =
		store_get(work->pass->store, work->arena, &kind_ybcluster, work->pass->namespace, work->pass->name);
	work->object = object ? object->document : NULL;
	if (!work->object) {
		return true;
	}
	work->cluster = ybcluster_decode(work->arena, work->object, err);
	if (!work->cluster && !(work->cluster = undecodable(work, err))) {
		drop_children(work);
		return false;
	}
	work->groups = groups_of(work->arena, work->cluster);
	if (!work->pass->may_write && !groups_arrived(work)) {
		work->cluster = NULL;
		return true;
	}
	work->unpinned = work->cluster->status.phase ? NULL : work->cluster->metadata.resource_version;
	work->plan_only = annotated(work->cluster, ANNOTATION_PLAN);
	work->paused = annotated(work->cluster, ANNOTATION_PAUSED);
	work->wanted = wanted_list_make(work->arena);
	work->observed.findings = arena_array(work->arena, struct finding, 16);
	work->observed.cluster = work->cluster;
	work->observed.now = work->now;
	work->observed.version = work->cluster->status.version ? work->cluster->status.version
	                                                       : version_of(work->cluster, &work->world->settings);
	work->observed.plan = work->plan_only ? arena_array(work->arena, struct plan_line, 1) : NULL;
	observe_children(work);
	/* A plan must say what is taken: it looks. */
	work->fresh = work->pass->may_write && !careful && !work->plan_only && !work->children.count &&
	              !work->names_taken && !work->cluster->metadata.deletion_timestamp && !name_was_taken(work->cluster);
	work->inputs = (struct inputs){.cluster = work->cluster,
		.settings = &work->world->settings,
		.allowed = &work->allowed,
		.node_ports = work->world->settings.load_balancer_node_ports};
	const struct child *service = children_find(&work->children, SERVICE, work->pass->name);
	work->inputs.ipv4 = service && (service->number[SERVICE_FAMILIES] & 1);
	work->inputs.ipv6 = service && (service->number[SERVICE_FAMILIES] & 2);
	return true;
}

/* A failure that needs something outside to change becomes a condition; the error still goes to the worker, which comes
 * back with backoff. */
static void conclude(struct work *work, bool ok, struct error *err) {
	if (!ok && err->kind == ERR_NOT_FOUND && err->reason[0]) {
		/* Not an object that is not there, but something outside that the cluster cannot go on without. */
		err->kind = ERR_BLOCKED;
	}
	bool stalls = !ok && (err->kind == ERR_BLOCKED || err->kind == ERR_INVALID || err->kind == ERR_FORBIDDEN);
	checks_after(work, ok ? OUTCOME_DONE : stalls ? OUTCOME_STALLED : OUTCOME_PASSING);
	if (stalls) {
		stall(work, err->reason[0] ? err->reason : error_kind_name(err->kind), err->text);
	} else if (!ok) {
		work->observed.reconciling = true;
		work->observed.reconciling_why = arena_strdup(work->arena, err->text);
	}
}

/* The last pass found nothing to do and would find the same now: whoever queued the cluster did so for nothing. */
static bool settled(struct work *work) {
	struct pass *pass = work->pass;
	int64_t until;
	if (!store_settled(pass->store, &kind_ybcluster, pass->namespace, pass->name, work->now, &until)) {
		return false;
	}
	pass->again = until ? (double)(until - work->now) : 0;
	return true;
}

static void come_back(struct work *work) {
	if (work->wake && work->pass->may_write) {
		work->pass->again = (double)(work->wake - work->now);
	}
}

static bool observe_and_act(struct work *work, bool careful, struct error *err) {
	struct pass *pass = work->pass;
	uint64_t mark = store_mark(pass->store, &kind_ybcluster, pass->namespace, pass->name);
	if (!prepare(work, careful, err)) {
		return false;
	}
	if (!work->cluster) {
		if (!store_has(pass->store, &kind_ybcluster, pass->namespace, pass->name)) {
			drop_children(work);
			isolation_end(work);
		}
		return true;
	}
	if (work->unreadable && !work->cluster->metadata.deletion_timestamp) {
		bool closed = close_unreadable(work, err);
		come_back(work);
		return closed;
	}
	struct error why = {0};
	bool ok = act(work, &why);
	if (!ok && work->standing == SUPERSEDED) {
		return fail_superseded(err);
	}
	if (!ok && why.kind == ERR_CONFLICT && work->fresh) {
		*err = why;
		return false;
	}
	conclude(work, ok, &why);
	come_back(work);
	bool gone = work->cluster->metadata.deletion_timestamp && ok && !work->observed.reconciling;
	/* A status could not be applied to an unreadable one either. */
	if (why.kind != ERR_CANCELLED && !gone && !work->unreadable && !report(work, err)) {
		return false;
	}
	come_back(work); /* sooner, if the answer showed another spec */
	if (!ok) {
		*err = why;
	} else if (!work->changes && !work->cluster->metadata.deletion_timestamp) {
		store_settle(
			pass->store, &kind_ybcluster, pass->namespace, pass->name, mark, (struct rest){work->now, work->wake});
	}
	return ok;
}

static bool reconcile(struct pass *pass, struct error *err) {
	struct work work = {.pass = pass, .world = pass->world, .arena = pass->arena, .now = clock_wall()};
	if (settled(&work)) {
		return true;
	}
	bool ok = observe_and_act(&work, false, err);
	if (ok || !work.fresh || work.standing == SUPERSEDED || err->kind != ERR_CONFLICT) {
		return ok;
	}
	/* A name was taken after all: now each is looked at. What this pass has made is taken back if it must. */
	struct work again = {.pass = pass, .world = pass->world, .arena = pass->arena, .now = work.now, .made = work.made};
	*err = (struct error){0};
	return observe_and_act(&again, true, err);
}

const struct reconciler ybcluster_reconciler = {"ybcluster", &kind_ybcluster, reconcile};
