/* The cluster's CA: a key in the token with two certificates, self-signed (root.crt) and by the intermediate
 * (chain.crt). C-ca is its record: which generation signs, and where a rotation stands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "ybcluster/authority.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

static const char *config_map(struct work *work) {
	return arena_printf(work->arena, "%s-ca", work->pass->name);
}

enum key_algorithm key_algorithm_of(const struct work *work) {
	return work->cluster->spec.tls.algorithm == TLS_ALGORITHM_RSA_3072 ? KEY_RSA_3072 : KEY_ECDSA_P256;
}

/* The self-signed certificate of the key of that generation. */
static const char *certify(struct work *work, struct authority *authority, int generation, struct error *err) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	const char *label = authority_key_label(work, generation);
	struct certificate_subject subject = {
		.common_name = authority_name(work, generation),
		.not_before = work->now - BACKDATED,
		.not_after = work->now + spec->tls.ca_duration,
	};
	const char *ca = certificate_cluster_ca(work->arena, authority->token, label, &subject, err);
	if (!ca) {
		fail_in(err, "certificate of the cluster's CA");
	}
	return ca;
}

/* A key of the generation (kept when a crash left one) and its certificate. */
static const char *make_ca(struct work *work, struct authority *authority, int generation, struct error *err) {
	if (!token_key_make(authority->token, authority_key_label(work, generation), key_algorithm_of(work), err)) {
		fail_in(err, "key of the cluster's CA");
		return NULL;
	}
	return certify(work, authority, generation, err);
}

/* When neither the record nor any Secret tells the CA, a key of it may be left in the token: clients and pods believe a
 * new certificate of that as they believed the old one. */
static bool begin(struct work *work, struct authority *authority, struct error *err) {
	int generation;
	if (!inputs_stand(work, err) || !authority_key_left(work, authority, &generation, err)) {
		return false;
	}
	if (generation) {
		authority->generation = generation;
		authority->progress.step = CA_STABLE;
		authority->progress.since = work->now;
		authority->root = certify(work, authority, generation, err);
	} else {
		authority->root = make_ca(work, authority, authority->generation, err);
	}
	return authority->root;
}

/* The token must hold the key that C-ca names: else nothing is issued anew, since every client would have to follow. */
static bool key_matches(struct work *work, const struct authority *authority, struct error *err) {
	if (certificate_key_in_token(authority->token, authority->key, authority->signing, err)) {
		return true;
	}
	return fail_in(err, "CA that ConfigMap %s names", config_map(work));
}

static const char *annotation(const json_t *object, const char *key) {
	return json_string_value(json_at(object, "metadata", "annotations", key, NULL));
}

static void read_progress(struct work *work, struct authority *authority, const json_t *live) {
	struct error ignored;
	const char *generation = annotation(live, ANNOTATION_GENERATION), *since = annotation(live, ANNOTATION_SINCE);
	const char *rotated = annotation(live, ANNOTATION_CA_ROTATED), *wish = work->cluster->spec.tls.rotate_ca;
	authority->generation = ca_generation_of(generation);
	authority->progress.step = ca_step_of(annotation(live, ANNOTATION_STEP));
	if (!since || !clock_parse(since, &authority->progress.since, &ignored)) {
		authority->progress.since = work->now;
	}
	authority->rotated = rotated;
	authority->asked = annotation(live, ANNOTATION_CA_ASKED);
	/* One that was taken back is none; nor does it become one when somebody takes off what was followed. */
	authority->progress.wished = rotated && wish && strcmp(rotated, wish) != 0;
}

/* What follows from root.crt: who signs, until when, and what leaves depend on. */
static bool settle(struct work *work, struct authority *authority, struct error *err) {
	const char *const *cas = certificate_split(work->arena, authority->root, err);
	struct certificate_facts facts;
	if (!cas || !certificate_read(work->arena, cas[0], &facts, err)) {
		return fail_in(err, "ConfigMap %s: root.crt", config_map(work));
	}
	struct digest anchors = digest_bytes(authority->root, strlen(authority->root));
	authority->signing = cas[0];
	authority->key = authority_key_label(work, authority->generation);
	authority->fingerprint = facts.fingerprint;
	authority->not_before = facts.not_before;
	authority->progress.not_after = facts.not_after;
	authority->identity = digest_hex(work->arena, &anchors, 16);
	return true;
}

/* Nothing is made while nothing may be written: then the CA stays unknown. `usable`: the token was seen to have its
 * key. */
static bool find(struct work *work, struct authority *authority, const json_t *live, bool *usable, struct error *err) {
	struct certificate_facts facts;
	struct error ignored;
	authority->root = json_string_value(json_at(live, "data", "root.crt", NULL));
	authority->chain = json_string_value(json_at(live, "data", "chain.crt", NULL));
	read_progress(work, authority, live);
	bool named = authority->root && certificate_read(work->arena, authority->root, &facts, &ignored) && facts.is_ca;
	if (!authority_find(work, authority, named, usable, err)) {
		return false;
	}
	if (*usable || named) {
		return true;
	}
	authority->root = NULL;
	return held_back(work) || work->plan_only || begin(work, authority, err);
}

static bool load(struct work *work, struct authority *authority, const json_t *live, struct error *err) {
	bool usable;
	if (!find(work, authority, live, &usable, err)) {
		return false;
	}
	return !authority->root || (settle(work, authority, err) && (usable || key_matches(work, authority, err)) &&
								   authority_chain_ensure(work, authority, err));
}

bool authority_load(struct work *work, struct authority *authority, struct error *err) {
	if (authority->loaded) {
		return true;
	}
	authority->token = vault_token(work->world->vault, err);
	authority->pki = authority->token ? vault_pki(work->world->vault, work->pass->client, err) : NULL;
	json_t *live;
	if (!authority->pki || !child_document(work, CONFIG_MAP, config_map(work), &live, err) ||
		!no_leftover(work, CONFIG_MAP, live, err) || !load(work, authority, live, err)) {
		return false;
	}
	authority->version = document_version(live);
	authority->loaded = true;
	return true;
}

/* What the record depends on. `wished`: one that is in sync while a wish waits is not what a pass may leave it at. Who
 * signs, who is trusted and the step are among it: a write of these that failed is found missing by the next pass. */
static struct digest expectation(struct work *work, const struct authority *authority, bool wished) {
	json_t *inputs = arena_own_json(work->arena,
		json_pack("{s:O, s:s, s:s?, s:b, s:s, s:i, s:i}", "hostnames", authority_names(work), "uid",
			work->cluster->metadata.uid, "rotate", work->cluster->spec.tls.rotate_ca, "wished", wished, "anchors",
			authority->identity, "generation", authority->generation, "step", (int)authority->progress.step));
	return digest_json(inputs);
}

/* spec.tls.rotateCA as far as it was followed: before its rotation begins, the value before. NULL: none. */
static const char *wish_followed(const struct work *work, const struct authority *authority) {
	const char *followed = authority->progress.wished ? authority->rotated : work->cluster->spec.tls.rotate_ca;
	return followed && *followed ? followed : NULL;
}

/* Wants C-ca as it is now; once in a pass, a later wish replaces the earlier one. */
static bool want_record(struct work *work, const struct authority *authority, const char *why, struct error *err) {
	struct wanted_list one = wanted_list_make(work->arena);
	if (!want(work->arena, work->cluster, &one, CONFIG_MAP, NULL, "ca",
			json_pack("{s:s, s:s, s:s}", "name", config_map(work), "root", authority->root, "chain", authority->chain),
			err)) {
		return false;
	}
	const char *rotated = wish_followed(work, authority);
	json_put(one.items[0].document, "metadata.annotations", json_object());
	json_t *annotations = json_get(one.items[0].document, "metadata.annotations");
	json_object_set_new(
		annotations, ANNOTATION_GENERATION, json_string(arena_printf(work->arena, "%d", authority->generation)));
	json_object_set_new(annotations, ANNOTATION_STEP, json_string(ca_step_name(authority->progress.step)));
	json_object_set_new(
		annotations, ANNOTATION_SINCE, json_string(clock_format(work->arena, authority->progress.since)));
	json_object_set_new(annotations, ANNOTATION_CA_ROTATED, json_string(rotated ? rotated : ""));
	if (authority->asked) {
		json_object_set_new(annotations, ANNOTATION_CA_ASKED, json_string(authority->asked));
	}
	one.items[0].digest = expectation(work, authority, authority->progress.wished);
	one.items[0].why = why;
	one.items[0].version = authority->version;
	for (size_t i = 0; i < work->wanted.count; i++) {
		if (work->wanted.items[i].kind == CONFIG_MAP) {
			work->wanted.items[i] = one.items[0];
			return true;
		}
	}
	work->wanted.items[work->wanted.count++] = one.items[0];
	return true;
}

static struct authority as_recorded(struct work *work, const struct child *record) {
	struct digest anchors;
	memcpy(anchors.bytes, record->mark, 16);
	return (struct authority){
		.fingerprint = record->text,
		.not_before = record->number[CERTIFICATE_NOT_BEFORE],
		.identity = digest_hex(work->arena, &anchors, 16),
		.asked = *record->asked ? record->asked : NULL,
		.generation = (int)record->number[CA_GENERATION],
		.progress = {.step = (enum ca_step)record->number[CA_STEP],
			.served = true,
			.since = work->now,
			.not_after = record->number[CERTIFICATE_NOT_AFTER]},
	};
}

/* At rest, as the record says that it is: compared, and nothing due. */
static bool at_rest(struct work *work, const struct child *record, const struct authority *recorded) {
	struct digest wanted = expectation(work, recorded, false);
	return !record->deleting && record->in_sync && digest_equal(&record->compared, &wanted) &&
	       recorded->progress.step == CA_STABLE &&
	       ca_next(&recorded->progress, &work->cluster->spec, work->now) == CA_STABLE;
}

bool authority_ensure(struct work *work, struct authority *authority, struct error *err) {
	const struct child *record = children_find(&work->children, CONFIG_MAP, config_map(work));
	if (record && *record->text) {
		struct authority recorded = as_recorded(work, record);
		if (at_rest(work, record, &recorded)) {
			*authority = recorded;
			return true;
		}
	}
	return authority_load(work, authority, err) && (!authority->root || want_record(work, authority, NULL, err));
}

static bool enter(struct work *work, struct authority *authority, enum ca_step step, struct error *err) {
	if (!inputs_stand(work, err)) {
		return false;
	}
	const char *const *cas = certificate_split(work->arena, authority->root, err);
	const char *fresh;
	bool wished = step == CA_TRUST_BOTH ? authority->progress.wished
	                                    : authority->asked && strcmp(authority->asked, authority->identity) == 0;
	switch (step) {
	case CA_TRUST_BOTH:
		fresh = make_ca(work, authority, authority->generation + 1, err);
		authority->root = fresh ? arena_printf(work->arena, "%s%s", authority->signing, fresh) : NULL;
		authority->progress.wished = false;
		break;
	case CA_NEW_LEAVES:
		authority->root = cas && cas[1] ? arena_printf(work->arena, "%s%s", cas[1], cas[0]) : NULL;
		authority->generation++;
		break;
	case CA_DROP_OLD:
		/* The old key signs nothing any more: it goes before the record does, so that a crash leaves none behind. */
		if (!token_key_destroy(authority->token, authority_key_label(work, authority->generation - 1), err)) {
			return false;
		}
		authority->root = cas ? cas[0] : NULL;
		break;
	case CA_KEEP_OLD:
	case CA_STABLE:
	case CA_STEPS:
		break;
	}
	authority->progress.step = step;
	authority->progress.since = work->now;
	if (!authority->root || !settle(work, authority, err)) {
		return false;
	}
	authority->asked = wished ? authority->identity : authority->asked;
	return authority_chain_make(work, authority, err);
}

bool authority_is_due(const struct work *work, const struct authority *authority) {
	struct ca_progress served = authority->progress;
	served.served = true;
	return ca_next(&served, &work->cluster->spec, work->now) != served.step;
}

bool authority_advance(struct work *work, struct authority *authority, struct error *err) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	enum ca_step next = ca_next(&authority->progress, spec, work->now);
	int64_t wake = ca_wake(&authority->progress, spec);
	if (next == authority->progress.step) {
		if (wake) {
			wake_at(work, wake);
		}
		return true;
	}
	if (held_back(work)) {
		return true;
	}
	const char *why =
		arena_printf(work->arena, "CA rotation: %s -> %s", ca_step_name(authority->progress.step), ca_step_name(next));
	if (!work->plan_only && !(authority_load(work, authority, err) && enter(work, authority, next, err))) {
		return fail_in(err, "%s", why);
	}
	event(work, false, "CARotation", ca_step_name(next), why);
	work->ca_moved = !work->plan_only && next != CA_KEEP_OLD && next != CA_STABLE;
	wake_soon(work);
	return want_record(work, authority, why, err);
}
