/* chain.crt: each CA of root.crt certified by the intermediate, with the names that it may certify, and up to the root.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "ybcluster/authority.h"
#include "ybcluster/observe.h"

/* Names that pods serve beside those of the spec: of one pod, and of all that count. */
enum { MOST_NAMES = 64 };

struct names {
	const char *items[MOST_NAMES];
	size_t count;
};

static bool among(const char *const *names, size_t count, const char *name) {
	bool found = false;
	for (size_t i = 0; i < count; i++) {
		found = found || strcmp(names[i], name) == 0;
	}
	return found;
}

static void take_served(struct work *work, const struct child *pod, struct names *names) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	const char *rest = pod->hostnames;
	for (int i = 0; i < MOST_NAMES && *rest && names->count < MOST_NAMES; i++) {
		size_t length = strcspn(rest, " ");
		const char *name = arena_strndup(work->arena, rest, length);
		rest += length + (rest[length] == ' ');
		if (!among(spec->endpoints.hostnames, spec->endpoints.hostname_count, name) &&
			!among(names->items, names->count, name)) {
			names->items[names->count++] = name;
		}
	}
}

static int compare(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* That pods were made with and the spec has no more, in their order. */
static struct names names_left(struct work *work) {
	struct names names = {0};
	for (size_t i = 0; i < work->children.count; i++) {
		if (work->children.items[i].kind == POD) {
			take_served(work, &work->children.items[i], &names);
		}
	}
	qsort(names.items, names.count, sizeof *names.items, compare);
	return names;
}

json_t *authority_names(struct work *work) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	struct names left = names_left(work);
	json_t *wanted = json_array(), *served = json_array();
	for (size_t i = 0; i < spec->endpoints.hostname_count; i++) {
		json_array_append_new(wanted, json_string(spec->endpoints.hostnames[i]));
	}
	for (size_t i = 0; i < left.count; i++) {
		json_array_append_new(served, json_string(left.items[i]));
	}
	return arena_own_json(work->arena, json_pack("{s:o, s:o}", "wanted", wanted, "served", served));
}

/* Is it the key of a CA in root.crt? */
static bool is_trusted(struct work *work, const struct authority *authority, const char *subject_key) {
	struct error ignored;
	struct certificate_facts facts;
	bool trusted = false;
	const char *const *cas = certificate_split(work->arena, authority->root, &ignored);
	for (; cas && *cas && !trusted; cas++) {
		trusted = certificate_read(work->arena, *cas, &facts, &ignored) && strcmp(facts.subject_key, subject_key) == 0;
	}
	return trusted;
}

/* What the live chain permits. Pods' annotations are written by whoever may write pods: only a name that our
 * intermediate has once put its signature under is believed to be one that is left. */
static const char *const *permitted_before(struct work *work, const struct authority *authority) {
	struct error ignored;
	struct certificate_facts facts;
	const char *const *links = authority->chain ? certificate_split(work->arena, authority->chain, &ignored) : NULL;
	struct certificate_check check = {.certificate = links ? links[0] : NULL,
		.bundle = arena_printf(work->arena, "%s%s", authority->pki->intermediate, authority->pki->root),
		.now = work->now};
	bool signed_by_us = links && certificate_check(&check, &ignored);
	return signed_by_us && certificate_read(work->arena, links[0], &facts, &ignored) &&
	               is_trusted(work, authority, facts.subject_key)
	           ? facts.permitted_dns
	           : NULL;
}

/* What the CA may certify: the cluster's own names and hostnames, and hostnames that some pod still serves, or clients
 * who verify by chain.crt would not believe that pod. */
static const char *const *permitted_names(struct work *work, const struct authority *authority) {
	const struct ybcluster *cluster = work->cluster;
	const struct settings *settings = &work->world->settings;
	struct names left = names_left(work);
	const char **names =
		arena_array(work->arena, const char *, cluster->spec.endpoints.hostname_count + left.count + 8);
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
	for (const char *const *name = left.count ? permitted_before(work, authority) : NULL; name && *name; name++) {
		if (among(left.items, left.count, *name) && !among(names, count, *name)) {
			names[count++] = *name;
		}
	}
	return names;
}

static bool make(struct work *work, struct authority *authority, struct error *err) {
	struct certificate_issuer intermediate = {authority->token, PKI_INTERMEDIATE_KEY, authority->pki->intermediate};
	const char *const *cas = certificate_split(work->arena, authority->root, err);
	const char *const *permitted = permitted_names(work, authority);
	cleanup_str struct str chain = {0};
	for (size_t i = 0; cas && cas[i]; i++) {
		const char *cross = certificate_cross_signed(work->arena, &intermediate, cas[i], permitted, err);
		if (!cross) {
			return false;
		}
		str_adds(&chain, cross);
	}
	str_adds(&chain, authority->pki->intermediate);
	str_adds(&chain, authority->pki->root);
	authority->chain = arena_strndup(work->arena, chain.text, chain.length);
	return cas != NULL;
}

static bool same_names(const char *const *a, const char *const *b) {
	size_t a_count = 0, b_count = 0, found = 0;
	for (; a && a[a_count]; a_count++) {
		for (const char *const *name = b; name && *name; name++) {
			found += strcmp(a[a_count], *name) == 0;
		}
	}
	for (; b && b[b_count]; b_count++) {
	}
	return a_count == b_count && found == a_count;
}

/* The PKI's certificates are in it, and of each CA one that permits what it should. */
static bool is_current(struct work *work, const struct authority *authority) {
	struct error ignored;
	const char *const *cas = certificate_split(work->arena, authority->root, &ignored);
	const char *const *links = authority->chain ? certificate_split(work->arena, authority->chain, &ignored) : NULL;
	if (!cas || !links || !strstr(authority->chain, authority->pki->root)) {
		return false;
	}
	const char *const *permitted = permitted_names(work, authority);
	size_t i = 0;
	for (; cas[i]; i++) {
		struct certificate_facts ca, link;
		if (!links[i] || !certificate_read(work->arena, cas[i], &ca, &ignored) ||
			!certificate_read(work->arena, links[i], &link, &ignored) ||
			strcmp(ca.subject_key, link.subject_key) != 0 || !same_names(permitted, link.permitted_dns)) {
			return false;
		}
	}
	return links[i] && strstr(authority->pki->intermediate, links[i]);
}

/* A pod that serves a name which is about to be dropped may not have come in yet. */
static bool look_at_pods(struct work *work, const struct authority *authority, struct error *err) {
	bool nothing = !authority->chain || work->fresh;
	return nothing || !work->pass->may_write || observe_live(work, POD, err);
}

bool authority_chain_make(struct work *work, struct authority *authority, struct error *err) {
	return look_at_pods(work, authority, err) && make(work, authority, err);
}

bool authority_chain_ensure(struct work *work, struct authority *authority, struct error *err) {
	return is_current(work, authority) ||
	       (look_at_pods(work, authority, err) && (is_current(work, authority) || make(work, authority, err)));
}
