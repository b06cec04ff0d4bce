/* Which versions of TLS are spoken, with a system whose OpenSSL would speak any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <openssl/crypto.h>
#include <openssl/tls1.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "http/http.h"
#include "loopback/loopback.h"
#include "loopback/tls.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"

static struct tls_identity *identity;

static void serve(int fd) {
	tls_serve(identity, fd, ANSWER);
}

static struct http_exchange ask(int newest, bool insecure) {
	char url[64];
	struct loopback server = {.serve = serve};
	identity = tls_identity_create(newest);
	assert_int_equal(loopback_start(&server), 0);
	snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
	struct http_peer peer = {.ca = tls_identity_pem(identity), .insecure = insecure};
	struct http_exchange call = {.method = "GET", .url = url, .peer = &peer, .timeout = 20};
	struct http_pool *pool = http_create();
	http_run(pool, &call, 1);
	http_destroy(pool);
	loopback_stop(&server);
	tls_identity_destroy(identity);
	return call;
}

static void newer_versions_are_spoken(void **state) {
	(void)state;
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		struct http_exchange call = ask(versions[i], false);
		assert_true(call.ok);
		assert_string_equal(call.answer.text, "hello");
		http_forget(&call);
	}
}

static void older_versions_are_refused(void **state) {
	(void)state;
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION};
	for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
		for (int insecure = 0; insecure < 2; insecure++) {
			struct http_exchange call = ask(versions[i], insecure);
			assert_false(call.ok);
			assert_int_equal(call.status, 0);
			assert_int_equal(call.err.kind, ERR_UNAVAILABLE);
			if (!strstr(call.err.text, "protocol version")) {
				assert_string_equal(call.err.text, "protocol version");
			}
			http_forget(&call);
		}
	}
}

static void say_that_all_versions_will_do(void) {
	static const char lax[] = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = lax\n"
							  "[lax]\nMinProtocol = TLSv1\nCipherString = DEFAULT:@SECLEVEL=0\n";
	static char path[] = "/tmp/tls-test-XXXXXX";
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, lax, sizeof lax - 1) != sizeof lax - 1) {
		abort();
	}
	close(fd);
	setenv("OPENSSL_CONF", path, 1);
	/* Read now, and once. */
	OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
	unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_versions_are_spoken),
		cmocka_unit_test(older_versions_are_refused),
	};
	say_that_all_versions_will_do();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
