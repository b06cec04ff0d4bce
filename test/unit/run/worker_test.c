#include "run/worker.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "kube/config.h"
#include "run/metrics.h"

/* What the reconciler is to do is in the name; how often it ran and when is written down. */
struct world {
	struct kube_config *config;
	struct queue *queue;
	struct store *store;
	struct metrics *metrics;
	struct workers *workers;
	atomic_int runs, may_write, twice, busy;
	atomic_bool token_away; /* who "hangs" waits for it */
	char namespace[32], name[32];
	int64_t at[2]; /* clock_monotonic() of the latest run and of the one before */
	json_t *lent;  /* to the arena of each pass of the key that "borrows" */
	pthread_mutex_t lock;
};

static const struct kind kind = {"Thing", "example.org/v1", "things", false};
static const struct watched rows[] = {{.kind = &kind, .first = true}};

static bool reconcile(struct pass *pass, struct error *err) {
	struct world *world = pass->world;
	pthread_mutex_lock(&world->lock);
	snprintf(world->namespace, sizeof world->namespace, "%s", pass->namespace);
	snprintf(world->name, sizeof world->name, "%s", pass->name);
	world->at[1] = world->at[0];
	world->at[0] = clock_monotonic();
	pthread_mutex_unlock(&world->lock);
	if (pass->may_write) {
		atomic_fetch_add(&world->may_write, 1);
	}
	int run = atomic_fetch_add(&world->runs, 1);
	assert_non_null(pass->client);
	memset(arena_alloc(pass->arena, 100000), 1, 100000);
	while (!strcmp(pass->name, "hangs") && atomic_load(&world->token_away)) {
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	if (!strcmp(pass->name, "borrows")) {
		arena_own_json(pass->arena, json_incref(world->lent));
	}
	if (!strcmp(pass->name, "again") && run < 2) {
		pass->again = 0.02;
	}
	if (!strcmp(pass->name, "conflict") && run < 3) {
		return (fail)(err, ERR_CONFLICT, "somebody was faster");
	}
	if (!strcmp(pass->name, "invalid")) {
		return (fail)(err, ERR_INVALID, "never right");
	}
	if (!strcmp(pass->name, "refused") && run < 2) {
		(void)(fail)(err, ERR_INVALID, "the API server does not want it today");
		err->http = 413;
		return false;
	}
	if (!strcmp(pass->name, "cancelled")) {
		return (fail)(err, ERR_CANCELLED, "ends");
	}
	if (!strcmp(pass->name, "throttled") && run < 1) {
		(void)(fail)(err, ERR_THROTTLED, "slower");
		err->retry_after = 1;
		return false;
	}
	if (!strcmp(pass->name, "serial")) {
		if (atomic_fetch_add(&world->busy, 1)) {
			atomic_fetch_add(&world->twice, 1);
		}
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
		atomic_fetch_sub(&world->busy, 1);
	}
	return true;
}

static const struct reconciler thing = {"thing", &kind, reconcile};
static const struct reconciler *const reconcilers[] = {&thing, NULL};

static struct kube_config *config_of_nowhere(void) {
	char path[] = "/tmp/worker_test.XXXXXX";
	int file = mkstemp(path);
	static const char text[] = "{apiVersion: v1, kind: Config, current-context: a,\n"
							   "clusters: [{name: a, cluster: {server: \"https://127.0.0.1:1\"}}],\n"
							   "contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {}}]}\n";
	assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
	close(file);
	struct error err = {.kind = ERR_NONE};
	struct kube_config_options options = {.kubeconfig = path, .field_manager = "test", .user_agent = "test"};
	struct kube_config *config = kube_config_load(&options, &err);
	unlink(path);
	if (!config) {
		fail_msg("%s", err.text);
	}
	return config;
}

static void sync_store(struct world *world) {
	store_replace_begin(world->store, &rows[0], NULL);
	store_replace_end(world->store, &rows[0], NULL, 1);
}

static int set_up(void **state) {
	struct world *world = xcalloc(1, sizeof *world);
	world->config = config_of_nowhere();
	world->queue = queue_create();
	world->metrics = metrics_create();
	world->store = store_create(rows, 1, NULL, NULL);
	pthread_mutex_init(&world->lock, NULL);
	struct workers_config config = {
		.count = 4,
		.queue = world->queue,
		.config = world->config,
		.store = world->store,
		.metrics = world->metrics,
		.world = world,
		.reconcilers = reconcilers,
	};
	world->workers = workers_start(&config);
	*state = world;
	return 0;
}

static int tear_down(void **state) {
	struct world *world = *state;
	assert_true(workers_stop(world->workers, 60));
	store_destroy(world->store);
	metrics_destroy(world->metrics);
	queue_destroy(world->queue);
	kube_config_destroy(world->config);
	pthread_mutex_destroy(&world->lock);
	free(world);
	return 0;
}

/* Waits until it ran so often, and a little longer to see that it does not run more often. */
static void expect_runs(struct world *world, int runs) {
	for (int i = 0; i < 3000 && atomic_load(&world->runs) < runs; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	nanosleep(&(struct timespec){.tv_nsec = 60000000}, NULL);
	assert_int_equal(atomic_load(&world->runs), runs);
}

/* A run is counted when it has ended. */
static void expect_metric(struct world *world, const char *line) {
	cleanup_str struct str page = {0};
	for (int i = 0; i < 3000; i++) {
		str_clear(&page);
		metrics_write(world->metrics, &page);
		if (strstr(page.text, line)) {
			return;
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	fail_msg("missing: %s\n%s", line, page.text);
}

static void test_a_key_is_reconciled(void **state) {
	struct world *world = *state;
	sync_store(world);
	queue_add(world->queue, "thing/ns/one", false);
	expect_runs(world, 1);
	assert_string_equal(world->namespace, "ns");
	assert_string_equal(world->name, "one");
	assert_int_equal(world->may_write, 1);
	expect_metric(world, "controller_runtime_reconcile_total{controller=\"thing\",result=\"success\"} 1\n");
	expect_metric(world, "controller_runtime_reconcile_total{controller=\"thing\",result=\"error\"} 0\n");
	expect_metric(world, "controller_runtime_reconcile_time_seconds_count{controller=\"thing\"} 1\n");
	expect_metric(world, "controller_runtime_active_workers{controller=\"thing\"} 0\n");
	expect_metric(world, "controller_runtime_max_concurrent_reconciles{controller=\"thing\"} 4\n");
	expect_metric(world, "workqueue_adds_total{name=\"ybcluster-operator\"} 1\n");
	expect_metric(world, "ybcluster_store_objects{kind=\"Thing\"} 0\n");
	expect_metric(world, "workqueue_depth{name=\"ybcluster-operator\"} 0\n");
}

static void test_keys_of_nobody_do_no_harm(void **state) {
	struct world *world = *state;
	sync_store(world);
	static const char *const keys[] = {"", "thing", "thing/ns", "thing/ns/", "other/ns/one", "thingx/ns/one", "//"};
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		queue_add(world->queue, keys[i], false);
	}
	queue_add(world->queue, "thing//cluster-scoped", false);
	expect_runs(world, 1);
	assert_string_equal(world->namespace, "");
}

static void test_before_the_store_is_synced_nothing_is_decided(void **state) {
	struct world *world = *state;
	queue_add(world->queue, "thing/ns/one", true);
	queue_add(world->queue, "thing/ns/two", true);
	expect_runs(world, 2);
	assert_int_equal(world->may_write, 0);
	sync_store(world);
	expect_runs(world, 4);
	assert_int_equal(world->may_write, 2);
}

static void test_a_namespace_waits_for_its_own_lists_alone(void **state) {
	struct world *world = *state;
	store_replace_begin(world->store, &rows[0], "ns");
	store_replace_begin(world->store, &rows[0], "refused");
	queue_add(world->queue, "thing/refused/one", true);
	queue_add(world->queue, "thing/ns/one", true);
	expect_runs(world, 2);
	store_replace_end(world->store, &rows[0], "ns", 1);
	expect_runs(world, 3);
	assert_int_equal(world->may_write, 1);
	assert_string_equal(world->namespace, "ns");
	queue_add(world->queue, "thing/refused/one", false);
	expect_runs(world, 4);
	store_replace_end(world->store, &rows[0], "refused", 1);
	expect_runs(world, 5); /* held twice, and run once */
	assert_int_equal(world->may_write, 2);
}

static void test_failures_come_back_as_their_kind_says(void **state) {
	struct world *world = *state;
	sync_store(world);
	queue_add(world->queue, "thing/ns/conflict", false);
	expect_runs(world, 4);
	expect_metric(world, "controller_runtime_reconcile_errors_total{controller=\"thing\"} 3\n");
	expect_metric(world, "workqueue_retries_total{name=\"ybcluster-operator\"} 3\n");
	atomic_store(&world->runs, 0);
	queue_add(world->queue, "thing/ns/invalid", false);
	expect_runs(world, 1);
	queue_add(world->queue, "thing/ns/cancelled", false);
	expect_runs(world, 2);
	atomic_store(&world->runs, 0);
	queue_add(world->queue, "thing/ns/refused", false);
	expect_runs(world, 3);
}

/* Standard error goes into a file until the key was reconciled and a line was said; `line` gets that. */
static void listen_while_it_runs(struct world *world, const char *key, char *line, size_t size) {
	char path[] = "/tmp/worker_test.XXXXXX";
	int file = mkstemp(path), before = dup(STDERR_FILENO);
	unlink(path);
	dup2(file, STDERR_FILENO);
	queue_add(world->queue, key, false);
	ssize_t length = 0;
	for (int i = 0; i < 3000 && (length <= 0 || line[length - 1] != '\n'); i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		length = pread(file, line, size - 1, 0);
	}
	dup2(before, STDERR_FILENO);
	close(before);
	line[length > 0 ? length : 0] = '\0';
	close(file);
}

static void test_throttling_is_obeyed(void **state) {
	struct world *world = *state;
	char line[400];
	sync_store(world);
	listen_while_it_runs(world, "thing/ns/throttled", line, sizeof line);
	if (!strstr(line, "\"level\":\"info\"") || !strstr(line, "slower")) {
		fail_msg("an API server that asks to wait is told as: %s", line);
	}
	expect_runs(world, 2);
	assert_true(world->at[0] - world->at[1] >= SECONDS(1));
	expect_metric(world, "controller_runtime_reconcile_total{controller=\"thing\",result=\"requeue_after\"} 1\n");
}

static void test_a_wish_to_run_again_is_granted(void **state) {
	struct world *world = *state;
	sync_store(world);
	queue_add(world->queue, "thing/ns/again", false);
	expect_runs(world, 3);
}

static void test_a_pass_leaves_nothing_in_its_arena(void **state) {
	struct world *world = *state;
	world->lent = json_object();
	sync_store(world);
	queue_add(world->queue, "thing/ns/borrows", false);
	expect_runs(world, 1);
	size_t references = 0;
	for (int i = 0; i < 500 && references != 1; i++) {
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
		references = __atomic_load_n(&world->lent->refcount, __ATOMIC_ACQUIRE);
	}
	json_decref(world->lent);
	assert_int_equal(references, 1);
}

static void test_a_key_never_runs_twice_at_once(void **state) {
	struct world *world = *state;
	sync_store(world);
	for (int i = 0; i < 50 || (i < 20000 && atomic_load(&world->runs) < 2); i++) {
		queue_add(world->queue, "thing/ns/serial", i % 2);
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	assert_true(world->runs > 1);
	assert_int_equal(world->twice, 0);
}

static void test_who_does_not_come_back_is_not_waited_for_for_ever(void **state) {
	struct world *world = *state;
	sync_store(world);
	atomic_store(&world->token_away, true);
	queue_add(world->queue, "thing/ns/hangs", false);
	expect_runs(world, 1);
	int64_t before = clock_monotonic();
	assert_false(workers_stop(world->workers, 0.1));
	assert_true(clock_monotonic() - before < SECONDS(30));
	atomic_store(&world->token_away, false);
}

int main(void) {
	log_setup(LOG_FORMAT_JSON, LOG_INFO);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_key_is_reconciled),
		TEST(test_keys_of_nobody_do_no_harm),
		TEST(test_before_the_store_is_synced_nothing_is_decided),
		TEST(test_a_namespace_waits_for_its_own_lists_alone),
		TEST(test_failures_come_back_as_their_kind_says),
		TEST(test_throttling_is_obeyed),
		TEST(test_a_wish_to_run_again_is_granted),
		TEST(test_a_pass_leaves_nothing_in_its_arena),
		TEST(test_a_key_never_runs_twice_at_once),
		TEST(test_who_does_not_come_back_is_not_waited_for_for_ever),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
