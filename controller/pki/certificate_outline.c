/* What a certificate says at its beginning, read without its public key, which costs OpenSSL 3.0 0.2 ms to decode. */
#include <openssl/asn1t.h>
#include <openssl/err.h>

#include "base/hash.h"
#include "pki/certificate_x509.h"

/* RFC 5280, 4.1: TBSCertificate and Certificate, with ANY for what is not looked at. */
typedef struct outline_body {
	ASN1_INTEGER *version, *serial;
	ASN1_TYPE *signature, *issuer;
	X509_VAL *validity;
	ASN1_TYPE *subject, *key;
	ASN1_BIT_STRING *issuer_id, *subject_id;
	ASN1_TYPE *extensions;
} OUTLINE_BODY;

typedef struct outline {
	OUTLINE_BODY *body;
	ASN1_TYPE *algorithm;
	ASN1_BIT_STRING *signature;
} OUTLINE;

/* clang-format off */
ASN1_SEQUENCE(OUTLINE_BODY) = {
	ASN1_EXP_OPT(OUTLINE_BODY, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(OUTLINE_BODY, serial, ASN1_INTEGER),
	ASN1_SIMPLE(OUTLINE_BODY, signature, ASN1_ANY),
	ASN1_SIMPLE(OUTLINE_BODY, issuer, ASN1_ANY),
	ASN1_SIMPLE(OUTLINE_BODY, validity, X509_VAL),
	ASN1_SIMPLE(OUTLINE_BODY, subject, ASN1_ANY),
	ASN1_SIMPLE(OUTLINE_BODY, key, ASN1_ANY),
	ASN1_IMP_OPT(OUTLINE_BODY, issuer_id, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(OUTLINE_BODY, subject_id, ASN1_BIT_STRING, 2),
	ASN1_EXP_OPT(OUTLINE_BODY, extensions, ASN1_ANY, 3)
} static_ASN1_SEQUENCE_END(OUTLINE_BODY)

ASN1_SEQUENCE(OUTLINE) = {
	ASN1_SIMPLE(OUTLINE, body, OUTLINE_BODY),
	ASN1_SIMPLE(OUTLINE, algorithm, ASN1_ANY),
	ASN1_SIMPLE(OUTLINE, signature, ASN1_BIT_STRING)
} static_ASN1_SEQUENCE_END(OUTLINE)
	/* clang-format on */

	bool certificate_outline(struct arena * arena, const char *pem, struct certificate_outline *to, struct error *err) {
	long length = 0;
	BIO *in = BIO_new_mem_buf(pem, -1);
	unsigned char *der = der_next(in, &length);
	BIO_free(in);
	const unsigned char *at = der;
	OUTLINE *outline = der ? (OUTLINE *)ASN1_item_d2i(NULL, &at, length, ASN1_ITEM_rptr(OUTLINE)) : NULL;
	if (outline) {
		struct digest fingerprint = digest_bytes(der, (size_t)(at - der));
		*to = (struct certificate_outline){
			.serial = x509_hex(arena, outline->body->serial),
			.fingerprint = digest_hex(arena, &fingerprint, sizeof fingerprint.bytes),
			.not_before = x509_seconds(outline->body->validity->notBefore),
			.not_after = x509_seconds(outline->body->validity->notAfter),
		};
	}
	ASN1_item_free((ASN1_VALUE *)outline, ASN1_ITEM_rptr(OUTLINE));
	OPENSSL_free(der);
	ERR_clear_error();
	return outline || fail(err, ERR_INVALID, "no certificate in PEM");
}
