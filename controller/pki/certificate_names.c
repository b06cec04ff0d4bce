/* Names in certificates: subject alternative names and name constraints. */
#include <ctype.h>
#include <openssl/err.h>
#include <string.h>

#include "pki/certificate_x509.h"

enum { DNS_NAME_LIMIT = 253 };

bool x509_failed(struct error *err, const char *what) {
	char text[160] = "";
	ERR_error_string_n(ERR_peek_last_error(), text, sizeof text);
	ERR_clear_error();
	return fail(err, ERR_INTERNAL, "%s: %s", what, text);
}

bool x509_add_extension(X509 *draft, int nid, void *value, bool critical) {
	return value && X509_add1_ext_i2d(draft, nid, value, critical, X509V3_ADD_APPEND) == 1;
}

static bool push_name(GENERAL_NAMES *names, int type, const void *bytes, size_t length) {
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
	if (!name || !value || ASN1_STRING_set(value, bytes, (int)length) != 1) {
		GENERAL_NAME_free(name);
		ASN1_STRING_free(value);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) <= 0) {
		GENERAL_NAME_free(name);
		return false;
	}
	return true;
}

/* Letters, digits, hyphens and dots, as RFC 1123 has host names; a wildcard only as the whole first label. */
static bool dns_name_ok(const char *name) {
	const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;
	size_t length = strlen(rest), label = 0;
	if (length == 0 || strlen(name) > DNS_NAME_LIMIT) {
		return false;
	}
	for (size_t i = 0; i <= length; i++) {
		if (rest[i] == '.' || rest[i] == '\0') {
			if (label == 0 || label > 63 || rest[i - label] == '-' || rest[i - 1] == '-') {
				return false;
			}
			label = 0;
		} else if (isalnum((unsigned char)rest[i]) || rest[i] == '-') {
			label++;
		} else {
			return false;
		}
	}
	return true;
}

static bool push_names(GENERAL_NAMES *names, const struct certificate_leaf *leaf, struct error *err) {
	for (const char *const *dns = leaf->dns; dns && *dns; dns++) {
		if (!dns_name_ok(*dns)) {
			return fail(err, ERR_INVALID, "no DNS name: '%s'", *dns);
		}
		if (!push_name(names, GEN_DNS, *dns, strlen(*dns))) {
			return x509_failed(err, "adding a name");
		}
	}
	for (const char *const *ip = leaf->ips; ip && *ip; ip++) {
		unsigned char address[16];
		size_t length = 0;
		if (!address_parse(*ip, address, &length)) {
			return fail(err, ERR_INVALID, "no address: '%s'", *ip);
		}
		if (!push_name(names, GEN_IPADD, address, length)) {
			return x509_failed(err, "adding an address");
		}
	}
	return true;
}

bool x509_add_names(X509 *draft, const struct certificate_leaf *leaf, struct error *err) {
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool ok = names && push_names(names, leaf, err);
	bool node = leaf->use == CERTIFICATE_NODE;
	if (ok && (sk_GENERAL_NAME_num(names) > 0) != node) {
		ok = fail(err, ERR_INVALID, node ? "a node's certificate needs names" : "a client's certificate has no names");
	}
	if (ok && node && !x509_add_extension(draft, NID_subject_alt_name, names, false)) {
		ok = x509_failed(err, "adding names");
	}
	GENERAL_NAMES_free(names);
	return ok;
}

static bool permit(NAME_CONSTRAINTS *constraints, int type, const void *bytes, size_t length) {
	GENERAL_NAMES *one = GENERAL_NAMES_new();
	GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
	bool ok = one && subtree && push_name(one, type, bytes, length);
	if (ok) {
		GENERAL_NAME_free(subtree->base);
		subtree->base = sk_GENERAL_NAME_pop(one);
		ok = sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree) > 0;
	}
	if (!ok) {
		GENERAL_SUBTREE_free(subtree);
	}
	GENERAL_NAMES_free(one);
	return ok;
}

/* Addresses with their masks: 127.0.0.1/32 and ::1/128, for probes from inside the pod. */
static bool permit_loopback(NAME_CONSTRAINTS *constraints) {
	unsigned char v4[8] = {127, 0, 0, 1}, v6[32] = {0};
	memset(v4 + 4, 0xff, 4);
	v6[15] = 1;
	memset(v6 + 16, 0xff, 16);
	return permit(constraints, GEN_IPADD, v4, sizeof v4) && permit(constraints, GEN_IPADD, v6, sizeof v6);
}

bool x509_add_name_constraints(X509 *draft, const char *const *dns, struct error *err) {
	NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
	bool ok = constraints && (constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null());
	for (; ok && dns && *dns; dns++) {
		const char *name = strncmp(*dns, "*.", 2) == 0 ? *dns + 2 : *dns;
		if (!dns_name_ok(name)) {
			NAME_CONSTRAINTS_free(constraints);
			return fail(err, ERR_INVALID, "no DNS name: '%s'", *dns);
		}
		ok = permit(constraints, GEN_DNS, name, strlen(name));
	}
	ok = ok && permit_loopback(constraints) && x509_add_extension(draft, NID_name_constraints, constraints, true);
	NAME_CONSTRAINTS_free(constraints);
	return ok || x509_failed(err, "adding name constraints");
}
