/* One watch by itself, on [::1]: the watchdog on its silence, with a short patience instead of the 95 seconds. */
#include "kube/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "kube/config.h"
#include "loopback/loopback.h"

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

enum { PATIENCE_SECONDS = 2 };

static const struct kind maps = {"ConfigMap", "v1", "configmaps", false};
static const struct watched row = {.kind = &maps};

#define OBJECT(name, version)                                                                                          \
	"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"namespace\":\"n\",\"name\":\"" name                 \
	"\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" version "\"}}"
#define HEAD "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define LISTED                                                                                                         \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"5\",\"annotations\":"                      \
	"{\"k8s.io/initial-events-end\":\"true\"}}}}\n"

#define POSITION "{\"metadata\":{\"resourceVersion\":\"9\",\"continue\":\"t\"},\"items\":[" OBJECT("a", "3") "]}"

static const char *const beats[] = {"", "{\"type\":\"ADDED\",\"object\":" OBJECT("b", "6") "}\n",
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n"};

static char asked[3][400]; /* the request lines of the first connections */

/* Says something now and then for longer than the patience, and then nothing more, with the connection open. */
static void serve(int fd) {
	static atomic_int served;
	char head[4096];
	int turn = atomic_fetch_add(&served, 1);
	loopback_read_head(fd, head, sizeof head);
	if (turn < 3) {
		snprintf(asked[turn], sizeof asked[turn], "%.399s", head);
	}
	loopback_say(fd, turn == 0 ? HEAD LISTED : turn == 1 ? HEAD POSITION : HEAD);
	for (size_t i = 0; turn == 0 && i < sizeof beats / sizeof beats[0]; i++) {
		loopback_say(fd, beats[i]);
		usleep(600000); /* much less than the patience: a busy machine makes it longer */
	}
	if (turn == 1) {
		shutdown(fd, SHUT_WR);
	}
	loopback_wait_for_end(fd);
}

static struct loopback server = {.serve = serve, .ipv6 = true};

static struct kube_config *load_config(void) {
	char path[] = "/tmp/stream-test-XXXXXX";
	struct error err;
	int fd = mkstemp(path);
	dprintf(fd,
		"contexts: [{name: c, context: {cluster: k}}]\ncurrent-context: c\n"
		"clusters: [{name: k, cluster: {server: 'http://[::1]:%d'}}]\n",
		server.port);
	close(fd);
	struct kube_config_options options = {.kubeconfig = path, .allow_insecure = true};
	struct kube_config *config = kube_config_load(&options, &err);
	unlink(path);
	return config;
}

static void changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)namespace, (void)name, (void)group, (void)initial;
}

/* Returns how long the watch was under way. */
static double run_until_it_ends(struct stream *stream) {
	int64_t start = clock_monotonic();
	stream_start(stream);
	while (stream->exchange.transfer && clock_monotonic() < start + SECONDS(20)) {
		http_turn(stream->world->pool, 1000);
	}
	return (double)(clock_monotonic() - start) / 1e9;
}

static void a_silent_watch_is_opened_again_where_it_was(void **state) {
	(void)state;
	struct kube_config *config = load_config();
	assert_non_null(config);
	struct stream_world world = {.config = config,
		.store = store_create(&row, 1, changed, NULL),
		.pool = http_create(),
		.silence = PATIENCE_SECONDS};
	struct stream stream;
	stream_init(&stream, &world, &row, NULL);
	/* Each beat renews the patience: it ends two seconds after the last one, at 3.2 s. */
	double seconds = run_until_it_ends(&stream);
	assert_true(seconds > 3.1 && seconds < 6);
	assert_string_equal(stream.exchange.err.text, "not a byte in 2 seconds");
	assert_true(
		stream.due > clock_monotonic() - SECONDS(1) && stream.due <= clock_monotonic()); /* it goes on at once */
	assert_int_equal(stream.backoff.failures, 0);
	assert_true(stream.synced && !stream.listing);
	assert_int_equal(stream.version, 9);
	assert_int_equal(store_count(world.store, 0), 1);
	run_until_it_ends(&stream);
	assert_int_equal(stream.version, 9);
	assert_int_equal(store_count(world.store, 0), 1);
	seconds = run_until_it_ends(&stream);
	assert_true(seconds > 1.9 && seconds < 5);
	assert_non_null(strstr(asked[0], "sendInitialEvents=true"));
	assert_non_null(strstr(asked[1], "?limit=1 "));
	assert_non_null(strstr(asked[2], "&resourceVersion=9"));
	stream_done(&stream);
	http_destroy(world.pool);
	store_destroy(world.store);
	kube_config_destroy(config);
}

static void the_patience_outlasts_the_bookmarks(void **state) {
	(void)state;
	assert_in_range(STREAM_SILENCE_SECONDS, 90, 100); /* the API server sends one a minute */
}

static int start_server(void **state) {
	(void)state;
	return loopback_start(&server);
}

static int stop_server(void **state) {
	(void)state;
	return loopback_stop(&server);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_watch_is_opened_again_where_it_was),
		cmocka_unit_test(the_patience_outlasts_the_bookmarks),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
