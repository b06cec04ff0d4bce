/* Through a SOCKS5 proxy of our own on the loopback: what it is asked for, and that the answer comes through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <stdio.h>
#include <sys/socket.h>

#include "http/http.h"
#include "loopback/loopback.h"

enum { NO_PASSWORD = 0, BY_NAME = 3 };

static char asked[256]; /* "name:port" */

static bool read_bytes(int fd, void *bytes, size_t count) {
	return recv(fd, bytes, count, MSG_WAITALL) == (ssize_t)count;
}

static bool greet(int fd) {
	unsigned char hello[2], methods[255];
	static const unsigned char answer[] = {5, NO_PASSWORD};
	return read_bytes(fd, hello, sizeof hello) && read_bytes(fd, methods, hello[1]) &&
	       send(fd, answer, sizeof answer, MSG_NOSIGNAL) == sizeof answer;
}

/* An address is not taken: a name that we could have resolved may be another's to the proxy. */
static bool connect_by_name(int fd) {
	unsigned char head[5], rest[257];
	static const unsigned char answer[10] = {5, 0, 0, 1};
	if (!read_bytes(fd, head, sizeof head) || head[3] != BY_NAME || !read_bytes(fd, rest, head[4] + 2U)) {
		return false;
	}
	snprintf(asked, sizeof asked, "%.*s:%d", head[4], (char *)rest, rest[head[4]] << 8 | rest[head[4] + 1]);
	return send(fd, answer, sizeof answer, MSG_NOSIGNAL) == sizeof answer;
}

static void serve(int fd) {
	char request[4096];
	if (greet(fd) && connect_by_name(fd) && loopback_read_head(fd, request, sizeof request)) {
		loopback_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
	}
}

static struct loopback proxy = {.serve = serve};

static void a_socks5_proxy_resolves_the_name(void **state) {
	(void)state;
	static const char *const hosts[][2] = {
		{"http://only-the-proxy-knows.invalid:81/", "only-the-proxy-knows.invalid:81"},
		{"http://localhost:82/", "localhost:82"},
	};
	char url[64];
	snprintf(url, sizeof url, "socks5://127.0.0.1:%d", proxy.port);
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		struct http_peer peer = {.proxy = url};
		struct http_exchange call = {.method = "GET", .url = hosts[i][0], .peer = &peer, .timeout = 20};
		struct http_pool *pool = http_create();
		http_run(pool, &call, 1);
		http_destroy(pool);
		if (!call.ok) {
			assert_string_equal(call.err.text, "");
		}
		assert_string_equal(call.answer.text, "hello");
		assert_string_equal(asked, hosts[i][1]);
		http_forget(&call);
	}
}

static int start_proxy(void **state) {
	(void)state;
	return loopback_start(&proxy);
}

static int stop_proxy(void **state) {
	(void)state;
	return loopback_stop(&proxy);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socks5_proxy_resolves_the_name),
	};
	return cmocka_run_group_tests(tests, start_proxy, stop_proxy);
}
