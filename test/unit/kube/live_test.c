/* Client and watches against a real API server: the one of the kubeconfig in $YBC_LIVE_KUBECONFIG, as an administrator.
 * Skipped without. Works in a namespace of its own, which it leaves empty. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "kube/stream.h"
#include "kube/watch.h"

enum { MANY = 1203 };

static const struct kind namespaces = {"Namespace", "v1", "namespaces", true};
static const struct kind maps = {"ConfigMap", "v1", "configmaps", false};
static const struct kind pods = {"Pod", "v1", "pods", false};
static const struct kind accounts = {"ServiceAccount", "v1", "serviceaccounts", false};
static const struct kind services = {"Service", "v1", "services", false};
static const struct kind missing = {"Nothing", "nowhere.example/v1", "nothings", false};

static struct kube_config *config;
static struct arena *arena;
static struct kube_client *client;
static atomic_int observed;

static void observe(void *context, const char *host, const char *method, int status, double seconds) {
	(void)context, (void)host, (void)method, (void)status, (void)seconds;
	atomic_fetch_add(&observed, 1);
}

static json_t *object(const struct kind *kind, const char *namespace, const char *name, const char *more) {
	json_t *value = json_object();
	json_put(value, "apiVersion", json_string(kind->api_version));
	json_put(value, "kind", json_string(kind->name));
	json_put(value, "metadata.name", json_string(name));
	if (namespace) {
		json_put(value, "metadata.namespace", json_string(namespace));
	}
	json_t *rest = json_loads(more, 0, NULL);
	assert_non_null(rest);
	json_object_update_recursive(value, rest);
	json_decref(rest);
	return arena_own_json(arena, value);
}

static struct kube_call do_one(struct kube_call call) {
	kube_do(client, arena, &call, 1);
	return call;
}

static struct kube_call done(struct kube_call call) {
	call = do_one(call);
	if (!call.ok) {
		assert_string_equal(call.err.text, "");
	}
	return call;
}

static struct kube_call apply(const struct kind *kind, const char *namespace, const char *name, const char *more) {
	return done((struct kube_call){.verb = KUBE_APPLY,
		.kind = kind,
		.namespace = namespace,
		.name = name,
		.force = true,
		.body = object(kind, namespace, name, more)});
}

static int begin(void **state) {
	(void)state;
	const char *path = getenv("YBC_LIVE_KUBECONFIG");
	struct error err = {0};
	if (!path) {
		return 0;
	}
	struct kube_config_options options = {.kubeconfig = path, .field_manager = "live-test", .observe = observe};
	config = kube_config_load(&options, &err);
	if (!config) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	arena = arena_create();
	client = kube_client_create(config, NULL);
	apply(&namespaces, NULL, "live-a", "{}");
	apply(&namespaces, NULL, "live-b", "{}");
	return 0;
}

static int end(void **state) {
	(void)state;
	if (config) {
		kube_client_destroy(client);
		arena_destroy(arena);
		kube_config_destroy(config);
	}
	return 0;
}

#define NEEDS_SERVER                                                                                                   \
	do {                                                                                                               \
		if (!config) {                                                                                                 \
			skip();                                                                                                    \
		}                                                                                                              \
	} while (0)

static void objects_come_and_go(void **state) {
	(void)state;
	NEEDS_SERVER;
	struct kube_call call = apply(&maps, "live-a", "one", "{\"data\":{\"a\":\"b\"}}");
	const char *uid = json_text(call.answer, "metadata.uid");
	call = done((struct kube_call){.verb = KUBE_GET, .kind = &maps, .namespace = "live-a", .name = "one"});
	assert_string_equal(json_text(call.answer, "data.a"), "b");
	assert_null(json_get(call.answer, "metadata.managedFields"));
	struct kube_call gone = {.verb = KUBE_DELETE, .kind = &maps, .namespace = "live-a", .name = "one", .uid = "other"};
	call = do_one(gone);
	assert_int_equal(call.err.kind, ERR_CONFLICT);
	gone.uid = uid;
	gone.resource_version = "1";
	assert_int_equal(do_one(gone).err.kind, ERR_CONFLICT);
	gone.resource_version = NULL;
	done(gone);
	done(gone);
	call = do_one((struct kube_call){.verb = KUBE_GET, .kind = &maps, .namespace = "live-a", .name = "one"});
	assert_false(call.ok);
	assert_int_equal(call.err.kind, ERR_NOT_FOUND);
	assert_int_equal(call.err.http, 404);
	assert_null(call.answer);
	assert_true(atomic_load(&observed) > 5);
}

static void refusals_say_why(void **state) {
	(void)state;
	NEEDS_SERVER;
	struct kube_call call = do_one((struct kube_call){.verb = KUBE_APPLY,
		.kind = &services,
		.namespace = "live-a",
		.name = "bad",
		.body = object(&services, "live-a", "bad", "{\"spec\":{\"ports\":[{\"port\":70000}]}}")});
	assert_int_equal(call.err.kind, ERR_INVALID);
	assert_non_null(strstr(call.err.text, "spec.ports[0].port"));
	call = do_one((struct kube_call){.verb = KUBE_APPLY,
		.kind = &maps,
		.namespace = "nowhere",
		.name = "x",
		.body = object(&maps, "nowhere", "x", "{}")});
	assert_int_equal(call.err.kind, ERR_NOT_FOUND);
	call = do_one((struct kube_call){.verb = KUBE_GET, .kind = &missing, .namespace = "live-a"});
	assert_int_equal(call.err.kind, ERR_NOT_FOUND);
}

static void a_foreign_field_is_a_conflict_without_force(void **state) {
	(void)state;
	NEEDS_SERVER;
	struct kube_call create = {.verb = KUBE_CREATE,
		.kind = &maps,
		.namespace = "live-a",
		.name = "theirs",
		.query = "fieldValidation=Strict",
		.body = object(&maps, "live-a", "theirs", "{\"data\":{\"a\":\"x\"}}")};
	struct kube_call call = done(create);
	const char *uid = json_text(call.answer, "metadata.uid");
	assert_int_equal(do_one(create).err.kind, ERR_CONFLICT);
	call = done((struct kube_call){
		.verb = KUBE_UPDATE, .kind = &maps, .namespace = "live-a", .name = "theirs", .body = call.answer});
	call = do_one((struct kube_call){.verb = KUBE_APPLY,
		.kind = &maps,
		.namespace = "live-a",
		.name = "theirs",
		.body = object(&maps, "live-a", "theirs", "{\"data\":{\"a\":\"y\"}}")});
	assert_int_equal(call.err.kind, ERR_CONFLICT);
	apply(&maps, "live-a", "theirs", "{\"data\":{\"a\":\"y\"}}");
	json_t *patch = arena_own_json(arena, json_pack("[{s:s,s:s,s:s},{s:s,s:s}]", "op", "test", "path", "/metadata/uid",
											  "value", uid, "op", "remove", "path", "/data/a"));
	call = done((struct kube_call){
		.verb = KUBE_PATCH_JSON, .kind = &maps, .namespace = "live-a", .name = "theirs", .body = patch});
	assert_null(json_get(call.answer, "data.a"));
	json_t *merge = arena_own_json(arena, json_pack("{s:{s:s}}", "data", "m", "n"));
	call = done((struct kube_call){
		.verb = KUBE_PATCH_MERGE, .kind = &maps, .namespace = "live-a", .name = "theirs", .body = merge});
	assert_string_equal(json_text(call.answer, "data.m"), "n");
	done((struct kube_call){.verb = KUBE_DELETE, .kind = &maps, .namespace = "live-a", .name = "theirs", .uid = uid});
}

static void status_and_eviction_have_their_paths(void **state) {
	(void)state;
	NEEDS_SERVER;
	apply(&accounts, "live-a", "default", "{}");
	struct kube_call call = apply(&pods, "live-a", "p",
		"{\"spec\":{\"terminationGracePeriodSeconds\":0,"
		"\"automountServiceAccountToken\":false,\"containers\":[{\"name\":\"c\",\"image\":\"i\"}]}}");
	const char *uid = json_text(call.answer, "metadata.uid");
	call = done((struct kube_call){.verb = KUBE_APPLY_STATUS,
		.kind = &pods,
		.namespace = "live-a",
		.name = "p",
		.body = object(&pods, "live-a", "p", "{\"status\":{\"message\":\"hello\"}}")});
	assert_string_equal(json_text(call.answer, "status.message"), "hello");
	struct kube_call evict = {.verb = KUBE_EVICT, .kind = &pods, .namespace = "live-a", .name = "p", .uid = "other"};
	assert_int_equal(do_one(evict).err.kind, ERR_CONFLICT);
	evict.uid = uid;
	done(evict);
	call = do_one((struct kube_call){.verb = KUBE_GET, .kind = &pods, .namespace = "live-a", .name = "p"});
	assert_int_equal(call.err.kind, ERR_NOT_FOUND);
}

static void make_many(const char *namespace) {
	struct kube_call *calls = calloc(MANY, sizeof *calls);
	for (int i = 0; i < MANY; i++) {
		const char *name = arena_printf(arena, "many-%04d", i);
		calls[i] = (struct kube_call){.verb = KUBE_APPLY,
			.kind = &maps,
			.namespace = namespace,
			.name = name,
			.body = object(
				&maps, namespace, name, "{\"metadata\":{\"labels\":{\"many\":\"yes\"}},\"data\":{\"n\":\"1\"}}")};
	}
	kube_do(client, arena, calls, MANY);
	for (int i = 0; i < MANY; i++) {
		assert_string_equal(calls[i].err.text, "");
	}
	free(calls);
}

static void many_calls_and_chunks(void **state) {
	(void)state;
	NEEDS_SERVER;
	int64_t start = clock_monotonic();
	make_many("live-a");
	int64_t middle = clock_monotonic();
	struct kube_call call = done((struct kube_call){
		.verb = KUBE_GET, .kind = &maps, .namespace = "live-a", .query = "labelSelector=many%3Dyes"});
	const json_t *items = json_get(call.answer, "items");
	assert_int_equal(json_array_size(items), MANY);
	assert_string_equal(json_text(json_array_get(items, MANY - 1), "kind"), "ConfigMap");
	printf("%d applies side by side: %.2f s, list: %.3f s\n", MANY, (double)(middle - start) / 1e9,
		(double)(clock_monotonic() - middle) / 1e9);
}

static bool never(void *context) {
	return *(bool *)context;
}

static void without_the_lease_nothing_is_written(void **state) {
	(void)state;
	NEEDS_SERVER;
	bool held = false;
	struct kube_fence fence = {never, &held};
	struct kube_client *fenced = kube_client_create(config, &fence);
	struct kube_call calls[] = {
		{.verb = KUBE_APPLY,
			.kind = &maps,
			.namespace = "live-a",
			.name = "f",
			.body = object(&maps, "live-a", "f", "{}")},
		{.verb = KUBE_GET, .kind = &maps, .namespace = "live-a", .name = "many-0001"},
	};
	kube_do(fenced, arena, calls, 2);
	assert_int_equal(calls[0].err.kind, ERR_CANCELLED);
	assert_true(calls[1].ok);
	kube_client_interrupt(fenced);
	kube_do(fenced, NULL, calls + 1, 1);
	assert_int_equal(calls[1].err.kind, ERR_CANCELLED);
	kube_client_destroy(fenced);
	kube_do(client, NULL, calls + 1, 1);
	assert_true(calls[1].ok);
	assert_null(calls[1].answer);
	calls[1].name = "f";
	kube_do(client, arena, calls + 1, 1);
	assert_int_equal(calls[1].err.kind, ERR_NOT_FOUND);
}

static atomic_int changes;

static void changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)namespace, (void)name, (void)group, (void)initial;
	atomic_fetch_add(&changes, 1);
}

static void *run(void *watches) {
	watches_run(watches);
	return NULL;
}

static bool within(double seconds, bool (*true_yet)(struct store *store), struct store *store) {
	for (int64_t end = clock_monotonic() + SECONDS(seconds); clock_monotonic() < end; usleep(10000)) {
		if (true_yet(store)) {
			return true;
		}
	}
	return false;
}

static bool is_synced(struct store *store) {
	return store_synced(store, NULL);
}

static bool has_many_and_two(struct store *store) {
	return store_count(store, 1) == MANY + 2;
}

static bool has_many(struct store *store) {
	return store_count(store, 1) == MANY;
}

static void the_store_follows(void **state) {
	(void)state;
	NEEDS_SERVER;
	const struct watched rows[] = {
		{.kind = &namespaces, .first = true, .keep = true},
		{.kind = &maps, .selector = "many"},
		{.kind = &missing},
	};
	const char *const both[] = {"live-a", "live-b", NULL};
	struct store *store = store_create(rows, 2, changed, NULL);
	struct watches *watches = watches_create(config, store, rows, 2, both);
	pthread_t thread;
	int64_t start = clock_monotonic();
	pthread_create(&thread, NULL, run, watches);
	assert_true(within(30, is_synced, store));
	printf("synced after %.2f s\n", (double)(clock_monotonic() - start) / 1e9);
	assert_int_equal(store_count(store, 1), MANY);
	assert_true(atomic_load(&changes) >= MANY);
	struct kube_call one = apply(&maps, "live-a", "watched", "{\"metadata\":{\"labels\":{\"many\":\"x\"}}}");
	struct kube_call two = apply(&maps, "live-b", "watched", "{\"metadata\":{\"labels\":{\"many\":\"x\"}}}");
	assert_true(within(5, has_many_and_two, store));
	done((struct kube_call){.verb = KUBE_DELETE,
		.kind = &maps,
		.namespace = "live-a",
		.name = "watched",
		.uid = json_text(one.answer, "metadata.uid")});
	done((struct kube_call){.verb = KUBE_DELETE,
		.kind = &maps,
		.namespace = "live-b",
		.name = "watched",
		.uid = json_text(two.answer, "metadata.uid")});
	assert_true(within(5, has_many, store));
	start = clock_monotonic();
	watches_stop(watches);
	pthread_join(thread, NULL);
	assert_true(clock_monotonic() - start < SECONDS(2));
	watches_destroy(watches);
	store_destroy(store);
}

/* A stream that thinks it is at `version`, or that believes the server to have no WatchList. False: the server, which
 * keeps its history for some minutes, still knew that version. */
static bool follow(bool chunks, uint64_t version) {
	const struct watched row = {.kind = &maps, .selector = "many"};
	struct store *store = store_create(&row, 1, changed, NULL);
	struct stream_world world = {.config = config, .store = store, .pool = http_create(), .random = {1, 2, 3}};
	struct stream stream;
	stream_init(&stream, &world, &row, "live-a");
	stream.version = version;
	stream.chunks = chunks;
	store_replace_begin(store, &row, "live-a");
	int64_t end_at = clock_monotonic() + SECONDS(20);
	while (clock_monotonic() < end_at && !store_synced(store, NULL) && stream.version <= version) {
		if (!stream.exchange.transfer && stream.due <= clock_monotonic()) {
			stream_start(&stream);
		}
		http_turn(world.pool, 50);
	}
	bool listed = store_synced(store, NULL);
	size_t count = store_count(store, 0);
	int failures = stream.backoff.failures;
	stream_done(&stream);
	http_destroy(world.pool);
	store_destroy(store);
	assert_int_equal(count, listed ? MANY : count);
	assert_int_equal(failures, listed && version ? 1 : 0);
	return listed;
}

static void a_version_that_is_too_old_lists_again(void **state) {
	(void)state;
	NEEDS_SERVER;
	if (!follow(false, 1) || !follow(true, 1)) {
		skip();
	}
}

static void a_server_without_watch_list_is_read_in_chunks(void **state) {
	(void)state;
	NEEDS_SERVER;
	assert_true(follow(true, 0));
	assert_true(follow(false, 0));
}

static void everything_goes(void **state) {
	(void)state;
	NEEDS_SERVER;
	struct kube_call list = done((struct kube_call){
		.verb = KUBE_GET, .kind = &maps, .namespace = "live-a", .query = "labelSelector=many%3Dyes"});
	size_t index;
	json_t *item;
	struct kube_call *calls = calloc(MANY, sizeof *calls);
	json_array_foreach(json_get(list.answer, "items"), index, item) {
		calls[index] = (struct kube_call){.verb = KUBE_DELETE,
			.kind = &maps,
			.namespace = "live-a",
			.name = json_text(item, "metadata.name"),
			.uid = json_text(item, "metadata.uid")};
	}
	kube_do(client, arena, calls, index);
	for (size_t i = 0; i < index; i++) {
		assert_true(calls[i].ok);
	}
	free(calls);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_come_and_go),
		cmocka_unit_test(refusals_say_why),
		cmocka_unit_test(a_foreign_field_is_a_conflict_without_force),
		cmocka_unit_test(status_and_eviction_have_their_paths),
		cmocka_unit_test(many_calls_and_chunks),
		cmocka_unit_test(without_the_lease_nothing_is_written),
		cmocka_unit_test(the_store_follows),
		cmocka_unit_test(a_version_that_is_too_old_lists_again),
		cmocka_unit_test(a_server_without_watch_list_is_read_in_chunks),
		cmocka_unit_test(everything_goes),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
