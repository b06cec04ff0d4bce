/* The CA of one cluster: made, found again, rotated, and certified by the PKI's intermediate. C-ca is its record. */
#ifndef YBCLUSTER_AUTHORITY_H
#define YBCLUSTER_AUTHORITY_H
#include "pure/rotation.h"
#include "ybcluster/work.h"

/* On C-ca: which key of the token signs, and where a rotation stands. */
#define ANNOTATION_GENERATION "yugabyte.com/ca-generation"
#define ANNOTATION_STEP "yugabyte.com/ca-step"
#define ANNOTATION_SINCE "yugabyte.com/ca-step-since"
#define ANNOTATION_CA_ROTATED "yugabyte.com/rotate-ca"
#define ANNOTATION_CA_ASKED "yugabyte.com/ca-asked"

/* Seconds that a certificate is valid before it is made, for clocks that are behind. */
enum { BACKDATED = 300 };
/* Of the CA and of its leaves. */
enum key_algorithm key_algorithm_of(const struct work *work);

/* The cluster's CA as one pass knows it. */
struct authority {
	/* Always known. */
	const char *fingerprint; /* of the CA that signs */
	int64_t not_before;      /* of that one */
	const char *identity;    /* changes with anything that leaves depend on: signer, anchors */
	const char *asked; /* what it was when a rotation that was wished last changed it: those restarts are asked for,
	                    * and those of a rotation that only time began are not. NULL: none was wished yet */
	int generation;    /* which key of the token signs */
	struct ca_progress progress;
	/* Known when it was loaded: when it changed, during rotations, and when something must be issued. */
	bool loaded;
	const char *version; /* of C-ca, see document_version() */
	struct token *token;
	const struct pki *pki;
	const char *rotated; /* the value of spec.tls.rotateCA that was followed last, or NULL */
	const char *key;     /* its label in the token */
	const char *signing; /* PEM of the CA that signs */
	const char *root;    /* PEM bundle of what clients trust: the signing CA first */
	const char *chain;   /* PEM: each of them certified by the intermediate, and up to the root */
};

/* Knows the CA from the store, or loads or makes it, and wants C-ca where that must be written. */
must_check bool authority_ensure(struct work *work, struct authority *authority, struct error *err);
/* Reads C-ca, or makes the CA. */
must_check bool authority_load(struct work *work, struct authority *authority, struct error *err);
/* Whose key, by its label in the token. */
const char *authority_key_label(struct work *work, int generation);
/* What a CA calls itself: "YugabyteDB <8 digits of the uid> CA <generation>". */
const char *authority_name(struct work *work, int generation);
/* Which CA signs, and which one is trusted beside it: by root.crt of the record (`named`: it is a CA's) and the bundles
 * of the certificate Secrets, as far as the token has their keys. Sets root, generation and progress. False: a Secret
 * or the token could not be read. */
must_check bool authority_find(
	struct work *work, struct authority *authority, bool named, bool *usable, struct error *err);
/* Which generation's key is left in the token, by the one that status tells; 0: none. */
must_check bool authority_key_left(
	struct work *work, const struct authority *authority, int *generation, struct error *err);
/* The hostnames that C-ca depends on: those of the spec (`wanted`), and others that pods still serve (`served`). */
json_t *authority_names(struct work *work);
/* Makes chain.crt anew over the same keys where the names that it permits have changed, or the PKI's certificates. */
must_check bool authority_chain_ensure(struct work *work, struct authority *authority, struct error *err);
/* Every CA of root.crt, certified by the intermediate, then the intermediate and the PKI's root. */
must_check bool authority_chain_make(struct work *work, struct authority *authority, struct error *err);
/* Is there a next step, once the leaves are served? Those that a pass after a restart has yet to compare are not known
 * to be, and when nothing is written no event brings another pass. */
bool authority_is_due(const struct work *work, const struct authority *authority);
/* The next step of a rotation, when it is time for it: wants C-ca anew. */
must_check bool authority_advance(struct work *work, struct authority *authority, struct error *err);

#endif
