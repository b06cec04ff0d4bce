#include "run/surface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/log.h"
#include "loopback/loopback.h"

enum { BIG = 3000000 };

struct world {
	struct surface *surface;
	int port;
	atomic_bool released; /* what "/later" waits for */
};

static void handle(void *context, struct request *request) {
	(void)context;
	request->status = 200;
	if (!strcmp(request->path, "/later")) {
		request->status = 0;
	} else if (!strcmp(request->path, "/big")) {
		for (size_t i = 0; i < BIG / 10; i++) {
			str_addf(&request->body, "%09zu\n", i);
		}
	} else if (!strcmp(request->path, "/who")) {
		str_addf(&request->body, "[%s]", request->authorization);
	} else {
		request->status = 404;
	}
}

static void again(void *context, struct request *request) {
	struct world *world = context;
	if (atomic_load(&world->released)) {
		request->status = 200;
		str_adds(&request->body, "at last");
	}
}

static int set_up(void **state) {
	struct world *world = xcalloc(1, sizeof *world);
	world->port = loopback_free_port();
	struct surface_config config = {
		.bind_address = "127.0.0.1", .port = world->port, .handle = handle, .again = again, .context = world};
	struct error err = {.kind = ERR_NONE};
	if (!surface_start(&config, &world->surface, &err)) {
		fail_msg("%s", err.text);
	}
	*state = world;
	return 0;
}

static int tear_down(void **state) {
	struct world *world = *state;
	surface_stop(world->surface);
	free(world);
	return 0;
}

static int dial(const struct world *world) {
	int file = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)world->port)};
	assert_int_equal(connect(file, (struct sockaddr *)&address, sizeof address), 0);
	struct timeval patience = {.tv_sec = 15};
	setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return file;
}

static void say(int file, const char *text) {
	assert_int_equal(send(file, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads one answer as far as its content-length says, or to the end. */
static void hear(int file, struct str *answer) {
	char buffer[65536];
	size_t whole = (size_t)-1;
	for (ssize_t got; answer->length < whole && (got = recv(file, buffer, sizeof buffer, 0)) > 0;) {
		str_add(answer, buffer, (size_t)got);
		const char *end = strstr(answer->text, "\r\n\r\n"), *length = strstr(answer->text, "content-length: ");
		if (end && length) {
			whole = (size_t)(end + 4 - answer->text) + strtoul(length + 16, NULL, 10);
		}
	}
	if (!answer->text) {
		str_adds(answer, "");
	}
}

static void expect(const struct world *world, const char *request, const char *begin, const char *end) {
	cleanup_str struct str answer = {0};
	int file = dial(world);
	say(file, request);
	hear(file, &answer);
	close(file);
	if (!str_starts(answer.text, begin) || !str_ends(answer.text, end)) {
		fail_msg("%s -> %.300s", request, answer.text);
	}
}

static void test_paths_and_methods(void **state) {
	const struct world *world = *state;
	expect(world, "GET /who HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\n\r\n", "HTTP/1.1 200", "[Bearer t]");
	expect(world, "GET /who?a=b HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "[]");
	expect(world, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "404\n");
	expect(world, "GET /../who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 ", "");
	expect(world, "POST /who HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 405", "405\n");
	expect(world, "DELETE /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", "405\n");
}

static void test_head_has_no_body(void **state) {
	cleanup_str struct str answer = {0};
	int file = dial(*state);
	say(file, "HEAD /who HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	shutdown(file, SHUT_WR);
	hear(file, &answer);
	close(file);
	assert_true(str_starts(answer.text, "HTTP/1.1 200"));
	assert_true(str_ends(answer.text, "\r\n\r\n"));
}

static void test_large_answers_arrive_whole_again_and_again(void **state) {
	int file = dial(*state);
	for (int i = 0; i < 3; i++) {
		cleanup_str struct str answer = {0};
		say(file, "GET /big HTTP/1.1\r\nHost: x\r\n\r\n");
		hear(file, &answer);
		const char *body = strstr(answer.text, "\r\n\r\n") + 4;
		assert_int_equal(strlen(body), BIG);
		assert_true(str_ends(body, "000299999\n"));
	}
	close(file);
}

static void test_header_limits(void **state) {
	const struct world *world = *state;
	cleanup_str struct str request = {0};
	str_adds(&request, "GET /who HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ");
	for (int i = 0; i < 9000; i++) {
		str_adds(&request, "a");
	}
	str_adds(&request, "\r\n\r\n");
	expect(world, request.text, "HTTP/1.1 431", "431\n");
}

static void *release(void *context) {
	struct world *world = context;
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	surface_wake(world->surface); /* for another one: nothing is there yet */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	atomic_store(&world->released, true);
	surface_wake(world->surface);
	return NULL;
}

static void test_an_answer_may_come_later(void **state) {
	struct world *world = *state;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, release, world), 0);
	expect(world, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "at last");
	pthread_join(thread, NULL);
}

static void test_a_stop_does_not_wait_for_clients(void **state) {
	struct world *world = *state;
	int waits = dial(world), idle = dial(world);
	say(waits, "GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	struct timespec begin, end;
	clock_gettime(CLOCK_MONOTONIC, &begin);
	surface_stop(world->surface);
	clock_gettime(CLOCK_MONOTONIC, &end);
	world->surface = NULL;
	assert_true(end.tv_sec - begin.tv_sec <= 1);
	close(waits);
	close(idle);
}

static void test_a_taken_port_is_an_error(void **state) {
	struct world *world = *state;
	struct surface_config config = {.bind_address = "127.0.0.1", .port = world->port, .handle = handle};
	struct surface *second = NULL;
	struct error err = {.kind = ERR_NONE};
	assert_false(surface_start(&config, &second, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_null(second);
}

static void test_many_connections_do_not_end_it(void **state) {
	struct world *world = *state;
	enum { MANY = 150 };
	int files[MANY];
	for (int i = 0; i < MANY; i++) {
		files[i] = dial(world);
	}
	for (int i = 0; i < MANY; i++) {
		close(files[i]);
	}
	expect(world, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "[]");
}

/* Silent ones take all the places there are, and not for long. */
static void test_places_and_patience_are_bounded(void **state) {
	struct world *world = *state;
	enum { PLACES = 64 };
	int files[PLACES];
	cleanup_str struct str answer = {0};
	char byte;
	for (int i = 0; i < PLACES; i++) {
		files[i] = dial(world);
	}
	nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	int late = dial(world);
	say(late, "GET /who HTTP/1.1\r\nHost: x\r\n\r\n");
	nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
	assert_int_equal(recv(late, &byte, 1, MSG_DONTWAIT), -1);
	hear(late, &answer);
	assert_true(str_starts(answer.text, "HTTP/1.1 200"));
	for (int i = 0; i < PLACES; i++) {
		assert_int_equal(recv(files[i], &byte, 1, 0), 0);
		close(files[i]);
	}
	close(late);
}

#define WHO "GET /who HTTP/1.1\r\nHost: x\r\n"
#define WEBSOCKET "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
/* Each asks to go on in another protocol than HTTP/1.1. */
static const struct {
	const char *request;
	const char *answer; /* how it begins after the version, NULL: the connection ends without one */
} upgrades[] = {
	{WHO "Connection: Upgrade\r\nUpgrade: websocket\r\n" WEBSOCKET "\r\n", " 403 "},
	{WHO "Connection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Protocol: http\r\n" WEBSOCKET "\r\n", " 403 "},
	{WHO "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", " 403 "},
	{WHO "Connection: Upgrade\r\nUpgrade: other\r\n\r\n", " 403 "},
	{"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", NULL},
	{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", " 403 "},
};
enum { UPGRADES = sizeof upgrades / sizeof *upgrades };

/* The first request of a connection, or one that comes after another. */
static int ask_for_upgrade(const struct world *world, size_t which, bool first) {
	cleanup_str struct str answer = {0};
	int file = dial(world);
	if (!first) {
		say(file, WHO "\r\n");
		hear(file, &answer);
	}
	say(file, upgrades[which].request);
	return file;
}

static void test_nobody_goes_on_in_another_protocol(void **state) {
	for (size_t i = 0; i < (size_t)UPGRADES * 2; i++) {
		cleanup_str struct str answer = {0};
		size_t which = i / 2, version = strlen("HTTP/1.x");
		int file = ask_for_upgrade(*state, which, i % 2);
		hear(file, &answer);
		const char *wanted = upgrades[which].answer;
		bool once = answer.length > version && !strstr(answer.text + version, "HTTP/1.");
		if (wanted ? !once || !str_starts(answer.text + version, wanted) : answer.length) {
			fail_msg("%s -> %.300s", upgrades[which].request, answer.text);
		}
		char byte;
		assert_true(recv(file, &byte, 1, 0) == 0 || errno == ECONNRESET);
		close(file);
	}
	expect(*state, WHO "\r\n", "HTTP/1.1 200", "[]");
}

/* More than there are places, and none of them ever says anything again. */
static void test_who_asks_for_an_upgrade_keeps_no_place(void **state) {
	enum { EACH = 70 };
	for (size_t which = 0; which < UPGRADES; which++) {
		int files[EACH];
		for (int i = 0; i < EACH; i++) {
			files[i] = ask_for_upgrade(*state, which, true);
		}
		expect(*state, WHO "\r\n", "HTTP/1.1 200", "[]");
		for (int i = 0; i < EACH; i++) {
			close(files[i]);
		}
	}
}

int main(void) {
	log_setup(LOG_FORMAT_CONSOLE, LOG_ERROR);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_paths_and_methods),
		TEST(test_head_has_no_body),
		TEST(test_large_answers_arrive_whole_again_and_again),
		TEST(test_header_limits),
		TEST(test_an_answer_may_come_later),
		TEST(test_a_stop_does_not_wait_for_clients),
		TEST(test_a_taken_port_is_an_error),
		TEST(test_many_connections_do_not_end_it),
		TEST(test_places_and_patience_are_bounded),
		TEST(test_nobody_goes_on_in_another_protocol),
		TEST(test_who_asks_for_an_upgrade_keeps_no_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
