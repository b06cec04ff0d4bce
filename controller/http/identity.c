#include "http/identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>

/* For what is encrypted: or OpenSSL would ask on the terminal. */
static int no_passphrase(char *room, int size, int writing, void *context) {
	(void)room, (void)size, (void)writing, (void)context;
	return -1;
}

static BIO *text_of(const char *pem) {
	BIO *text = BIO_new_mem_buf(pem, -1);
	if (!text) {
		abort();
	}
	return text;
}

/* All certificates that the text has: one that is cut off is not its end. */
static bool use_chain(SSL_CTX *tls, const char *pem) {
	BIO *text = text_of(pem);
	X509 *certificate = PEM_read_bio_X509_AUX(text, NULL, no_passphrase, NULL);
	bool ok = certificate && SSL_CTX_use_certificate(tls, certificate) == 1;
	X509_free(certificate);
	while (ok && (certificate = PEM_read_bio_X509(text, NULL, no_passphrase, NULL))) {
		ok = SSL_CTX_add1_chain_cert(tls, certificate) == 1;
		X509_free(certificate);
	}
	BIO_free(text);
	return ok && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static bool check(SSL_CTX *tls, const char *certificate, EVP_PKEY *key, struct error *err) {
	if (!use_chain(tls, certificate)) {
		return fail(err, ERR_INVALID, "the certificate cannot be used, or its PEM text is cut off");
	}
	if (!key) {
		return fail(err, ERR_INVALID, "the key is encrypted, or its PEM text is cut off");
	}
	/* A key of another type takes no notice of the certificate until it is asked. */
	return (SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1) ||
	       fail(err, ERR_INVALID, "the key is not the certificate's");
}

bool http_identity_check(const char *certificate, const char *key, struct error *err) {
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	if (!tls) {
		abort();
	}
	ERR_clear_error();
	BIO *text = text_of(key);
	EVP_PKEY *own = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL);
	bool ok = check(tls, certificate, own, err);
	BIO_free(text);
	EVP_PKEY_free(own);
	SSL_CTX_free(tls);
	ERR_clear_error(); /* what is left here would be taken for the next one's */
	return ok;
}
