#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "pki/certificate_x509.h"

unsigned char *der_next(BIO *in, long *length) {
	unsigned char *der = NULL;
	return PEM_bytes_read_bio(&der, length, NULL, PEM_STRING_X509, in, NULL, no_passphrase) == 1 ? der : NULL;
}

X509 *x509_next(BIO *in, bool *damaged) {
	long length = 0;
	unsigned char *der = der_next(in, &length);
	X509 *certificate = der ? x509_decode(der, (size_t)length) : NULL;
	OPENSSL_free(der);
	unsigned long code = ERR_peek_last_error();
	*damaged = !certificate && !(ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
	ERR_clear_error();
	return certificate;
}

X509 *x509_parse(const char *pem, struct error *err) {
	bool damaged = false;
	BIO *in = BIO_new_mem_buf(pem, -1);
	X509 *certificate = x509_next(in, &damaged);
	BIO_free(in);
	if (!certificate) {
		fail(err, ERR_INVALID, "no certificate in PEM");
	}
	return certificate;
}

const char *x509_print(struct arena *arena, X509 *certificate) {
	BIO *out = BIO_new(BIO_s_mem());
	char *text = NULL;
	PEM_write_bio_X509(out, certificate);
	long length = BIO_get_mem_data(out, &text);
	const char *copy = arena_strndup(arena, text, (size_t)length);
	BIO_free(out);
	return copy;
}

bool address_parse(const char *text, unsigned char bytes[16], size_t *length) {
	if (inet_pton(AF_INET, text, bytes) == 1) {
		*length = 4;
		return true;
	}
	*length = 16;
	return inet_pton(AF_INET6, text, bytes) == 1;
}

static const char *hex(struct arena *arena, const unsigned char *bytes, size_t length) {
	char *text = arena_alloc(arena, length * 2 + 1);
	for (size_t i = 0; i < length; i++) {
		text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	return text;
}

const char *x509_hex(struct arena *arena, const ASN1_STRING *string) {
	return string ? hex(arena, ASN1_STRING_get0_data(string), (size_t)ASN1_STRING_length(string)) : "";
}

int64_t x509_seconds(const ASN1_TIME *time) {
	struct tm parts;
	return ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

static const char *common_name(struct arena *arena, const X509 *certificate) {
	const X509_NAME *name = X509_get_subject_name(certificate);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *text = NULL;
	if (at < 0) {
		return "";
	}
	int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (length < 0 || memchr(text, '\0', (size_t)length)) {
		OPENSSL_free(text);
		return "";
	}
	const char *copy = arena_strndup(arena, (const char *)text, (size_t)length);
	OPENSSL_free(text);
	return copy;
}

static const char *algorithm(struct arena *arena, const X509 *certificate) {
	EVP_PKEY *key = X509_get0_pubkey(certificate);
	char group[64] = "";
	if (!key) {
		return "unknown";
	}
	if (EVP_PKEY_is_a(key, "RSA")) {
		return arena_printf(arena, "RSA-%d", EVP_PKEY_get_bits(key));
	}
	if (EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, NULL) == 1) {
		return strcmp(group, "prime256v1") == 0 ? "ECDSA-P256" : arena_printf(arena, "ECDSA-%s", group);
	}
	return arena_strdup(arena, OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
}

static bool printable(const unsigned char *bytes, size_t length) {
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] <= ' ' || bytes[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

/* A name of another type, or one with a character that no name has, is left out: it matches nothing. */
static const char *name_text(struct arena *arena, const GENERAL_NAME *name, int type) {
	char text[INET6_ADDRSTRLEN];
	if (name->type != type) {
		return NULL;
	}
	const ASN1_STRING *value = type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
	const unsigned char *bytes = ASN1_STRING_get0_data(value);
	size_t length = (size_t)ASN1_STRING_length(value);
	if (type == GEN_DNS) {
		return printable(bytes, length) ? arena_strndup(arena, (const char *)bytes, length) : NULL;
	}
	if (length != 4 && length != 16) {
		return NULL;
	}
	return arena_strdup(arena, inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof text));
}

static const char *const *alternative_names(struct arena *arena, const X509 *certificate, int type) {
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	int count = names ? sk_GENERAL_NAME_num(names) : 0, kept = 0;
	const char **list = arena_array(arena, const char *, (size_t)count + 1);
	for (int i = 0; i < count; i++) {
		list[kept] = name_text(arena, sk_GENERAL_NAME_value(names, i), type);
		kept += list[kept] != NULL;
	}
	GENERAL_NAMES_free(names);
	return list;
}

static const char *const *permitted_names(struct arena *arena, const X509 *certificate) {
	NAME_CONSTRAINTS *constraints = X509_get_ext_d2i(certificate, NID_name_constraints, NULL, NULL);
	int count = constraints ? sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees) : 0, kept = 0;
	count = count < 0 ? 0 : count;
	const char **list = arena_array(arena, const char *, (size_t)count + 1);
	for (int i = 0; i < count; i++) {
		list[kept] = name_text(arena, sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base, GEN_DNS);
		kept += list[kept] != NULL;
	}
	NAME_CONSTRAINTS_free(constraints);
	return list;
}

bool certificate_read(struct arena *arena, const char *pem, struct certificate_facts *facts, struct error *err) {
	X509 *cleanup_x509 certificate = x509_parse(pem, err);
	unsigned char fingerprint[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	if (!certificate) {
		return false;
	}
	if (X509_digest(certificate, EVP_sha256(), fingerprint, &length) != 1) {
		return fail(err, ERR_INTERNAL, "digest of a certificate");
	}
	*facts = (struct certificate_facts){
		.serial = x509_hex(arena, X509_get0_serialNumber(certificate)),
		.fingerprint = hex(arena, fingerprint, length),
		.subject_key = x509_hex(arena, X509_get0_subject_key_id(certificate)),
		.authority_key = x509_hex(arena, X509_get0_authority_key_id(certificate)),
		.common_name = common_name(arena, certificate),
		.algorithm = algorithm(arena, certificate),
		.not_before = x509_seconds(X509_get0_notBefore(certificate)),
		.not_after = x509_seconds(X509_get0_notAfter(certificate)),
		.is_ca = X509_check_ca(certificate) == 1,
		.dns = alternative_names(arena, certificate, GEN_DNS),
		.ips = alternative_names(arena, certificate, GEN_IPADD),
		.permitted_dns = permitted_names(arena, certificate),
	};
	ERR_clear_error();
	return true;
}

const char *const *certificate_split(struct arena *arena, const char *bundle, struct error *err) {
	size_t count = 0, room = 4;
	const char **list = arena_array(arena, const char *, room + 1);
	bool damaged = false;
	BIO *in = BIO_new_mem_buf(bundle, -1);
	for (X509 *certificate; (certificate = x509_next(in, &damaged)); X509_free(certificate)) {
		if (count == room) {
			const char **wider = arena_array(arena, const char *, 2 * room + 1);
			memcpy(wider, list, count * sizeof *list);
			list = wider;
			room *= 2;
		}
		list[count++] = x509_print(arena, certificate);
	}
	BIO_free(in);
	if (count == 0 || damaged) {
		fail(err, ERR_INVALID, damaged ? "a damaged certificate in the bundle" : "no certificate in the bundle");
		return NULL;
	}
	return list;
}
