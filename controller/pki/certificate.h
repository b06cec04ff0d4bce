/* X.509 certificates (RFC 5280): made, read, checked. CA keys stay in a token and only sign there; leaf keys are
 * software keys. Every certificate has SHA-256, a serial of 128 random bits, key ids, critical key usage; CAs alone
 * have basic constraints. Times are Unix seconds, always passed in; none outlives its issuer, nor starts before it.
 * Lists are NULL-terminated; NULL is the empty list. PEM texts that are returned live in the arena. */
#ifndef PKI_CERTIFICATE_H
#define PKI_CERTIFICATE_H
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"
#include "pki/certificate_facts.h"
#include "pki/token.h"

struct certificate_issuer {
	struct token *token;
	const char *key;         /* its label */
	const char *certificate; /* its PEM; reason TokenLacksCA when it is not this key's */
};

struct certificate_subject {
	const char *common_name; /* 1 to 64 printable characters */
	int64_t not_before, not_after;
};

enum certificate_use {
	CERTIFICATE_NODE,   /* serverAuth and clientAuth; at least one name */
	CERTIFICATE_CLIENT, /* clientAuth; the common name is the user, no names */
};

struct certificate_leaf {
	enum certificate_use use;
	struct certificate_subject subject;  /* no dot in it: nobody reads it as a DNS name outside the constraints */
	const char *const *dns, *const *ips; /* "db.example.com", "*.db.example.com"; "127.0.0.1", "::1" */
};

/* A new software key as PEM (PKCS#8, not encrypted) in `pem`, which the caller wipes with str_done(). */
must_check bool certificate_key_make(enum key_algorithm algorithm, struct str *pem, struct error *err);
/* Is the token's key `key` the certificate's? Reason TokenLacksCA when not. */
must_check bool certificate_key_in_token(struct token *token, const char *key, const char *pem, struct error *err);

/* Self-signed by a key of the token: the PKI's root (path length 2), a cluster's CA (path length 0). */
must_check const char *certificate_root(struct arena *arena, struct token *token, const char *key,
	const struct certificate_subject *subject, struct error *err);
must_check const char *certificate_cluster_ca(struct arena *arena, struct token *token, const char *key,
	const struct certificate_subject *subject, struct error *err);
/* Path length 1, for the public key of a token, signed by the root. */
must_check const char *certificate_intermediate(struct arena *arena, const struct certificate_issuer *root,
	EVP_PKEY *public_key, const struct certificate_subject *subject, struct error *err);
/* Certifies the self-signed `ca` again: same subject, key, key id, times within the issuer's, path length 0, critical
 * name constraints that permit the DNS names of `dns` and what is below them ("*." is taken off), 127.0.0.1 and ::1. */
must_check const char *certificate_cross_signed(struct arena *arena, const struct certificate_issuer *intermediate,
	const char *ca, const char *const *dns, struct error *err);
/* For the public half of the private key `key_pem`. */
must_check const char *certificate_leaf(struct arena *arena, const struct certificate_issuer *ca,
	const struct certificate_leaf *leaf, const char *key_pem, struct error *err);

struct certificate_check {
	const char *certificate, *key; /* a leaf; its private key as PEM, NULL: not asked */
	const char *bundle;            /* CAs; the chain must end in a self-signed one of them */
	const char *const *names;      /* DNS names and addresses that must be in it, as written there; NULL: not asked */
	int64_t now;
};

/* By RFC 5280's strict rules. ERR_INVALID with reason KeyMismatch, NotTrusted, NotYetValid, Expired or NamesMissing and
 * the first thing that is wrong; without a reason: no PEM. */
must_check bool certificate_check(const struct certificate_check *check, struct error *err);

#endif
