/* HTTP/2's GOAWAY (RFC 9113, 6.8), from a server of our own that speaks just enough of it over TLS on [::1]; and whom
 * we speak to at all. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "http/http.h"
#include "loopback/loopback.h"

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

enum { DATA = 0, HEADERS = 1, SETTINGS = 4, GOAWAY = 7, END_STREAM = 1, END_HEADERS = 4, PREFACE = 24, ACK = 1 };

/* What the server does on its first connection; all later ones answer. */
static enum { ANSWER_THEN_GO, REFUSE, GO_IN_THE_MIDDLE } manner;
static atomic_int answered;

static SSL_CTX *tls;
static char anchor[4096]; /* the server's certificate: it is its own CA */
static char other[4096];  /* another one of the same name */

static void put_frame(SSL *ssl, uint8_t type, uint8_t flags, uint32_t stream, const void *bytes, uint8_t length) {
	uint8_t frame[9 + 255] = {0, 0, length, type, flags, (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
		(uint8_t)(stream >> 8), (uint8_t)stream};
	memcpy(frame + 9, bytes ? bytes : "", length);
	SSL_write(ssl, frame, 9 + length);
}

static bool read_whole(SSL *ssl, uint8_t *bytes, size_t length) {
	for (int got; length; bytes += got, length -= (size_t)got) {
		got = SSL_read(ssl, bytes, (int)length);
		if (got <= 0) {
			return false;
		}
	}
	return true;
}

/* The stream of the next request; 0: the connection has ended. */
static uint32_t next_request(SSL *ssl) {
	uint8_t head[9], body[16384];
	while (read_whole(ssl, head, sizeof head)) {
		size_t length = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
		if (length > sizeof body || !read_whole(ssl, body, length)) {
			return 0;
		}
		if (head[3] == SETTINGS && !(head[4] & ACK)) {
			put_frame(ssl, SETTINGS, ACK, 0, NULL, 0);
		}
		if (head[3] == HEADERS) {
			return (uint32_t)head[5] << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
		}
	}
	return 0;
}

static void put_goaway(SSL *ssl, uint32_t last) {
	uint8_t body[8] = {0, 0, 0, (uint8_t)last}; /* the last stream that was looked at; no error */
	put_frame(ssl, GOAWAY, 0, 0, body, sizeof body);
}

static void begin_answer(SSL *ssl, uint32_t stream) {
	atomic_fetch_add(&answered, 1);
	put_frame(ssl, HEADERS, END_HEADERS, stream, "\x88", 1); /* RFC 7541, appendix A: ":status: 200" */
	put_frame(ssl, DATA, 0, stream, "one\n", 4);
}

static void talk(SSL *ssl, bool first) {
	uint8_t preface[PREFACE];
	if (!read_whole(ssl, preface, sizeof preface)) {
		return;
	}
	put_frame(ssl, SETTINGS, 0, 0, NULL, 0);
	for (uint32_t stream; (stream = next_request(ssl));) {
		if (first && manner == REFUSE) {
			put_goaway(ssl, 0);
			continue;
		}
		begin_answer(ssl, stream);
		if (first && manner == GO_IN_THE_MIDDLE) {
			put_goaway(ssl, stream);
		}
		put_frame(ssl, DATA, END_STREAM, stream, "two\n", 4);
		if (first && manner == ANSWER_THEN_GO) {
			put_goaway(ssl, stream);
		}
	}
}

static struct loopback server;

static void serve(int fd) {
	bool first = atomic_load(&server.connections) == 1;
	SSL *ssl = SSL_new(tls);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		talk(ssl, first);
	}
	SSL_free(ssl);
}

static int choose_h2(
	SSL *ssl, const unsigned char **out, unsigned char *length, const unsigned char *in, unsigned int size, void *arg) {
	(void)ssl, (void)arg;
	static const unsigned char h2[] = "\x02h2";
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, length, h2, 3, in, size) == OPENSSL_NPN_NEGOTIATED
	           ? SSL_TLSEXT_ERR_OK
	           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* For the address [::1], and nothing else. */
static X509 *make_certificate(EVP_PKEY *key) {
	X509 *certificate = X509_new();
	X509_set_version(certificate, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
	X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
	X509_NAME *name = X509_get_subject_name(certificate);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"goaway", -1, -1, 0);
	X509_set_issuer_name(certificate, name);
	X509_set_pubkey(certificate, key);
	X509_EXTENSION *address = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:0:0:0:0:0:0:0:1");
	X509_add_ext(certificate, address, -1);
	X509_EXTENSION_free(address);
	X509_sign(certificate, key, EVP_sha256());
	return certificate;
}

static void print(char *pem, size_t size, X509 *certificate) {
	BIO *out = BIO_new(BIO_s_mem());
	PEM_write_bio_X509(out, certificate);
	pem[BIO_read(out, pem, (int)size - 1)] = '\0';
	BIO_free(out);
}

static int begin(void **state) {
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* the server's: whoever does not trust it is gone before it has finished */
	EVP_PKEY *key = EVP_EC_gen("P-256"), *stranger = EVP_EC_gen("P-256");
	X509 *certificate = make_certificate(key), *same_name = make_certificate(stranger);
	print(anchor, sizeof anchor, certificate);
	print(other, sizeof other, same_name);
	tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_alpn_select_cb(tls, choose_h2, NULL);
	int ok = SSL_CTX_use_certificate(tls, certificate) == 1 && SSL_CTX_use_PrivateKey(tls, key) == 1;
	X509_free(certificate);
	X509_free(same_name);
	EVP_PKEY_free(key);
	EVP_PKEY_free(stranger);
	return ok ? 0 : -1;
}

static int finish(void **state) {
	(void)state;
	SSL_CTX_free(tls);
	return 0;
}

static int start_server(void **state) {
	(void)state;
	server = (struct loopback){.serve = serve, .ipv6 = true};
	atomic_store(&answered, 0);
	return loopback_start(&server);
}

static int stop_server(void **state) {
	(void)state;
	return loopback_stop(&server);
}

static char url[100];
static const struct http_peer peer = {.ca = anchor};

static struct http_exchange get(void) {
	snprintf(url, sizeof url, "https://[::1]:%d/", server.port);
	return (struct http_exchange){.method = "GET", .url = url, .peer = &peer, .timeout = 5};
}

static void expect_answers(struct http_pool *pool, int count) {
	for (int i = 0; i < count; i++) {
		struct http_exchange call = get();
		http_run(pool, &call, 1);
		assert_string_equal(call.err.text, "");
		assert_int_equal(call.status, 200);
		assert_string_equal(call.answer.text, "one\ntwo\n");
		http_forget(&call);
	}
}

static void the_next_request_takes_a_new_connection(void **state) {
	(void)state;
	manner = ANSWER_THEN_GO;
	struct http_pool *pool = http_create();
	expect_answers(pool, 3);
	assert_int_equal(atomic_load(&server.connections), 2);
	http_destroy(pool);
}

/* libcurl before 8.4 ends it with an error, later ones send it again: both are right, since the caller tries again. */
static void what_was_not_looked_at_fails_or_is_sent_again(void **state) {
	(void)state;
	manner = REFUSE;
	struct http_pool *pool = http_create();
	struct http_exchange call = get();
	http_run(pool, &call, 1);
	assert_int_equal(call.err.kind, call.ok ? ERR_NONE : ERR_UNAVAILABLE);
	assert_int_equal(atomic_load(&answered), call.ok);
	http_forget(&call);
	expect_answers(pool, 1);
	assert_int_equal(atomic_load(&server.connections), 2);
	http_destroy(pool);
}

static void a_create_is_sent_once_whatever_happens(void **state) {
	(void)state;
	manner = REFUSE;
	struct http_pool *pool = http_create();
	struct http_exchange call = get();
	call.method = "POST";
	call.body = "{}";
	call.body_length = 2;
	call.once = true;
	http_run(pool, &call, 1);
	assert_false(call.ok);
	assert_int_equal(call.err.kind, ERR_UNAVAILABLE);
	assert_int_equal(atomic_load(&answered), 0);
	http_forget(&call);
	http_destroy(pool);
}

static bool note_line(struct http_exchange *exchange, const char *line, size_t length, struct error *err) {
	(void)err;
	str_add(exchange->context, line, length);
	return true;
}

static void a_stream_comes_to_its_end(void **state) {
	(void)state;
	manner = GO_IN_THE_MIDDLE;
	struct http_pool *pool = http_create();
	struct str seen = {0};
	struct http_exchange call = get();
	call.line = note_line;
	call.context = &seen;
	http_run(pool, &call, 1);
	assert_true(call.ok);
	assert_string_equal(seen.text, "onetwo");
	expect_answers(pool, 2);
	assert_int_equal(atomic_load(&server.connections), 2);
	str_done(&seen);
	http_forget(&call);
	http_destroy(pool);
}

static bool speaks_to(const struct http_peer *with) {
	struct http_pool *pool = http_create();
	struct http_exchange call = get();
	call.peer = with;
	atomic_store(&answered, 0);
	http_run(pool, &call, 1);
	bool ok = call.ok;
	assert_int_equal(call.err.kind, ok ? ERR_NONE : ERR_UNAVAILABLE);
	assert_int_equal(atomic_load(&answered), ok);
	http_forget(&call);
	http_destroy(pool);
	return ok;
}

static void nobody_is_spoken_to_who_is_not_vouched_for(void **state) {
	(void)state;
	manner = ANSWER_THEN_GO;
	assert_true(speaks_to(&peer));
	assert_false(speaks_to(&(struct http_peer){.ca = other}));
	assert_false(speaks_to(&(struct http_peer){0}));
	assert_false(speaks_to(&(struct http_peer){.ca = anchor, .server_name = "api.example"}));
	assert_false(speaks_to(NULL));
	assert_true(speaks_to(&(struct http_peer){.insecure = true}));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_next_request_takes_a_new_connection, start_server, stop_server),
		cmocka_unit_test_setup_teardown(what_was_not_looked_at_fails_or_is_sent_again, start_server, stop_server),
		cmocka_unit_test_setup_teardown(a_create_is_sent_once_whatever_happens, start_server, stop_server),
		cmocka_unit_test_setup_teardown(nobody_is_spoken_to_who_is_not_vouched_for, start_server, stop_server),
		cmocka_unit_test_setup_teardown(a_stream_comes_to_its_end, start_server, stop_server),
	};
	return cmocka_run_group_tests(tests, begin, finish);
}
