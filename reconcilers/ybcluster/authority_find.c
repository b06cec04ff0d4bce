/* Finds the CA again by what stands in the cluster and in the token, whoever may have taken or changed the record of
 * it. */
#include <string.h>

#include "base/json.h"
#include "ybcluster/certificates.h"
#include "ybcluster/children.h"

enum { MOST_GENERATIONS = 64 };

const char *authority_key_label(struct work *work, int generation) {
	return arena_printf(work->arena, "ybcluster/%s/%d", work->cluster->metadata.uid, generation);
}

/* Is this CA the token's key of that generation? False: the token could not say. */
static bool of_generation(
	struct work *work, const struct authority *authority, int generation, const char *ca, bool *is, struct error *err) {
	*is = ca && certificate_key_in_token(authority->token, authority_key_label(work, generation), ca, err);
	return *is || !ca || strcmp(err->reason, "TokenLacksCA") == 0;
}

/* The bundle of a certificate Secret tells the record again: the token knows the generation of the CA that signs (it
 * stands first), and of the other one, when there is one: then a rotation was under way. */
static bool adopt(struct work *work, struct authority *authority, const char *root, bool *adopted, struct error *err) {
	struct error ignored;
	const char *const *cas = certificate_split(work->arena, root, &ignored);
	bool newer = false;
	*adopted = false;
	for (int generation = 1; cas && !*adopted && generation <= MOST_GENERATIONS; generation++) {
		if (!of_generation(work, authority, generation, cas[0], adopted, err) ||
			(*adopted && !of_generation(work, authority, generation + 1, cas[1], &newer, err))) {
			return false;
		}
		authority->generation = *adopted ? generation : authority->generation;
	}
	if (*adopted) {
		const char *wish = work->cluster->spec.tls.rotate_ca;
		authority->progress = (struct ca_progress){.since = work->now,
			.step = newer    ? CA_TRUST_BOTH
		            : cas[1] ? CA_NEW_LEAVES
		                     : CA_STABLE};
		authority->rotated = wish ? wish : "";
		authority->root = root;
	}
	return true;
}

/* When somebody took the ConfigMap away, or put something else into it. A Secret or a token that cannot be read ends
 * the pass: a new CA is made only when it is certain that there is none. */
static bool recover(struct work *work, struct authority *authority, bool *recovered, struct error *err) {
	*recovered = false;
	for (size_t i = 0; !*recovered && i < work->groups.count; i++) {
		json_t *secret;
		if (!child_document(work, SECRET, work->groups.items[i].certificate, &secret, err)) {
			return false;
		}
		const char *root = secret && is_ours(work, secret) ? secret_text(work->arena, secret, "ca.crt") : NULL;
		if (root && !adopt(work, authority, root, recovered, err)) {
			return false;
		}
	}
	return true;
}

/* root.crt holds the CA that signs, and during a rotation the other one: nothing that somebody else put there. A new CA
 * that got lost before it signed anything is made again. */
static bool bundle(struct work *work, struct authority *authority, bool *usable, struct error *err) {
	const char *const *cas = certificate_split(work->arena, authority->root, err);
	const char *signing = cas ? cas[0] : NULL, *second = signing ? cas[1] : NULL;
	enum ca_step step = authority->progress.step;
	int other = step == CA_TRUST_BOTH ? authority->generation + 1 : authority->generation - 1;
	bool both;
	if (!of_generation(work, authority, authority->generation, signing, usable, err) ||
		!of_generation(work, authority, other, *usable && step != CA_STABLE ? second : NULL, &both, err)) {
		return false;
	}
	if (*usable) {
		authority->root = both ? arena_printf(work->arena, "%s%s", signing, second) : signing;
	}
	if (*usable && !both && step == CA_TRUST_BOTH) {
		authority->progress.step = CA_STABLE;
		authority->progress.wished = true;
		authority->rotated = "";
	}
	return true;
}

bool authority_find(struct work *work, struct authority *authority, bool named, bool *usable, struct error *err) {
	*usable = false;
	return (!named || bundle(work, authority, usable, err)) && (*usable || recover(work, authority, usable, err));
}
