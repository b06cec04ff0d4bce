#include "base/json.h"
#include "world.h"

static struct arena *arena;

#define CLIENTS                                                                                                        \
	"spec: {endpoints: {ysql: {port: 6000}, exposure: Public}, clients: ["                                             \
	"{namespaceSelector: {matchLabels: {team: a}}}, {namespaceSelector: {matchLabels: {team: b}}}, "                   \
	"{podSelector: {matchLabels: {app: c}}}, "                                                                         \
	"{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: c}}}]}"

static const char *const live_policy =
	"{spec: {ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}, {namespaceSelector: {matchLabels: {team: a}}}, "
	"{podSelector: {matchLabels: {app: x}}}], ports: [{protocol: TCP, port: 5433}]}]}}";

static struct ybcluster *closed(const char *policy, const char *service) {
	struct ybcluster *cluster = cluster_of(arena, HEAD CLIENTS);
	struct ybcluster *result =
		closed_cluster(arena, cluster, policy ? yaml(arena, policy) : NULL, service ? yaml(arena, service) : NULL);
	assert_int_equal(cluster->spec.client_count, 4); /* the original is as it was */
	assert_int_equal(cluster->spec.endpoints.ysql.port, 6000);
	return result;
}

static void clients_stay_only_when_live_and_wanted(void **state) {
	(void)state;
	struct ybcluster *cluster = closed(live_policy, NULL);
	assert_int_equal(cluster->spec.client_count, 1);
	assert_string_equal(
		json_print(arena, cluster->spec.clients[0].namespace_selector), "{\"matchLabels\":{\"team\":\"a\"}}");
	assert_null(cluster->spec.clients[0].pod_selector);
}

static void the_live_port_stays(void **state) {
	(void)state;
	assert_int_equal(closed(live_policy, "{spec: {ports: [{port: 7777}]}}")->spec.endpoints.ysql.port, 5433);
	assert_int_equal(closed("{spec: {}}", "{spec: {ports: [{port: 7777}]}}")->spec.endpoints.ysql.port, 7777);
	assert_int_equal(closed(NULL, NULL)->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed("{spec: {}}", "{spec: {ports: [{port: -1}]}}")->spec.endpoints.ysql.port, 6000);
	assert_int_equal(closed("{spec: {}}", "{spec: {ports: [{port: 4294972729}]}}")->spec.endpoints.ysql.port, 6000);
}

static void nobody_comes_in_where_nothing_is_live(void **state) {
	(void)state;
	assert_int_equal(closed(NULL, NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: []}}", NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: [{}]}}", NULL)->spec.client_count, 0);
	assert_int_equal(closed("{spec: {ingress: [{from: [{}, null, text]}]}}", NULL)->spec.client_count, 0);
}

static void exposure_is_the_live_services(void **state) {
	(void)state;
#define INTERNAL "service.beta.kubernetes.io/aws-load-balancer-internal"
	assert_int_equal(closed(live_policy, NULL)->spec.endpoints.exposure, EXPOSURE_CLUSTER);
	assert_int_equal(closed(live_policy, "{spec: {type: ClusterIP}}")->spec.endpoints.exposure, EXPOSURE_CLUSTER);
	assert_int_equal(
		closed(live_policy, "{metadata: {annotations: {" INTERNAL ": 'true'}}, spec: {type: LoadBalancer}}")
			->spec.endpoints.exposure,
		EXPOSURE_INTERNAL);
	assert_int_equal(
		closed(live_policy, "{metadata: {annotations: {" INTERNAL ": 'false'}}, spec: {type: LoadBalancer}}")
			->spec.endpoints.exposure,
		EXPOSURE_PUBLIC);
	assert_int_equal(closed(live_policy, "{spec: {type: LoadBalancer}}")->spec.endpoints.exposure, EXPOSURE_PUBLIC);
}

static int setup(void **state) {
	(void)state;
	arena = arena_create();
	return 0;
}

static int teardown(void **state) {
	(void)state;
	arena_destroy(arena);
	return 0;
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_stay_only_when_live_and_wanted),
		cmocka_unit_test(the_live_port_stays),
		cmocka_unit_test(nobody_comes_in_where_nothing_is_live),
		cmocka_unit_test(exposure_is_the_live_services),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
