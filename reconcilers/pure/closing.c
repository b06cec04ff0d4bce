/* What stays as it is while nothing may open. */
#include <string.h>

#include "base/json.h"
#include "pure/desired.h"
#include "pure/diff.h"

static bool admitted(const struct ybcluster_client *client, const json_t *from) {
	for (size_t i = 0; i < json_array_size(from); i++) {
		json_t *peer = json_array_get(from, i);
		json_t *namespaces = json_object_get(peer, "namespaceSelector"), *pods = json_object_get(peer, "podSelector");
		bool same_namespaces =
			client->namespace_selector ? json_equal(client->namespace_selector, namespaces) : !namespaces;
		bool same_pods = client->pod_selector ? json_equal(client->pod_selector, pods) : !pods;
		if ((namespaces || pods) && same_namespaces && same_pods) {
			return true;
		}
	}
	return false;
}

/* Never wider than live, nor than wanted. A load balancer that is too wide becomes no load balancer: it cannot be made
 * narrower in place, and none is made anew while nothing may open. */
static enum exposure closed_exposure(enum exposure wanted, const json_t *service) {
	if (strcmp(json_text_or(service, "spec.type", ""), "LoadBalancer") != 0) {
		return EXPOSURE_CLUSTER;
	}
	enum exposure live = network_is_internal(service) ? EXPOSURE_INTERNAL : EXPOSURE_PUBLIC;
	return live <= wanted ? live : EXPOSURE_CLUSTER;
}

/* The port that pods listen on stays while nothing is rolled out, whatever the spec says by now. It is told by two of
 * the three that name it: what one says alone was put there by somebody else, and one may be gone or let nobody in. */
static int closed_port(int wanted, const json_t *policy, const json_t *service, const json_t *servers) {
	const int64_t told[] = {json_int(policy, "spec.ingress.0.ports.0.port", 0),
		json_int(service, "spec.ports.0.port", 0),
		json_int(list_entry(json_get(servers, "spec.ports"), "name", "ysql"), "port", 0)};
	enum { TOLD = sizeof told / sizeof *told };
	for (size_t i = 0; i < TOLD; i++) {
		if (told[i] > 0 && told[i] <= UINT16_MAX && told[i] == told[(i + 1) % TOLD]) {
			return (int)told[i];
		}
	}
	return wanted;
}

struct ybcluster *closed_cluster(struct arena *arena, const struct ybcluster *cluster, const json_t *policy,
	const json_t *service, const json_t *servers) {
	struct ybcluster *closed = arena_new(arena, struct ybcluster);
	*closed = *cluster;
	json_t *from = json_get(policy, "spec.ingress.0.from");
	closed->spec.clients = arena_array(arena, struct ybcluster_client, cluster->spec.client_count + 1);
	closed->spec.client_count = 0;
	for (size_t i = 0; i < cluster->spec.client_count; i++) {
		if (admitted(&cluster->spec.clients[i], from)) {
			closed->spec.clients[closed->spec.client_count++] = cluster->spec.clients[i];
		}
	}
	closed->spec.endpoints.ysql.port = closed_port(cluster->spec.endpoints.ysql.port, policy, service, servers);
	closed->spec.endpoints.exposure = closed_exposure(cluster->spec.endpoints.exposure, service);
	return closed;
}

static bool decodes(struct arena *arena, const json_t *object) {
	struct error ignored;
	return ybcluster_decode(arena, object, &ignored) != NULL;
}

/* Puts the parts of one member of the spec, its elements or members, into `bare` as far as they decode. */
static void keep_parts(struct arena *arena, json_t *bare, const char *name, const json_t *given) {
	json_t *spec = json_object_get(bare, "spec"), *kept = json_is_array(given) ? json_array() : json_object();
	json_object_set_new(spec, name, kept);
	for (size_t i = 0; i < json_array_size(given); i++) {
		json_array_append(kept, json_array_get(given, i));
		if (!decodes(arena, bare)) {
			json_array_remove(kept, json_array_size(kept) - 1);
		}
	}
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)given, key, value) {
		json_object_set(kept, key, value);
		if (!decodes(arena, bare)) {
			json_object_del(kept, key);
		}
	}
	if (!decodes(arena, bare)) {
		json_object_del(spec, name);
	}
}

struct ybcluster *readable_cluster(struct arena *arena, const json_t *object) {
	static const char *const members[] = {"allowLists", "clients", "endpoints"};
	json_t *bare = arena_own_json(arena, json_pack("{s:O?, s:{}, s:O?}", "metadata", json_get(object, "metadata"),
											 "spec", "status", json_get(object, "status")));
	if (!decodes(arena, bare)) {
		json_object_del(bare, "status");
	}
	for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
		keep_parts(arena, bare, members[i], json_at(object, "spec", members[i], NULL));
	}
	struct error ignored;
	return ybcluster_decode(arena, bare, &ignored);
}
