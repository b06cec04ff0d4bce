/* Inside the certificates: what issuing, reading and checking share. Included by certificate*.c alone. */
#ifndef PKI_CERTIFICATE_X509_H
#define PKI_CERTIFICATE_X509_H
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "pki/certificate.h"

#define cleanup_x509 __attribute__((cleanup(x509_done)))
#define cleanup_pkey __attribute__((cleanup(pkey_done)))

static inline void x509_done(X509 **certificate) {
	X509_free(*certificate);
}
static inline void pkey_done(EVP_PKEY **key) {
	EVP_PKEY_free(*key);
}

/* Given as the passphrase, it keeps OpenSSL from asking the terminal for one. */
static char no_passphrase[] __attribute__((unused)) = "";

/* The caller's, and shared: never changed. NULL: no certificate. */
X509 *x509_decode(const unsigned char *der, size_t length);
/* The bytes of a string or number as the DER has them, in hexadecimal; NULL is "". */
const char *x509_hex(struct arena *arena, const ASN1_STRING *string);
int64_t x509_seconds(const ASN1_TIME *time);
/* The bytes of the next certificate of a bundle, for OPENSSL_free(). NULL: none; OpenSSL's error queue says why. */
unsigned char *der_next(BIO *in, long *length);
/* The next certificate of a bundle, the caller's; NULL at its end, or when it is damaged. */
X509 *x509_next(BIO *in, bool *damaged);
/* The first certificate of a PEM; the caller's. */
must_check X509 *x509_parse(const char *pem, struct error *err);
const char *x509_print(struct arena *arena, X509 *certificate);
/* The private key of a PEM; the caller's. */
must_check EVP_PKEY *pkey_parse(const char *pem, struct error *err);
/* An address as SANs keep it: 4 or 16 bytes. */
must_check bool address_parse(const char *text, unsigned char bytes[16], size_t *length);

/* Fails with what OpenSSL says. */
bool x509_failed(struct error *err, const char *what);
bool x509_add_extension(X509 *draft, int nid, void *value, bool critical);
/* Subject alternative names of a leaf; none for a client. */
must_check bool x509_add_names(X509 *draft, const struct certificate_leaf *leaf, struct error *err);
/* Permitted subtrees: these names and the loopback addresses. */
must_check bool x509_add_name_constraints(X509 *draft, const char *const *dns, struct error *err);
/* The signed certificate, verified with the token's own public key before it is handed out; the caller's. */
must_check X509 *x509_sign_in_token(X509 *draft, struct token *token, const char *key, struct error *err);

#endif
