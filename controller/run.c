/* `run`: builds the world, starts the threads, waits for a signal, and ends everything in reverse order. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench.h"
#include "commands.h"
#include "kube/lease.h"
#include "kube/watch.h"
#include "pure/manifests.h"
#include "reconcilers/fleet.h"
#include "reconcilers/vault.h"
#include "reconcilers/world.h"
#include "run/probe.h"
#include "run/server.h"
#include "run/worker.h"

enum { END_SECONDS = 5, HUNG_SECONDS = 600 };

/* Everything that lives as long as the process. */
struct run {
	const struct options *options;
	struct kube_config *config;
	struct metrics *metrics;
	struct queue *queue;
	struct store *store;
	struct events *events;
	struct watches *watches;
	struct lease *lease;
	struct kube_fence fence; /* of the lease */
	struct server *server;
	struct workers *workers;
	struct world world;
	pthread_t watching, recording, leading_thread;
	char identity[160];
};

static bool ready(void *context) {
	struct run *run = context;
	return store_synced(run->store, NULL);
}

/* Not while a worker has been with one key for so long: calls to the API server end by themselves, those of a token
 * need not. A new process tests the token before it gives it to anybody. */
static bool alive(void *context) {
	struct run *run = context;
	return queue_stats(run->queue).longest_running_seconds < HUNG_SECONDS;
}

static void *watch(void *run) {
	watches_run(((struct run *)run)->watches);
	return NULL;
}

static void *record(void *run) {
	events_run(((struct run *)run)->events);
	return NULL;
}

/* A process that lost the lease must not go on: it ends, and starts anew as a candidate. */
static void lost(void *context) {
	struct run *run = context;
	log_error("the lease was lost", "identity", run->identity);
	kill(getpid(), SIGTERM);
}

static bool start_server(struct run *run, struct error *err) {
	const struct options *options = run->options;
	run->server = server_start(
		&(struct server_config){
			.health_bind = options->health_bind,
			.metrics_bind = options->metrics_bind,
			.health_port = options->health_port,
			.metrics_port = options->metrics_port,
			.tls_cert_file = options->tls_cert_file,
			.tls_key_file = options->tls_key_file,
			.config = run->config,
			.metrics = run->metrics,
			.ready = ready,
			.alive = alive,
			.context = run,
		},
		err);
	return run->server != NULL;
}

static void collect_token(void *context) {
	struct run *run = context;
	long sessions = vault_sessions(run->world.vault);
	if (sessions >= 0) {
		metrics_set(run->metrics, "ybcluster_token_sessions", "", (double)sessions);
	}
}

static bool build(struct run *run, struct error *err) {
	const struct options *options = run->options;
	run->metrics = metrics_create();
	struct kube_config_options kube = options->kube;
	kube.observe = metrics_request;
	kube.observe_context = run->metrics;
	run->config = kube_config_load(&kube, err);
	if (!run->config || !manifests_load(err)) {
		return false;
	}
	const char *home = options->operator_namespace ? options->operator_namespace : kube_config_namespace(run->config);
	run->world.settings = (struct settings){.cluster_domain = options->cluster_domain,
		.operator_namespace = home,
		.default_version = "2025.2.2.1-b1",
		.dns_cidrs = options->dns_cidrs,
		.pod_cidrs = options->pod_cidrs,
		.metrics_from = options->metrics_from,
		.load_balancer_node_ports = options->load_balancer_node_ports};
	lease_identity(run->identity, sizeof run->identity);
	run->queue = queue_create();
	run->store = store_create(watched_table, watched_count, world_changed, &run->world);
	run->events = events_create(run->config, "ybcluster-operator", run->identity);
	run->watches = watches_create(
		run->config, run->store, watched_table, watched_count, options->namespaces[0] ? options->namespaces : NULL);
	metrics_collect(run->metrics, collect_token, run);
	run->world.queue = run->queue;
	run->world.store = run->store;
	run->world.metrics = run->metrics;
	fleet_export(run->metrics, &run->world);
	if (options->in_cluster || kube_config_in_cluster(run->config)) {
		run->world.prober = prober_start(PROBE_MILLISECONDS);
	}
	pthread_mutex_init(&run->world.turn_lock, NULL);
	if (options->leader_elect) {
		run->lease = lease_create(run->config, home, "ybcluster-operator", run->identity);
		run->fence = (struct kube_fence){lease_held, run->lease};
	}
	run->world.vault = vault_create(&options->token, home, run->lease ? &run->fence : NULL);
	return start_server(run, err);
}

static void start_workers(struct run *run) {
	vault_begin(run->world.vault);
	run->workers = workers_start(&(struct workers_config){.count = run->options->workers,
		.queue = run->queue,
		.config = run->config,
		.fence = run->lease ? &run->fence : NULL,
		.store = run->store,
		.events = run->events,
		.metrics = run->metrics,
		.world = &run->world,
		.reconcilers = bench_reconcilers(&run->world)});
	atomic_store(&run->world.reconciling, true);
	metrics_set(run->metrics, "leader_election_master_status", "name=\"ybcluster-operator\"", 1);
	log_info("reconciling", "identity", run->identity, "server", kube_config_server(run->config));
}

/* Candidates watch already, so that the one that takes over starts warm. */
static void *lead(void *context) {
	struct run *run = context;
	if (!run->lease || lease_acquire(run->lease)) {
		start_workers(run);
		if (run->lease) {
			lease_renew(run->lease, lost, run);
		}
	}
	return NULL;
}

static void wait_for_signal(void) {
	sigset_t signals;
	int which;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigwait(&signals, &which);
	log_info("ending", "signal", which == SIGTERM ? "SIGTERM" : "SIGINT");
}

static void block_signals(void) {
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

/* The lease is released only after the workers have joined: until then writes of ours may be under way. False: one did
 * not, and nothing that it may use can be taken away. */
static bool end(struct run *run) {
	if (run->lease) {
		lease_stop(run->lease);
	}
	vault_end(run->world.vault);
	pthread_join(run->leading_thread, NULL);
	if (run->workers && !workers_stop(run->workers, END_SECONDS)) {
		log_error("a worker does not come back from the token: ending without it");
		return false;
	}
	/* What is left of the events is sent while the lease is given back: a silent server costs the time of one. */
	events_stop(run->events);
	if (run->lease && atomic_load(&run->world.reconciling)) {
		lease_release(run->lease);
	}
	watches_stop(run->watches);
	pthread_join(run->watching, NULL);
	pthread_join(run->recording, NULL);
	return true;
}

/* False: a thread is in a token that hangs, or is slow. */
static bool destroy(struct run *run) {
	if (run->server) {
		server_stop(run->server);
	}
	prober_stop(run->world.prober);
	watches_destroy(run->watches);
	events_destroy(run->events);
	bool token_ended = vault_destroy(run->world.vault);
	lease_destroy(run->lease);
	store_destroy(run->store);
	queue_destroy(run->queue);
	kube_config_destroy(run->config);
	metrics_destroy(run->metrics);
	manifests_unload();
	return token_ended;
}

static void start_thread(pthread_t *thread, void *(*body)(void *run), struct run *run) {
	if (pthread_create(thread, NULL, body, run)) {
		abort();
	}
}

int command_run(const struct options *options) {
	struct run run = {.options = options};
	struct error err = {0};
	block_signals();
	bool ok = build(&run, &err);
	if (!ok) {
		log_error("cannot start", "error", err.text);
	} else {
		start_thread(&run.watching, watch, &run);
		start_thread(&run.recording, record, &run);
		start_thread(&run.leading_thread, lead, &run);
		wait_for_signal();
		if (!end(&run)) {
			_exit(1);
		}
	}
	int status = ok ? 0 : 1;
	if (!destroy(&run)) {
		/* Exit handlers, the module's and OpenSSL's, would free what that thread uses. */
		_exit(status);
	}
	return status;
}
