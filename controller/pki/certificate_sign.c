#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "pki/certificate_x509.h"

/* OpenSSL sets a certificate's two AlgorithmIdentifiers only while it signs with a key it has. So these keys sign
 * first, for nothing but that; the token's signature takes the place of theirs. They are made once and never leave
 * memory. */
static EVP_PKEY *throwaway_ec, *throwaway_rsa;
static pthread_once_t throwaway_once = PTHREAD_ONCE_INIT;

static void throwaway_make(void) {
	throwaway_ec = EVP_EC_gen("prime256v1");
	throwaway_rsa = EVP_RSA_gen(2048);
}

static bool set_algorithm(X509 *draft, EVP_PKEY *public_key, struct error *err) {
	pthread_once(&throwaway_once, throwaway_make);
	EVP_PKEY *key = EVP_PKEY_is_a(public_key, "EC") ? throwaway_ec : throwaway_rsa;
	if (!key || X509_sign(draft, key, EVP_sha256()) <= 0) {
		ERR_clear_error();
		return fail(err, ERR_INTERNAL, "preparing a certificate's signature");
	}
	return true;
}

static void add_header(struct str *out, int constructed, size_t length, int tag) {
	unsigned char header[16], *end = header;
	ASN1_put_object(&end, constructed, (int)length, tag, V_ASN1_UNIVERSAL);
	str_add(out, header, (size_t)(end - header));
}

/* SEQUENCE { tbsCertificate, signatureAlgorithm, BIT STRING } */
static X509 *assemble(
	X509 *draft, const unsigned char *tbs, int tbs_length, const unsigned char *signature, size_t signature_length) {
	const X509_ALGOR *algorithm = NULL;
	unsigned char *algorithm_der = NULL;
	struct str cleanup_str body = {0}, der = {0};
	X509_get0_signature(NULL, &algorithm, draft);
	int algorithm_length = i2d_X509_ALGOR(algorithm, &algorithm_der);
	if (algorithm_length <= 0) {
		return NULL;
	}
	str_add(&body, tbs, (size_t)tbs_length);
	str_add(&body, algorithm_der, (size_t)algorithm_length);
	OPENSSL_free(algorithm_der);
	add_header(&body, 0, signature_length + 1, V_ASN1_BIT_STRING);
	str_add(&body, "", 1); /* no unused bits */
	str_add(&body, signature, signature_length);
	add_header(&der, 1, body.length, V_ASN1_SEQUENCE);
	str_add(&der, body.text, body.length);
	const unsigned char *at = (const unsigned char *)der.text;
	return d2i_X509(NULL, &at, (long)der.length);
}

static X509 *sign(X509 *draft, struct token *token, const char *key, EVP_PKEY *public_key, struct error *err) {
	unsigned char *tbs = NULL, *signature = NULL;
	size_t length = 0;
	if (!set_algorithm(draft, public_key, err)) {
		return NULL;
	}
	int tbs_length = i2d_re_X509_tbs(draft, &tbs);
	if (tbs_length <= 0) {
		fail(err, ERR_INTERNAL, "encoding a certificate");
		return NULL;
	}
	X509 *certificate = NULL;
	if (token_sign(token, key, tbs, (size_t)tbs_length, &signature, &length, err)) {
		certificate = assemble(draft, tbs, tbs_length, signature, length);
		free(signature);
		if (!certificate || X509_verify(certificate, public_key) != 1) {
			X509_free(certificate);
			certificate = NULL;
			ERR_clear_error();
			fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "the token's signature by %s does not verify", key);
		}
	}
	OPENSSL_free(tbs);
	return certificate;
}

X509 *x509_sign_in_token(X509 *draft, struct token *token, const char *key, struct error *err) {
	EVP_PKEY *cleanup_pkey public_key = token_key_public(token, key, err);
	return public_key ? sign(draft, token, key, public_key, err) : NULL;
}
