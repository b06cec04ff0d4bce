/* The keys of certificates: software keys of leaves, and which key of a token a certificate is for. */
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <string.h>

#include "pki/certificate_x509.h"

/* One decoder for all keys: to make it costs OpenSSL 3.0 ten times what it costs to use it (0.6 ms). */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static OSSL_DECODER_CTX *decoder;
static EVP_PKEY *decoded; /* where the decoder puts a key */

static bool decoder_make(void) {
	if (!decoder) {
		decoder = OSSL_DECODER_CTX_new_for_pkey(&decoded, "PEM", NULL, NULL, EVP_PKEY_KEYPAIR, NULL, NULL);
		if (decoder) {
			OSSL_DECODER_CTX_set_passphrase(decoder, (unsigned char *)no_passphrase, 0);
		}
	}
	return decoder;
}

EVP_PKEY *pkey_parse(const char *pem, struct error *err) {
	const unsigned char *at = (const unsigned char *)pem;
	size_t left = strlen(pem);
	pthread_mutex_lock(&lock);
	bool ok = decoder_make() && OSSL_DECODER_from_data(decoder, &at, &left) == 1;
	EVP_PKEY *key = decoded;
	decoded = NULL;
	pthread_mutex_unlock(&lock);
	if (!ok) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	ERR_clear_error();
	if (!key) {
		fail(err, ERR_INVALID, "no private key in PEM");
	}
	return key;
}

bool certificate_key_make(enum key_algorithm algorithm, struct str *pem, struct error *err) {
	EVP_PKEY *cleanup_pkey key = algorithm == KEY_ECDSA_P256 ? EVP_EC_gen("prime256v1") : EVP_RSA_gen(3072);
	BIO *out = BIO_new(BIO_s_secmem());
	bool ok = key && out && PEM_write_bio_PKCS8PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1;
	if (ok) {
		char *text = NULL;
		long length = BIO_get_mem_data(out, &text);
		str_add(pem, text, (size_t)length);
	}
	BIO_free(out);
	ERR_clear_error();
	return ok || fail(err, ERR_INTERNAL, "making a private key");
}

bool certificate_key_in_token(struct token *token, const char *key, const char *certificate_pem, struct error *err) {
	X509 *cleanup_x509 certificate = x509_parse(certificate_pem, err);
	EVP_PKEY *cleanup_pkey public_key = certificate ? token_key_public(token, key, err) : NULL;
	if (!public_key) {
		return false;
	}
	bool ok = EVP_PKEY_eq(X509_get0_pubkey(certificate), public_key) == 1;
	ERR_clear_error();
	return ok || fail_because(err, ERR_BLOCKED, "TokenLacksCA", "the token's key %s is not the certificate's", key);
}
