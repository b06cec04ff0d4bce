/* Who may come in. Closing never waits: not for the token, not while a cluster is paused, or something holds up the
 * rest, or its spec cannot be read. */
#include "ybcluster/closing.h"
#include "ybcluster/report.h"

#include <string.h>

#include "base/json.h"
#include "base/log.h"
#include "ybcluster/apply.h"
#include "ybcluster/children.h"
#include "ybcluster/observe.h"

static bool is_access(const struct work *work, const struct wanted *wanted) {
	return wanted->kind == NETWORK_POLICY || strcmp(wanted->name, work->pass->name) == 0;
}

static bool desired_access(struct work *work, struct wanted_list *list, struct error *err) {
	*list = wanted_list_make(work->arena);
	return desired_policies(work->arena, &work->inputs, list, err) &&
	       desired_services(work->arena, &work->inputs, list, err);
}

/* True when something of it is there and not known to be as it should be. */
static bool pending(struct work *work, struct wanted_list *all) {
	bool any = false;
	for (size_t i = 0; i < all->count; i++) {
		any = any || (is_access(work, &all->items[i]) && apply_pending(work, &all->items[i]));
	}
	return any;
}

/* A port and an exposure change together with the pods, or not at all: not ahead of certificates that may fail. */
static bool may_go_ahead(struct work *work, bool *may, struct error *err) {
	json_t *policy, *service;
	if (!own_document(work, NETWORK_POLICY, policy_name(work->arena, work->pass->name, POLICY_CLIENTS), &policy, err) ||
		!own_document(work, SERVICE, work->pass->name, &service, err)) {
		return false;
	}
	const struct ybcluster *closed = closed_cluster(work->arena, work->cluster, policy, service, NULL);
	bool silent = !json_array_size(json_get(policy, "spec.ingress"));
	int64_t served = silent ? json_int(service, "spec.ports.0.port", 0) : closed->spec.endpoints.ysql.port;
	*may = served == work->cluster->spec.endpoints.ysql.port &&
	       closed->spec.endpoints.exposure == work->cluster->spec.endpoints.exposure;
	return true;
}

/* What was written is newer than what the pass began with. The documents of the rest are with this pass alone. */
static void observe_again(struct work *work) {
	struct children before = work->children;
	observe_children(work);
	for (size_t i = 0; i < work->children.count; i++) {
		struct child *child = &work->children.items[i];
		const struct child *old = children_find(&before, child->kind, child->name);
		if (old && !child->document && strcmp(old->version, child->version) == 0) {
			child->document = old->document;
		}
	}
}

/* What is there of it is written; the Service only when every policy is. */
static bool write_access(struct work *work, const struct wanted_list *all, struct error *err) {
	bool policies = true;
	work->wanted = wanted_list_make(work->arena);
	for (size_t i = 0; i < all->count; i++) {
		const struct wanted *wanted = &all->items[i];
		bool there = children_find(&work->children, wanted->kind, wanted->name) != NULL;
		policies = policies && (there || wanted->kind != NETWORK_POLICY);
		if (there && is_access(work, wanted) && (policies || wanted->kind == NETWORK_POLICY)) {
			work->wanted.items[work->wanted.count++] = *wanted;
		}
	}
	bool ok = apply_wanted(work, err);
	observe_again(work);
	return ok;
}

/* Before anything is made for it: an earlier cluster's policy, on its way out, still lets in whom it names. */
static bool policies_free(struct work *work, struct error *err) {
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *child = &work->children.items[i];
		bool named = child->kind == NETWORK_POLICY && policy_is_of(work->pass->name, child->name);
		json_t *live = NULL;
		if (named && child->deleting && is_anothers(work, child) &&
			(!child_document(work, NETWORK_POLICY, child->name, &live, err) ||
				!no_leftover(work, NETWORK_POLICY, live, err))) {
			return false;
		}
	}
	return true;
}

bool access_ensure(struct work *work, struct error *err) {
	struct wanted_list all;
	bool may = false;
	if (!policies_free(work, err) || !desired_access(work, &all, err) ||
		(pending(work, &all) && !may_go_ahead(work, &may, err)) || (may && !write_access(work, &all, err))) {
		return false;
	}
	work->wanted = all;
	return true;
}

static bool has_compute(const struct work *work) {
	for (size_t i = 0; i < work->children.count; i++) {
		if (work->children.items[i].kind == STATEFUL_SET) {
			return true;
		}
	}
	return false;
}

/* What is live and ours is kept closed; what is gone is not made, but for C-deny, which opens nothing to anybody. The
 * policies that do not follow from the spec of who comes in are the same as ever. */
static bool may_stand(struct work *work, const struct wanted *wanted, bool *may, struct error *err) {
	const struct child *child = children_find(&work->children, wanted->kind, wanted->name);
	json_t *live;
	*may = child && child->in_sync && !child->deleting;
	if (*may || !is_access(work, wanted)) {
		return true;
	}
	if (!child_document(work, wanted->kind, wanted->name, &live, err)) {
		return false;
	}
	bool deny = strcmp(wanted->name, policy_name(work->arena, work->pass->name, POLICY_DENY)) == 0;
	*may = live ? is_ours(work, live) : deny && has_compute(work);
	return true;
}

static bool close_live(struct work *work, struct error *err) {
	const char *clients = policy_name(work->arena, work->pass->name, POLICY_CLIENTS);
	struct wanted_list all;
	json_t *policy, *service, *servers;
	if (!own_document(work, NETWORK_POLICY, clients, &policy, err) ||
		!own_document(work, SERVICE, work->pass->name, &service, err) ||
		!own_document(work, SERVICE, role_service(work->arena, work->cluster, TSERVER), &servers, err)) {
		return false;
	}
	work->inputs.cluster = closed_cluster(work->arena, work->cluster, policy, service, servers);
	work->inputs.node_ports =
		work->inputs.node_ports && json_bool(service, "spec.allocateLoadBalancerNodePorts", false);
	if (!observe_allow_lists(work, err) || !desired_access(work, &all, err)) {
		return false;
	}
	for (size_t i = 0; i < all.count; i++) {
		bool may;
		if (!may_stand(work, &all.items[i], &may, err)) {
			return false;
		}
		if (may && is_access(work, &all.items[i])) {
			work->wanted.items[work->wanted.count++] = all.items[i];
		}
	}
	return apply_wanted(work, err);
}

bool only_close(struct work *work, struct error *err) {
	work->frozen = true;
	work->fresh = false;
	work->wanted = wanted_list_make(work->arena);
	bool ok = close_live(work, err);
	if (!ok && err->kind != ERR_CANCELLED && err->kind != ERR_CONFLICT) {
		work->not_closed = arena_strdup(work->arena, err->text);
	}
	return ok;
}

void close_after(struct work *work, const struct error *failure) {
	struct error err;
	if (failure->kind == ERR_CANCELLED || failure->kind == ERR_CONFLICT || work->standing == SUPERSEDED) {
		return;
	}
	observe_again(work);
	if (!only_close(work, &err)) {
		log_error("what must close could not be closed", "cluster",
			arena_printf(work->arena, "%s/%s", work->pass->namespace, work->pass->name), "error", err.text);
	}
}

bool close_unreadable(struct work *work, struct error *err) {
	bool closed = only_close(work, err);
	struct error failure;
	if (work->pass->may_write && work->standing != SUPERSEDED &&
		!report_undecodable(work, work->unreadable, &failure)) {
		log_error("the status could not be written", "cluster", work->pass->name, "error", failure.text);
	}
	if (closed) {
		*err = *work->unreadable;
	}
	return false;
}
