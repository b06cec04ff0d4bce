#include "base/json.h"
#include "pure/manifests.h"
#include "world.h"

#include "manifests_group.h"

struct scene {
	const char *spec;
	const char *ranges[8];
	bool ipv4, ipv6, node_ports;
	const struct settings *settings;
};

static struct wanted_list documents(const struct scene *scene) {
	struct allowed *allowed = arena_new(arena, struct allowed);
	allowed->ranges = arena_array(arena, struct cidr, 8);
	struct error err = {0};
	for (; scene->ranges[allowed->count]; allowed->count++) {
		assert_true(cidr_parse(scene->ranges[allowed->count], &allowed->ranges[allowed->count], &err));
	}
	struct inputs inputs = {.cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: %s", scene->spec)),
		.settings = scene->settings ? scene->settings : &settings,
		.allowed = allowed,
		.ipv4 = scene->ipv4,
		.ipv6 = scene->ipv6,
		.node_ports = scene->node_ports};
	struct wanted_list list = wanted_list_make(arena);
	if (!desired_policies(arena, &inputs, &list, &err) || !desired_services(arena, &inputs, &list, &err)) {
		fail_msg("%s", err.text);
	}
	return list;
}

static json_t *find(const struct scene *scene, enum child_kind kind, const char *name) {
	struct wanted_list list = documents(scene);
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i].kind == kind && strcmp(list.items[i].name, name) == 0) {
			return list.items[i].document;
		}
	}
	fail_msg("no %s", name);
	return NULL;
}

static const char *text(const json_t *document, const char *path) {
	return json_print(arena, json_get(document, path));
}

static const char *from(const struct scene *scene) {
	return text(find(scene, NETWORK_POLICY, "db-clients"), "spec.ingress.0.from");
}

static void deny_closes_both_directions(void **state) {
	(void)state;
	json_t *policy = find(&(struct scene){.spec = "{}"}, NETWORK_POLICY, "db-deny");
	assert_string_equal(text(policy, "spec.policyTypes"), "[\"Ingress\",\"Egress\"]");
	assert_string_equal(text(policy, "spec.ingress"), "[]");
	assert_string_equal(text(policy, "spec.egress"), "[]");
	assert_string_equal(text(policy, "spec.podSelector.matchLabels"),
		"{\"yugabyte.com/cluster\":\"db\",\"yugabyte.com/cluster-uid\":\"11111111-2222-3333-4444-555555555555\"}");
}

static void nobody_means_no_rule(void **state) {
	(void)state;
	json_t *policy = find(&(struct scene){.spec = "{}"}, NETWORK_POLICY, "db-clients");
	assert_string_equal(text(policy, "spec.ingress"), "[]");
	assert_string_equal(text(policy, "spec.policyTypes"), "[\"Ingress\"]");
	assert_string_equal(text(policy, "spec.podSelector"),
		"{\"matchLabels\":{\"app.kubernetes.io/component\":\"tserver\",\"yugabyte.com/cluster\":\"db\","
		"\"yugabyte.com/cluster-uid\":\"11111111-2222-3333-4444-555555555555\"}}");
}

static void clients_come_by_address_and_by_label(void **state) {
	(void)state;
	struct scene scene = {.spec = "{clients: [{namespaceSelector: {matchLabels: {team: a}}}, {podSelector: {}}], "
								  "endpoints: {ysql: {port: 6000}}}",
		.ranges = {"192.0.2.0/24", "2001:db8::/32"}};
	assert_string_equal(from(&scene),
		"[{\"ipBlock\":{\"cidr\":\"192.0.2.0/24\"}},{\"ipBlock\":{\"cidr\":\"2001:db8::/32\"}},"
		"{\"namespaceSelector\":{\"matchLabels\":{\"team\":\"a\"}}},{\"podSelector\":{}}]");
	json_t *policy = find(&scene, NETWORK_POLICY, "db-clients");
	assert_string_equal(text(policy, "spec.ingress.0.ports"), "[{\"port\":6000,\"protocol\":\"TCP\"}]");
	assert_int_equal(json_array_size(json_get(policy, "spec.ingress")), 1);
}

/* Other tenants' pods do not come in by address. */
static void pods_are_left_out_of_ranges(void **state) {
	(void)state;
	static const char *const pods[] = {"10.244.0.0/16", "fd00:10::/48", NULL};
	struct settings with_pods = settings;
	with_pods.pod_cidrs = pods;
	struct scene scene = {.spec = "{}",
		.settings = &with_pods,
		.ranges = {"10.0.0.0/8", "10.244.3.0/24", "10.244.0.0/16", "192.0.2.7/32", "::/0"}};
	assert_string_equal(from(&scene), "[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.244.0.0/16\"]}},"
									  "{\"ipBlock\":{\"cidr\":\"192.0.2.7/32\"}},"
									  "{\"ipBlock\":{\"cidr\":\"::/0\",\"except\":[\"fd00:10::/48\"]}}]");
	struct scene only_pods = {.spec = "{}", .settings = &with_pods, .ranges = {"10.244.3.0/24"}};
	assert_string_equal(text(find(&only_pods, NETWORK_POLICY, "db-clients"), "spec.ingress"), "[]");
}

static void servers_talk_among_themselves_and_to_dns(void **state) {
	(void)state;
	static const char *const resolvers[] = {"169.254.20.10/32", NULL};
	struct settings with_dns = settings;
	with_dns.dns_cidrs = resolvers;
	json_t *policy = find(&(struct scene){.spec = "{}", .settings = &with_dns}, NETWORK_POLICY, "db-internal");
	const char *ports = "[{\"port\":7100,\"protocol\":\"TCP\"},{\"port\":9100,\"protocol\":\"TCP\"}]";
	assert_string_equal(text(policy, "spec.ingress.0.ports"), ports);
	assert_string_equal(text(policy, "spec.egress.0.ports"), "[{\"port\":7100,\"protocol\":\"TCP\"}]");
	assert_string_equal(text(policy, "spec.egress.1.ports"), "[{\"port\":9100,\"protocol\":\"TCP\"}]");
	assert_int_equal(json_array_size(json_get(policy, "spec.ingress")), 1);
	assert_int_equal(json_array_size(json_get(policy, "spec.egress")), 3);
	assert_string_equal(text(policy, "spec.ingress.0.from"),
		"[{\"podSelector\":{\"matchLabels\":{\"yugabyte.com/cluster\":\"db\",\"yugabyte.com/cluster-uid\":"
		"\"11111111-2222-3333-4444-555555555555\"}}}]");
	static const char *const roles[] = {"master", "tserver"};
	for (size_t i = 0; i < 2; i++) {
		const char *labels = text(policy, arena_printf(arena, "spec.egress.%zu.to.0.podSelector.matchLabels", i));
		assert_string_equal(labels, arena_printf(arena,
										"{\"app.kubernetes.io/component\":\"%s\",\"yugabyte.com/cluster\":\"db\","
										"\"yugabyte.com/cluster-uid\":\"11111111-2222-3333-4444-555555555555\"}",
										roles[i]));
	}
	assert_string_equal(text(policy, "spec.egress.2"),
		"{\"ports\":[{\"port\":53,\"protocol\":\"UDP\"},{\"port\":53,\"protocol\":\"TCP\"}],\"to\":[{"
		"\"namespaceSelector\":"
		"{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"kube-system\"}}},{\"ipBlock\":{\"cidr\":\"169.254.20.10/"
		"32\"}}]}");
}

static void the_operator_reaches_the_page_of_tservers_alone(void **state) {
	(void)state;
	json_t *policy = find(&(struct scene){.spec = "{}"}, NETWORK_POLICY, "db-operator");
	assert_string_equal(text(policy, "spec.ingress"),
		"[{\"from\":[{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"yb-system\"}},"
		"\"podSelector\":{\"matchLabels\":{\"app.kubernetes.io/name\":\"ybcluster-operator\"}}}],"
		"\"ports\":[{\"port\":9000,\"protocol\":\"TCP\"}]}]");
	assert_non_null(strstr(text(policy, "spec.podSelector"), "\"app.kubernetes.io/component\":\"tserver\""));
}

static void who_may_read_metrics_comes_to_both_roles(void **state) {
	(void)state;
	static const char *const peers[] = {"team=ops", "a=b:app.kubernetes.io/name=prometheus", NULL};
	struct settings with_metrics = settings;
	with_metrics.metrics_from = peers;
	json_t *policy = find(&(struct scene){.spec = "{}", .settings = &with_metrics}, NETWORK_POLICY, "db-operator");
	assert_null(strstr(text(policy, "spec.podSelector"), "component"));
	assert_int_equal(json_array_size(json_get(policy, "spec.ingress")), 2);
	assert_string_equal(text(policy, "spec.ingress.0.ports"), "[{\"port\":9000,\"protocol\":\"TCP\"}]");
	assert_string_equal(text(policy, "spec.ingress.1.from"),
		"[{\"namespaceSelector\":{\"matchLabels\":{\"team\":\"ops\"}}},"
		"{\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"}},"
		"\"podSelector\":{\"matchLabels\":{\"app.kubernetes.io/name\":\"prometheus\"}}}]");
	assert_string_equal(text(policy, "spec.ingress.1.ports"),
		"[{\"port\":7000,\"protocol\":\"TCP\"},{\"port\":9000,\"protocol\":\"TCP\"}]");
}

static void expect_ranges(bool ipv4, bool ipv6, const char *a, const char *b, const char *wanted) {
	struct scene scene = {.spec = "{endpoints: {exposure: Public}}", .ranges = {a, b}, .ipv4 = ipv4, .ipv6 = ipv6};
	assert_string_equal(text(find(&scene, SERVICE, "db"), "spec.loadBalancerSourceRanges"), wanted);
}

/* kube-proxy filters by family: a family without a rule gets a range from nowhere, and the list is never empty. */
static void source_ranges_by_family(void **state) {
	(void)state;
	expect_ranges(true, false, "192.0.2.0/24", NULL, "[\"192.0.2.0/24\"]");
	expect_ranges(true, false, "2001:db8::/32", NULL, "[\"192.0.2.0/32\"]");
	expect_ranges(false, true, "192.0.2.0/24", NULL, "[\"100::/128\"]");
	expect_ranges(true, true, "192.0.2.0/24", "2001:db8::/32", "[\"192.0.2.0/24\",\"2001:db8::/32\"]");
	expect_ranges(true, true, "192.0.2.0/24", NULL, "[\"192.0.2.0/24\",\"100::/128\"]");
	expect_ranges(true, true, NULL, NULL, "[\"192.0.2.0/32\",\"100::/128\"]");
	expect_ranges(true, false, NULL, NULL, "[\"192.0.2.0/32\"]");
	/* The families are not known before the Service is there: closed. */
	expect_ranges(false, false, "192.0.2.0/24", "2001:db8::/32", "[\"192.0.2.0/32\",\"100::/128\"]");
}

static void the_client_service_by_exposure(void **state) {
	(void)state;
	json_t *service = find(&(struct scene){.spec = "{}", .ipv4 = true}, SERVICE, "db");
	assert_string_equal(text(service, "spec.type"), "\"ClusterIP\"");
	assert_null(json_get(service, "spec.loadBalancerSourceRanges"));
	assert_null(json_get(service, "spec.allocateLoadBalancerNodePorts"));
	assert_string_equal(text(service, "metadata.annotations"), "{\"yugabyte.com/annotations\":\"\"}");
	assert_string_equal(text(service, "spec.externalIPs"), "[]");
	assert_string_equal(
		text(service, "spec.ports"), "[{\"name\":\"ysql\",\"port\":5433,\"protocol\":\"TCP\",\"targetPort\":5433}]");
	service = find(&(struct scene){.spec = "{endpoints: {exposure: Internal, annotations: {x/y: z}}}", .ipv4 = true},
		SERVICE, "db");
	assert_string_equal(text(service, "spec.type"), "\"LoadBalancer\"");
	assert_string_equal(text(service, "spec.allocateLoadBalancerNodePorts"), "false");
	assert_string_equal(text(service, "metadata.annotations"),
		"{\"networking.gke.io/load-balancer-type\":\"Internal\","
		"\"service.beta.kubernetes.io/aws-load-balancer-internal\":\"true\","
		"\"service.beta.kubernetes.io/aws-load-balancer-scheme\":\"internal\","
		"\"service.beta.kubernetes.io/azure-load-balancer-internal\":\"true\",\"x/y\":\"z\","
		"\"yugabyte.com/annotations\":\"b1105c76223beace0a99fbce0947e1e4\"}");
	service = find(&(struct scene){.spec = "{endpoints: {exposure: Public}}", .ipv4 = true}, SERVICE, "db");
	assert_string_equal(json_string_value(json_at(service, "metadata", "annotations",
							"service.beta.kubernetes.io/aws-load-balancer-scheme", NULL)),
		"internet-facing");
}

static void only_load_balancers_get_ports_of_nodes(void **state) {
	(void)state;
	struct scene scene = {.spec = "{endpoints: {exposure: Public}}", .ipv4 = true, .node_ports = true};
	assert_string_equal(text(find(&scene, SERVICE, "db"), "spec.allocateLoadBalancerNodePorts"), "true");
	/* which of them is the API server's to say */
	assert_null(json_get(find(&scene, SERVICE, "db"), "spec.ports.0.nodePort"));
	scene.spec = "{}";
	assert_null(json_get(find(&scene, SERVICE, "db"), "spec.allocateLoadBalancerNodePorts"));
}

static void scheme_annotations_are_known(void **state) {
	(void)state;
	assert_true(network_is_scheme("networking.gke.io/load-balancer-type"));
	assert_true(network_is_scheme("service.beta.kubernetes.io/aws-load-balancer-internal"));
	assert_false(network_is_scheme("service.beta.kubernetes.io/aws-load-balancer-internal-x"));
	assert_false(network_is_scheme("x/y"));
	assert_false(network_is_scheme(""));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deny_closes_both_directions),
		cmocka_unit_test(nobody_means_no_rule),
		cmocka_unit_test(clients_come_by_address_and_by_label),
		cmocka_unit_test(pods_are_left_out_of_ranges),
		cmocka_unit_test(servers_talk_among_themselves_and_to_dns),
		cmocka_unit_test(the_operator_reaches_the_page_of_tservers_alone),
		cmocka_unit_test(who_may_read_metrics_comes_to_both_roles),
		cmocka_unit_test(source_ranges_by_family),
		cmocka_unit_test(the_client_service_by_exposure),
		cmocka_unit_test(only_load_balancers_get_ports_of_nodes),
		cmocka_unit_test(scheme_annotations_are_known),
	};
	return cmocka_run_group_tests(tests, manifests_begin, manifests_end);
}
