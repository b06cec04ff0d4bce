#include "kube/lease.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "kube/guard.h"
#include "kube/lease_record.h"

enum { RELEASE_SECONDS = 1 };

static const struct kind lease_kind = {"Lease", "coordination.k8s.io/v1", "leases", false};

struct lease {
	struct kube_config *config;
	struct kube_client *client;
	struct arena *arena;
	char *namespace, *name, *identity;
	struct lease_view view; /* of the thread that acquires and renews */
	bool failing;           /* the last try failed: logged already */
	_Atomic int64_t held_until;
	pthread_mutex_t lock;
	pthread_cond_t stop;
	bool stopped;
};

void lease_identity(char *identity, size_t size) {
	char host[65] = "unknown";
	uint64_t random;
	gethostname(host, sizeof host - 1);
	if (getrandom(&random, sizeof random, 0) != sizeof random) {
		abort();
	}
	snprintf(identity, size, "%s_%016" PRIx64, host, random);
}

struct lease *lease_create(struct kube_config *config, const char *namespace, const char *name, const char *identity) {
	struct lease *lease = xcalloc(1, sizeof *lease);
	lease->config = config;
	lease->client = kube_client_create(config, NULL);
	lease->arena = arena_create();
	lease->namespace = xstrdup(namespace);
	lease->name = xstrdup(name);
	lease->identity = xstrdup(identity);
	pthread_mutex_init(&lease->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lease->stop, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return lease;
}

void lease_destroy(struct lease *lease) {
	if (!lease) {
		return;
	}
	kube_client_destroy(lease->client);
	arena_destroy(lease->arena);
	lease_view_done(&lease->view);
	pthread_cond_destroy(&lease->stop);
	pthread_mutex_destroy(&lease->lock);
	free(lease->namespace);
	free(lease->name);
	free(lease->identity);
	free(lease);
}

/* One request; the answer is what is known from now on. False with `err`. */
static bool ask(struct lease *lease, enum kube_verb verb, json_t *body, struct error *err) {
	struct kube_call call = {
		.verb = verb,
		.kind = &lease_kind,
		.namespace = lease->namespace,
		.name = verb == KUBE_CREATE ? NULL : lease->name,
		.body = body,
	};
	kube_do(lease->client, lease->arena, &call, 1);
	json_decref(body);
	if (!call.ok) {
		*err = call.err;
		return false;
	}
	if (!json_is_object(call.answer)) {
		return fail(err, ERR_UNAVAILABLE, "lease %s/%s: the answer is no object", lease->namespace, lease->name);
	}
	lease_see(&lease->view, json_incref(call.answer), clock_monotonic());
	return true;
}

static bool look(struct lease *lease, struct error *err) {
	if (ask(lease, KUBE_GET, NULL, err)) {
		return true;
	}
	if (err->kind == ERR_NOT_FOUND) {
		lease_see(&lease->view, NULL, clock_monotonic());
		return true;
	}
	return false;
}

/* The term is counted from before the request: others count from when they see its result, which is later. */
static bool write_down(struct lease *lease, enum lease_step step, struct error *err) {
	int64_t before = clock_monotonic();
	json_t *body = lease_body(&lease->view, lease->namespace, lease->name, lease->identity, step, microtime_now());
	if (!ask(lease, step == LEASE_CREATE ? KUBE_CREATE : KUBE_UPDATE, body, err)) {
		return false;
	}
	atomic_store(&lease->held_until, before + SECONDS(LEASE_RENEW_SECONDS));
	return true;
}

enum result { OURS, ANOTHERS, FAILED };

static enum result report(struct lease *lease, const struct error *err) {
	if (!lease->failing && err->kind != ERR_CANCELLED) {
		log_warn("the lease cannot be read or written", "namespace", lease->namespace, "name", lease->name, "error",
			err->text);
	}
	lease->failing = true;
	return FAILED;
}

static enum result try_once(struct lease *lease) {
	struct error err = {.kind = ERR_NONE};
	arena_reset(lease->arena);
	/* Who holds the lease knows what it looks like; a conflict says when that is wrong. */
	bool known = lease->view.lease && !strcmp(lease_holder(lease->view.lease), lease->identity);
	if (!known && !look(lease, &err)) {
		return report(lease, &err);
	}
	for (int attempt = 0; attempt < 2; attempt++) {
		enum lease_step step = lease_decide(&lease->view, lease->identity, clock_monotonic());
		if (step == LEASE_WAIT) {
			lease->failing = false;
			return ANOTHERS;
		}
		if (write_down(lease, step, &err)) {
			lease->failing = false;
			return OURS;
		}
		if ((err.kind != ERR_CONFLICT && err.kind != ERR_NOT_FOUND) || !look(lease, &err)) {
			break;
		}
	}
	/* Whether the write arrived is not known: read before the next one. A lost race is nobody's failure. */
	if (err.kind == ERR_CONFLICT) {
		return FAILED;
	}
	return report(lease, &err);
}

/* False: stopped. Electors that started together shall not stay in step; `most`: no longer than that. */
static bool pause_between(struct lease *lease, int64_t most) {
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t pause = SECONDS(LEASE_RETRY_SECONDS) + clock_monotonic() % SECONDS(0.4);
	int64_t nanoseconds = until.tv_nsec + (most > 0 && most < pause ? most : pause);
	until.tv_sec += nanoseconds / SECONDS(1);
	until.tv_nsec = nanoseconds % SECONDS(1);
	pthread_mutex_lock(&lease->lock);
	while (!lease->stopped && pthread_cond_timedwait(&lease->stop, &lease->lock, &until) == 0) {
	}
	bool stopped = lease->stopped;
	pthread_mutex_unlock(&lease->lock);
	return !stopped;
}

bool lease_acquire(struct lease *lease) {
	char holder[256] = "";
	do {
		enum result result = try_once(lease);
		if (result == OURS) {
			log_info("the lease is ours", "namespace", lease->namespace, "name", lease->name);
			return true;
		}
		const char *other = lease_holder(lease->view.lease);
		if (result == ANOTHERS && strcmp(other, holder) != 0) {
			strncpy(holder, other, sizeof holder - 1);
			log_info("waiting for the lease", "namespace", lease->namespace, "name", lease->name, "holder", other);
		}
		/* A silent holder's lease is taken when it ends, not at the next round. */
	} while (pause_between(lease, lease->view.seen + SECONDS(LEASE_SECONDS) - clock_monotonic()));
	return false;
}

void lease_renew(struct lease *lease, void (*lost)(void *context), void *context) {
	struct guard *guard = guard_create(lease->client, atomic_load(&lease->held_until));
	bool keep = true;
	while (keep && pause_between(lease, 0)) {
		keep = try_once(lease) != ANOTHERS && lease_held(lease);
		guard_set(guard, atomic_load(&lease->held_until));
	}
	guard_destroy(guard);
	pthread_mutex_lock(&lease->lock);
	bool stopped = lease->stopped;
	pthread_mutex_unlock(&lease->lock);
	if (!stopped) {
		atomic_store(&lease->held_until, 0);
		lost(context);
	}
}

bool lease_held(void *context) {
	struct lease *lease = context;
	return clock_monotonic() < atomic_load(&lease->held_until);
}

void lease_stop(struct lease *lease) {
	pthread_mutex_lock(&lease->lock);
	lease->stopped = true;
	pthread_cond_broadcast(&lease->stop);
	kube_client_interrupt(lease->client);
	pthread_mutex_unlock(&lease->lock);
}

void lease_release(struct lease *lease) {
	if (!lease->view.lease || strcmp(lease_holder(lease->view.lease), lease->identity) != 0) {
		return;
	}
	/* From now on nothing is written under it, whatever the server says. */
	atomic_store(&lease->held_until, 0);
	pthread_mutex_lock(&lease->lock);
	struct kube_client *interrupted = lease->client;
	lease->client = kube_client_create(lease->config, NULL);
	pthread_mutex_unlock(&lease->lock);
	kube_client_destroy(interrupted);
	struct guard *guard = guard_create(lease->client, clock_monotonic() + SECONDS(RELEASE_SECONDS));
	struct error err = {.kind = ERR_NONE};
	arena_reset(lease->arena);
	/* Read first: the last renewal may have been cut off after the server took it. */
	bool ok = look(lease, &err);
	if (ok && lease->view.lease && !strcmp(lease_holder(lease->view.lease), lease->identity)) {
		ok = ask(lease, KUBE_UPDATE, lease_body_released(&lease->view, microtime_now()), &err);
	}
	guard_destroy(guard);
	if (!ok) {
		log_warn(
			"the lease could not be released", "namespace", lease->namespace, "name", lease->name, "error", err.text);
	}
}
