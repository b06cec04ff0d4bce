/* What stays as it is while nothing may open. */
#include <string.h>

#include "base/json.h"
#include "pure/desired.h"

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

static enum exposure exposure_of(const json_t *service) {
	if (strcmp(json_text_or(service, "spec.type", ""), "LoadBalancer") != 0) {
		return EXPOSURE_CLUSTER;
	}
	const char *internal = json_string_value(
		json_at(service, "metadata", "annotations", "service.beta.kubernetes.io/aws-load-balancer-internal", NULL));
	return internal && strcmp(internal, "true") == 0 ? EXPOSURE_INTERNAL : EXPOSURE_PUBLIC;
}

struct ybcluster *closed_cluster(
	struct arena *arena, const struct ybcluster *cluster, const json_t *policy, const json_t *service) {
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
	int64_t port = json_int(policy, "spec.ingress.0.ports.0.port", json_int(service, "spec.ports.0.port", 0));
	closed->spec.endpoints.ysql.port = port > 0 && port <= UINT16_MAX ? (int)port : cluster->spec.endpoints.ysql.port;
	closed->spec.endpoints.exposure = exposure_of(service);
	return closed;
}
