#include "run/serving_certificate.h"

#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { CHAIN = 2 };
static char folder[] = "/tmp/serving-certificate-XXXXXX";
static char cert_file[sizeof folder + 8], key_file[sizeof folder + 8];

static int make_folder(void **state) {
	(void)state;
	if (!mkdtemp(folder)) {
		return -1;
	}
	snprintf(cert_file, sizeof cert_file, "%s/tls.crt", folder);
	snprintf(key_file, sizeof key_file, "%s/tls.key", folder);
	return 0;
}

static int remove_folder(void **state) {
	(void)state;
	unlink(cert_file);
	unlink(key_file);
	return rmdir(folder);
}

static X509 *sign_itself(EVP_PKEY *key) {
	X509 *certificate = X509_new();
	assert_true(X509_set_version(certificate, X509_VERSION_3));
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	assert_true(X509_set_pubkey(certificate, key));
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	return certificate;
}

/* The certificate is its own issuer in the chain: what is asked here is only who serves it. */
static void write_certificate(EVP_PKEY *key) {
	X509 *certificate = sign_itself(key);
	FILE *file = fopen(cert_file, "w");
	for (int i = 0; i < CHAIN; i++) {
		assert_true(PEM_write_X509(file, certificate));
	}
	assert_int_equal(fclose(file), 0);
	X509_free(certificate);
}

static void write_key(EVP_PKEY *key) {
	FILE *file = fopen(key_file, "w");
	assert_true(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
	assert_int_equal(fclose(file), 0);
}

static void shake_hands(SSL *server, SSL *client) {
	BIO *here, *there;
	assert_true(BIO_new_bio_pair(&here, 0, &there, 0));
	SSL_set_bio(server, here, here);
	SSL_set_bio(client, there, there);
	SSL_set_accept_state(server);
	SSL_set_connect_state(client);
	for (int i = 0; i < 10; i++) {
		(void)SSL_do_handshake(client);
		(void)SSL_do_handshake(server);
	}
	assert_true(SSL_is_init_finished(server) && SSL_is_init_finished(client));
}

/* Whether a client that speaks this version and takes every type of key is shown `key`. */
static bool is_served(SSL_CTX *ssl, int version, EVP_PKEY *key, int chain) {
	SSL_CTX *clients = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(clients, version);
	SSL *server = SSL_new(ssl), *client = SSL_new(clients);
	shake_hands(server, client);
	bool same = EVP_PKEY_eq(X509_get0_pubkey(SSL_get0_peer_certificate(client)), key) == 1;
	assert_int_equal(sk_X509_num(SSL_get_peer_cert_chain(client)), chain);
	SSL_free(server);
	SSL_free(client);
	SSL_CTX_free(clients);
	return same;
}

static void expect_served(SSL_CTX *ssl, EVP_PKEY *key) {
	assert_true(is_served(ssl, TLS1_2_VERSION, key, CHAIN));
	assert_true(is_served(ssl, TLS1_3_VERSION, key, CHAIN));
}

/* A context has a place for each type, and prefers one of them. */
static void what_the_files_hold_is_served_whatever_its_type(void **state) {
	(void)state;
	struct error err;
	struct serving_certificate files = {.cert_file = cert_file, .key_file = key_file};
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *keys[] = {EVP_EC_gen("P-256"), EVP_RSA_gen(2048), EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		write_certificate(keys[i]);
		write_key(keys[i]);
		assert_true(serving_certificate_load(&files, ssl, &err));
		expect_served(ssl, keys[i]);
		EVP_PKEY_free(keys[i]);
	}
	SSL_CTX_free(ssl);
	serving_certificate_release(&files);
}

static void half_of_a_pair_leaves_the_old_one(void **state) {
	(void)state;
	struct error err;
	struct serving_certificate files = {.cert_file = cert_file, .key_file = key_file};
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *first = EVP_EC_gen("P-256"), *others[] = {EVP_EC_gen("P-256"), EVP_RSA_gen(2048)};
	write_certificate(first);
	write_key(first);
	assert_true(serving_certificate_load(&files, ssl, &err));
	for (size_t i = 0; i < 2; i++) {
		write_certificate(others[i]);
		assert_false(serving_certificate_load(&files, ssl, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		expect_served(ssl, first);
		EVP_PKEY_free(others[i]);
	}
	unlink(cert_file);
	assert_false(serving_certificate_load(&files, ssl, &err));
	expect_served(ssl, first);
	EVP_PKEY_free(first);
	SSL_CTX_free(ssl);
	serving_certificate_release(&files);
}

/* Requests carry bearer tokens. */
static void what_came_in_is_overwritten(void **state) {
	(void)state;
	struct error err;
	struct serving_certificate self_signed = {0};
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	assert_true(serving_certificate_load(&self_signed, ssl, &err));
	assert_true(SSL_CTX_get_options(ssl) & SSL_OP_CLEANSE_PLAINTEXT);
	assert_int_equal(SSL_CTX_get_min_proto_version(ssl), TLS1_2_VERSION);
	EVP_PKEY *other = EVP_EC_gen("P-256");
	assert_false(is_served(ssl, TLS1_3_VERSION, other, 1));
	EVP_PKEY_free(other);
	SSL_CTX_free(ssl);
	serving_certificate_release(&self_signed);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_files_hold_is_served_whatever_its_type),
		cmocka_unit_test(half_of_a_pair_leaves_the_old_one),
		cmocka_unit_test(what_came_in_is_overwritten),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
