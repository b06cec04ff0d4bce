#include "pki/pki.h"

#include <openssl/evp.h>

static const int64_t year = 31556952; /* of the Gregorian calendar, in seconds */
static const struct {
	const char *common_name;
	int64_t years;
} root_plan = {"ybcluster-operator root", 20}, intermediate_plan = {"ybcluster-operator intermediate", 10};

static struct certificate_subject subject(const char *common_name, int64_t years, int64_t now) {
	/* Clocks of others may be a little behind. */
	return (struct certificate_subject){common_name, now - 300, now + years * year};
}

static struct token *root_token(const struct pki_config *config) {
	return config->root_token ? config->root_token : config->token;
}

/* A stored certificate binds: its key must be there, and nothing is made in its place. */
static bool stored_keys_are_there(const struct pki_config *config, const struct pki *pki, struct error *err) {
	bool root = !pki->root || certificate_key_in_token(root_token(config), PKI_ROOT_KEY, pki->root, err);
	bool both = root && (!pki->intermediate ||
							certificate_key_in_token(config->token, PKI_INTERMEDIATE_KEY, pki->intermediate, err));
	if (!both && err->kind == ERR_NOT_FOUND) {
		err->kind = ERR_BLOCKED;
	}
	return both;
}

static bool make_root(struct arena *arena, const struct pki_config *config, struct pki *pki, struct error *err) {
	struct token *token = root_token(config);
	struct certificate_subject who = subject(root_plan.common_name, root_plan.years, config->now);
	if (!token_key_make(token, PKI_ROOT_KEY, config->algorithm, err)) {
		return false;
	}
	pki->root = certificate_root(arena, token, PKI_ROOT_KEY, &who, err);
	pki->changed = true;
	return pki->root != NULL;
}

static bool make_intermediate(
	struct arena *arena, const struct pki_config *config, struct pki *pki, struct error *err) {
	struct certificate_issuer root = {root_token(config), PKI_ROOT_KEY, pki->root};
	struct certificate_subject who = subject(intermediate_plan.common_name, intermediate_plan.years, config->now);
	if (!token_key_make(config->token, PKI_INTERMEDIATE_KEY, config->algorithm, err)) {
		return false;
	}
	EVP_PKEY *key = token_key_public(config->token, PKI_INTERMEDIATE_KEY, err);
	if (!key) {
		return false;
	}
	pki->intermediate = certificate_intermediate(arena, &root, key, &who, err);
	EVP_PKEY_free(key);
	pki->changed = true;
	return pki->intermediate != NULL;
}

static bool belong_together(const struct pki_config *config, const struct pki *pki, struct error *err) {
	struct certificate_check check = {.certificate = pki->intermediate, .bundle = pki->root, .now = config->now};
	return certificate_check(&check, err) || fail_in(err, "the PKI's intermediate under its root");
}

static bool read_fingerprints(struct arena *arena, struct pki *pki, struct error *err) {
	struct certificate_facts root, intermediate;
	if (!certificate_read(arena, pki->root, &root, err) ||
		!certificate_read(arena, pki->intermediate, &intermediate, err)) {
		return false;
	}
	pki->root_fingerprint = root.fingerprint;
	pki->intermediate_fingerprint = intermediate.fingerprint;
	return true;
}

bool pki_ensure(struct arena *arena, const struct pki_config *config, struct pki *pki, struct error *err) {
	struct pki made = {.root = pki->root, .intermediate = pki->intermediate};
	if (made.intermediate && !made.root) {
		return fail(
			err, ERR_INVALID, "the PKI's intermediate is stored without its root: restore the root's certificate");
	}
	if (!stored_keys_are_there(config, &made, err) || (!made.root && !make_root(arena, config, &made, err)) ||
		(!made.intermediate && !make_intermediate(arena, config, &made, err)) || !belong_together(config, &made, err) ||
		!read_fingerprints(arena, &made, err)) {
		return false;
	}
	*pki = made;
	return true;
}
