/* What certificates say (RFC 5280), read from PEM. Nothing of it was verified: certificate_check() does that. Texts
 * live in the arena; times are Unix seconds. */
#ifndef PKI_CERTIFICATE_FACTS_H
#define PKI_CERTIFICATE_FACTS_H
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

struct certificate_facts { /* of the first certificate in a PEM; absent texts are "" */
	const char *serial, *fingerprint, *subject_key,
		*authority_key;                  /* lower-case hex; fingerprint: SHA-256 of the DER */
	const char *common_name, *algorithm; /* "ECDSA-P256", "RSA-3072", or what else it is */
	int64_t not_before, not_after;
	bool is_ca;
	const char *const *dns, *const *ips, *const *permitted_dns; /* the last: of the name constraints */
};

must_check bool certificate_read(struct arena *arena, const char *pem, struct certificate_facts *to, struct error *err);

/* The same, of what needs no public key: a hundredth of the work. */
struct certificate_outline {
	const char *serial, *fingerprint;
	int64_t not_before, not_after;
};

must_check bool certificate_outline(
	struct arena *arena, const char *pem, struct certificate_outline *to, struct error *err);
/* The certificates of a bundle, each as a PEM of its own; at least one. */
must_check const char *const *certificate_split(struct arena *arena, const char *bundle, struct error *err);

#endif
