#include "pure/flags.h"

#include <inttypes.h>
#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "base/str.h"

#define SERVER "yb-tserver"
#define BOTH_PAGES "yb-master, yb-tserver"

const struct flag flag_table[] = {
	{"allow_insecure_connections", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"cert_node_filename", FLAG_BOTH, "2.4", BOTH_PAGES},
	{"certs_dir", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"certs_for_client_dir", FLAG_TSERVER, "2.0", SERVER},
	{"cql_proxy_bind_address", FLAG_TSERVER, "2.0", SERVER},
	{"enable_ysql", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"flagfile", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"fs_data_dirs", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"logtostderr", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"master_addresses", FLAG_MASTER, "2.0", "yb-master"},
	{"max_log_size", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"memory_limit_hard_bytes", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"metric_node_name", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"node_to_node_encryption_use_client_certificates", FLAG_BOTH, "2.8", BOTH_PAGES},
	{"pgsql_proxy_bind_address", FLAG_TSERVER, "2.0", SERVER},
	{"placement_cloud", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"placement_region", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"placement_zone", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"replication_factor", FLAG_MASTER, "2.0", "yb-master"},
	{"rpc_bind_addresses", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"server_broadcast_addresses", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"ssl_protocols", FLAG_BOTH, "2.6", BOTH_PAGES},
	{"start_cql_proxy", FLAG_TSERVER, "2.0", SERVER},
	{"start_redis_proxy", FLAG_TSERVER, "2.0", SERVER},
	{"stderrthreshold", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"tserver_master_addrs", FLAG_TSERVER, "2.0", SERVER},
	{"use_client_to_server_encryption", FLAG_TSERVER, "2.0", SERVER},
	{"use_node_hostname_for_local_tserver", FLAG_BOTH, "2.14", BOTH_PAGES},
	{"use_node_to_node_encryption", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"webserver_ca_certificate_file", FLAG_BOTH, "2.4", BOTH_PAGES},
	{"webserver_certificate_file", FLAG_BOTH, "2.4", BOTH_PAGES},
	{"webserver_interface", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"webserver_port", FLAG_BOTH, "2.0", BOTH_PAGES},
	{"webserver_private_key_file", FLAG_BOTH, "2.4", BOTH_PAGES},
	{"ysql_enable_auth", FLAG_TSERVER, "2.0", SERVER},
	{"ysql_hba_conf_csv", FLAG_TSERVER, "2.0", SERVER},
	{"ysql_pg_conf_csv", FLAG_TSERVER, "2.6", SERVER},
	{0},
};

#define PORTS "reference/configuration/default-ports"
#define DOCKER "deploy/kubernetes/single-zone/oss/helm-chart"

const struct image_fact image_table[] = {
	{IMAGE_PORT, "7000", FLAG_MASTER, "2.0", PORTS},
	{IMAGE_PORT, "7100", FLAG_MASTER, "2.0", PORTS},
	{IMAGE_PORT, "9000", FLAG_TSERVER, "2.0", PORTS},
	{IMAGE_PORT, "9100", FLAG_TSERVER, "2.0", PORTS},
	{IMAGE_PORT, "5433", FLAG_TSERVER, "2.0", PORTS},
	{IMAGE_COMMAND, PATH_MASTER, FLAG_MASTER, "2.0", "reference/configuration/yb-master"},
	{IMAGE_COMMAND, PATH_TSERVER, FLAG_TSERVER, "2.0", "reference/configuration/yb-tserver"},
	{IMAGE_COMMAND, PATH_YSQLSH, FLAG_TSERVER, "2.0", "api/ysqlsh"},
	{IMAGE_PATH, PATH_CERTIFICATES, FLAG_BOTH, "2.0", DOCKER},
	{IMAGE_PATH, PATH_FLAGS, FLAG_BOTH, "2.0", "reference/configuration/yb-tserver"},
	{IMAGE_PATH, "/mnt/disk", FLAG_BOTH, "2.0", DOCKER},
	{IMAGE_PATH, "/tmp", FLAG_BOTH, "2.0", "api/ysqlsh"},
	{0},
};

const struct flag *flag_lookup(const char *name, enum role role) {
	for (const struct flag *flag = flag_table; flag->name; flag++) {
		if (strcmp(flag->name, name) == 0) {
			return flag->process & (role == MASTER ? FLAG_MASTER : FLAG_TSERVER) ? flag : NULL;
		}
	}
	return NULL;
}

/* Flags that have one value for all clusters. TLS cannot be switched off, and no superuser comes in over the network.
 */
static const struct fixed {
	const char *name, *value;
	enum flag_process process;
} fixed[] = {
	{"use_node_to_node_encryption", "true", FLAG_BOTH},
	{"allow_insecure_connections", "false", FLAG_BOTH},
	{"node_to_node_encryption_use_client_certificates", "true", FLAG_BOTH},
	{"certs_dir", PATH_CERTIFICATES, FLAG_BOTH},
	{"use_client_to_server_encryption", "true", FLAG_TSERVER},
	{"certs_for_client_dir", PATH_CERTIFICATES, FLAG_TSERVER},
	{"use_node_hostname_for_local_tserver", "true", FLAG_BOTH},
	{"webserver_interface", "0.0.0.0", FLAG_BOTH},
	{"webserver_ca_certificate_file", PATH_CERTIFICATES "/ca.crt", FLAG_BOTH},
	{"logtostderr", "true", FLAG_BOTH},
	{"stderrthreshold", "0", FLAG_BOTH},
	{"max_log_size", "256", FLAG_BOTH},
	{"enable_ysql", "true", FLAG_BOTH},
	{"ysql_enable_auth", "true", FLAG_TSERVER},
	{"start_cql_proxy", "false", FLAG_TSERVER},
	{"start_redis_proxy", "false", FLAG_TSERVER},
	/* First match wins: the pod's own socket for probes and the operator, nobody else's superusers, then TLS and SCRAM.
     */
	{"ysql_hba_conf_csv",
		"\"local all yugabyte trust\",\"hostssl all postgres all reject\",\"hostssl all yugabyte all reject\","
		"\"hostssl all all all scram-sha-256\",\"host all all all reject\",\"local all all reject\"",
		FLAG_TSERVER},
};

static bool add(struct str *file, enum role role, const char *name, const char *value, struct error *err) {
	if (!flag_lookup(name, role)) {
		return fail(err, ERR_INTERNAL, "flag %s is not in the table of %s", name, role_process(role));
	}
	if (strpbrk(value, "\r\n")) {
		return fail(err, ERR_INVALID, "flag %s: a value must stand on one line", name);
	}
	str_addf(file, "--%s=%s\n", name, value);
	return true;
}

static bool add_fixed(struct str *file, enum role role, struct error *err) {
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		if (fixed[i].process & (role == MASTER ? FLAG_MASTER : FLAG_TSERVER) &&
			!add(file, role, fixed[i].name, fixed[i].value, err)) {
			return false;
		}
	}
	return true;
}

static const char *data_folders(struct arena *arena, const struct ybcluster_processes *processes) {
	cleanup_str struct str list = {0};
	for (int i = 0; i < processes->storage.volumes; i++) {
		str_addf(&list, "%s/mnt/disk%d", i ? "," : "", i);
	}
	return arena_strndup(arena, list.text ? list.text : "", list.length);
}

static const struct ybcluster_processes *processes_of(const struct ybcluster *cluster, enum role role) {
	return role == MASTER ? &cluster->spec.masters : &cluster->spec.tservers;
}

static bool add_own(struct str *file, struct arena *arena, const struct ybcluster *cluster,
	const struct settings *settings, enum role role, struct error *err) {
	const char *masters = master_addresses(arena, cluster, settings);
	bool modern = strcmp(cluster->spec.tls.min_version, "1.3") == 0;
	const struct {
		const char *name, *value;
		enum flag_process process;
	} own_flags[] = {
		{"fs_data_dirs", data_folders(arena, processes_of(cluster, role)), FLAG_BOTH},
		{"memory_limit_hard_bytes", arena_printf(arena, "%" PRId64, process_memory(cluster, role) / 100 * 85),
			FLAG_BOTH},
		{"master_addresses", masters, FLAG_MASTER},
		{"replication_factor", arena_printf(arena, "%d", ybcluster_replication_factor(&cluster->spec)), FLAG_MASTER},
		{"tserver_master_addrs", masters, FLAG_TSERVER},
		{"ssl_protocols", modern ? "tls13" : "tls12,tls13", FLAG_BOTH},
		{"pgsql_proxy_bind_address", arena_printf(arena, "0.0.0.0:%d", cluster->spec.endpoints.ysql.port),
			FLAG_TSERVER},
		{"ysql_pg_conf_csv",
			modern ? "password_encryption=scram-sha-256,ssl_min_protocol_version=TLSv1.3"
				   : "password_encryption=scram-sha-256,ssl_min_protocol_version=TLSv1.2",
			FLAG_TSERVER},
		{"webserver_port", role == MASTER ? "7000" : "9000", FLAG_BOTH},
	};
	for (size_t i = 0; i < sizeof own_flags / sizeof *own_flags; i++) {
		if (own_flags[i].process & (role == MASTER ? FLAG_MASTER : FLAG_TSERVER) &&
			!add(file, role, own_flags[i].name, own_flags[i].value, err)) {
			return false;
		}
	}
	return true;
}

/* The user's flags stand first: of two equal flags the last one counts, so ours cannot be overruled. */
static bool add_users(struct str *file, const json_t *flags, struct error *err) {
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)flags, name, value) {
		const char *text = json_string_value(value);
		if (!text || strpbrk(text, "\r\n") || name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")]) {
			return fail_because(
				err, ERR_INVALID, "InvalidSpec", "flags: '%.64s' is no flag with a text on one line", name);
		}
		str_addf(file, "--%s=%s\n", name, text);
	}
	return true;
}

const char *flag_file(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings,
	enum role role, struct error *err) {
	cleanup_str struct str file = {0};
	if (!add_users(&file, processes_of(cluster, role)->flags, err) || !add_fixed(&file, role, err) ||
		!add_own(&file, arena, cluster, settings, role, err)) {
		return NULL;
	}
	return arena_strndup(arena, file.text, file.length);
}

static bool add_argument(
	struct arena *arena, json_t *list, enum role role, const char *name, const char *value, struct error *err) {
	if (!flag_lookup(name, role)) {
		return fail(err, ERR_INTERNAL, "flag %s is not in the table of %s", name, role_process(role));
	}
	json_array_append_new(list, json_string(arena_printf(arena, "--%s=%s", name, value)));
	return true;
}

json_t *flag_arguments(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings,
	const struct group *group, struct error *err) {
	json_t *list = arena_own_json(arena, json_array());
	const char *service = role_service(arena, cluster, group->role);
	const char *host = arena_printf(arena, "$(POD_NAME).%s", service_host(arena, cluster, settings, service));
	const char *address =
		arena_printf(arena, "%s:%d", host, group->role == MASTER ? PORT_MASTER_RPC : PORT_TSERVER_RPC);
	const char *certificate = arena_printf(arena, PATH_CERTIFICATES "/node.%s", group->name);
	const struct {
		const char *name, *value;
	} arguments[] = {
		{"flagfile", PATH_FLAGS "/server.conf"},
		{"rpc_bind_addresses", address},
		{"server_broadcast_addresses", address},
		{"metric_node_name", "$(POD_NAME)"},
		{"cert_node_filename", group->name},
		{"webserver_certificate_file", arena_printf(arena, "%s.crt", certificate)},
		{"webserver_private_key_file", arena_printf(arena, "%s.key", certificate)},
		{"placement_cloud", "kubernetes"},
		{"placement_region", "cluster"},
		{"placement_zone", group->zone ? group->zone : "zone"},
	};
	for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
		if (!add_argument(arena, list, group->role, arguments[i].name, arguments[i].value, err)) {
			return NULL;
		}
	}
	return list;
}

json_t *process_resources(struct arena *arena, const struct ybcluster *cluster, enum role role) {
	json_t *given = processes_of(cluster, role)->resources;
	const char *memory = role == MASTER ? "2Gi" : "4Gi";
	json_t *requests = json_get(given, "requests"), *limits = json_get(given, "limits");
	json_t *resources = given ? json_deep_copy(given) : json_object();
	if (!json_get(requests, "memory") && !json_get(limits, "memory")) {
		json_put(resources, "requests.memory", json_string(memory));
		json_put(resources, "limits.memory", json_string(memory));
	}
	if (!json_get(requests, "cpu") && !json_get(limits, "cpu")) {
		json_put(resources, "requests.cpu", json_string("1"));
	}
	return arena_own_json(arena, resources);
}

int64_t process_memory(const struct ybcluster *cluster, enum role role) {
	json_t *given = processes_of(cluster, role)->resources;
	json_t *limit = json_get(given, "limits.memory"), *request = json_get(given, "requests.memory");
	int64_t milli;
	if (quantity_read(limit ? limit : request, &milli) && milli > 0) {
		return milli / 1000;
	}
	return (int64_t)(role == MASTER ? 2 : 4) << 30;
}

const char *version_of(const struct ybcluster *cluster, const struct settings *settings) {
	if (cluster->spec.version) {
		return cluster->spec.version;
	}
	return cluster->status.version ? cluster->status.version : settings->default_version;
}
