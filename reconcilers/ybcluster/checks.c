#include "ybcluster/checks.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/endpoint.h"
#include "pure/flags.h"
#include "pure/volumes.h"
#include "ybcluster/isolation.h"
#include "ybcluster/report.h"

/* "2025.2.2.1-b1" belongs to the series "2025.2". */
static bool same_series(const char *a, const char *b) {
	size_t first = strcspn(a, "."), length = first + (a[first] ? 1 + strcspn(a + first + 1, ".") : 0);
	return strncmp(a, b, length) == 0 && (b[length] == '.' || b[length] == '\0');
}

/* What is refused is this wish alone: all else goes on with the release that runs. */
static void check_version(struct work *work) {
	const char *wanted = work->cluster->spec.version, *running = work->cluster->status.version;
	if (!wanted || !running || (same_series(running, wanted) && strverscmp(wanted, running) >= 0)) {
		work->version_accepted = true;
		return;
	}
	work->cluster->spec.version = running;
	stall(work, "NeedsDatabase",
		arena_printf(work->arena,
			"spec.version: %s -> %s leaves the release series or goes back; that needs the database's consent, which "
			"this release of the operator cannot ask for: %s stays",
			running, wanted, running));
}

static bool class_exists(struct work *work, const char *name, struct error *err) {
	struct kube_call call = {.verb = KUBE_GET, .kind = &kind_storage_class, .name = name};
	kube_do(work->pass->client, work->arena, &call, 1);
	if (call.ok || call.err.kind == ERR_FORBIDDEN) {
		/* Without the right to look, the claims themselves will tell. */
		return true;
	}
	if (call.err.kind == ERR_NOT_FOUND) {
		return fail_because(err, ERR_BLOCKED, "StorageClassMissing", "StorageClass %s does not exist", name);
	}
	*err = call.err;
	return fail_in(err, "read StorageClass %s", name);
}

/* Before there is any StatefulSet the pass ends; beside those that are there this one is made with the pods alone whose
 * volumes are there, or not at all, and the pass goes on. */
static bool check_class(struct work *work, size_t group, const char *class, int64_t had, struct error *err) {
	struct error why;
	if (class_exists(work, class, &why)) {
		return true;
	}
	if (why.kind != ERR_BLOCKED || !sets_exist(work)) {
		*err = why;
		return false;
	}
	limit_pods(work, group, had);
	wake_at(work, work->now + LOOK_AGAIN);
	return stall(work, why.reason,
		arena_printf(
			work->arena, "%s: new volumes of StatefulSet %s need it", why.text, work->groups.items[group].name));
}

/* Only while StatefulSets are still to be made, and volumes for them. */
static bool check_storage(struct work *work, struct error *err) {
	const struct ybcluster_processes *both[] = {&work->cluster->spec.masters, &work->cluster->spec.tservers};
	for (size_t i = 0; i < work->groups.count; i++) {
		const struct group *group = &work->groups.items[i];
		const char *class = both[group->role]->storage.class;
		int64_t had = volumes_replicas(work->cluster, &work->children, group->name);
		bool made = children_find(&work->children, STATEFUL_SET, group->name) != NULL;
		if (class && !made && had < group->replicas && !check_class(work, i, class, had, err)) {
			return false;
		}
	}
	return true;
}

bool checks_before(struct work *work, struct error *err) {
	check_version(work);
	return claims_check(work, err) && check_storage(work, err);
}

static void refuse_fewer(struct work *work, const struct wanted *wanted, int64_t has, int64_t replicas) {
	int sets = 0;
	for (size_t i = 0; i < work->groups.count; i++) {
		sets += work->groups.items[i].role == TSERVER;
	}
	stall(work, "NeedsDatabase",
		arena_printf(work->arena,
			"StatefulSet %s has %d pods and %d are wanted: taking nodes away needs the database to move its data "
			"first, which this release of the operator cannot ask for. Set spec.nodes to at least %d",
			wanted->name, (int)has, (int)replicas, (int)has * sets));
}

/* The replicas of one StatefulSet; -1: it is not made. The masters' number never changes: more of them than that were
 * put there by somebody else, and hold nothing. */
static int64_t replicas_of(struct work *work, const struct wanted *wanted, size_t group) {
	const struct child *set = children_find(&work->children, STATEFUL_SET, wanted->name);
	int64_t replicas = json_int(wanted->document, "spec.replicas", 0);
	int64_t had = volumes_replicas(work->cluster, &work->children, wanted->name);
	int64_t run = set ? 0 : volumes_pods_running(&work->children, wanted->name);
	had = run > had ? run : had;
	int64_t has = set && set->number[STATEFUL_SET_REPLICAS] > had ? set->number[STATEFUL_SET_REPLICAS] : had;
	bool running = work->cluster->spec.desired_state != DESIRED_STATE_PAUSED;
	if (running && has > replicas && work->groups.items[group].role == TSERVER) {
		refuse_fewer(work, wanted, has, replicas);
		replicas = has;
	}
	return work->pod_limits ? volumes_pods(replicas, set, had, work->pod_limits[group]) : replicas;
}

static size_t group_of(const struct work *work, const char *name) {
	size_t group = 0;
	while (group < work->groups.count && strcmp(work->groups.items[group].name, name) != 0) {
		group++;
	}
	return group;
}

bool checks_scale(struct work *work, struct error *err) {
	size_t kept = 0;
	(void)err;
	for (size_t i = 0; i < work->wanted.count; i++) {
		struct wanted *wanted = &work->wanted.items[i];
		size_t group = wanted->kind == STATEFUL_SET ? group_of(work, wanted->name) : work->groups.count;
		int64_t replicas = group < work->groups.count ? replicas_of(work, wanted, group) : 0;
		if (group < work->groups.count && replicas >= 0) {
			json_put(wanted->document, "spec.replicas", json_integer(replicas));
		}
		if (replicas >= 0) {
			work->wanted.items[kept++] = *wanted;
		}
	}
	work->wanted.count = kept;
	return true;
}

static void nodes_finding(struct work *work) {
	bool running = work->cluster->spec.desired_state == DESIRED_STATE_RUNNING;
	struct observed *observed = &work->observed;
	observed->masters = readiness_of(work->arena, &work->groups, MASTER, &work->children, running);
	observed->tservers = readiness_of(work->arena, &work->groups, TSERVER, &work->children, running);
	const struct readiness *masters = &observed->masters, *tservers = &observed->tservers;
	const char *message = arena_printf(work->arena, "%d of %d masters and %d of %d tservers are ready", masters->ready,
		masters->desired, tservers->ready, tservers->desired);
	const char *problem = masters->problem ? masters->problem : tservers->problem;
	if (!running && (masters->ready || tservers->ready)) {
		find_unknown(observed, "NodesReady", "Pausing",
			arena_printf(work->arena, "%d masters and %d tservers still run", masters->ready, tservers->ready));
		observed->reconciling = true;
	} else if (!running) {
		find_true(observed, "NodesReady", "Paused", "compute is at 0, as spec.desiredState says");
	} else if (masters->ready < masters->desired || tservers->ready < tservers->desired) {
		const char *reason = masters->reason ? masters->reason : tservers->reason;
		const char *refused = refused_pods(work, &reason);
		problem = refused ? refused : problem;
		find_false(observed, "NodesReady", reason ? reason : "PodsNotReady",
			problem ? arena_printf(work->arena, "%s; %s", message, problem) : message);
		observed->reconciling = true;
		observed->reconciling_why = observed->reconciling_why ? observed->reconciling_why : message;
	} else if (ybcluster_fault_tolerance(&work->cluster->spec) == FAULT_TOLERANCE_ZONE) {
		find_unknown(observed, "NodesReady", "PlacementNotSet",
			arena_printf(work->arena,
				"%s; the database's placement policy, without which zones guarantee nothing, is not set by this "
				"release",
				message));
	} else {
		find_true(observed, "NodesReady", "AllReady", message);
	}
}

/* A leaf that only gained names restarted nobody: true is what can be said of the others, and the names are listed. */
static void issued_finding(struct work *work) {
	struct observed *observed = &work->observed;
	int pods;
	const char *names = hostnames_unserved(work->arena, work->cluster, &work->groups, &work->children, &pods);
	if (!names) {
		find_true(observed, "CertificatesReady", "Issued",
			arena_printf(work->arena,
				"CA %.16s; every leaf verifies against it, has its names, and is served by every pod",
				observed->root_fingerprint));
		return;
	}
	find_true(observed, "CertificatesReady", "NamesNotServed",
		arena_printf(work->arena,
			"CA %.16s; every leaf verifies against it and has its names, but %d tservers started before it had these, "
			"and do not serve them until they restart (annotation " ANNOTATION_RESTART "): %s",
			observed->root_fingerprint, pods, names));
}

/* Every pod runs the newest certificates when none is outdated; until then the condition says how many are. */
static void certificates_finding(struct work *work, const struct rollout *rollout, enum outcome outcome) {
	struct observed *observed = &work->observed;
	if (!observed->root_fingerprint) {
		return;
	}
	if (observed->certificates_not_after <= work->now) {
		find_false(observed, "CertificatesReady", "Expired", "a certificate has expired");
		return;
	}
	wake_at(work, observed->certificates_not_after);
	if (work->ca_moved) {
		find_false(observed, "CertificatesReady", "NotServedByAll",
			"the CA rotation has gone on to its next step, and no pod runs with that yet");
	} else if (rollout->untrusted) {
		find_false(observed, "CertificatesReady", "NotServedByAll",
			arena_printf(work->arena, "%d pods do not run with the newest certificates yet", rollout->untrusted));
	} else if (outcome == OUTCOME_STALLED) {
		find_unknown(
			observed, "CertificatesReady", "NotVerified", "something held up this pass before all was verified");
	} else if (outcome == OUTCOME_DONE && !work->frozen) {
		issued_finding(work);
	}
}

/* Does the plan say that who may connect changes? */
static bool access_planned(const struct work *work) {
	const char *service = arena_printf(work->arena, "%s/%s", child_kind_name(SERVICE), work->pass->name);
	for (size_t i = 0; i < work->observed.plan_count; i++) {
		const char *object = work->observed.plan[i].object;
		if (str_starts(object, child_kind_name(NETWORK_POLICY)) || strcmp(object, service) == 0) {
			return true;
		}
	}
	return false;
}

static void allow_lists_finding(struct work *work, enum outcome outcome) {
	const struct allowed *allowed = work->observed.allowed;
	if (work->plan_only && access_planned(work)) {
		find_false(&work->observed, "AllowListsApplied", "PlanOnly",
			"who may connect would change: that is planned and not done");
	} else if (work->not_closed) {
		find_false(&work->observed, "AllowListsApplied", "NotClosed", work->not_closed);
	} else if (!allowed || outcome == OUTCOME_PASSING) {
		return;
	} else if (allowed->whole && work->frozen) {
		find_unknown(&work->observed, "AllowListsApplied", "OnlyClosing",
			"what must close is closed; what is newly wanted is not opened while the cluster is paused or stalled");
	} else if (!allowed->whole) {
		find_false(&work->observed, "AllowListsApplied", allowed->reason, allowed->message);
	} else if (outcome == OUTCOME_DONE) {
		find_true(&work->observed, "AllowListsApplied", allowed->reason,
			endpoint_access(work->arena, work->cluster, work->inputs.node_ports, allowed->message));
	}
}

/* The release counts as running once every pod runs it: until then the spec may go back to the one before. */
static void pin_version(struct work *work, const struct rollout *rollout, enum outcome outcome) {
	if (work->version_accepted && outcome == OUTCOME_DONE && rollout->move == ROLLOUT_DONE) {
		work->observed.version = version_of(work->cluster, &work->world->settings);
	}
}

static void endpoint_condition(struct work *work, const struct child *service) {
	int64_t due;
	struct finding finding = endpoint_finding(work->arena, work->cluster, service, work->now, &due);
	if (!finding.type || work->cluster->metadata.deletion_timestamp) {
		return;
	}
	find_that(&work->observed, &finding);
	if (due) {
		wake_at(work, due);
	}
}

static void observe_endpoint(struct work *work) {
	const struct child *service = children_find(&work->children, SERVICE, work->pass->name);
	endpoint_condition(work, service);
	if (work->cluster->spec.endpoints.exposure != EXPOSURE_CLUSTER) {
		work->observed.endpoint_host = service && *service->text ? service->text : NULL;
	} else {
		work->observed.endpoint_host =
			service_host(work->arena, work->cluster, &work->world->settings, work->cluster->metadata.name);
	}
}

void checks_after(struct work *work, enum outcome outcome) {
	nodes_finding(work);
	struct rollout rollout =
		rollout_next(work->arena, work->cluster, &work->groups, &work->wanted, &work->children, work->now, false);
	certificates_finding(work, &rollout, outcome);
	allow_lists_finding(work, outcome);
	pin_version(work, &rollout, outcome);
	observe_isolation(work);
	observe_endpoint(work);
}
