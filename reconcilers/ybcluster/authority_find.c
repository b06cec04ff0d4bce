/* Finds the CA again by what stands in the cluster and in the token, whoever may have taken or changed the record of
 * it. */
#include <limits.h>
#include <string.h>

#include "base/json.h"
#include "ybcluster/authority.h"
#include "ybcluster/children.h"
#include "ybcluster/secret.h"

const char *authority_key_label(struct work *work, int generation) {
	return arena_printf(work->arena, "ybcluster/%s/%d", work->cluster->metadata.uid, generation);
}

const char *authority_name(struct work *work, int generation) {
	return arena_printf(work->arena, "YugabyteDB %.8s CA %d", work->cluster->metadata.uid, generation);
}

static int generation_named(const char *name) {
	const char *last = strrchr(name, ' ');
	return ca_generation_of(last ? last + 1 : NULL);
}

/* Is this CA the token's key of that generation? False: the token could not say. */
static bool of_generation(
	struct work *work, const struct authority *authority, int generation, const char *ca, bool *is, struct error *err) {
	*is = ca && certificate_key_in_token(authority->token, authority_key_label(work, generation), ca, err);
	return *is || !ca || strcmp(err->reason, "TokenLacksCA") == 0;
}

/* The bundle of a certificate Secret tells the generation again, by the name of the CA that signs, which stands first;
 * the token has the last word. */
static bool adopt(struct work *work, struct authority *authority, const char *root, bool *adopted, struct error *err) {
	struct certificate_facts facts;
	struct error ignored;
	const char *const *cas = certificate_split(work->arena, root, &ignored);
	bool named = cas && certificate_read(work->arena, cas[0], &facts, &ignored);
	int generation = named ? generation_named(facts.common_name) : 0;
	if (!of_generation(work, authority, generation, named ? cas[0] : NULL, adopted, err)) {
		return false;
	}
	if (*adopted) {
		authority->generation = generation;
		/* A record that names another CA says nothing of the step either. */
		authority->progress.step = CA_STABLE;
		authority->progress.since = work->now;
		authority->signing = cas[0];
	}
	return true;
}

/* The Secrets that hold the CAs: each group's, and last the administrator's. */
static size_t bundles(const struct work *work) {
	return work->groups.count + 1;
}

/* The CAs that a group's pods, or the administrator's client, trust by that Secret; NULL: there is none. */
static bool bundle_of(struct work *work, size_t which, const char **root, struct error *err) {
	bool of_group = which < work->groups.count;
	const char *name = of_group ? work->groups.items[which].certificate : admin_certificate(work->arena, work->cluster);
	json_t *secret;
	bool read = child_document(work, SECRET, name, &secret, err);
	*root = read && secret && is_ours(work, secret) ? secret_text(work->arena, secret, of_group ? "ca.crt" : "root.crt")
	                                                : NULL;
	return read;
}

/* When somebody took the ConfigMap away, or put something else into it. A Secret or a token that cannot be read ends
 * the pass: a new CA is made only when it is certain that there is none. */
static bool recover(struct work *work, struct authority *authority, bool *recovered, struct error *err) {
	*recovered = false;
	for (size_t i = 0; !*recovered && i < bundles(work); i++) {
		const char *root;
		if (!bundle_of(work, i, &root, err) || (root && !adopt(work, authority, root, recovered, err))) {
			return false;
		}
	}
	return true;
}

/* The record names the CA that signs, and its generation. */
static bool confirm(struct work *work, struct authority *authority, bool *usable, struct error *err) {
	struct error ignored;
	const char *const *cas = certificate_split(work->arena, authority->root, &ignored);
	authority->signing = cas ? cas[0] : NULL;
	return of_generation(work, authority, authority->generation, authority->signing, usable, err);
}

/* A CA beside the one that signs: of the generation after it (`generations` 1) or before it (-1). */
struct beside {
	const char *ca;
	int generations;
};

/* Where the recorded step says that the other one is: a token takes long to say that there is no such key. */
static int likely_side(const struct authority *authority) {
	enum ca_step step = authority->progress.step;
	return step == CA_NEW_LEAVES || step == CA_KEEP_OLD ? -1 : 1;
}

static bool look_for_another(
	struct work *work, const struct authority *authority, const char *root, struct beside *found, struct error *err) {
	struct error ignored;
	const char *const *cas =
		root && strcmp(root, authority->signing) != 0 ? certificate_split(work->arena, root, &ignored) : NULL;
	const int sides[] = {likely_side(authority), -likely_side(authority)};
	for (size_t i = 0; cas && cas[i] && !found->ca; i++) {
		bool signs = strcmp(cas[i], authority->signing) == 0;
		for (size_t j = 0; !signs && j < sizeof sides / sizeof *sides && !found->ca; j++) {
			bool is;
			if (!of_generation(work, authority, authority->generation + sides[j], cas[i], &is, err)) {
				return false;
			}
			*found = is ? (struct beside){cas[i], sides[j]} : *found;
		}
	}
	return true;
}

/* In root.crt of the record, or where it was taken out of that, in a Secret. */
static bool find_another(struct work *work, const struct authority *authority, const char *recorded,
	struct beside *found, struct error *err) {
	bool ok = look_for_another(work, authority, recorded, found, err);
	for (size_t i = 0; ok && !found->ca && i < bundles(work); i++) {
		const char *root;
		ok = bundle_of(work, i, &root, err) && look_for_another(work, authority, root, found, err);
	}
	return ok;
}

static bool has_key(
	struct work *work, const struct authority *authority, int generation, bool *has, struct error *err) {
	EVP_PKEY *key = token_key_public(authority->token, authority_key_label(work, generation), err);
	*has = key;
	EVP_PKEY_free(key);
	return *has || err->kind == ERR_NOT_FOUND;
}

/* During a rotation there are two: the older one is trusted by every pod until its key goes. */
bool authority_key_left(struct work *work, const struct authority *authority, int *generation, struct error *err) {
	int told = work->cluster->status.certificates.generation;
	int last = told < INT_MAX ? told + 1 : told;
	bool has = false;
	*generation = 0;
	for (int i = told > 1 ? told - 1 : 1; !has && i <= last; i++) {
		if (!has_key(work, authority, i, &has, err)) {
			return false;
		}
		*generation = has ? i : 0;
	}
	return true;
}

/* A new CA that got lost before anybody trusted it is made again; the token has its key only if a rotation began. */
static bool begin_again(struct work *work, struct authority *authority, struct error *err) {
	bool has;
	if (!has_key(work, authority, authority->generation + 1, &has, err)) {
		return false;
	}
	if (has) {
		authority->progress.wished = true;
		authority->rotated = "";
	}
	return true;
}

/* root.crt holds the CA that signs, and during a rotation the other one: nothing that somebody else put there, and no
 * CA less while the token has its key, for that goes first. */
static bool complete(struct work *work, struct authority *authority, const char *recorded, struct error *err) {
	struct beside other = {0};
	struct certificate_facts newer = {0};
	enum ca_step step = authority->progress.step;
	if (!find_another(work, authority, recorded, &other, err) ||
		!certificate_read(work->arena, other.generations > 0 ? other.ca : authority->signing, &newer, err)) {
		return false;
	}
	authority->root = other.ca ? arena_printf(work->arena, "%s%s", authority->signing, other.ca) : authority->signing;
	ca_confirm(&authority->progress, other.generations, newer.not_before + BACKDATED, &work->cluster->spec, work->now);
	return other.ca || step != CA_TRUST_BOTH || begin_again(work, authority, err);
}

bool authority_find(struct work *work, struct authority *authority, bool named, bool *usable, struct error *err) {
	const char *recorded = named ? authority->root : NULL;
	*usable = false;
	return (!named || confirm(work, authority, usable, err)) && (*usable || recover(work, authority, usable, err)) &&
	       (!*usable || complete(work, authority, recorded, err));
}
