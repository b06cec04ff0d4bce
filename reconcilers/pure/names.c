#include "pure/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pure/flags.h"

const char *role_name(enum role role) {
	return role == MASTER ? "master" : "tserver";
}

const char *role_process(enum role role) {
	return role == MASTER ? "yb-master" : "yb-tserver";
}

bool is_server(const char *container) {
	return str_equal(container, role_process(MASTER)) || str_equal(container, role_process(TSERVER));
}

const char *role_service(struct arena *arena, const struct ybcluster *cluster, enum role role) {
	return arena_printf(arena, "%s-%ss", cluster->metadata.name, role_name(role));
}

static int compare_texts(const void *a, const void *b) {
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static struct group group_of(
	struct arena *arena, const struct ybcluster *cluster, enum role role, const char *zone, int replicas) {
	const char *name = zone ? arena_printf(arena, "%s-%s-%s", cluster->metadata.name, role_name(role), zone)
	                        : arena_printf(arena, "%s-%s", cluster->metadata.name, role_name(role));
	return (struct group){role, zone, name, arena_printf(arena, "%s-tls", name), replicas};
}

/* `total` over `places`, the first ones take what does not divide. */
static int share(int total, size_t places, size_t place) {
	return total / (int)places + (place < (size_t)total % places);
}

struct groups groups_of(struct arena *arena, const struct ybcluster *cluster) {
	const struct ybcluster_spec *spec = &cluster->spec;
	int masters = ybcluster_replication_factor(spec);
	size_t zones = spec->zone_count ? spec->zone_count : 1;
	size_t master_zones = zones < (size_t)masters ? zones : (size_t)masters;
	const char **sorted = arena_array(arena, const char *, zones);
	for (size_t i = 0; i < spec->zone_count; i++) {
		sorted[i] = spec->zones[i];
	}
	if (spec->zone_count) {
		qsort(sorted, zones, sizeof *sorted, compare_texts);
	}
	struct groups groups = {arena_array(arena, struct group, 2 * zones), 0};
	for (size_t i = 0; i < master_zones; i++) {
		groups.items[groups.count++] = group_of(arena, cluster, MASTER, sorted[i], share(masters, master_zones, i));
	}
	for (size_t i = 0; i < zones; i++) {
		groups.items[groups.count++] = group_of(arena, cluster, TSERVER, sorted[i], share(spec->nodes, zones, i));
	}
	return groups;
}

const char *admin_certificate(struct arena *arena, const struct ybcluster *cluster) {
	return arena_printf(arena, "%s-admin-tls", cluster->metadata.name);
}

static const char *const policy_suffixes[POLICY_COUNT] = {
	[POLICY_DENY] = "-deny",
	[POLICY_INTERNAL] = "-internal",
	[POLICY_CLIENTS] = "-clients",
	[POLICY_OPERATOR] = "-operator",
};

const char *policy_name(struct arena *arena, const char *cluster, enum policy policy) {
	return arena_printf(arena, "%s%s", cluster, policy_suffixes[policy]);
}

bool policy_is_of(const char *cluster, const char *policy) {
	size_t length = strlen(cluster);
	for (size_t i = 0; strncmp(policy, cluster, length) == 0 && i < POLICY_COUNT; i++) {
		if (strcmp(policy + length, policy_suffixes[i]) == 0) {
			return true;
		}
	}
	return false;
}

json_t *labels_of(struct arena *arena, const struct ybcluster *cluster, const char *component) {
	json_t *labels = json_pack("{s:s, s:s, s:s*, s:s, s:s, s:s, s:s}", "app.kubernetes.io/name", "yugabytedb",
		"app.kubernetes.io/instance", cluster->metadata.name, LABEL_COMPONENT, component, "app.kubernetes.io/part-of",
		"yugabytedb", LABEL_MANAGED_BY, OPERATOR_NAME, LABEL_CLUSTER, cluster->metadata.name, LABEL_CLUSTER_UID,
		cluster->metadata.uid);
	return arena_own_json(arena, labels);
}

json_t *selector_of(struct arena *arena, const struct ybcluster *cluster, const char *component) {
	return arena_own_json(arena, json_pack("{s:s, s:s*, s:s}", LABEL_CLUSTER, cluster->metadata.name, LABEL_COMPONENT,
									 component, LABEL_CLUSTER_UID, cluster->metadata.uid));
}

void own(struct arena *arena, const struct ybcluster *cluster, const char *component, json_t *document) {
	json_t *metadata = json_object_get(document, "metadata");
	json_t *owner =
		json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "apiVersion", "yugabyte.com/v1beta1", "kind", "YBCluster", "name",
			cluster->metadata.name, "uid", cluster->metadata.uid, "controller", 1, "blockOwnerDeletion", 1);
	json_object_set_new(metadata, "namespace", json_string(cluster->metadata.namespace));
	json_object_set(metadata, "labels", labels_of(arena, cluster, component));
	json_object_set_new(metadata, "ownerReferences", json_pack("[o]", owner));
}

const char *service_host(
	struct arena *arena, const struct ybcluster *cluster, const struct settings *settings, const char *service) {
	return arena_printf(arena, "%s.%s.svc.%s", service, cluster->metadata.namespace, settings->cluster_domain);
}

const char *master_addresses(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings) {
	cleanup_str struct str list = {0};
	struct groups groups = groups_of(arena, cluster);
	const char *host = service_host(arena, cluster, settings, role_service(arena, cluster, MASTER));
	for (size_t i = 0; i < groups.count && groups.items[i].role == MASTER; i++) {
		for (int pod = 0; pod < groups.items[i].replicas; pod++) {
			str_addf(&list, "%s%s-%d.%s:%d", list.length ? "," : "", groups.items[i].name, pod, host, PORT_MASTER_RPC);
		}
	}
	return arena_strndup(arena, list.text, list.length);
}

const char *const *certificate_names(
	struct arena *arena, const struct ybcluster *cluster, const struct settings *settings, const struct group *group) {
	const char *namespace = cluster->metadata.namespace, *name = cluster->metadata.name;
	const char *headless = role_service(arena, cluster, group->role);
	bool clients = group->role == TSERVER;
	const char **names = arena_array(arena, const char *, cluster->spec.endpoints.hostname_count + 10);
	size_t count = 0;
	names[count++] = arena_printf(arena, "*.%s", service_host(arena, cluster, settings, headless));
	names[count++] = service_host(arena, cluster, settings, headless);
	if (clients) {
		names[count++] = service_host(arena, cluster, settings, name);
		names[count++] = arena_printf(arena, "%s.%s.svc", name, namespace);
		names[count++] = arena_printf(arena, "%s.%s", name, namespace);
		for (size_t i = 0; i < cluster->spec.endpoints.hostname_count; i++) {
			names[count++] = cluster->spec.endpoints.hostnames[i];
		}
	}
	names[count++] = "localhost";
	return names;
}
