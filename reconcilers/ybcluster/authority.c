/* The cluster's CA: a key in the token with two certificates, self-signed (root.crt) and by the intermediate (chain.crt). */
#include <string.h>

#include "base/json.h"
#include "ybcluster/certificates.h"

static const char *key_label(struct work *work, int generation) {
	return arena_printf(work->arena, "ybcluster/%s/%d", work->cluster->metadata.uid, generation);
}

/* What the CA may certify, in the certificate that the intermediate signs: the cluster's own names and hostnames. */
static const char *const *permitted_names(struct work *work) {
	const struct ybcluster *cluster = work->cluster;
	const struct settings *settings = &work->world->settings;
	const char **names = arena_array(work->arena, const char *, cluster->spec.endpoints.hostname_count + 8);
	size_t count = 0;
	const char *services[] = {cluster->metadata.name, role_service(work->arena, cluster, MASTER),
		role_service(work->arena, cluster, TSERVER)};
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		names[count++] = service_host(work->arena, cluster, settings, services[i]);
	}
	names[count++] = arena_printf(work->arena, "%s.%s.svc", cluster->metadata.name, cluster->metadata.namespace);
	names[count++] = arena_printf(work->arena, "%s.%s", cluster->metadata.name, cluster->metadata.namespace);
	names[count++] = "localhost";
	for (size_t i = 0; i < cluster->spec.endpoints.hostname_count; i++) {
		names[count++] = cluster->spec.endpoints.hostnames[i];
	}
	return names;
}

static const char *make_chain(struct work *work, const struct authority *authority, struct error *err) {
	struct certificate_issuer intermediate = {authority->token, PKI_INTERMEDIATE_KEY, authority->pki->intermediate};
	const char *cross = certificate_cross_signed(work->arena, &intermediate, authority->root, permitted_names(work), err);
	if (!cross) {
		return NULL;
	}
	return arena_printf(work->arena, "%s%s%s", cross, authority->pki->intermediate, authority->pki->root);
}

static bool make(struct work *work, struct authority *authority, struct error *err) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	enum key_algorithm algorithm = spec->tls.algorithm == TLS_ALGORITHM_RSA_3072 ? KEY_RSA_3072 : KEY_ECDSA_P256;
	if (!token_key_make(authority->token, authority->key, algorithm, err)) {
		return fail_in(err, "key of the cluster's CA");
	}
	struct certificate_subject subject = {
		.common_name = arena_printf(work->arena, "YugabyteDB %.8s CA", work->cluster->metadata.uid),
		.not_before = work->now - 300,
		.not_after = work->now + spec->tls.ca_duration,
	};
	authority->root = certificate_cluster_ca(work->arena, authority->token, authority->key, &subject, err);
	authority->chain = authority->root ? make_chain(work, authority, err) : NULL;
	return authority->chain || fail_in(err, "certificate of the cluster's CA");
}

/* The token must hold the key that C-ca names: else nothing is issued anew, since every client would have to follow. */
static bool key_matches(struct work *work, const struct authority *authority, struct error *err) {
	struct certificate_facts facts;
	if (!certificate_read(work->arena, authority->root, &facts, err)) {
		return fail_in(err, "ConfigMap %s-ca: root.crt", work->pass->name);
	}
	if (certificate_key_in_token(authority->token, authority->key, authority->root, err)) {
		return true;
	}
	return fail_in(err, "CA %.16s that ConfigMap %s-ca names", facts.fingerprint, work->pass->name);
}

/* Chains are made anew over the same key when the names they permit have changed. */
static bool chain_current(struct work *work, const struct authority *authority) {
	const char *chain = authority->chain;
	struct certificate_facts facts;
	struct error ignored;
	if (!chain || !strstr(chain, authority->pki->root) || !certificate_read(work->arena, chain, &facts, &ignored)) {
		return false;
	}
	const char *const *wanted = permitted_names(work);
	size_t found = 0, count = 0;
	for (; wanted[count]; count++) {
		for (const char *const *name = facts.permitted_dns; name && *name; name++) {
			if (strcmp(*name, wanted[count]) == 0) {
				found++;
				break;
			}
		}
	}
	size_t has = 0;
	for (const char *const *name = facts.permitted_dns; name && *name; name++) {
		has++;
	}
	return found == count && has <= count;
}

/* The self-signed certificate out of a certificate Secret, when somebody took the ConfigMap away. */
static const char *recover_root(struct work *work) {
	for (size_t i = 0; i < work->groups.count; i++) {
		json_t *secret;
		struct error ignored;
		if (child_document(work, SECRET, work->groups.items[i].certificate, &secret, &ignored) && secret) {
			const char *root = secret_text(work->arena, secret, "ca.crt");
			struct certificate_facts facts;
			if (root && certificate_read(work->arena, root, &facts, &ignored) && facts.is_ca) {
				return root;
			}
		}
	}
	return NULL;
}

bool authority_load(struct work *work, struct authority *authority, struct error *err) {
	if (authority->loaded) {
		return true;
	}
	authority->token = vault_token(work->world->vault, err);
	authority->pki = authority->token ? vault_pki(work->world->vault, work->pass->client, err) : NULL;
	if (!authority->pki) {
		return false;
	}
	json_t *live;
	if (!child_document(work, CONFIG_MAP, arena_printf(work->arena, "%s-ca", work->pass->name), &live, err)) {
		return false;
	}
	authority->key = key_label(work, 1);
	authority->root = json_string_value(json_at(live, "data", "root.crt", NULL));
	authority->chain = json_string_value(json_at(live, "data", "chain.crt", NULL));
	struct certificate_facts facts;
	struct error ignored;
	if (!authority->root || !certificate_read(work->arena, authority->root, &facts, &ignored) || !facts.is_ca) {
		authority->root = recover_root(work);
		authority->chain = NULL;
	}
	if (authority->root ? !key_matches(work, authority, err) : !make(work, authority, err)) {
		return false;
	}
	if (!chain_current(work, authority) && !(authority->chain = make_chain(work, authority, err))) {
		return false;
	}
	authority->loaded = true;
	return true;
}
