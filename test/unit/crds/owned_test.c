#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "crds/owned.h"

#include <cmocka.h>

static const struct claim {
	const char *flag, *instead; /* NULL: the user's */
} claims[] = {
	{"use_node_to_node_encryption", "spec.tls"},
	{"nouse_node_to_node_encryption", "spec.tls"},
	{"node_to_node_encryption_use_client_certificates", "spec.tls"},
	{"allow_insecure_connections", "spec.tls"},
	{"ysql_hba_conf_csv", "spec.auth"},
	{"ysql_pg_conf_csv", "spec.auth"},
	{"noysql_enable_auth", "spec.auth"},
	{"pgsql_proxy_bind_address", "spec.endpoints"},
	{"start_cql_proxy", "spec.endpoints"},
	{"enable_ysql", "spec.endpoints"},
	{"noenable_ysql", "spec.endpoints"},
	{"webserver_certificate_file", "spec.endpoints"},
	{"fs_data_dirs", "storage"},
	{"placement_zone", "spec.zones"},
	{"flagfile", "write each flag out"},
	{"version", "write each flag out"},
	{"enable_ysql_conn_mgr", "spec.auth"},
	{"enable_ysql_something", NULL},
	{"version_of_mine", NULL},
	{"notification_size", NULL},
	{"no", NULL},
	{"", NULL},
	{"ysql_max_connections", NULL},
	{"rpc_throttle_threshold_bytes", NULL},
};

static void test_flags(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
		const struct owned *row = owned_flag(claims[i].flag);
		if (!row != !claims[i].instead || (row && !strstr(row->instead, claims[i].instead))) {
			fail_msg("%s: %s", claims[i].flag, row ? row->instead : "the user's");
		}
	}
}

static void test_annotations(void **state) {
	(void)state;
	const struct owned *table = owned_load_balancer_annotations;
	assert_non_null(owned_by(table, "service.beta.kubernetes.io/load-balancer-source-ranges"));
	assert_non_null(owned_by(table, "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"));
	assert_non_null(owned_by(table, "service.beta.kubernetes.io/azure-allowed-service-tags"));
	assert_non_null(owned_by(table, "networking.gke.io/load-balancer-type"));
	assert_null(owned_by(table, "service.beta.kubernetes.io/aws-load-balancer-name"));
	assert_null(owned_by(table, "external-dns.alpha.kubernetes.io/hostname"));
	assert_non_null(owned_by(owned_pod_keys, "yugabyte.com/cluster"));
	assert_null(owned_by(owned_pod_keys, "example.com/team"));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_flags), cmocka_unit_test(test_annotations)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
