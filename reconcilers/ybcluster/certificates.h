/* The certificates of one cluster: its CA, a leaf for each StatefulSet, a client certificate for the administrator. */
#ifndef YBCLUSTER_CERTIFICATES_H
#define YBCLUSTER_CERTIFICATES_H
#include "base/hash.h"
#include "ybcluster/work.h"

/* ANNOTATION_TRUST on a Secret is carried over when a leaf only gains names, so that nobody restarts for those. */
#define ANNOTATION_ROTATED "yugabyte.com/rotate"
#define ANNOTATION_GENERATION "yugabyte.com/ca-generation"

/* The leaf's PEM out of a certificate Secret, or NULL when it is none. */
const char *secret_leaf(struct arena *arena, const json_t *secret);
/* A text of a Secret's data, decoded; NULL when it is not there. */
const char *secret_text(struct arena *arena, const json_t *secret, const char *key);
/* The digest of what pods that mount this Secret run with: the trust anchors and the trust annotation. */
struct digest secret_trust(const json_t *secret);

/* The cluster's CA as it is used in one pass. */
struct authority {
	struct token *token;
	const struct pki *pki;
	const char *key;   /* its label in the token */
	const char *root;  /* PEM of what clients trust */
	const char *chain; /* PEM: certified by the intermediate, and up to the root */
	bool loaded;
};
/* Reads C-ca, or makes the CA. */
must_check bool authority_load(struct work *work, struct authority *authority, struct error *err);

#endif
