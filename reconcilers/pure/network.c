#include <string.h>

#include "base/json.h"
#include "pure/desired.h"
#include "pure/flags.h"
#include "pure/peer.h"

static json_t *tcp(int port) {
	return json_pack("{s:s, s:i}", "protocol", "TCP", "port", port);
}

static bool policy(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, enum policy which,
	const char *component, json_t *types, json_t *ingress, json_t *egress, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	json_t *values = json_pack("{s:s, s:O, s:o, s:o?, s:o?}", "name", policy_name(arena, cluster->metadata.name, which),
		"selector", selector_of(arena, cluster, component), "types", types, "ingress", ingress, "egress", egress);
	return want(arena, cluster, list, NETWORK_POLICY, component, "policy", values, err);
}

/* DNS, so that pods find each other: of the cluster's own resolver, and where --dns-cidr says. */
static json_t *dns_rule(const struct settings *settings) {
	json_t *to =
		json_pack("[{s:{s:{s:s}}}]", "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name", "kube-system");
	for (const char *const *range = settings->dns_cidrs; range && *range; range++) {
		json_array_append_new(to, json_pack("{s:{s:s}}", "ipBlock", "cidr", *range));
	}
	return json_pack("{s:o, s:[{s:s, s:i}, {s:s, s:i}]}", "to", to, "ports", "protocol", "UDP", "port", 53, "protocol",
		"TCP", "port", 53);
}

static json_t *pods(struct arena *arena, const struct ybcluster *cluster, const char *component) {
	return json_pack("{s:{s:O}}", "podSelector", "matchLabels", selector_of(arena, cluster, component));
}

static bool internal_policy(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	/* One policy, one selector: it lets in both ports on both roles. But who may come in is of this cluster, and may go
	 * out to a master's port of a master and a tserver's port of a tserver alone, so that both together are exact. */
	json_t *ingress = json_pack("[{s:[o], s:[o, o]}]", "from", pods(arena, cluster, NULL), "ports",
		tcp(PORT_MASTER_RPC), tcp(PORT_TSERVER_RPC));
	json_t *egress = json_pack("[{s:[o], s:[o]}, {s:[o], s:[o]}, o]", "to", pods(arena, cluster, role_name(MASTER)),
		"ports", tcp(PORT_MASTER_RPC), "to", pods(arena, cluster, role_name(TSERVER)), "ports", tcp(PORT_TSERVER_RPC),
		dns_rule(inputs->settings));
	return policy(
		arena, inputs, list, POLICY_INTERNAL, NULL, json_pack("[s, s]", "Ingress", "Egress"), ingress, egress, err);
}

/* The operator finds out at a tserver whether policies are enforced; metrics are on the pages of either role. */
static bool operator_policy(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	json_t *from = json_pack("{s:{s:{s:s}}, s:{s:{s:s}}}", "namespaceSelector", "matchLabels",
		"kubernetes.io/metadata.name", inputs->settings->operator_namespace, "podSelector", "matchLabels",
		"app.kubernetes.io/name", OPERATOR_NAME);
	json_t *ingress = json_pack("[{s:[o], s:[o]}]", "from", from, "ports", tcp(PORT_TSERVER_HTTP));
	json_t *scrapers = json_array();
	for (const char *const *text = inputs->settings->metrics_from; text && *text; text++) {
		json_t *peer = peer_parse(*text, err);
		if (!peer) {
			json_decref(scrapers);
			json_decref(ingress);
			return fail_in(err, "--metrics-from %s", *text);
		}
		json_array_append_new(scrapers, peer);
	}
	/* Whoever reads metrics reads those of masters too: then, and only then, the policy is for both roles. */
	bool both = json_array_size(scrapers) > 0;
	if (both) {
		json_array_append_new(ingress,
			json_pack("{s:O, s:[o, o]}", "from", scrapers, "ports", tcp(PORT_MASTER_HTTP), tcp(PORT_TSERVER_HTTP)));
	}
	json_decref(scrapers);
	return policy(arena, inputs, list, POLICY_OPERATOR, both ? NULL : role_name(TSERVER), json_pack("[s]", "Ingress"),
		ingress, NULL, err);
}

/* An entry without the pods' addresses in it: other tenants' pods do not come in by address. NULL when nothing is left.
 */
static json_t *ip_block(struct arena *arena, const struct settings *settings, const struct cidr *range) {
	json_t *except = json_array();
	for (const char *const *text = settings->pod_cidrs; text && *text; text++) {
		struct cidr pods_range;
		struct error never;
		if (!cidr_parse(*text, &pods_range, &never)) {
			continue;
		}
		if (cidr_contains(&pods_range, range)) {
			json_decref(except);
			return NULL;
		}
		if (cidr_contains(range, &pods_range)) {
			json_array_append_new(except, json_string(cidr_format(arena, &pods_range)));
		}
	}
	json_t *block = json_pack("{s:{s:s}}", "ipBlock", "cidr", cidr_format(arena, range));
	if (json_array_size(except)) {
		json_object_set(json_object_get(block, "ipBlock"), "except", except);
	}
	json_decref(except);
	return block;
}

static bool client_policy(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	json_t *from = json_array();
	for (size_t i = 0; i < inputs->allowed->count; i++) {
		json_t *block = ip_block(arena, inputs->settings, &inputs->allowed->ranges[i]);
		if (block) {
			json_array_append_new(from, block);
		}
	}
	for (size_t i = 0; i < cluster->spec.client_count; i++) {
		const struct ybcluster_client *client = &cluster->spec.clients[i];
		json_array_append_new(from, json_pack("{s:O*, s:O*}", "namespaceSelector", client->namespace_selector,
										"podSelector", client->pod_selector));
	}
	/* Empty is never "all": no sources, no rule. */
	json_t *ingress = json_array();
	if (json_array_size(from)) {
		json_array_append_new(
			ingress, json_pack("{s:O, s:[o]}", "from", from, "ports", tcp(cluster->spec.endpoints.ysql.port)));
	}
	json_decref(from);
	return policy(
		arena, inputs, list, POLICY_CLIENTS, role_name(TSERVER), json_pack("[s]", "Ingress"), ingress, NULL, err);
}

bool desired_policies(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	return policy(arena, inputs, list, POLICY_DENY, NULL, json_pack("[s, s]", "Ingress", "Egress"), json_array(),
			   json_array(), err) &&
	       internal_policy(arena, inputs, list, err) && client_policy(arena, inputs, list, err) &&
	       operator_policy(arena, inputs, list, err);
}

/* Per family of the Service: kube-proxy filters by family, so a family without a rule gets a range from nowhere. */
static json_t *source_ranges(struct arena *arena, const struct inputs *inputs) {
	json_t *ranges = json_array();
	bool known = inputs->ipv4 || inputs->ipv6; /* before the Service is there either may come */
	const struct {
		int family;
		bool wanted;
		const char *nowhere;
	} families[] = {
		{4, inputs->ipv4 || !known, NOWHERE_IPV4},
		{6, inputs->ipv6 || !known, NOWHERE_IPV6},
	};
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		size_t before = json_array_size(ranges);
		for (size_t j = 0; families[i].wanted && known && j < inputs->allowed->count; j++) {
			if (inputs->allowed->ranges[j].family == families[i].family) {
				json_array_append_new(ranges, json_string(cidr_format(arena, &inputs->allowed->ranges[j])));
			}
		}
		if (families[i].wanted && json_array_size(ranges) == before) {
			json_array_append_new(ranges, json_string(families[i].nowhere));
		}
	}
	return ranges;
}

/* Every vendor's way to say internal or internet-facing, at once: the wrong ones are not read by anybody. */
static const struct vendor_annotation {
	const char *key, *internal, *public;
} vendor_annotations[] = {
	{"service.beta.kubernetes.io/aws-load-balancer-internal", "true", "false"},
	{"service.beta.kubernetes.io/aws-load-balancer-scheme", "internal", "internet-facing"},
	{"service.beta.kubernetes.io/azure-load-balancer-internal", "true", "false"},
	{"networking.gke.io/load-balancer-type", "Internal", "External"},
};

bool network_is_scheme(const char *annotation) {
	for (size_t i = 0; i < sizeof vendor_annotations / sizeof *vendor_annotations; i++) {
		if (strcmp(annotation, vendor_annotations[i].key) == 0) {
			return true;
		}
	}
	return false;
}

bool network_is_internal(const json_t *service) {
	for (size_t i = 0; i < sizeof vendor_annotations / sizeof *vendor_annotations; i++) {
		const struct vendor_annotation *row = &vendor_annotations[i];
		const char *says = json_string_value(json_at(service, "metadata", "annotations", row->key, NULL));
		if (!says || strcmp(says, row->internal) != 0) {
			return false;
		}
	}
	return true;
}

/* With the digest of what the spec asks for: an annotation that it does not ask for any more is still on the live
 * Service, where only that tells it from somebody else's; an apply then takes it off. */
static json_t *service_annotations(struct arena *arena, const struct ybcluster *cluster) {
	const json_t *asked = cluster->spec.endpoints.annotations;
	json_t *annotations = asked ? json_copy((json_t *)(uintptr_t)asked) : json_object();
	struct digest digest = digest_json(annotations);
	json_object_set_new(annotations, ANNOTATION_ANNOTATIONS,
		json_string(json_object_size(annotations) ? digest_hex(arena, &digest, 16) : ""));
	enum exposure exposure = cluster->spec.endpoints.exposure;
	for (size_t i = 0; exposure != EXPOSURE_CLUSTER && i < sizeof vendor_annotations / sizeof *vendor_annotations;
		 i++) {
		const struct vendor_annotation *row = &vendor_annotations[i];
		json_object_set_new(
			annotations, row->key, json_string(exposure == EXPOSURE_INTERNAL ? row->internal : row->public));
	}
	return annotations;
}

static bool headless(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, enum role role,
	json_t *ports, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	return want(arena, cluster, list, SERVICE, role_name(role), "headless",
		json_pack("{s:s, s:O, s:o}", "name", role_service(arena, cluster, role), "selector",
			selector_of(arena, cluster, role_name(role)), "ports", ports),
		err);
}

static json_t *service_port(const char *name, int port) {
	return json_pack("{s:s, s:s, s:i, s:i}", "name", name, "protocol", "TCP", "port", port, "targetPort", port);
}

bool desired_services(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	bool balanced = cluster->spec.endpoints.exposure != EXPOSURE_CLUSTER;
	int port = cluster->spec.endpoints.ysql.port;
	json_t *values = json_pack("{s:s, s:o, s:s, s:s?, s:o?, s:o?, s:O, s:i}", "name", cluster->metadata.name,
		"annotations", service_annotations(arena, cluster), "type", balanced ? "LoadBalancer" : "ClusterIP",
		"externalTrafficPolicy", balanced ? "Local" : NULL, "allocateNodePorts",
		balanced ? json_boolean(inputs->node_ports) : NULL, "sourceRanges",
		balanced ? source_ranges(arena, inputs) : NULL, "selector", selector_of(arena, cluster, role_name(TSERVER)),
		"port", port);
	return want(arena, cluster, list, SERVICE, NULL, "client-service", values, err) &&
	       headless(arena, inputs, list, MASTER,
			   json_pack("[o, o]", service_port("http", PORT_MASTER_HTTP), service_port("rpc", PORT_MASTER_RPC)),
			   err) &&
	       headless(arena, inputs, list, TSERVER,
			   json_pack("[o, o, o]", service_port("http", PORT_TSERVER_HTTP), service_port("rpc", PORT_TSERVER_RPC),
				   service_port("ysql", port)),
			   err);
}
