#include "base/json.h"
#include "world.h"

#include "arena_group.h"

#define CLIENTS                                                                                                        \
	"spec: {endpoints: {ysql: {port: 6000}, exposure: Public}, clients: ["                                             \
	"{namespaceSelector: {matchLabels: {team: a}}}, {namespaceSelector: {matchLabels: {team: b}}}, "                   \
	"{podSelector: {matchLabels: {app: c}}}, "                                                                         \
	"{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: c}}}]}"

static const char *const live_policy =
	"{spec: {ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}, {namespaceSelector: {matchLabels: {team: a}}}, "
	"{podSelector: {matchLabels: {app: x}}}], ports: [{protocol: TCP, port: 5433}]}]}}";

static struct ybcluster *closed_by(const char *policy, const char *service, const char *servers) {
	struct ybcluster *cluster = cluster_of(arena, HEAD CLIENTS);
	struct ybcluster *result = closed_cluster(arena, cluster, policy ? yaml(arena, policy) : NULL,
		service ? yaml(arena, service) : NULL, servers ? yaml(arena, servers) : NULL);
	assert_int_equal(cluster->spec.client_count, 4); /* the original is as it was */
	assert_int_equal(cluster->spec.endpoints.ysql.port, 6000);
	return result;
}

static struct ybcluster *closed(const char *policy, const char *service) {
	return closed_by(policy, service, NULL);
}

static void clients_stay_only_when_live_and_wanted(void **state) {
	(void)state;
	struct ybcluster *cluster = closed(live_policy, NULL);
	assert_int_equal(cluster->spec.client_count, 1);
	assert_string_equal(
		json_print(arena, cluster->spec.clients[0].namespace_selector), "{\"matchLabels\":{\"team\":\"a\"}}");
	assert_null(cluster->spec.clients[0].pod_selector);
}

#define SERVICE_AT(port) "{spec: {ports: [{port: " port "}]}}"

static void the_port_stays_that_policy_and_service_have(void **state) {
	(void)state;
	assert_int_equal(closed(live_policy, SERVICE_AT("5433"))->spec.endpoints.ysql.port, 5433);
	/* Somebody edited one of them: neither is believed. */
	assert_int_equal(closed(live_policy, SERVICE_AT("7777"))->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed(live_policy, NULL)->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed("{spec: {}}", SERVICE_AT("7777"))->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed(NULL, NULL)->spec.endpoints.ysql.port, 6000);
	const char *negative = "{spec: {ingress: [{ports: [{port: -1}]}]}}";
	assert_int_equal(closed(negative, SERVICE_AT("-1"))->spec.endpoints.ysql.port, 6000);
	const char *wrapped = "{spec: {ingress: [{ports: [{port: 4294972729}]}]}}";
	assert_int_equal(closed(wrapped, SERVICE_AT("4294972729"))->spec.endpoints.ysql.port, 6000);
}

#define SERVERS_AT(port) "{spec: {ports: [{name: http, port: 9000}, {name: ysql, port: " port "}]}}"

/* A changed port comes with the pods, also when the policy is gone, lets nobody in, or was edited. */
static void the_port_stays_that_two_of_three_have(void **state) {
	(void)state;
	const char *servers = SERVERS_AT("5433"), *silent = "{spec: {ingress: []}}";
	assert_int_equal(closed_by(NULL, SERVICE_AT("5433"), servers)->spec.endpoints.ysql.port, 5433);
	assert_int_equal(closed_by(silent, SERVICE_AT("5433"), servers)->spec.endpoints.ysql.port, 5433);
	assert_int_equal(closed_by(live_policy, SERVICE_AT("7777"), servers)->spec.endpoints.ysql.port, 5433);
	assert_int_equal(closed_by(live_policy, SERVICE_AT("5433"), SERVERS_AT("7777"))->spec.endpoints.ysql.port, 5433);
	assert_int_equal(closed_by(NULL, SERVICE_AT("7777"), servers)->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed_by(NULL, NULL, servers)->spec.endpoints.ysql.port, 6000);
	assert_int_equal(
		closed_by(NULL, NULL, "{spec: {ports: [{name: http, port: 9000}]}}")->spec.endpoints.ysql.port, 6000);
}

static void nobody_comes_in_where_nothing_is_live(void **state) {
	(void)state;
	assert_int_equal(closed(NULL, NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: []}}", NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: [{}]}}", NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: [{from: [{}, null, text]}]}}", NULL)->spec.client_count, 0);
}

#define SCHEME(word, truth, type)                                                                                      \
	"{service.beta.kubernetes.io/aws-load-balancer-internal: '" truth "', "                                            \
	"service.beta.kubernetes.io/aws-load-balancer-scheme: " word ", "                                                  \
	"service.beta.kubernetes.io/azure-load-balancer-internal: '" truth "', "                                           \
	"networking.gke.io/load-balancer-type: " type "}"

static void expect_exposure(const char *wanted, const char *service, enum exposure exposure) {
	struct ybcluster *cluster =
		cluster_of(arena, arena_printf(arena, HEAD "spec: {endpoints: {exposure: %s}}\n", wanted));
	json_t *live = service ? yaml(arena, service) : NULL;
	assert_int_equal(closed_cluster(arena, cluster, NULL, live, NULL)->spec.endpoints.exposure, exposure);
}

static void exposure_is_never_wider_than_live_or_wanted(void **state) {
	(void)state;
	const char *internal =
		"{metadata: {annotations: " SCHEME("internal", "true", "Internal") "}, "
																		   "spec: {type: LoadBalancer}}";
	const char *public =
		"{metadata: {annotations: " SCHEME("internet-facing", "false", "External") "}, "
																				   "spec: {type: LoadBalancer}}";
	/* One vendor's annotation is another one's gap. */
	const char *half = "{metadata: {annotations: " SCHEME("internal", "true", "External") "}, "
																						  "spec: {type: LoadBalancer}}";
	const char *bare = "{spec: {type: LoadBalancer}}", *local = "{spec: {type: ClusterIP}}";
	expect_exposure("Public", NULL, EXPOSURE_CLUSTER);
	expect_exposure("Public", local, EXPOSURE_CLUSTER);
	expect_exposure("Public", "{spec: {type: NodePort}}", EXPOSURE_CLUSTER);
	expect_exposure("Public", public, EXPOSURE_PUBLIC);
	expect_exposure("Public", internal, EXPOSURE_INTERNAL);
	expect_exposure("Internal", internal, EXPOSURE_INTERNAL);
	expect_exposure("Internal", public, EXPOSURE_CLUSTER);
	expect_exposure("Internal", half, EXPOSURE_CLUSTER);
	expect_exposure("Internal", bare, EXPOSURE_CLUSTER);
	expect_exposure("Cluster", public, EXPOSURE_CLUSTER);
	expect_exposure("Cluster", internal, EXPOSURE_CLUSTER);
}

/* What of a spec that does not decode says who comes in is read part by part. */
static void what_decodes_alone_is_read(void **state) {
	(void)state;
	struct ybcluster *cluster = readable_cluster(
		arena, yaml(arena, HEAD "spec: {nodes: -1, tier: Unheard, allowLists: [office, 'No Name', home], clients: ["
								"{podSelector: {matchLabels: {app: a}}}, nonsense, {namespaceSelector: {}}, "
								"{namespaceSelector: {matchLabels: {b: c}}}], endpoints: "
								"{ysql: {port: 6000}, exposure: Public, hostnames: ['-'], annotations: {x/y: z}}}\n"
								"status: {phase: Ready}\n"));
	assert_non_null(cluster);
	assert_int_equal(cluster->spec.allow_list_count, 2);
	assert_string_equal(cluster->spec.allow_lists[1], "home");
	assert_int_equal(cluster->spec.client_count, 2);
	assert_int_equal(cluster->spec.endpoints.ysql.port, 6000);
	assert_int_equal(cluster->spec.endpoints.exposure, EXPOSURE_PUBLIC);
	assert_int_equal(cluster->spec.endpoints.hostname_count, 0);
	assert_non_null(cluster->spec.endpoints.annotations);
	assert_string_equal(cluster->status.phase, "Ready");
	cluster = readable_cluster(
		arena, yaml(arena, HEAD "spec: {allowLists: 1, endpoints: {exposure: Nowhere}}\nstatus: {nodes: []}\n"));
	assert_non_null(cluster);
	assert_int_equal(cluster->spec.allow_list_count, 0);
	assert_int_equal(cluster->spec.endpoints.exposure, EXPOSURE_CLUSTER);
	assert_null(readable_cluster(arena, yaml(arena, "{metadata: 1, spec: {}}")));
	assert_null(readable_cluster(arena, yaml(arena, "{}")));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_stay_only_when_live_and_wanted),
		cmocka_unit_test(the_port_stays_that_policy_and_service_have),
		cmocka_unit_test(the_port_stays_that_two_of_three_have),
		cmocka_unit_test(nobody_comes_in_where_nothing_is_live),
		cmocka_unit_test(exposure_is_never_wider_than_live_or_wanted),
		cmocka_unit_test(what_decodes_alone_is_read),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
