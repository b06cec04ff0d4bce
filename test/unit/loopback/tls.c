#include "loopback/tls.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

struct tls_identity {
	SSL_CTX *context;
	char pem[2048], key_pem[512];
};

static void must(int ok) {
	if (!ok) {
		abort();
	}
}

static void add_extension(X509 *certificate, int which, const char *value) {
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, which, value);
	must(extension && X509_add_ext(certificate, extension, -1));
	X509_EXTENSION_free(extension);
}

static X509 *sign_itself(EVP_PKEY *key) {
	X509 *certificate = X509_new();
	X509_NAME *name = X509_get_subject_name(certificate);
	must(X509_set_version(certificate, X509_VERSION_3));
	must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1));
	must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"loopback", -1, -1, 0));
	must(X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key));
	must(X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
		 X509_gmtime_adj(X509_getm_notAfter(certificate), 3600));
	add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(certificate, NID_subject_alt_name, "IP:127.0.0.1");
	must(X509_sign(certificate, key, EVP_sha256()));
	return certificate;
}

static void write_key(EVP_PKEY *key, char *pem, int size) {
	BIO *text = BIO_new(BIO_s_mem());
	must(PEM_write_bio_PrivateKey(text, key, NULL, NULL, 0, NULL, NULL) && BIO_read(text, pem, size - 1) > 0);
	BIO_free(text);
}

struct tls_identity *tls_identity_create(int newest) {
	struct tls_identity *identity = calloc(1, sizeof *identity);
	must(identity != NULL);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = sign_itself(key);
	BIO *text = BIO_new(BIO_s_mem());
	must(PEM_write_bio_X509(text, certificate) && BIO_read(text, identity->pem, sizeof identity->pem - 1) > 0);
	BIO_free(text);
	write_key(key, identity->key_pem, sizeof identity->key_pem);
	identity->context = SSL_CTX_new(TLS_server_method());
	must(identity->context && SSL_CTX_use_certificate(identity->context, certificate) &&
		 SSL_CTX_use_PrivateKey(identity->context, key));
	/* Or the library itself would not speak the old versions. */
	must(SSL_CTX_set_cipher_list(identity->context, "DEFAULT:@SECLEVEL=0") &&
		 SSL_CTX_set_min_proto_version(identity->context, TLS1_VERSION) &&
		 SSL_CTX_set_max_proto_version(identity->context, newest));
	X509_free(certificate);
	EVP_PKEY_free(key);
	return identity;
}

void tls_identity_destroy(struct tls_identity *identity) {
	if (identity) {
		SSL_CTX_free(identity->context);
		free(identity);
	}
}

const char *tls_identity_pem(const struct tls_identity *identity) {
	return identity->pem;
}

const char *tls_identity_key_pem(const struct tls_identity *identity) {
	return identity->key_pem;
}

void tls_serve(const struct tls_identity *identity, int fd, const char *answer) {
	char request[4096];
	SSL *tls = SSL_new(identity->context);
	must(tls && SSL_set_fd(tls, fd));
	if (SSL_accept(tls) == 1 && SSL_read(tls, request, sizeof request) > 0) {
		SSL_write(tls, answer, (int)strlen(answer));
		SSL_shutdown(tls);
	}
	SSL_free(tls);
}
