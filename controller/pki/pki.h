/* The PKI above all clusters: a root and an intermediate, made once (`ybcluster-operator pki init`). */
#ifndef PKI_PKI_H
#define PKI_PKI_H
#include "pki/certificate.h"

#define PKI_ROOT_KEY "ybcluster-operator/root"
#define PKI_INTERMEDIATE_KEY "ybcluster-operator/intermediate"

struct pki_config {
	struct token *token;      /* keeps the intermediate and the clusters' CAs */
	struct token *root_token; /* keeps the root; NULL: in `token` */
	enum key_algorithm algorithm;
	int64_t now;
};

struct pki {
	const char *root, *intermediate;                         /* PEM; NULL: not made yet */
	const char *root_fingerprint, *intermediate_fingerprint; /* SHA-256, lower-case hexadecimal */
	bool changed; /* something was issued: the caller stores both certificates before it uses them */
};

/* Makes what is missing. On entry `pki` has the certificates that are stored, or NULL; on success it has both. Safe to
 * repeat after a crash: a key without a certificate is certified, a stored certificate is never replaced. The root's
 * key is needed only while the intermediate is missing. ERR_BLOCKED with reason TokenLacksCA: a certificate is stored
 * but the token has another key or none; nothing was made. The caller holds the Lease. */
must_check bool pki_ensure(struct arena *arena, const struct pki_config *config, struct pki *pki, struct error *err);

#endif
