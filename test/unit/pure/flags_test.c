#include "base/json.h"
#include "base/str.h"
#include "crds/owned.h"
#include "pure/flags.h"
#include "world.h"

#include "arena_group.h"

static const char *file_of(const struct ybcluster *cluster, enum role role) {
	struct error err = {0};
	const char *file = flag_file(arena, cluster, &settings, role, &err);
	if (!file) {
		fail_msg("%s", err.text);
	}
	return file;
}

/* The value of a flag in a file, the last one that stands there; NULL: none. */
static const char *value_of(const char *file, const char *name) {
	const char *start = arena_printf(arena, "--%s=", name), *value = NULL;
	for (const char *line = file; *line; line += strcspn(line, "\n") + 1) {
		if (str_starts(line, start)) {
			value = arena_strndup(arena, line + strlen(start), strcspn(line, "\n") - strlen(start));
		}
	}
	return value;
}

static void is_ours(const char *flag, enum role role) {
	size_t length = strcspn(flag, "=");
	assert_true(str_starts(flag, "--") && flag[length] == '=');
	const char *name = arena_strndup(arena, flag + 2, length - 2);
	if (!flag_lookup(name, role)) {
		fail_msg("%s is not in the table of %s", name, role_process(role));
	}
	if (!owned_flag(name)) {
		fail_msg("%s could be overruled by spec.%ss.flags", name, role_name(role));
	}
}

static void every_rendered_flag_is_in_the_table_and_ours(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {tls: {minVersion: '1.3'}, zones: [a, b, c]}");
	struct groups groups = groups_of(arena, cluster);
	for (enum role role = MASTER; role <= TSERVER; role++) {
		const char *file = file_of(cluster, role);
		for (const char *line = file; *line; line += strcspn(line, "\n") + 1) {
			is_ours(line, role);
		}
	}
	for (size_t i = 0; i < groups.count; i++) {
		struct error err = {0};
		json_t *arguments = flag_arguments(arena, cluster, &settings, &groups.items[i], &err);
		assert_true(json_array_size(arguments) > 5);
		for (size_t j = 0; j < json_array_size(arguments); j++) {
			is_ours(json_string_value(json_array_get(arguments, j)), groups.items[i].role);
		}
	}
}

static void the_table_is_whole(void **state) {
	(void)state;
	for (const struct flag *flag = flag_table; flag->name; flag++) {
		assert_true(flag->process >= FLAG_MASTER && flag->process <= FLAG_BOTH);
		assert_true(*flag->since && *flag->page);
		assert_true(!flag[1].name || strcmp(flag->name, flag[1].name) < 0);
	}
	assert_null(flag_lookup("no_such_flag", MASTER));
	assert_null(flag_lookup("replication_factor", TSERVER));
	assert_null(flag_lookup("tserver_master_addrs", MASTER));
	assert_non_null(flag_lookup("replication_factor", MASTER));
}

/* The last of two equal flags counts. */
static void flags_of_users_stand_first(void **state) {
	(void)state;
	struct ybcluster *cluster =
		cluster_of(arena, HEAD "spec: {tservers: {flags: {yb_num_shards_per_tserver: '4', v: '1'}}}");
	const char *file = file_of(cluster, TSERVER);
	assert_string_equal(value_of(file, "yb_num_shards_per_tserver"), "4");
	assert_true(str_starts(file, "--yb_num_shards_per_tserver=4\n--v=1\n--use_node_to_node_encryption=true\n"));
	assert_null(value_of(file_of(cluster, MASTER), "v"));
	/* Even one that got past the schema is overruled. */
	cluster->spec.tservers.flags = yaml(arena, "{allow_insecure_connections: 'true'}");
	assert_string_equal(value_of(file_of(cluster, TSERVER), "allow_insecure_connections"), "false");
}

static void a_value_cannot_bring_another_line(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	static const char *const hostile[] = {"{v: \"1\\n--ysql_enable_auth=false\"}", "{v: \"1\\r2\"}", "{v: 7}",
		"{v: null}", "{'v\\n--x': '1'}", "{'a=b': '1'}", "{'-v': '1'}", "{V: '1'}"};
	for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
		struct error err = {0};
		cluster->spec.tservers.flags = yaml(arena, hostile[i]);
		if (flag_file(arena, cluster, &settings, TSERVER, &err)) {
			fail_msg("%s was rendered", hostile[i]);
		}
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void tls_and_authentication_are_on(void **state) {
	(void)state;
	static const char *const on[][2] = {{"use_node_to_node_encryption", "true"},
		{"allow_insecure_connections", "false"}, {"node_to_node_encryption_use_client_certificates", "true"},
		{"certs_dir", PATH_CERTIFICATES}};
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	for (enum role role = MASTER; role <= TSERVER; role++) {
		for (size_t i = 0; i < sizeof on / sizeof *on; i++) {
			assert_string_equal(value_of(file_of(cluster, role), on[i][0]), on[i][1]);
		}
	}
	const char *file = file_of(cluster, TSERVER);
	assert_string_equal(value_of(file, "use_client_to_server_encryption"), "true");
	assert_string_equal(value_of(file, "ysql_enable_auth"), "true");
	assert_string_equal(value_of(file, "start_cql_proxy"), "false");
	assert_string_equal(value_of(file, "start_redis_proxy"), "false");
	assert_string_equal(value_of(file, "pgsql_proxy_bind_address"), "0.0.0.0:5433");
	assert_non_null(strstr(value_of(file, "ysql_pg_conf_csv"), "password_encryption=scram-sha-256"));
}

/* First match wins, so the order is the rule. */
static void hba_lets_in_by_tls_and_scram_alone(void **state) {
	(void)state;
	assert_string_equal(value_of(file_of(cluster_of(arena, HEAD "spec: {}"), TSERVER), "ysql_hba_conf_csv"),
		"\"local all yugabyte trust\",\"hostssl all postgres all reject\",\"hostssl all yugabyte all reject\","
		"\"hostssl all all all scram-sha-256\",\"host all all all reject\",\"local all all reject\"");
}

static void memory_is_85_percent_of_the_limit(void **state) {
	(void)state;
	static const struct {
		const char *spec;
		int64_t bytes;
	} rows[] = {
		{"{}", INT64_C(4) << 30},
		{"{tservers: {resources: {limits: {memory: 8Gi}, requests: {memory: 2Gi}}}}", INT64_C(8) << 30},
		{"{tservers: {resources: {requests: {memory: 6Gi}}}}", INT64_C(6) << 30},
		{"{tservers: {resources: {limits: {memory: 8000000000}}}}", INT64_C(8000000000)},
		{"{tservers: {resources: {limits: {memory: 8000000000}, requests: {memory: 2Gi}}}}", INT64_C(8000000000)},
		{"{tservers: {resources: {limits: {cpu: '2'}}}}", INT64_C(4) << 30},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ybcluster *cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: %s", rows[i].spec));
		assert_int_equal(process_memory(cluster, TSERVER), rows[i].bytes);
		assert_string_equal(value_of(file_of(cluster, TSERVER), "memory_limit_hard_bytes"),
			arena_printf(arena, "%lld", (long long)(rows[i].bytes / 100 * 85)));
	}
	assert_int_equal(process_memory(cluster_of(arena, HEAD "spec: {}"), MASTER), INT64_C(2) << 30);
}

static void resources_have_defaults_where_nothing_was_said(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {tservers: {resources: {limits: {memory: 8Gi}}}}");
	assert_string_equal(json_print(arena, process_resources(arena, cluster, TSERVER)),
		"{\"limits\":{\"memory\":\"8Gi\"},\"requests\":{\"cpu\":\"1\"}}");
	assert_string_equal(json_print(arena, process_resources(arena, cluster, MASTER)),
		"{\"limits\":{\"memory\":\"2Gi\"},\"requests\":{\"cpu\":\"1\",\"memory\":\"2Gi\"}}");
	assert_string_equal(json_print(arena, cluster->spec.tservers.resources), "{\"limits\":{\"memory\":\"8Gi\"}}");
}

static void what_follows_from_the_spec(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD
		"spec: {nodes: 5, faultsToTolerate: 2, tservers: {storage: {volumes: 2}}, endpoints: {ysql: {port: 6000}}, "
		"tls: {minVersion: '1.3'}}");
	const char *master = file_of(cluster, MASTER), *tserver = file_of(cluster, TSERVER);
	assert_string_equal(value_of(master, "replication_factor"), "5");
	assert_string_equal(value_of(master, "master_addresses"), master_addresses(arena, cluster, &settings));
	assert_string_equal(value_of(tserver, "tserver_master_addrs"), master_addresses(arena, cluster, &settings));
	assert_string_equal(value_of(tserver, "fs_data_dirs"), "/mnt/disk0,/mnt/disk1");
	assert_string_equal(value_of(master, "fs_data_dirs"), "/mnt/disk0");
	assert_string_equal(value_of(tserver, "pgsql_proxy_bind_address"), "0.0.0.0:6000");
	assert_string_equal(value_of(tserver, "ssl_protocols"), "tls13");
	assert_non_null(strstr(value_of(tserver, "ysql_pg_conf_csv"), "ssl_min_protocol_version=TLSv1.3"));
	assert_string_equal(value_of(file_of(cluster_of(arena, HEAD "spec: {}"), TSERVER), "ssl_protocols"), "tls12,tls13");
}

static void the_spec_has_the_say_on_the_version(void **state) {
	(void)state;
	struct ybcluster *cluster = cluster_of(arena, HEAD "spec: {}");
	assert_string_equal(version_of(cluster, &settings), "2025.2.2.1-b1");
	cluster->status.version = "2025.1.0.0-b1";
	assert_string_equal(version_of(cluster, &settings), "2025.1.0.0-b1");
	cluster->spec.version = "2025.1.0.1-b2";
	assert_string_equal(version_of(cluster, &settings), "2025.1.0.1-b2");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rendered_flag_is_in_the_table_and_ours),
		cmocka_unit_test(the_table_is_whole),
		cmocka_unit_test(flags_of_users_stand_first),
		cmocka_unit_test(a_value_cannot_bring_another_line),
		cmocka_unit_test(tls_and_authentication_are_on),
		cmocka_unit_test(hba_lets_in_by_tls_and_scram_alone),
		cmocka_unit_test(memory_is_85_percent_of_the_limit),
		cmocka_unit_test(resources_have_defaults_where_nothing_was_said),
		cmocka_unit_test(what_follows_from_the_spec),
		cmocka_unit_test(the_spec_has_the_say_on_the_version),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
