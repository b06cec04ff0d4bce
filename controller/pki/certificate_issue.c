#include <ctype.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/hash.h"
#include "pki/certificate_x509.h"

enum { SERIAL_BYTES = 16, KEY_ID_BYTES = 20, COMMON_NAME_LIMIT = 64 };

/* What all kinds of certificates have in common. */
struct plan {
	const struct certificate_subject *subject;
	X509_NAME *name; /* NULL: made of the common name */
	EVP_PKEY *key;
	X509 *issuer;    /* NULL: itself */
	int path_length; /* -1: no CA */
	bool server;     /* a leaf that servers use */
};

static bool set_serial(X509 *draft) {
	unsigned char bytes[SERIAL_BYTES];
	BIGNUM *number = RAND_bytes(bytes, sizeof bytes) == 1 ? BN_bin2bn(bytes, sizeof bytes, NULL) : NULL;
	/* Zero is no serial: one chance in 2^128, and then the caller tries again. */
	bool ok = number && !BN_is_zero(number) && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(draft));
	BN_free(number);
	return ok;
}

static time_t clip(time_t from_request, const ASN1_TIME *of_issuer, int direction) {
	struct tm parts;
	if (!of_issuer || ASN1_TIME_to_tm(of_issuer, &parts) != 1) {
		return from_request;
	}
	time_t limit = timegm(&parts);
	return (from_request - limit) * direction > 0 ? limit : from_request;
}

static bool set_times(X509 *draft, const struct plan *plan, struct error *err) {
	const ASN1_TIME *from = plan->issuer ? X509_get0_notBefore(plan->issuer) : NULL;
	const ASN1_TIME *to = plan->issuer ? X509_get0_notAfter(plan->issuer) : NULL;
	time_t not_before = clip(plan->subject->not_before, from, -1);
	time_t not_after = clip(plan->subject->not_after, to, 1);
	if (not_before >= not_after) {
		return fail(err, ERR_INVALID,
			"certificate %s would never be valid: it ends before it starts, or its issuer does",
			plan->subject->common_name);
	}
	return (ASN1_TIME_set(X509_getm_notBefore(draft), not_before) &&
			   ASN1_TIME_set(X509_getm_notAfter(draft), not_after)) ||
	       x509_failed(err, "setting a certificate's times");
}

static bool set_subject(X509 *draft, const struct plan *plan, struct error *err) {
	const char *text = plan->subject->common_name;
	if (plan->name) {
		return X509_set_subject_name(draft, plan->name) == 1 || x509_failed(err, "setting a certificate's subject");
	}
	size_t length = text ? strlen(text) : 0;
	if (length == 0 || length > COMMON_NAME_LIMIT) {
		return fail(
			err, ERR_INVALID, "a common name has 1 to %d characters: '%s'", COMMON_NAME_LIMIT, text ? text : "");
	}
	for (size_t i = 0; i < length; i++) {
		if (!isprint((unsigned char)text[i])) {
			return fail(err, ERR_INVALID, "a common name is printable ASCII");
		}
	}
	X509_NAME *name = X509_get_subject_name(draft);
	return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1 ||
	       x509_failed(err, "setting a certificate's subject");
}

/* RFC 7093, method 1: the first 160 bits of SHA-256 over the key's bits. */
static bool add_subject_key_id(X509 *draft) {
	const ASN1_BIT_STRING *bits = X509_get0_pubkey_bitstr(draft);
	struct digest digest = digest_bytes(bits->data, (size_t)bits->length);
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();
	bool ok = id && ASN1_OCTET_STRING_set(id, digest.bytes, KEY_ID_BYTES) == 1 &&
	          x509_add_extension(draft, NID_subject_key_identifier, id, false);
	ASN1_OCTET_STRING_free(id);
	return ok;
}

/* Read anew: OpenSSL's own getter wants a signed certificate, and a self-signed one has no signature yet. */
static bool add_authority_key_id(X509 *draft, const X509 *issuer) {
	AUTHORITY_KEYID *authority = AUTHORITY_KEYID_new();
	bool ok = authority && (authority->keyid = X509_get_ext_d2i(issuer, NID_subject_key_identifier, NULL, NULL)) &&
	          x509_add_extension(draft, NID_authority_key_identifier, authority, false);
	AUTHORITY_KEYID_free(authority);
	return ok;
}

static bool add_usage(X509 *draft, const struct plan *plan) {
	bool ca = plan->path_length >= 0;
	/* Only servers are sent secrets under their RSA key; for a client alone it would contradict clientAuth. */
	bool enciphers = plan->server && EVP_PKEY_is_a(plan->key, "RSA");
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	/* Bits by RFC 5280, 4.2.1.3: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign, 6 cRLSign. */
	bool ok = usage && ASN1_BIT_STRING_set_bit(usage, 0, !ca) && ASN1_BIT_STRING_set_bit(usage, 2, enciphers) &&
	          ASN1_BIT_STRING_set_bit(usage, 5, ca) && ASN1_BIT_STRING_set_bit(usage, 6, ca) &&
	          x509_add_extension(draft, NID_key_usage, usage, true);
	ASN1_BIT_STRING_free(usage);
	return ok;
}

static bool add_basic_constraints(X509 *draft, int path_length) {
	BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
	bool ok = constraints && (constraints->pathlen = ASN1_INTEGER_new());
	if (ok) {
		constraints->ca = 0xff;
		ok = ASN1_INTEGER_set(constraints->pathlen, path_length) == 1 &&
		     x509_add_extension(draft, NID_basic_constraints, constraints, true);
	}
	BASIC_CONSTRAINTS_free(constraints);
	return ok;
}

static bool add_common_extensions(X509 *draft, const struct plan *plan) {
	return (plan->path_length < 0 || add_basic_constraints(draft, plan->path_length)) && add_usage(draft, plan) &&
	       add_subject_key_id(draft) && add_authority_key_id(draft, plan->issuer ? plan->issuer : draft);
}

static X509 *draft_make(const struct plan *plan, struct error *err) {
	X509 *draft = X509_new();
	if (!draft || X509_set_version(draft, X509_VERSION_3) != 1 || !set_serial(draft) ||
		X509_set_pubkey(draft, plan->key) != 1) {
		x509_failed(err, "making a certificate");
	} else if (set_times(draft, plan, err) && set_subject(draft, plan, err)) {
		const X509 *issuer = plan->issuer ? plan->issuer : draft;
		if (X509_set_issuer_name(draft, X509_get_subject_name(issuer)) == 1 && add_common_extensions(draft, plan)) {
			return draft;
		}
		x509_failed(err, "making a certificate");
	}
	X509_free(draft);
	return NULL;
}

/* Signed, and its issuer's certificate is one of the key that signed. */
static const char *finish(
	struct arena *arena, X509 *draft, X509 *issuer, struct token *token, const char *key, struct error *err) {
	X509 *cleanup_x509 certificate = x509_sign_in_token(draft, token, key, err);
	if (!certificate) {
		return NULL;
	}
	if (issuer && X509_verify(certificate, X509_get0_pubkey(issuer)) != 1) {
		ERR_clear_error();
		fail_because(err, ERR_BLOCKED, "TokenLacksCA", "the token's key %s is not the one of its CA certificate", key);
		return NULL;
	}
	return x509_print(arena, certificate);
}

static const char *self_signed(struct arena *arena, struct token *token, const char *key, int path_length,
	const struct certificate_subject *subject, struct error *err) {
	EVP_PKEY *cleanup_pkey public_key = token_key_public(token, key, err);
	if (!public_key) {
		return NULL;
	}
	struct plan plan = {.subject = subject, .key = public_key, .path_length = path_length};
	X509 *cleanup_x509 draft = draft_make(&plan, err);
	return draft ? finish(arena, draft, NULL, token, key, err) : NULL;
}

const char *certificate_root(struct arena *arena, struct token *token, const char *key,
	const struct certificate_subject *subject, struct error *err) {
	return self_signed(arena, token, key, 2, subject, err);
}

const char *certificate_cluster_ca(struct arena *arena, struct token *token, const char *key,
	const struct certificate_subject *subject, struct error *err) {
	return self_signed(arena, token, key, 0, subject, err);
}

const char *certificate_intermediate(struct arena *arena, const struct certificate_issuer *root, EVP_PKEY *public_key,
	const struct certificate_subject *subject, struct error *err) {
	X509 *cleanup_x509 issuer = x509_parse(root->certificate, err);
	if (!issuer) {
		return NULL;
	}
	struct plan plan = {.subject = subject, .key = public_key, .issuer = issuer, .path_length = 1};
	X509 *cleanup_x509 draft = draft_make(&plan, err);
	return draft ? finish(arena, draft, issuer, root->token, root->key, err) : NULL;
}

static bool add_purposes(X509 *draft, enum certificate_use use, struct error *err) {
	EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
	bool ok = purposes &&
	          (use != CERTIFICATE_NODE || sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth)) > 0) &&
	          sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_client_auth)) > 0 &&
	          x509_add_extension(draft, NID_ext_key_usage, purposes, false);
	EXTENDED_KEY_USAGE_free(purposes);
	return ok || x509_failed(err, "adding key purposes");
}

const char *certificate_leaf(struct arena *arena, const struct certificate_issuer *ca,
	const struct certificate_leaf *leaf, const char *key_pem, struct error *err) {
	if (leaf->subject.common_name && strchr(leaf->subject.common_name, '.')) {
		fail(err, ERR_INVALID, "a leaf's common name has no dot: '%s'", leaf->subject.common_name);
		return NULL;
	}
	X509 *cleanup_x509 issuer = x509_parse(ca->certificate, err);
	EVP_PKEY *cleanup_pkey key = issuer ? pkey_parse(key_pem, err) : NULL;
	if (!key) {
		return NULL;
	}
	struct plan plan = {.subject = &leaf->subject,
		.key = key,
		.issuer = issuer,
		.path_length = -1,
		.server = leaf->use == CERTIFICATE_NODE};
	X509 *cleanup_x509 draft = draft_make(&plan, err);
	if (!draft || !add_purposes(draft, leaf->use, err) || !x509_add_names(draft, leaf, err)) {
		return NULL;
	}
	return finish(arena, draft, issuer, ca->token, ca->key, err);
}

const char *certificate_cross_signed(struct arena *arena, const struct certificate_issuer *intermediate, const char *ca,
	const char *const *dns, struct error *err) {
	X509 *cleanup_x509 issuer = x509_parse(intermediate->certificate, err);
	X509 *cleanup_x509 original = issuer ? x509_parse(ca, err) : NULL;
	struct certificate_facts facts;
	if (!original || !certificate_read(arena, ca, &facts, err)) {
		return NULL;
	}
	if (!facts.is_ca || X509_self_signed(original, 1) != 1 || !dns || !*dns) {
		fail(err, ERR_INVALID, "only a self-signed CA is certified again, and for names: %s", facts.common_name);
		return NULL;
	}
	struct certificate_subject subject = {facts.common_name, facts.not_before, facts.not_after};
	struct plan plan = {.subject = &subject,
		.name = X509_get_subject_name(original),
		.key = X509_get0_pubkey(original),
		.issuer = issuer,
		.path_length = 0};
	X509 *cleanup_x509 draft = draft_make(&plan, err);
	if (!draft || !x509_add_name_constraints(draft, dns, err)) {
		return NULL;
	}
	return finish(arena, draft, issuer, intermediate->token, intermediate->key, err);
}
