/* One certificate Secret: judged, kept, or issued anew. */
#include "ybcluster/leaf.h"

#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/str.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/secret.h"

static json_t *skeleton(struct work *work, const struct leaf *leaf, json_t *data, const char *trust) {
	json_t *document = arena_own_json(work->arena,
		json_pack("{s:s, s:s, s:{s:s, s:{s:s, s:s}}, s:s, s:o}", "apiVersion", "v1", "kind", "Secret", "metadata",
			"name", leaf->secret, "annotations", ANNOTATION_TRUST, trust, ANNOTATION_ROTATED,
			work->cluster->spec.tls.rotate ? work->cluster->spec.tls.rotate : "", "type", "Opaque", "data", data));
	own(work->arena, work->cluster, leaf->component, document);
	return document;
}

/* Why the live Secret cannot stay as it is; NULL: it can. `names_only`: nothing is wrong with it but missing names. */
static const char *trouble(struct work *work, const struct leaf *leaf, const struct authority *authority,
	const json_t *live, bool *names_only) {
	struct arena *arena = work->arena;
	const char *anchors = secret_text(arena, live, leaf->anchor_key);
	struct certificate_check check = {
		.certificate = secret_text(arena, live, leaf->certificate_key),
		.key = secret_text(arena, live, leaf->key_key),
		.bundle = authority->signing,
		.names = leaf->names,
		.now = work->now,
	};
	struct certificate_facts facts;
	struct error err = {0};
	*names_only = false;
	if (!check.certificate || !check.key) {
		return "its certificate or key is missing";
	}
	bool whole = certificate_check(&check, &err);
	bool unnamed = !whole && strcmp(err.reason, "NamesMissing") == 0; /* of all reasons the last one */
	if ((!whole && !unnamed) || !certificate_read(arena, check.certificate, &facts, &err)) {
		return arena_printf(arena, "its certificate cannot be used: %s", err.text);
	}
	const char *rotated = json_string_value(json_at(live, "metadata", "annotations", ANNOTATION_ROTATED, NULL));
	const char *rotate = work->cluster->spec.tls.rotate;
	/* Ours always has the annotation: one that somebody took off is put back, and is no wish. */
	if (rotate && rotated && strcmp(rotated, rotate) != 0) {
		return arena_printf(arena, "spec.tls.rotate %s -> %s", *rotated ? rotated : "(none)", rotate);
	}
	if (strcmp(facts.algorithm, key_algorithm_of(work) == KEY_RSA_3072 ? "RSA-3072" : "ECDSA-P256") != 0) {
		return arena_printf(arena, "spec.tls.algorithm: the leaf has %s", facts.algorithm);
	}
	if (work->now >= leaf_renewal(work->cluster, leaf->secret, facts.not_before, facts.not_after)) {
		return "its certificate is due for renewal";
	}
	if (!anchors || strcmp(anchors, authority->root) != 0) {
		return "its trust anchors are not the cluster's";
	}
	*names_only = unnamed;
	return unnamed ? arena_strdup(arena, err.text) : NULL;
}

static void put_text(struct work *work, json_t *data, const char *key, const char *text) {
	json_object_set_new(data, key, json_string(base64_encode(work->arena, text, strlen(text))));
}

static void put_serial(struct arena *arena, const struct leaf *leaf, const json_t *live, const char **serial) {
	struct certificate_facts facts;
	struct error ignored;
	const char *pem = secret_text(arena, live, leaf->certificate_key);
	if (pem && certificate_read(arena, pem, &facts, &ignored)) {
		*serial = facts.serial;
	}
}

/* The live trust annotation, as far as the StatefulSet knows it: its value decides whether pods restart, and an edit by
 * another hand must not. Such a one becomes what it is for a leaf that no other carried it over to: the serial. So does
 * that of the administrator's certificate, which no pod serves. */
static const char *live_trust(struct work *work, const struct leaf *leaf, const json_t *live) {
	const char *trust = json_string_value(json_at(live, "metadata", "annotations", ANNOTATION_TRUST, NULL));
	const struct child *set = leaf->group ? children_find(&work->children, STATEFUL_SET, leaf->group->name) : NULL;
	struct digest digest = secret_trust(live);
	bool known =
		set && *set->text ? strcmp(set->text, digest_hex(work->arena, &digest, 16)) == 0 : leaf->group && trust;
	if (!known) {
		put_serial(work->arena, leaf, live, &trust);
	}
	return trust;
}

/* `kept`: the live Secret of which only names were missing. Its end stays the end: pods go on serving the old leaf, so
 * the new one must fall due with it. */
static json_t *issue(struct work *work, const struct leaf *leaf, const struct authority *authority, const json_t *kept,
	struct error *err) {
	const char *trust = kept ? live_trust(work, leaf, kept) : NULL;
	const char *old = kept ? secret_text(work->arena, kept, leaf->certificate_key) : NULL;
	struct certificate_facts before = {.not_after = work->now + work->cluster->spec.tls.duration};
	if (old && !certificate_read(work->arena, old, &before, err)) {
		return NULL;
	}
	cleanup_str struct str key = {0};
	if (!certificate_key_make(key_algorithm_of(work), &key, err)) {
		return NULL;
	}
	struct certificate_issuer issuer = {authority->token, authority->key, authority->signing};
	struct certificate_leaf request = {
		.use = leaf->group ? CERTIFICATE_NODE : CERTIFICATE_CLIENT,
		.subject =
			{
				.common_name = leaf->group ? leaf->group->name : work->cluster->spec.auth.admin_user,
				.not_before = work->now - BACKDATED,
				.not_after = before.not_after,
			},
		.dns = leaf->names,
	};
	const char *certificate = certificate_leaf(work->arena, &issuer, &request, key.text, err);
	struct certificate_facts facts;
	if (!certificate || !certificate_read(work->arena, certificate, &facts, err)) {
		return NULL;
	}
	json_t *data = json_object();
	put_text(work, data, leaf->certificate_key, certificate);
	put_text(work, data, leaf->key_key, key.text);
	put_text(work, data, leaf->anchor_key, authority->root);
	return skeleton(work, leaf, data, trust ? trust : facts.serial);
}

/* Appends the Secret to what is wanted: as it is when it is good, so that drift around it is put right, else anew. */
static bool renew_or_keep(struct work *work, struct leaf *leaf, struct authority *authority, struct error *err) {
	json_t *live;
	if (!authority_load(work, authority, err) || !child_document(work, SECRET, leaf->secret, &live, err) ||
		!no_leftover(work, SECRET, live, err)) {
		return false;
	}
	bool names_only = false;
	bool leaves = json_get(live, "metadata.deletionTimestamp"); /* and is waited for */
	const char *why = !live ? "it does not exist" : leaves ? NULL : trouble(work, leaf, authority, live, &names_only);
	if (why && held_back(work)) {
		return true; /* nothing is signed that could not be stored */
	}
	if (why && work->plan_only) {
		note_change(work, live ? "update" : "create", SECRET, leaf->secret, why);
		leaf->planned = !names_only;
		return true;
	}
	json_t *document;
	if (why) {
		document = issue(work, leaf, authority, names_only ? live : NULL, err);
	} else {
		json_t *data = json_object();
		const char *keys[] = {leaf->certificate_key, leaf->key_key, leaf->anchor_key};
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
			json_object_set(data, keys[i], json_at(live, "data", keys[i], NULL));
		}
		const char *trust = live_trust(work, leaf, live);
		document = skeleton(work, leaf, data, trust ? trust : "");
	}
	if (!document) {
		return fail_in(err, "Secret %s", leaf->secret);
	}
	work->wanted.items[work->wanted.count++] = (struct wanted){
		SECRET, leaf->secret, document, leaf->expectation, .why = live ? why : NULL, .version = document_version(live)};
	return true;
}

static struct digest expectation(struct work *work, const struct leaf *leaf, const char *ca) {
	json_t *names = json_array();
	for (const char *const *name = leaf->names; name && *name; name++) {
		json_array_append_new(names, json_string(*name));
	}
	json_t *all = json_pack("{s:o, s:s, s:s, s:s?, s:s, s:O}", "names", names, "secret", leaf->secret, "ca", ca,
		"rotate", work->cluster->spec.tls.rotate, "algorithm", key_algorithm_of(work) == KEY_RSA_3072 ? "rsa" : "ecdsa",
		"labels", labels_of(work->arena, work->cluster, leaf->component));
	struct digest digest = digest_json(all);
	json_decref(all);
	return digest;
}

struct leaf leaf_of_group(struct work *work, const struct group *group) {
	return (struct leaf){
		.secret = group->certificate,
		.component = role_name(group->role),
		.group = group,
		.certificate_key = arena_printf(work->arena, "node.%s.crt", group->name),
		.key_key = arena_printf(work->arena, "node.%s.key", group->name),
		.anchor_key = "ca.crt",
		.names = certificate_names(work->arena, work->cluster, &work->world->settings, group),
	};
}

struct leaf leaf_of_admin(struct work *work) {
	return (struct leaf){
		.secret = admin_certificate(work->arena, work->cluster),
		.certificate_key = "yugabytedb.crt",
		.key_key = "yugabytedb.key",
		.anchor_key = "root.crt",
	};
}

/* The Secret of this leaf, when this pass wants to write it; it is the last then. NULL: it stays as it is. */
static const struct wanted *wanted_leaf(const struct work *work, const struct leaf *leaf) {
	const struct wanted *last = work->wanted.count ? &work->wanted.items[work->wanted.count - 1] : NULL;
	return last && strcmp(last->name, leaf->secret) == 0 ? last : NULL;
}

bool leaf_facts(struct work *work, const struct leaf *leaf, struct certificate_facts *facts) {
	const struct child *child = children_find(&work->children, SECRET, leaf->secret);
	const struct wanted *made = wanted_leaf(work, leaf);
	struct error ignored;
	if (made) {
		const char *pem = secret_text(work->arena, made->document, leaf->certificate_key);
		return pem && certificate_read(work->arena, pem, facts, &ignored);
	}
	*facts = (struct certificate_facts){.not_before = child ? child->number[CERTIFICATE_NOT_BEFORE] : 0,
		.not_after = child ? child->number[CERTIFICATE_NOT_AFTER] : 0,
		.serial = child ? child->text : ""};
	return child;
}

const char *leaf_trust(struct work *work, const struct leaf *leaf) {
	const struct wanted *made = wanted_leaf(work, leaf);
	const struct child *child = children_find(&work->children, SECRET, leaf->secret);
	struct digest trust = {0};
	if (leaf->planned) {
		return NOT_YET;
	}
	if (made) {
		trust = secret_trust(made->document);
	} else if (child) {
		memcpy(trust.bytes, child->mark, 16);
	}
	return digest_hex(work->arena, &trust, 16);
}

/* One that a clock which was ahead made is made anew; but not while the CA itself is not valid yet, by a clock that is
 * behind: then no other one would be better. */
static bool is_early(const struct work *work, const struct authority *authority, const struct child *leaf) {
	return work->now < leaf->number[CERTIFICATE_NOT_BEFORE] && work->now >= authority->not_before;
}

bool leaf_ensure(struct work *work, struct leaf *leaf, struct authority *authority, struct error *err) {
	const struct child *child = children_find(&work->children, SECRET, leaf->secret);
	leaf->expectation = expectation(work, leaf, authority->identity);
	bool current = child && !child->deleting && child->in_sync && digest_equal(&child->compared, &leaf->expectation) &&
	               !is_early(work, authority, child) &&
	               work->now < leaf_renewal(work->cluster, leaf->secret, child->number[CERTIFICATE_NOT_BEFORE],
								   child->number[CERTIFICATE_NOT_AFTER]);
	return current || renew_or_keep(work, leaf, authority, err);
}
