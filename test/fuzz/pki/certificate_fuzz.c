/* PEM, or the DER of a certificate. Every fact is a text that JSON can hold, the parts of a bundle are certificates,
 * and what is no chain is refused with a reason. */
#include "pki/certificate.h"

#include <string.h>

#include "../property.h"
#include "base/base64.h"

static bool is_text(const char *text) {
	json_t *valid = json_string(text);
	json_decref(valid);
	return valid;
}

static void are_texts(const char *const *list) {
	for (; *list; list++) {
		property(is_text(*list));
	}
}

static void facts_of(struct arena *arena, const char *pem, struct certificate_facts *facts) {
	struct error err = {0};
	property(certificate_read(arena, pem, facts, &err));
	property(strlen(facts->fingerprint) == 64 && is_text(facts->common_name) && is_text(facts->algorithm));
	property(is_text(facts->serial) && is_text(facts->subject_key) && is_text(facts->authority_key));
	struct certificate_outline outline;
	/* OpenSSL forgives some lists that are not DER; the outline does not look into them, and does not. */
	property(!certificate_outline(arena, pem, &outline, &err) ||
			 (strcmp(outline.serial, facts->serial) == 0 && outline.not_after == facts->not_after));
	are_texts(facts->dns);
	are_texts(facts->ips);
	are_texts(facts->permitted_dns);
}

static void bundle(struct arena *arena, const char *pem) {
	struct error err = {0};
	const char *const *parts = certificate_split(arena, pem, &err);
	property(parts ? parts[0] != NULL : err.kind == ERR_INVALID);
	for (size_t i = 0; parts && parts[i]; i++) {
		struct certificate_facts whole, part;
		facts_of(arena, parts[i], &part);
		if (i == 0) {
			facts_of(arena, pem, &whole);
			property(strcmp(whole.fingerprint, part.fingerprint) == 0);
		}
	}
}

static void chain(const char *pem) {
	static const char *const names[] = {"localhost", "127.0.0.1", NULL};
	struct error err = {0};
	struct certificate_check check = {.certificate = pem, .bundle = pem, .key = pem, .names = names, .now = 1800000000};
	property(certificate_check(&check, &err) || (err.kind == ERR_INVALID && err.text[0]));
	err = (struct error){0};
	check.key = NULL;
	property(certificate_check(&check, &err) || (err.kind == ERR_INVALID && err.text[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *arena = arena_create();
	const char *pem = arena_strndup(arena, (const char *)data, size);
	if (!strstr(pem, "-----BEGIN")) {
		pem = arena_printf(
			arena, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n", base64_encode(arena, data, size));
	}
	bundle(arena, pem);
	chain(pem);
	arena_destroy(arena);
	return 0;
}
