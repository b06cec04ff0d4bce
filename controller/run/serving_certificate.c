#include "run/serving_certificate.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"

enum { VALID_DAYS = 365, RENEW_DAYS = 300 };
static const long DAY = 24 * 3600L;

static uint64_t mark(const struct serving_certificate *certificate) {
	return certificate->cert_file ? file_stamp(certificate->cert_file) * 37 + file_stamp(certificate->key_file)
	                              : (uint64_t)clock_wall();
}

bool serving_certificate_stale(const struct serving_certificate *certificate) {
	uint64_t now = mark(certificate);
	return certificate->cert_file ? now != certificate->loaded
	                              : now - certificate->loaded > (uint64_t)(RENEW_DAYS * DAY);
}

static bool add_extension(X509 *certificate, int nid, const char *value) {
	X509V3_CTX context;
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
	bool ok = extension && X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

static bool fill_and_sign(X509 *certificate, EVP_PKEY *key) {
	unsigned char serial[16];
	if (RAND_bytes(serial, sizeof serial) != 1) {
		return false;
	}
	serial[0] = (serial[0] & 0x7f) | 0x40; /* positive, and of full length */
	BIGNUM *number = BN_bin2bn(serial, sizeof serial, NULL);
	bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
	BN_free(number);
	X509_NAME *name = X509_get_subject_name(certificate);
	return ok && X509_set_version(certificate, X509_VERSION_3) &&
	       X509_NAME_add_entry_by_txt(
			   name, "CN", MBSTRING_ASC, (const unsigned char *)"ybcluster-operator", -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name) && X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_DAYS * DAY) && X509_set_pubkey(certificate, key) &&
	       add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
	       add_extension(certificate, NID_subject_alt_name, "DNS:ybcluster-operator,DNS:localhost,IP:127.0.0.1") &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

static bool make_self_signed(SSL_CTX *pair, struct error *err) {
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	bool ok = key && certificate && fill_and_sign(certificate, key) &&
	          SSL_CTX_use_cert_and_key(pair, certificate, key, NULL, 1) == 1;
	X509_free(certificate);
	EVP_PKEY_free(key);
	return ok || fail(err, ERR_INTERNAL, "metrics: cannot make a self-signed certificate");
}

static bool read_files(const struct serving_certificate *certificate, SSL_CTX *pair, struct error *err) {
	return (SSL_CTX_use_certificate_chain_file(pair, certificate->cert_file) == 1 &&
			   SSL_CTX_use_PrivateKey_file(pair, certificate->key_file, SSL_FILETYPE_PEM) == 1 &&
			   SSL_CTX_check_private_key(pair) == 1) ||
	       fail(err, ERR_INVALID, "metrics: %s and %s are no certificate chain with its private key",
			   certificate->cert_file, certificate->key_file);
}

/* The connection counts its own references: the pair may go while it lasts. What it was given before goes first, or
 * that stays beside a pair of another type. */
static int present(SSL *connection, void *context) {
	const struct serving_certificate *certificate = context;
	STACK_OF(X509) *chain = NULL;
	SSL_certs_clear(connection);
	return SSL_CTX_get0_chain_certs(certificate->pair, &chain) &&
	       SSL_use_cert_and_key(connection, SSL_CTX_get0_certificate(certificate->pair),
			   SSL_CTX_get0_privatekey(certificate->pair), chain, 1) == 1;
}

bool serving_certificate_load(struct serving_certificate *certificate, SSL_CTX *ssl, struct error *err) {
	/* The mark is of before: a change during the load is seen next time. A bad pair is not tried again and again. */
	certificate->loaded = mark(certificate);
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(ssl, SSL_OP_CLEANSE_PLAINTEXT); /* the scrapers' tokens */
	SSL_CTX_set_cert_cb(ssl, present, certificate);
	SSL_CTX *pair = SSL_CTX_new(TLS_server_method());
	if (!pair) {
		abort();
	}
	if (!(certificate->cert_file ? read_files(certificate, pair, err) : make_self_signed(pair, err))) {
		SSL_CTX_free(pair);
		return false;
	}
	serving_certificate_release(certificate);
	certificate->pair = pair;
	return true;
}

void serving_certificate_release(struct serving_certificate *certificate) {
	SSL_CTX_free(certificate->pair);
	certificate->pair = NULL;
}
