#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>
#include <strings.h>

#include "pki/certificate_x509.h"

static bool key_matches(X509 *certificate, const char *key_pem, struct error *err) {
	EVP_PKEY *cleanup_pkey key = pkey_parse(key_pem, err);
	if (!key) {
		return false;
	}
	bool ok = EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;
	ERR_clear_error();
	return ok || fail_because(err, ERR_INVALID, "KeyMismatch", "the certificate is not for this private key");
}

static const struct {
	int code;
	const char *reason;
} reasons[] = {
	{X509_V_ERR_CERT_NOT_YET_VALID, "NotYetValid"},
	{X509_V_ERR_CERT_HAS_EXPIRED, "Expired"},
};

static bool verify(X509 *certificate, X509_STORE *store, const struct certificate_check *check, struct error *err) {
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	if (!context || X509_STORE_CTX_init(context, store, certificate, NULL) != 1) {
		X509_STORE_CTX_free(context);
		return fail(err, ERR_INTERNAL, "checking a certificate");
	}
	X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_time(param, check->now);
	bool ok = X509_verify_cert(context) == 1;
	int code = X509_STORE_CTX_get_error(context), depth = X509_STORE_CTX_get_error_depth(context);
	X509_STORE_CTX_free(context);
	ERR_clear_error();
	if (ok) {
		return true;
	}
	const char *reason = "NotTrusted";
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		reason = reasons[i].code == code ? reasons[i].reason : reason;
	}
	return fail_because(
		err, ERR_INVALID, reason, "the certificate at depth %d: %s", depth, X509_verify_cert_error_string(code));
}

/* Without partial chains, only a self-signed certificate of the bundle ends a chain; the others only help on the way.
 */
static bool trusted(X509 *certificate, const struct certificate_check *check, struct error *err) {
	X509_STORE *store = X509_STORE_new();
	BIO *in = BIO_new_mem_buf(check->bundle, -1);
	bool damaged = false;
	int count = 0;
	for (X509 *ca; store && (ca = x509_next(in, &damaged)); X509_free(ca)) {
		count += X509_STORE_add_cert(store, ca);
	}
	BIO_free(in);
	bool ok = count > 0 && !damaged ? verify(certificate, store, check, err)
	                                : fail(err, ERR_INVALID, "no certificate in the bundle, or a damaged one");
	X509_STORE_free(store);
	return ok;
}

static bool holds(const GENERAL_NAMES *names, const char *wanted) {
	unsigned char address[16];
	size_t length = 0;
	bool is_address = address_parse(wanted, address, &length);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (is_address && name->type == GEN_IPADD && (size_t)name->d.iPAddress->length == length &&
			memcmp(name->d.iPAddress->data, address, length) == 0) {
			return true;
		}
		if (!is_address && name->type == GEN_DNS && (size_t)name->d.dNSName->length == strlen(wanted) &&
			strncasecmp((const char *)name->d.dNSName->data, wanted, strlen(wanted)) == 0) {
			return true;
		}
	}
	return false;
}

static bool has_names(const X509 *certificate, const char *const *wanted, struct error *err) {
	GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	bool ok = true;
	for (; ok && wanted && *wanted; wanted++) {
		if (!names || !holds(names, *wanted)) {
			ok = fail_because(err, ERR_INVALID, "NamesMissing", "the certificate does not name %s", *wanted);
		}
	}
	GENERAL_NAMES_free(names);
	return ok;
}

bool certificate_check(const struct certificate_check *check, struct error *err) {
	X509 *cleanup_x509 certificate = x509_parse(check->certificate, err);
	return certificate && (!check->key || key_matches(certificate, check->key, err)) &&
	       trusted(certificate, check, err) && has_names(certificate, check->names, err);
}
