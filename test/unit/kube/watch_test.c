/* Watches against a scripted server on the loopback: each request takes the first step of the script that fits it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "kube/config.h"
#include "kube/watch.h"
#include "loopback/loopback.h"

static const struct kind maps = {"ConfigMap", "v1", "configmaps", false};
static const struct kind services = {"Service", "v1", "services", false};
static const struct kind classes = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};

#define OBJECT(name, version)                                                                                          \
	"{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{\"namespace\":\"n\",\"name\":\"" name                 \
	"\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" version "\"}}"
#define EVENT(type, name, version) "{\"type\":\"" type "\",\"object\":" OBJECT(name, version) "}\n"
#define BOOKMARK(version, more)                                                                                        \
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"" version "\"" more "}}}\n"
#define END(version) BOOKMARK(version, ",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}")
#define GONE "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n"
#define OK "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
#define LIST(version, next, items)                                                                                     \
	OK "{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" next            \
	   "\"},\"items\":[" items "]}"
#define STATUS(text) "HTTP/1.1 " text "\r\nConnection: close\r\n\r\n"
#define INITIAL "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"

struct step {
	const char *wants[3]; /* parts of the request line */
	const char *answer;
	bool hold; /* keep the connection open behind the answer */
	bool used;
};

static struct script {
	pthread_mutex_t lock;
	struct step *steps;
	int unexpected;
	char surprise[300];
} script = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool fits(const struct step *step, const char *line) {
	for (int i = 0; i < 3 && step->wants[i]; i++) {
		if (!strstr(line, step->wants[i])) {
			return false;
		}
	}
	return !step->used;
}

/* A copy: the script is the test's, which may have ended when the answer is sent. */
static struct step choose(const char *line) {
	static const struct step none = {.answer = STATUS("503 No") "", .hold = true};
	struct step chosen = none;
	pthread_mutex_lock(&script.lock);
	struct step *step = script.steps;
	while (step && step->answer && !fits(step, line)) {
		step++;
	}
	if (step && step->answer) {
		step->used = true;
		chosen = *step;
	} else {
		script.unexpected++;
		snprintf(script.surprise, sizeof script.surprise, "%.299s", line);
	}
	pthread_mutex_unlock(&script.lock);
	return chosen;
}

static void serve(int fd) {
	char request[8192];
	if (loopback_read_head(fd, request, sizeof request)) {
		request[strcspn(request, "\r")] = '\0';
		struct step step = choose(request);
		loopback_say(fd, step.answer);
		if (!step.hold) {
			shutdown(fd, SHUT_WR);
		}
	}
	loopback_wait_for_end(fd);
}

static struct loopback server = {.serve = serve};
static struct kube_config *config;

static bool load_config(void) {
	char path[] = "/tmp/watch-test-XXXXXX";
	struct error err;
	int fd = mkstemp(path);
	dprintf(fd,
		"contexts: [{name: c, context: {cluster: k}}]\ncurrent-context: c\n"
		"clusters: [{name: k, cluster: {server: 'http://127.0.0.1:%d'}}]\n",
		server.port);
	close(fd);
	struct kube_config_options options = {.kubeconfig = path, .allow_insecure = true};
	config = kube_config_load(&options, &err);
	unlink(path);
	return config;
}

static int start_server(void **state) {
	(void)state;
	return loopback_start(&server) || !load_config();
}

static int stop_server(void **state) {
	(void)state;
	kube_config_destroy(config);
	return loopback_stop(&server);
}

static void changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)namespace, (void)name, (void)group, (void)initial;
}

struct scene {
	struct store *store;
	struct watches *watches;
	pthread_t thread;
};

static void *run(void *watches) {
	watches_run(watches);
	return NULL;
}

static struct scene begin(struct step *steps, const struct watched *rows, size_t count, const char *const *namespaces) {
	struct scene scene = {.store = store_create(rows, count, changed, NULL)};
	pthread_mutex_lock(&script.lock);
	script.steps = steps;
	script.unexpected = 0;
	pthread_mutex_unlock(&script.lock);
	scene.watches = watches_create(config, scene.store, rows, count, namespaces);
	pthread_create(&scene.thread, NULL, run, scene.watches);
	return scene;
}

static bool all_used(struct step *steps) {
	bool all = true;
	pthread_mutex_lock(&script.lock);
	for (; steps->answer; steps++) {
		all = all && steps->used;
	}
	pthread_mutex_unlock(&script.lock);
	return all;
}

/* Waits until every step was used and the store holds `names` of the first row, separated by blanks. */
static void expect(struct scene *scene, struct step *steps, const char *names) {
	cleanup_str struct str got = {0};
	struct arena *arena = arena_create();
	for (int64_t end_at = clock_monotonic() + SECONDS(60); clock_monotonic() < end_at; usleep(10000)) {
		size_t count;
		struct object **objects = store_loose(scene->store, arena, &maps, "n", &count);
		str_clear(&got);
		for (char letter = 'a'; letter <= 'z'; letter++) {
			for (size_t i = 0; i < count; i++) {
				if (objects[i]->name[0] == letter) {
					str_adds(&got, objects[i]->name);
				}
			}
		}
		if (all_used(steps) && str_equal(got.text ? got.text : "", names)) {
			break;
		}
	}
	arena_destroy(arena);
	assert_string_equal(got.text ? got.text : "", names);
	assert_true(all_used(steps));
}

/* What was listed is there a little before it is known to be all. */
static void expect_synced(struct scene *scene, const char *namespace) {
	for (int64_t end_at = clock_monotonic() + SECONDS(60);
		 clock_monotonic() < end_at && !store_synced(scene->store, namespace);) {
		usleep(10000);
	}
	assert_true(store_synced(scene->store, namespace));
}

static void end(struct scene *scene) {
	watches_stop(scene->watches);
	pthread_join(scene->thread, NULL);
	watches_destroy(scene->watches);
	store_destroy(scene->store);
	pthread_mutex_lock(&script.lock);
	int unexpected = script.unexpected;
	pthread_mutex_unlock(&script.lock);
	if (unexpected) {
		assert_string_equal(script.surprise, "");
	}
}

static const struct watched one_row[] = {{.kind = &maps, .selector = "a=b"}};

static void check(struct step *steps, const char *names) {
	struct scene scene = begin(steps, one_row, 1, NULL);
	expect(&scene, steps, names);
	expect_synced(&scene, NULL);
	end(&scene);
}

static void a_position_comes_from_events_behind_the_initial_ones(void **state) {
	(void)state;
	/* An initial object is newer than the bookmark: its version must not be taken. */
	check(
		(struct step[]){{{"GET /api/v1/configmaps?watch=true&allowWatchBookmarks=true", INITIAL, "labelSelector=a%3Db"},
							.answer = OK EVENT("ADDED", "a", "90") END("10") "not JSON\n"},
			{{"?limit=1&"}, .answer = LIST("10", "", "")},
			{{"&resourceVersion=10&"},
				.answer = OK EVENT("ADDED", "b", "11") EVENT("MODIFIED", "b", "12") "{\"type\":\"ADDED\"}\n"},
			{{"?limit=1&"}, .answer = LIST("12", "t", OBJECT("a", "90"))},
			{{"&resourceVersion=12&"}, .answer = OK BOOKMARK("20", "") "{\"type\":"},
			{{"?limit=1&"}, .answer = LIST("25", "", "")},
			{{"&resourceVersion=20&"}, .answer = OK EVENT("DELETED", "b", "21"), .hold = true}, {.answer = NULL}},
		"a");
}

static void a_list_that_breaks_off_begins_anew(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = OK EVENT("ADDED", "a", "1") EVENT("ADDED", "b", "2")},
			  {{INITIAL}, .answer = OK EVENT("ADDED", "b", "2") EVENT("ADDED", "c", "3") "garbage\n"},
			  {{INITIAL}, .answer = OK EVENT("ADDED", "b", "2") END("5"), .hold = true}, {.answer = NULL}},
		"b");
}

static void what_is_gone_is_listed_again(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = OK EVENT("ADDED", "a", "1") EVENT("ADDED", "b", "2") END("5") GONE},
			  {{INITIAL}, .answer = OK EVENT("ADDED", "b", "2") END("6") "x\n"},
			  {{"?limit=1&"}, .answer = LIST("6", "", "")}, {{"&resourceVersion=6&"}, .answer = STATUS("410 Gone")},
			  {{INITIAL}, .answer = OK EVENT("ADDED", "c", "8") END("9"), .hold = true}, {.answer = NULL}},
		"c");
}

/* Of a server whose etcd was restored: b is of a future that never was, and the version of a is lower than it was. */
static void a_server_that_went_back_is_believed(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = OK EVENT("ADDED", "a", "40") END("50") EVENT("ADDED", "b", "60")},
			  {{"?limit=1&"}, .answer = LIST("60", "", "")},
			  {{"&resourceVersion=60&"}, .answer = STATUS("504 Gateway Timeout")},
			  {{INITIAL}, .answer = OK EVENT("ADDED", "a", "4") EVENT("ADDED", "c", "5") END("6"), .hold = true},
			  {{INITIAL},
				  .answer = OK EVENT("ADDED", "a", "4") EVENT("ADDED", "c", "5") END("7") EVENT("DELETED", "a", "8"),
				  .hold = true},
			  {.answer = NULL}},
		"c");
}

/* It would keep silent on a watch from 60 until it comes there: so it is asked where it is. */
static void a_server_that_went_back_is_asked_where_it_is(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = OK EVENT("ADDED", "a", "40") END("50") EVENT("ADDED", "b", "60")},
			  {{"?limit=1&"}, .answer = STATUS("503 Service Unavailable")},
			  {{"?limit=1&labelSelector=a%3Db"}, .answer = LIST("6", "", OBJECT("a", "4"))},
			  {{INITIAL},
				  .answer = OK EVENT("ADDED", "a", "4") EVENT("ADDED", "c", "5") END("7") EVENT("DELETED", "a", "8"),
				  .hold = true},
			  {.answer = NULL}},
		"c");
}

static void a_server_that_went_back_is_believed_in_chunks(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = STATUS("422 Unprocessable")},
			  {{"/configmaps?limit=500&labelSelector"}, .answer = LIST("50", "", OBJECT("a", "40"))},
			  {{"&resourceVersion=50&"}, .answer = STATUS("410 Gone")},
			  {{"/configmaps?limit=500&labelSelector"}, .answer = LIST("5", "t", OBJECT("b", "2"))},
			  {{"?limit=500&continue=t&"}, .answer = LIST("5", "", OBJECT("c", "3"))},
			  {{"/configmaps?limit=500&labelSelector"}, .answer = LIST("6", "", OBJECT("b", "2"))},
			  {{"&resourceVersion=6&"}, .answer = OK EVENT("ADDED", "d", "7"), .hold = true}, {.answer = NULL}},
		"bd");
}

static void without_watch_list_chunks_are_read(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = STATUS("422 Unprocessable")},
			  {{"/configmaps?limit=500&labelSelector"}, .answer = LIST("5", "t/1", OBJECT("a", "1"))},
			  {{"?limit=500&continue=t%2F1&"}, .answer = STATUS("410 Gone")},
			  {{"/configmaps?limit=500&labelSelector"}, .answer = LIST("7", "t2", OBJECT("b", "2"))},
			  {{"?limit=500&continue=t2&"}, .answer = LIST("7", "", OBJECT("c", "3"))},
			  {{"&resourceVersion=7&"}, .answer = OK EVENT("ADDED", "d", "8"), .hold = true}, {.answer = NULL}},
		"bcd");
}

enum { PIECE = 1 << 20 };
static char piece[PIECE + 1];

/* A list whose only object has `pieces` MiB. */
static char *large_list(const char *next, const char *name, int pieces) {
	struct str text = {0};
	str_addf(&text,
		LIST("5", "%s",
			"{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\",\"uid\":\"u\","
			"\"resourceVersion\":\"4\",\"labels\":{\"x\":\""),
		next, name);
	text.length -= 2; /* what closes the list comes last */
	memset(piece, 'x', PIECE);
	for (int i = 0; i < pieces; i++) {
		str_add(&text, piece, PIECE);
	}
	str_adds(&text, "\"}}}]}");
	return str_steal(&text);
}

static void a_chunk_that_is_too_large_is_read_in_smaller_ones(void **state) {
	(void)state;
	static char *larger, *large; /* the server may still be sending when the test ends */
	larger = large_list("", "x", 65);
	large = large_list("t", "a", 17);
	check((struct step[]){{{INITIAL}, .answer = STATUS("422 Unprocessable")},
			  {{"?limit=500&labelSelector"}, .answer = larger}, {{"?limit=50&labelSelector"}, .answer = larger},
			  {{"?limit=5&labelSelector"}, .answer = large}, {{"?limit=5&continue=t&"}, .answer = larger},
			  {{"?limit=1&continue=t&"}, .answer = LIST("7", "", OBJECT("b", "3"))},
			  {{"&resourceVersion=7&"}, .answer = OK, .hold = true}, {.answer = NULL}},
		"ab");
}

/* Every byte of 1.5 MiB, which is what etcd takes, as six. */
static void a_line_may_be_as_long_as_an_object_can_be(void **state) {
	(void)state;
	static char line[10 * PIECE];
	char *end = line;
	end += sprintf(end,
		OK "{\"type\":\"ADDED\",\"object\":{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{"
		   "\"namespace\":\"n\",\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"4\"},\"data\":{\"x\":\"");
	for (int i = 0; i < PIECE * 3 / 2; i++) {
		memcpy(end, "\\u003c", 6);
		end += 6;
	}
	strcpy(end, "\"}}}\n" END("5") EVENT("ADDED", "b", "6"));
	check((struct step[]){{{INITIAL}, .answer = line, .hold = true}, {.answer = NULL}}, "ab");
}

static void malformed_lists_are_read_again(void **state) {
	(void)state;
	check((struct step[]){{{INITIAL}, .answer = STATUS("400 Bad")}, {{"limit=500"}, .answer = OK "[]"},
			  {{"limit=500"}, .answer = OK "{\"items\":{},\"metadata\":{\"resourceVersion\":\"1\"}}"},
			  {{"limit=500"}, .answer = LIST("4", "", "7")}, {{"limit=500"}, .answer = LIST("x", "", "")},
			  {{"limit=500"}, .answer = LIST("4", "", OBJECT("a", "1"))},
			  {{"&resourceVersion=4&"}, .answer = OK, .hold = true}, {.answer = NULL}},
		"a");
}

static void one_kind_that_is_refused_holds_up_no_other(void **state) {
	(void)state;
	const struct watched rows[] = {{.kind = &maps}, {.kind = &classes}};
	struct step steps[] = {
		{{"/storageclasses"}, .answer = STATUS("403 Forbidden")},
		{{"/storageclasses"}, .answer = STATUS("403 Forbidden")},
		{{"/storageclasses"}, STATUS("403 Forbidden"), .hold = true},
		{{"/configmaps"}, .answer = OK EVENT("ADDED", "a", "1") END("5") EVENT("ADDED", "b", "6"), .hold = true},
		{.answer = NULL},
	};
	struct scene scene = begin(steps, rows, 2, NULL);
	expect(&scene, steps, "ab");
	assert_false(store_synced(scene.store, NULL));
	end(&scene);
}

static void first_rows_come_first(void **state) {
	(void)state;
	const struct watched rows[] = {{.kind = &maps}, {.kind = &classes, .first = true}};
	struct step steps[] = {
		{{"/storageclasses"}, .answer = OK, .hold = true},
		{.answer = NULL},
	};
	struct scene scene = begin(steps, rows, 2, NULL);
	expect(&scene, steps, "");
	usleep(200000);
	end(&scene);
	struct step more[] = {
		{{"/storageclasses"}, .answer = OK END("5"), .hold = true},
		{{"/configmaps"}, .answer = OK EVENT("ADDED", "a", "1") END("5"), .hold = true},
		{.answer = NULL},
	};
	scene = begin(more, rows, 2, NULL);
	expect(&scene, more, "a");
	expect_synced(&scene, NULL);
	end(&scene);
}

static void a_row_is_synced_with_all_its_namespaces(void **state) {
	(void)state;
	static const char *const both[] = {"n", "m", NULL};
	struct step steps[] = {
		{{"/namespaces/n/configmaps"}, .answer = OK EVENT("ADDED", "a", "1") END("5"), .hold = true},
		{{"/namespaces/m/configmaps"}, .answer = OK, .hold = true},
		{.answer = NULL},
	};
	struct scene scene = begin(steps, one_row, 1, both);
	expect(&scene, steps, "a");
	assert_false(store_synced(scene.store, NULL));
	end(&scene);
	struct step more[] = {
		{{"/namespaces/n/configmaps"}, .answer = OK EVENT("ADDED", "a", "1") END("5"), .hold = true},
		{{"/namespaces/m/configmaps"}, .answer = OK END("6") GONE},
		{{"/namespaces/m/configmaps", INITIAL}, .answer = OK END("9"), .hold = true},
		{.answer = NULL},
	};
	scene = begin(more, one_row, 1, both);
	expect(&scene, more, "a");
	expect_synced(&scene, NULL);
	end(&scene);
}

static void a_namespace_that_cannot_be_listed_holds_up_no_other(void **state) {
	(void)state;
	static const char *const both[] = {"n", "m", NULL};
	const struct watched rows[] = {{.kind = &maps}, {.kind = &services, .first = true}};
	struct step steps[] = {
		{{"/namespaces/m/services"}, .answer = STATUS("403 Forbidden")},
		{{"/namespaces/m/services"}, .answer = STATUS("403 Forbidden"), .hold = true},
		{{"/namespaces/n/services"}, .answer = OK END("5"), .hold = true},
		{{"/namespaces/n/configmaps"}, .answer = OK END("5") EVENT("ADDED", "a", "6"), .hold = true},
		{.answer = NULL},
	};
	struct scene scene = begin(steps, rows, 2, both);
	expect(&scene, steps, "a");
	expect_synced(&scene, "n");
	assert_false(store_synced(scene.store, "m"));
	assert_false(store_synced(scene.store, NULL));
	end(&scene);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_position_comes_from_events_behind_the_initial_ones),
		cmocka_unit_test(a_list_that_breaks_off_begins_anew),
		cmocka_unit_test(what_is_gone_is_listed_again),
		cmocka_unit_test(a_server_that_went_back_is_believed),
		cmocka_unit_test(a_server_that_went_back_is_asked_where_it_is),
		cmocka_unit_test(a_server_that_went_back_is_believed_in_chunks),
		cmocka_unit_test(without_watch_list_chunks_are_read),
		cmocka_unit_test(a_chunk_that_is_too_large_is_read_in_smaller_ones),
		cmocka_unit_test(a_line_may_be_as_long_as_an_object_can_be),
		cmocka_unit_test(malformed_lists_are_read_again),
		cmocka_unit_test(one_kind_that_is_refused_holds_up_no_other),
		cmocka_unit_test(first_rows_come_first),
		cmocka_unit_test(a_row_is_synced_with_all_its_namespaces),
		cmocka_unit_test(a_namespace_that_cannot_be_listed_holds_up_no_other),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
