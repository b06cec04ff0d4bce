/* The keys of certificates: software keys of leaves, and which key of a token a certificate is for. */
#include <openssl/err.h>
#include <openssl/pem.h>

#include "pki/certificate_x509.h"

EVP_PKEY *pkey_parse(const char *pem, struct error *err) {
	BIO *in = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, no_passphrase);
	BIO_free(in);
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
