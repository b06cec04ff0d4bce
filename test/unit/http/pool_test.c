/* Against a server of our own on the loopback: one thread, one answer a connection, each as its path says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/http.h"
#include "loopback/loopback.h"

static void serve(int fd);
static struct loopback server = {.serve = serve};
static atomic_int requests;

static void say_endless(int fd) {
	char bytes[4096];
	memset(bytes, 'x', sizeof bytes);
	loopback_say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
	while (send(fd, bytes, sizeof bytes, MSG_NOSIGNAL) > 0) {
	}
}

static const struct answer {
	const char *path, *text;
} answers[] = {
	{"/plain", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"},
	{"/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"},
	{"/truncated", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\nhalf"},
	{"/busy", "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
	{"/garbage", "\x01\x02\x03 this is no HTTP\r\n\r\n"},
	{"/moved", "HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
	{"/lines", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none\ntwo\nthree\n"},
	{"/cut", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none\ntw"},
	{"/nothing", ""},
	{"/silent-line", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\none\n"},
};

static void answer(int fd, const char *path) {
	if (strcmp(path, "/endless") == 0) {
		say_endless(fd);
	}
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		if (strcmp(path, answers[i].path) == 0) {
			loopback_say(fd, answers[i].text);
		}
	}
	if (strcmp(path, "/slow") == 0 || strcmp(path, "/silent-line") == 0) {
		loopback_wait_for_end(fd);
	}
}

static void serve(int fd) {
	char request[8192], path[200];
	if (loopback_read_head(fd, request, sizeof request) && sscanf(request, "%*s %199s", path) == 1) {
		atomic_fetch_add(&requests, 1);
		answer(fd, path);
	}
	shutdown(fd, SHUT_WR);
	loopback_wait_for_end(fd);
}

static int start_server(void **state) {
	(void)state;
	return loopback_start(&server);
}

static int stop_server(void **state) {
	(void)state;
	return loopback_stop(&server);
}

static const char *url(const char *path) {
	static char texts[8][200];
	static int next;
	char *text = texts[next++ % 8];
	snprintf(text, sizeof texts[0], "http://127.0.0.1:%d%s", server.port, path);
	return text;
}

static struct http_exchange get(const char *path) {
	return (struct http_exchange){.method = "GET", .url = url(path), .timeout = 5};
}

static void answers_side_by_side(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	struct http_exchange calls[] = {get("/plain"), get("/missing"), get("/busy"), get("/moved")};
	http_run(pool, calls, 4);
	static const int statuses[] = {200, 404, 429, 302};
	for (int i = 0; i < 4; i++) {
		assert_true(calls[i].ok);
		assert_int_equal(calls[i].status, statuses[i]);
	}
	assert_string_equal(calls[0].answer.text, "hello");
	assert_string_equal(calls[1].answer.text, "no");
	assert_int_equal(calls[2].retry_after, 7);
	assert_string_equal(calls[2].answer.text, "");
	for (int i = 0; i < 4; i++) {
		http_forget(&calls[i]);
	}
	http_destroy(pool);
}

static void fails(struct http_exchange call, const char *text) {
	struct http_pool *pool = http_create();
	http_run(pool, &call, 1);
	assert_false(call.ok);
	assert_int_equal(call.err.kind, ERR_UNAVAILABLE);
	if (text && !strstr(call.err.text, text)) {
		assert_string_equal(call.err.text, text);
	}
	http_forget(&call);
	http_destroy(pool);
}

static void what_is_broken_is_an_error(void **state) {
	(void)state;
	fails(get("/truncated"), NULL);
	fails(get("/garbage"), NULL);
	fails(get("/nothing"), NULL);
	struct http_exchange endless = get("/endless");
	endless.limit = 100000;
	fails(endless, "larger than 100000 bytes");
	struct http_exchange slow = get("/slow");
	slow.timeout = 1;
	fails(slow, "timed out");
	struct http_exchange silent = get("/slow");
	silent.silence = 1;
	fails(silent, "not a byte in 1 seconds");
	struct http_exchange nobody = {.method = "GET", .url = "http://127.0.0.1:1/"};
	fails(nobody, "onnect");
}

static void no_url_is_invalid(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	struct http_exchange calls[] = {
		{.method = "GET", .url = "http://[::1"}, {.method = "GET"}, {.method = "GET", .url = "file:///etc/passwd"}};
	http_run(pool, calls, 3);
	assert_int_equal(calls[0].err.kind, ERR_INVALID);
	assert_int_equal(calls[1].err.kind, ERR_INVALID);
	assert_false(calls[2].ok);
	http_destroy(pool);
}

static bool note_line(struct http_exchange *exchange, const char *line, size_t length, struct error *err) {
	struct str *seen = exchange->context;
	str_add(seen, line, length);
	str_adds(seen, "|");
	return length < 5 || fail(err, ERR_GONE, "a long line");
}

static void check_stream(const char *path, const char *want, bool ok, enum error_kind kind) {
	struct http_pool *pool = http_create();
	struct str seen = {0};
	struct http_exchange call = get(path);
	call.line = note_line;
	call.context = &seen;
	call.silence = 3;
	call.limit = 1000;
	http_run(pool, &call, 1);
	assert_string_equal(seen.text ? seen.text : "", want);
	assert_int_equal(call.ok, ok);
	assert_int_equal(call.err.kind, kind);
	str_done(&seen);
	http_forget(&call);
	http_destroy(pool);
}

static void streams_come_by_line(void **state) {
	(void)state;
	check_stream("/lines", "one|two|three|", false, ERR_GONE);
	check_stream("/cut", "one|", false, ERR_UNAVAILABLE);
	check_stream("/silent-line", "one|", false, ERR_UNAVAILABLE);
	check_stream("/endless", "", false, ERR_UNAVAILABLE);
	check_stream("/missing", "", true, ERR_NONE);
}

struct reader {
	int64_t until; /* nothing is taken before */
	size_t lines, asked;
};

static bool reader_full(struct http_exchange *exchange) {
	struct reader *reader = exchange->context;
	reader->asked++;
	return clock_monotonic() < reader->until;
}

static bool reader_line(struct http_exchange *exchange, const char *line, size_t length, struct error *err) {
	(void)line, (void)length, (void)err;
	struct reader *reader = exchange->context;
	assert_true(clock_monotonic() >= reader->until);
	reader->lines++;
	return true;
}

/* Longer than the silence that would end it: that the reader is full is not the server's silence. */
static void a_full_reader_holds_the_stream_back(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	struct reader reader = {.until = clock_monotonic() + SECONDS(1.5)};
	struct http_exchange call = get("/lines");
	call.line = reader_line;
	call.full = reader_full;
	call.alone = true;
	call.context = &reader;
	call.silence = 1;
	http_run(pool, &call, 1);
	assert_true(call.ok);
	assert_int_equal(reader.lines, 3);
	assert_true(reader.asked > 10);
	http_forget(&call);
	http_destroy(pool);
}

static void *interrupt_soon(void *pool) {
	usleep(200000);
	http_interrupt(pool);
	return NULL;
}

static void an_interrupt_ends_the_wait(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	struct http_exchange calls[] = {get("/slow"), get("/slow")};
	pthread_t thread;
	pthread_create(&thread, NULL, interrupt_soon, pool);
	int64_t start = clock_monotonic();
	http_run(pool, calls, 2);
	assert_true(clock_monotonic() - start < SECONDS(4)); /* their own time is 5 s */
	pthread_join(thread, NULL);
	assert_int_equal(calls[0].err.kind, ERR_CANCELLED);
	assert_int_equal(calls[1].err.kind, ERR_CANCELLED);
	http_run(pool, calls, 1);
	assert_int_equal(calls[0].err.kind, ERR_CANCELLED);
	http_destroy(pool);
}

static bool holds_for_a_while(void *context) {
	return clock_monotonic() < *(int64_t *)context;
}

static void a_lost_fence_ends_writes_alone(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	int64_t deadline = clock_monotonic() + SECONDS(0.5);
	http_fence(pool, holds_for_a_while, &deadline);
	struct http_exchange calls[] = {get("/slow"), get("/slow")};
	calls[0].fenced = true;
	calls[1].timeout = 2;
	http_run(pool, calls, 2);
	assert_int_equal(calls[0].err.kind, ERR_CANCELLED);
	assert_int_equal(calls[1].err.kind, ERR_UNAVAILABLE);
	int before = atomic_load(&requests);
	http_run(pool, calls, 1);
	assert_int_equal(calls[0].err.kind, ERR_CANCELLED);
	assert_int_equal(atomic_load(&requests), before);
	http_destroy(pool);
}

static struct http_pool *again_pool;

static void start_again(struct http_exchange *exchange) {
	int *left = exchange->context;
	if ((*left)-- > 0) {
		http_start(again_pool, exchange);
	}
}

static void done_may_start_again(void **state) {
	(void)state;
	again_pool = http_create();
	int left = 3, before = atomic_load(&requests);
	struct http_exchange call = get("/plain");
	call.done = start_again;
	call.context = &left;
	http_run(again_pool, &call, 1);
	assert_int_equal(atomic_load(&requests) - before, 4);
	assert_string_equal(call.answer.text, "hello");
	http_forget(&call);
	http_destroy(again_pool);
}

static void an_unfinished_pool_can_go(void **state) {
	(void)state;
	struct http_pool *pool = http_create();
	struct http_exchange call = get("/slow"), other = get("/slow");
	http_start(pool, &call);
	http_start(pool, &other);
	http_turn(pool, 50);
	http_cancel(pool, &other);
	assert_null(other.transfer);
	http_destroy(pool);
	assert_null(call.transfer);
}

static void escapes(void **state) {
	(void)state;
	cleanup_str struct str text = {0};
	http_escape(&text, "a-b.c_d~E/ ?&=%\xc3\xa4");
	assert_string_equal(text.text, "a-b.c_d~E%2F%20%3F%26%3D%25%C3%A4");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_side_by_side),
		cmocka_unit_test(what_is_broken_is_an_error),
		cmocka_unit_test(no_url_is_invalid),
		cmocka_unit_test(streams_come_by_line),
		cmocka_unit_test(a_full_reader_holds_the_stream_back),
		cmocka_unit_test(an_interrupt_ends_the_wait),
		cmocka_unit_test(a_lost_fence_ends_writes_alone),
		cmocka_unit_test(done_may_start_again),
		cmocka_unit_test(an_unfinished_pool_can_go),
		cmocka_unit_test(escapes),
	};
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
