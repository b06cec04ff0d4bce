#include "crds/owned.h"

#include <stdbool.h>
#include <string.h>

/* The formatter would set the long cells in columns. */
/* clang-format off */
const struct owned owned_flags[] = {
	{"use_node_to_node_|use_client_to_server_|node_to_node_|allow_insecure_connections|cert_|certs_|key_file_pattern|"
		"cipher_|ciphersuites|ssl_|verify_client_|verify_server_|encryption_",
		"use spec.tls"},
	{"ysql_enable_auth|ysql_hba_conf|ysql_ident_conf|ysql_pg_conf|ysql_enable_profile|use_cassandra_|ycql_use_ldap|"
		"ycql_ldap_|ycql_allow_non_authenticated|enable_ysql_conn_mgr|ysql_conn_mgr_",
		"use spec.auth; authentication has no other switch"},
	{"ycql_enable_audit_log|ycql_audit_",
		"the audit log has no other switch"},
	{"rpc_bind_addresses|server_broadcast_|use_private_ip|use_node_hostname_|master_addresses|tserver_master_addrs|"
		"pgsql_proxy_|cql_proxy_|redis_proxy_|start_|enable_ysql$|webserver_|callhome_|master_join_existing_universe",
		"use spec.endpoints; all other addresses follow from the cluster"},
	{"fs_|log_dir|log_filename|tmp_dir|version_file_json_path|heap_profile_path",
		"use storage; directories are fixed"},
	{"logtostderr|alsologtostderr|stderrthreshold|max_log_size|metric_node_name",
		"logs go to the container's output"},
	{"placement_|cluster_uuid|replication_factor",
		"use spec.zones, spec.faultTolerance and spec.faultsToTolerate"},
	{"memory_limit_hard_bytes|default_memory_limit_to_ram_ratio",
		"use resources.limits.memory"},
	{"flagfile|fromenv|tryfromenv|undefok|help|version$",
		"write each flag out"},
	{0},
};

#define BETA "service.beta.kubernetes.io/"
#define AWS BETA "aws-load-balancer-"
#define AZURE BETA "azure-"

const struct owned owned_load_balancer_annotations[] = {
	{BETA "load-balancer-source-ranges|" AWS "source-ranges|" AWS "security-group|" AWS "extra-security-groups|"
		AWS "manage-backend-security|" AWS "inbound-sg-|" AWS "disable-nlb-sg|"
		AZURE "allowed-|" AZURE "deny-all-|" AZURE "shared-securityrule",
		"use spec.allowLists"},
	{AWS "internal|" AWS "scheme|" AWS "type|" AWS "nlb-target-type|"
		AZURE "load-balancer-internal|" AZURE "pls-|" AZURE "additional-public-ips|networking.gke.io/|cloud.google.com/",
		"use spec.endpoints.exposure"},
	{AWS "target-|" AWS "attributes|" AWS "proxy-protocol|" AWS "ssl-|" AWS "backend-protocol|" AWS "alpn-",
		"addresses and TLS of clients reach the database unchanged"},
	{"yugabyte.com/|app.kubernetes.io/|service.kubernetes.io/|kubectl.kubernetes.io/",
		"choose another key"},
	{0},
};

const struct owned owned_pod_keys[] = {
	{"yugabyte.com/|app.kubernetes.io/|apps.kubernetes.io/|statefulset.kubernetes.io/|k8s.v1.cni.cncf.io/|"
		"container.apparmor.security.beta.kubernetes.io/|kubectl.kubernetes.io/",
		"choose another key"},
	{0},
};
/* clang-format on */

/* One alternative, `length` long: a prefix, or with '$' at its end the whole name. */
static bool claims(const char *alternative, size_t length, const char *name) {
	bool whole = length > 0 && alternative[length - 1] == '$';
	length -= whole;
	return strncmp(name, alternative, length) == 0 && (!whole || name[length] == '\0');
}

const struct owned *owned_by(const struct owned *table, const char *name) {
	for (const struct owned *row = table; row->names; row++) {
		for (const char *at = row->names; *at;) {
			size_t length = strcspn(at, "|");
			if (claims(at, length, name)) {
				return row;
			}
			at += length + (at[length] == '|');
		}
	}
	return NULL;
}

const struct owned *owned_flag(const char *name) {
	const struct owned *row = owned_by(owned_flags, name);
	return !row && strncmp(name, "no", 2) == 0 ? owned_by(owned_flags, name + 2) : row;
}
