#include "run/worker.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "run/held.h"
#include "run/metrics.h"

/* Keys of the queue that are no reconciler's: "look whether the store is synced by now", and "give memory back". */
static const char SYNC_KEY[] = "/synced", TRIM_KEY[] = "/trim";
static const double SYNC_DELAY = 0.05, TRIM_DELAY = 1;
enum { LOOK_MICROSECONDS = 5000 };

struct worker {
	struct workers *workers;
	struct arena *arena;
	struct kube_client *client;
	pthread_t thread;
	bool joined;
};

struct workers {
	struct workers_config config;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of `held` */
	struct held held;     /* keys that ran while they were not allowed to write yet */
	struct worker worker[];
};

/* What the driver does about one kind of failure. */
enum reaction {
	BACK_OFF,
	WAIT_AS_TOLD, /* the server said for how long at least */
	GIVE_UP,      /* another input will bring the key back */
};

static const struct failure {
	enum reaction reaction;
	enum log_level level;
} failures[] = {
	[ERR_NONE] = {BACK_OFF, LOG_ERROR},
	[ERR_INVALID] = {GIVE_UP, LOG_ERROR},
	[ERR_NOT_FOUND] = {BACK_OFF, LOG_ERROR},
	[ERR_CONFLICT] = {BACK_OFF, LOG_DEBUG},
	[ERR_FORBIDDEN] = {BACK_OFF, LOG_ERROR},
	[ERR_THROTTLED] = {WAIT_AS_TOLD, LOG_INFO}, /* the API server starts, or has much to do */
	[ERR_UNAVAILABLE] = {BACK_OFF, LOG_WARN},
	[ERR_GONE] = {BACK_OFF, LOG_ERROR},
	[ERR_CANCELLED] = {GIVE_UP, LOG_DEBUG},
	[ERR_BLOCKED] = {BACK_OFF, LOG_ERROR},
	[ERR_INTERNAL] = {BACK_OFF, LOG_ERROR},
};

static const struct failure *failure_of(const struct error *err) {
	return &failures[err->kind <= ERR_INTERNAL ? err->kind : ERR_INTERNAL];
}

static enum reaction reaction_to(const struct error *err) {
	if (err->kind == ERR_INVALID && err->http) {
		/* What the API server refuses today (a quota, somebody's admission policy) it may take tomorrow. */
		return BACK_OFF;
	}
	return failure_of(err)->reaction;
}

static const struct reconciler *find_reconciler(const struct workers *workers, const char *name, size_t length) {
	for (const struct reconciler *const *at = workers->config.reconcilers; *at; at++) {
		if (strlen((*at)->name) == length && !memcmp((*at)->name, name, length)) {
			return *at;
		}
	}
	return NULL;
}

/* "<reconciler>/<namespace>/<name>"; the namespace is empty for what is cluster-scoped. */
static const struct reconciler *parse_key(struct worker *worker, const char *key, struct pass *pass) {
	const char *first = strchr(key, '/'), *second = first ? strchr(first + 1, '/') : NULL;
	if (!second || !second[1]) {
		return NULL;
	}
	pass->namespace = arena_strndup(worker->arena, first + 1, (size_t)(second - first - 1));
	pass->name = arena_strdup(worker->arena, second + 1);
	return find_reconciler(worker->workers, key, (size_t)(first - key));
}

/* Keys that were compared before every kind of their namespace was known run again then: nothing was decided about
 * them. */
static void hold(struct workers *workers, const char *key) {
	pthread_mutex_lock(&workers->lock);
	held_add(&workers->held, key);
	pthread_mutex_unlock(&workers->lock);
	queue_add_after(workers->config.queue, SYNC_KEY, SYNC_DELAY);
}

static bool goes(void *context, const char *key) {
	struct worker *worker = context;
	const struct workers_config *config = &worker->workers->config;
	struct pass pass;
	if (parse_key(worker, key, &pass) && !store_synced(config->store, pass.namespace)) {
		return false;
	}
	queue_add(config->queue, key, true);
	return true;
}

static void look_for_sync(struct worker *worker) {
	struct workers *workers = worker->workers;
	pthread_mutex_lock(&workers->lock);
	held_release(&workers->held, goes, worker);
	bool more = workers->held.count;
	pthread_mutex_unlock(&workers->lock);
	if (more) {
		queue_add_after(workers->config.queue, SYNC_KEY, SYNC_DELAY);
	}
}

/* The first lists leave the heap wide and mostly free: once everything has had its turn, that is given back. */
static void trim(struct workers *workers) {
	struct queue_stats stats = queue_stats(workers->config.queue);
	pthread_mutex_lock(&workers->lock);
	bool held = workers->held.count > 0;
	pthread_mutex_unlock(&workers->lock);
	if (stats.depth > 0 || stats.working > 1 || held) {
		queue_add_after(workers->config.queue, TRIM_KEY, TRIM_DELAY);
	} else {
		malloc_trim(0);
	}
}

static const char *result_of(bool ok, enum reaction reaction, const struct pass *pass) {
	if (ok) {
		return pass->again > 0 ? "requeue_after" : "success";
	}
	return reaction == WAIT_AS_TOLD ? "requeue_after" : "error";
}

static void count(struct worker *worker, const char *name, const char *result, double seconds) {
	struct metrics *metrics = worker->workers->config.metrics;
	const char *label = arena_printf(worker->arena, "controller=\"%s\"", name);
	metrics_observe(metrics, "controller_runtime_reconcile_time_seconds", label, seconds);
	metrics_add(metrics, "controller_runtime_reconcile_total",
		arena_printf(worker->arena, "controller=\"%s\",result=\"%s\"", name, result), 1);
	if (!strcmp(result, "error")) {
		metrics_add(metrics, "controller_runtime_reconcile_errors_total", label, 1);
	}
}

static void log_failure(const char *key, const struct error *err) {
	log_line(failure_of(err)->level, "reconcile failed", "key", key, "kind", error_kind_name(err->kind), "reason",
		err->reason[0] ? err->reason : NULL, "error", err->text, (char *)0);
}

/* What is to become of the key. */
struct verdict {
	bool failed;     /* it comes back with backoff */
	double at_least; /* and not before these seconds */
};

static struct verdict judge(enum reaction reaction, const struct error *err) {
	double told = err->retry_after > 0 ? err->retry_after : 1;
	return (struct verdict){reaction != GIVE_UP, reaction == WAIT_AS_TOLD ? told : 0};
}

static struct verdict reconcile(
	struct worker *worker, const struct reconciler *reconciler, struct pass *pass, const char *key) {
	struct workers *workers = worker->workers;
	struct error err = {.kind = ERR_NONE};
	int64_t begin = clock_monotonic();
	pass->may_write = store_synced(workers->config.store, pass->namespace);
	bool ok = reconciler->reconcile(pass, &err);
	double seconds = (double)(clock_monotonic() - begin) / 1e9;
	enum reaction reaction = ok ? GIVE_UP : reaction_to(&err);
	if (!ok) {
		log_failure(key, &err);
	}
	if (!pass->may_write) {
		hold(workers, key);
	}
	if (reaction != WAIT_AS_TOLD && pass->again > 0) {
		/* a failure's backoff may be longer than what time brings: the earlier one counts */
		queue_add_after(workers->config.queue, key, pass->again);
	}
	count(worker, reconciler->name, result_of(ok, reaction, pass), seconds);
	metrics_observe(workers->config.metrics, "workqueue_work_duration_seconds", "name=\"ybcluster-operator\"", seconds);
	return judge(reaction, &err);
}

static struct verdict work(struct worker *worker, const char *key) {
	struct workers *workers = worker->workers;
	if (!strcmp(key, SYNC_KEY)) {
		look_for_sync(worker);
		return (struct verdict){0};
	}
	if (!strcmp(key, TRIM_KEY)) {
		trim(workers);
		return (struct verdict){0};
	}
	struct pass pass = {
		.arena = worker->arena,
		.client = worker->client,
		.store = workers->config.store,
		.events = workers->config.events,
		.world = workers->config.world,
	};
	const struct reconciler *reconciler = parse_key(worker, key, &pass);
	if (!reconciler) {
		log_error("a key of the queue that no reconciler answers to", "key", key);
		return (struct verdict){0};
	}
	metrics_observe(workers->config.metrics, "workqueue_queue_duration_seconds", "name=\"ybcluster-operator\"",
		queue_waited(workers->config.queue, key));
	const char *label = arena_printf(worker->arena, "controller=\"%s\"", reconciler->name);
	metrics_add(workers->config.metrics, "controller_runtime_active_workers", label, 1);
	struct verdict verdict = reconcile(worker, reconciler, &pass, key);
	metrics_add(workers->config.metrics, "controller_runtime_active_workers", label, -1);
	return verdict;
}

static void *run(void *context) {
	struct worker *worker = context;
	struct queue *queue = worker->workers->config.queue;
	for (char *key; (key = queue_get(queue));) {
		struct verdict verdict = work(worker, key);
		arena_reset(worker->arena);
		if (verdict.failed && !atomic_load(&worker->workers->stopping)) {
			queue_failed(queue, key, verdict.at_least);
		} else {
			queue_done(queue, key);
		}
		free(key);
	}
	return NULL;
}

static void collect_store(const struct workers *workers) {
	struct store *store = workers->config.store;
	struct metrics *metrics = workers->config.metrics;
	size_t rows;
	const struct watched *watched = store_watched(store, &rows);
	for (size_t row = 0; row < rows; row++) {
		char label[128];
		snprintf(label, sizeof label, "kind=\"%s\"", watched[row].kind->name);
		metrics_set(metrics, "ybcluster_store_objects", label, (double)store_count(store, row));
	}
	metrics_set(metrics, "ybcluster_store_documents", "", (double)store_documents(store));
}

static void collect(void *context) {
	struct workers *workers = context;
	struct metrics *metrics = workers->config.metrics;
	struct queue_stats stats = queue_stats(workers->config.queue);
	const char *label = "name=\"ybcluster-operator\"";
	metrics_set(metrics, "workqueue_depth", label, (double)stats.depth);
	metrics_set(metrics, "workqueue_adds_total", label, (double)stats.adds);
	metrics_set(metrics, "workqueue_retries_total", label, (double)stats.retries);
	metrics_set(metrics, "workqueue_unfinished_work_seconds", label, stats.unfinished_seconds);
	metrics_set(metrics, "workqueue_longest_running_processor_seconds", label, stats.longest_running_seconds);
	collect_store(workers);
}

/* Series that are there from the start, so that a rate over them is right from the first failure on. */
static void count_from_zero(const struct workers *workers) {
	static const char *const results[] = {"success", "error", "requeue_after"};
	struct metrics *metrics = workers->config.metrics;
	struct arena *arena = workers->worker[0].arena;
	for (const struct reconciler *const *at = workers->config.reconcilers; *at; at++) {
		const char *label = arena_printf(arena, "controller=\"%s\"", (*at)->name);
		metrics_set(metrics, "controller_runtime_max_concurrent_reconciles", label, workers->config.count);
		metrics_add(metrics, "controller_runtime_active_workers", label, 0);
		metrics_add(metrics, "controller_runtime_reconcile_errors_total", label, 0);
		for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
			metrics_add(metrics, "controller_runtime_reconcile_total",
				arena_printf(arena, "%s,result=\"%s\"", label, results[i]), 0);
		}
	}
	arena_reset(arena);
}

struct workers *workers_start(const struct workers_config *config) {
	size_t count = (size_t)(config->count > 0 ? config->count : 1);
	struct workers *workers = xcalloc(1, sizeof *workers + count * sizeof workers->worker[0]);
	workers->config = *config;
	workers->config.count = (int)count;
	pthread_mutex_init(&workers->lock, NULL);
	for (size_t i = 0; i < count; i++) {
		struct worker *worker = &workers->worker[i];
		worker->workers = workers;
		worker->arena = arena_create();
		worker->client = kube_client_create(config->config, config->fence);
	}
	count_from_zero(workers);
	for (size_t i = 0; i < count; i++) {
		if (pthread_create(&workers->worker[i].thread, NULL, run, &workers->worker[i])) {
			abort();
		}
	}
	queue_add_after(config->queue, TRIM_KEY, TRIM_DELAY);
	metrics_collect(config->metrics, collect, workers);
	return workers;
}

static bool all_joined(struct workers *workers) {
	bool all = true;
	for (int i = 0; i < workers->config.count; i++) {
		struct worker *worker = &workers->worker[i];
		worker->joined = worker->joined || pthread_tryjoin_np(worker->thread, NULL) == 0;
		all = all && worker->joined;
	}
	return all;
}

bool workers_stop(struct workers *workers, double seconds) {
	if (!workers) {
		return true;
	}
	int64_t until = clock_monotonic() + SECONDS(seconds);
	atomic_store(&workers->stopping, true);
	queue_stop(workers->config.queue);
	for (int i = 0; i < workers->config.count; i++) {
		kube_client_interrupt(workers->worker[i].client);
	}
	while (!all_joined(workers)) {
		if (clock_monotonic() > until) {
			return false;
		}
		usleep(LOOK_MICROSECONDS);
	}
	for (int i = 0; i < workers->config.count; i++) {
		kube_client_destroy(workers->worker[i].client);
		arena_destroy(workers->worker[i].arena);
	}
	metrics_uncollect(workers->config.metrics, workers);
	held_done(&workers->held);
	pthread_mutex_destroy(&workers->lock);
	free(workers);
	return true;
}
