/* Decoding a YBCluster: what is right comes out whole, what is wrong is refused with its path. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "arena_group.h"
#include "base/json.h"
#include "base/yaml.h"
#include "crds/ybcluster.h"

#include <cmocka.h>

#define META "metadata: {name: db, namespace: team, uid: 1a2b}\n"

static struct ybcluster *decode(const char *yaml, struct error *err) {
	json_t *object = yaml_parse(yaml, strlen(yaml), err);
	if (!object) {
		fail_msg("%s", err->text);
	}
	return ybcluster_decode(arena, arena_own_json(arena, object), err);
}

static struct ybcluster *must_decode(const char *yaml) {
	struct error err = {0};
	struct ybcluster *cluster = decode(yaml, &err);
	if (!cluster) {
		fail_msg("%s", err.text);
	}
	return cluster;
}

static void test_defaults(void **state) {
	(void)state;
	const struct ybcluster *cluster = must_decode(META "spec: {}\n");
	const struct ybcluster_spec *spec = &cluster->spec;
	assert_string_equal(cluster->metadata.uid, "1a2b");
	assert_int_equal(cluster->metadata.deletion_timestamp, 0);
	assert_int_equal(spec->tier, TIER_DEDICATED);
	assert_null(spec->version);
	assert_string_equal(spec->image.repository, "yugabytedb/yugabyte");
	assert_int_equal(spec->fault_tolerance, FAULT_TOLERANCE_UNSET);
	assert_int_equal(ybcluster_fault_tolerance(spec), FAULT_TOLERANCE_NODE);
	assert_int_equal(ybcluster_replication_factor(spec), 3);
	assert_int_equal(spec->nodes, 3);
	assert_string_equal(spec->masters.storage.size, "10Gi");
	assert_int_equal(spec->tservers.storage.volumes, 1);
	assert_int_equal(spec->endpoints.ysql.port, 5433);
	assert_int_equal(spec->tls.duration, 2160 * 3600);
	assert_int_equal(spec->tls.ca_overlap, 168 * 3600);
	assert_string_equal(spec->auth.admin_user, "admin");
	assert_false(spec->maintenance_window.given);
	assert_null(spec->tls.rotate);
	assert_null(cluster->status.version);
}

static const char *const full =
	META "spec:\n"
		 "  tier: Dedicated\n"
		 "  version: 2025.1.1.0-b70\n"
		 "  faultTolerance: Zone\n"
		 "  faultsToTolerate: 2\n"
		 "  zones: [a, b, c, d, e]\n"
		 "  nodes: 10\n"
		 "  deletionPolicy: Delete\n"
		 "  deletionProtection: true\n"
		 "  tservers: {resources: {limits: {memory: 8Gi}}, storage: {size: 1Ti, class: fast}, flags: "
		 "{ysql_max_connections: \"9\"}}\n"
		 "  endpoints: {ysql: {port: 15433}, exposure: Public, hostnames: [db.example.com]}\n"
		 "  allowLists: [office, vpn]\n"
		 "  clients: [{podSelector: {matchLabels: {app: web}}}, {namespaceSelector: {matchLabels: {team: x}}}]\n"
		 "  tls: {algorithm: RSA-3072, duration: 1h30m, renewBefore: 10m, minVersion: \"1.3\", rotate: now}\n"
		 "  maintenanceWindow: {day: Sunday, start: \"03:30\"}\n"
		 "status:\n"
		 "  observedGeneration: 4\n"
		 "  version: 2025.1.1.0-b70\n"
		 "  certificates: {notAfter: \"2026-11-22T10:00:00Z\", generation: 2, serials: [\"01ab\"]}\n"
		 "  operation: {name: rotate, step: trust, startedAt: \"2026-11-22T09:00:00Z\"}\n"
		 "  conditions:\n"
		 "  - {type: Ready, status: \"True\", reason: AllGood, message: fine, lastTransitionTime: "
		 "\"1970-01-01T00:00:10Z\"}\n";

static void test_full_spec(void **state) {
	(void)state;
	const struct ybcluster_spec *spec = &must_decode(full)->spec;
	assert_int_equal(ybcluster_replication_factor(spec), 5);
	assert_string_equal(fault_tolerance_name(ybcluster_fault_tolerance(spec)), "Zone");
	assert_int_equal(spec->zone_count, 5);
	assert_string_equal(spec->zones[4], "e");
	assert_int_equal(spec->deletion_policy, DELETION_POLICY_DELETE);
	assert_true(spec->deletion_protection);
	assert_string_equal(json_text(spec->tservers.resources, "limits.memory"), "8Gi");
	assert_string_equal(spec->tservers.storage.class, "fast");
	assert_string_equal(json_text(spec->tservers.flags, "ysql_max_connections"), "9");
	assert_null(spec->masters.flags);
	assert_int_equal(spec->endpoints.exposure, EXPOSURE_PUBLIC);
	assert_string_equal(spec->endpoints.hostnames[0], "db.example.com");
	assert_string_equal(spec->allow_lists[1], "vpn");
	assert_int_equal(spec->client_count, 2);
	assert_null(spec->clients[0].namespace_selector);
	assert_non_null(spec->clients[1].namespace_selector);
	assert_int_equal(spec->tls.algorithm, TLS_ALGORITHM_RSA_3072);
	assert_int_equal(spec->tls.duration, 5400);
	assert_string_equal(spec->tls.min_version, "1.3");
	assert_true(spec->maintenance_window.given);
	assert_int_equal(spec->maintenance_window.day, DAY_SUNDAY);
	assert_int_equal(spec->maintenance_window.start, 210);
	assert_int_equal(spec->maintenance_window.duration, 4 * 3600);
}

static void test_full_status(void **state) {
	(void)state;
	const struct ybcluster_status *status = &must_decode(full)->status;
	assert_int_equal(status->observed_generation, 4);
	assert_string_equal(status->operation.step, "trust");
	assert_int_equal(status->certificates.generation, 2);
	assert_string_equal(status->certificates.serials[0], "01ab");
	const struct condition *ready = condition_find(status->conditions, status->condition_count, "Ready");
	assert_non_null(ready);
	assert_int_equal(ready->status, CONDITION_TRUE);
	assert_int_equal(ready->last_transition_time, 10);
	assert_null(condition_find(status->conditions, status->condition_count, "Stalled"));
}

static void test_metadata(void **state) {
	(void)state;
	const struct object_meta *meta = &must_decode(
		"metadata: {name: db, namespace: team, uid: 1a2b, generation: 7, annotations: {yugabyte.com/paused: "
		"\"true\", n: 1}, finalizers: [yugabyte.com/cluster], deletionTimestamp: 1970-01-01T00:00:05Z}\n"
		"spec: {}\n")
	                                      ->metadata;
	assert_int_equal(meta->generation, 7);
	assert_int_equal(meta->deletion_timestamp, 5);
	assert_string_equal(object_annotation(meta, ANNOTATION_PAUSED), "true");
	assert_null(object_annotation(meta, "n"));
	assert_null(object_annotation(meta, ANNOTATION_PLAN));
	assert_true(object_has_finalizer(meta, "yugabyte.com/cluster"));
	assert_false(object_has_finalizer(meta, "yugabyte.com/other"));
}

static const struct refusal {
	const char *spec, *error; /* the error starts with it */
} refusals[] = {
	{"spec: 5", "spec: must be an object"},
	{"spec: {tier: 1}", "spec.tier: must be Dedicated or Sandbox"},
	{"spec: {tier: Big}", "spec.tier: 'Big' must be Dedicated or Sandbox"},
	{"spec: {version: latest}", "spec.version: 'latest' must be a release with its build"},
	{"spec: {nodes: \"3\"}", "spec.nodes: '3' must be a whole number"},
	{"spec: {nodes: 3.5}", "spec.nodes: must be a whole number"},
	{"spec: {nodes: 0}", "spec.nodes: must be 1 to 300"},
	{"spec: {nodes: 4294967299}", "spec.nodes: must be 1 to 300"},
	{"spec: {nodes: 2}", "spec.nodes: 2 is less than the replication factor 3: "},
	{"spec: {nodes: 5, faultsToTolerate: 3}", "spec.nodes: 5 is less than the replication factor 7: "},
	{"spec: {nodes: 4, zones: [a, b, c]}", "spec.nodes: 4 is not a multiple of the 3 zones"},
	{"spec: {nodes: 4, zones: [a, a]}", "spec.zones: a zone stands there twice"},
	{"spec: {faultTolerance: Zone}", "spec.zones: 0 are fewer than the 3 "},
	{"spec: {faultTolerance: Zone, nodes: 4, zones: [a, b]}", "spec.zones: 2 are fewer than the 3 "},
	{"spec: {zones: []}", "spec.zones: must be 1 to 16 entries"},
	{"spec: {zones: [a, B]}", "spec.zones[1]: 'B' must be a DNS label"},
	{"spec: {zones: [a, {}]}", "spec.zones[1]: must be a text"},
	{"spec: {zones: a}", "spec.zones: 'a' must be a list"},
	{"spec: {tier: Sandbox}", "spec.nodes: a Sandbox has one node"},
	{"spec: {tier: Sandbox, nodes: 1, faultTolerance: Node}", "spec.nodes: 1 is less than"},
	{"spec: {tier: Sandbox, nodes: 1, tservers: {storage: {size: 11Gi}}}", "spec.tservers.storage: a Sandbox"},
	{"spec: {tier: Sandbox, nodes: 1, masters: {storage: {volumes: 2}}}", "spec.masters.storage: a Sandbox"},
	{"spec: {masters: {storage: {size: 10}}}", "spec.masters.storage.size: must be a text"},
	{"spec: {masters: {storage: {size: -1Gi}}}",
		"spec.masters.storage.size: '-1Gi' must be a whole number of Gi or Ti"},
	{"spec: {tservers: {storage: {size: 9000Ti}}}", "spec.tservers.storage.size: '9000Ti' is no quantity up to 8Pi"},
	{"spec: {masters: {resources: {limits: {memory: 9000Ti}}}}",
		"spec.masters.resources.limits.memory: '9000Ti' is no quantity up to 8Pi"},
	{"spec: {tservers: {resources: {requests: {cpu: 99999999999999999}}}}",
		"spec.tservers.resources.requests.cpu: '99999999999999999' is no quantity up to 8Pi"},
	{"spec: {tservers: {resources: {requests: {cpu: {}}}}}",
		"spec.tservers.resources.requests.cpu: '{}' is no quantity"},
	{"spec: {masters: {flags: {a: 1}}}", "spec.masters.flags.a: must be a text"},
	{"spec: {masters: {flags: {a: \"1\\n--b=2\"}}}", "spec.masters.flags.a: must be without control characters"},
	{"spec: {masters: {flags: {\"a=1 --b\": \"\"}}}", "spec.masters.flags: 'a=1 --b' must be a flag's name"},
	{"spec: {masters: {flags: {nouse_node_to_node_encryption: \"\"}}}",
		"spec.masters.flags: nouse_node_to_node_encryption is the operator's: use spec.tls"},
	{"spec: {tservers: {flags: {ysql_hba_conf_csv: x}}}", "spec.tservers.flags: ysql_hba_conf_csv is the operator's: "},
	{"spec: {pod: {labels: {yugabyte.com/cluster: other}}}", "spec.pod.labels: yugabyte.com/cluster is the operator's"},
	{"spec: {pod: {tolerations: {}}}", "spec.pod.tolerations: must be a list"},
	{"spec: {endpoints: {ysql: {port: 80}}}", "spec.endpoints.ysql.port: must be 1024 to 65535"},
	{"spec: {endpoints: {ysql: {port: 9100}}}", "spec.endpoints.ysql.port: 9100 is used"},
	{"spec: {endpoints: {hostnames: [10.0.0.1]}}", "spec.endpoints.hostnames[0]: '10.0.0.1' must be a DNS name"},
	{"spec: {endpoints: {hostnames: [b.x.svc.cluster.local]}}", "spec.endpoints.hostnames: 'b.x.svc.cluster.local' is"},
	{"spec: {endpoints: {annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: x}}}",
		"spec.endpoints.annotations: service.beta.kubernetes.io/aws-load-balancer-scheme is the operator's"},
	{"spec: {clients: [{}]}", "spec.clients: [0] needs"},
	{"spec: {clients: [{namespaceSelector: {}}]}", "spec.clients: [0].namespaceSelector is empty"},
	{"spec: {clients: [{namespaceSelector: {matchLabels: {}}}]}", "spec.clients: [0].namespaceSelector is empty"},
	{"spec: {clients: [{podSelector: {matchExpressions: [{key: a, operator: In}]}}]}",
		"spec.clients: [0]: In and NotIn"},
	{"spec: {clients: [{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}]}",
		"spec.clients: [0]: In and NotIn"},
	{"spec: {clients: [3]}", "spec.clients[0]: must be an object"},
	{"spec: {clients: [{podSelector: {matchLabels: {app: [a]}}}]}",
		"spec.clients[0].podSelector.matchLabels.app: must be a"},
	{"spec: {clients: [{podSelector: {matchLabels: {app: 'a b'}}}]}",
		"spec.clients[0].podSelector.matchLabels.app: 'a b' must be the value of a label"},
	{"spec: {clients: [{podSelector: {matchExpressions: [{key: a, operator: Is, values: [b]}]}}]}",
		"spec.clients[0].podSelector.matchExpressions[0].operator: 'Is' must be In, NotIn, Exists or DoesNotExist"},
	{"spec: {clients: [{podSelector: {matchExpressions: [{operator: Exists}]}}]}",
		"spec.clients[0].podSelector.matchExpressions[0].key: must be given"},
	{"spec: {clients: [{podSelector: {matchAll: [a]}}]}",
		"spec.clients[0].podSelector.matchAll: must be left out: there is no such field"},
	{"spec: {pod: {tolerations: [{effect: NoRest}]}}",
		"spec.pod.tolerations[0].effect: 'NoRest' must be NoSchedule, PreferNoSchedule or NoExecute"},
	{"spec: {pod: {tolerations: [{toleration: 1}]}}", "spec.pod.tolerations[0].toleration: must be left out"},
	{"spec: {masters: {resources: {claims: []}}}", "spec.masters.resources.claims: must be left out"},
	{"spec: {masters: {resources: {limits: [cpu]}}}", "spec.masters.resources.limits: must be an object"},
	{"spec: {pod: {tolerations: [{value: a}]}}", "spec.pod.tolerations: [0]: without a key the operator is Exists"},
	{"spec: {pod: {tolerations: [{key: a, operator: Exists, value: b}]}}",
		"spec.pod.tolerations: [0]: Exists takes no"},
	{"spec: {pod: {tolerations: [{key: a, tolerationSeconds: 9}]}}",
		"spec.pod.tolerations: [0]: only the effect NoExe"},
	{"spec: {tls: {duration: 2160}}", "spec.tls.duration: must be a text"},
	{"spec: {tls: {duration: 1m}}", "spec.tls.duration: must be 600 to 34300800 seconds"},
	{"spec: {tls: {duration: 700h}}", "spec.tls.renewBefore: must be shorter"},
	{"spec: {tls: {caDuration: 9000h}}", "spec.tls.caDuration: must be at least six times"},
	{"spec: {tls: {minVersion: \"1.1\"}}", "spec.tls.minVersion: '1.1' must be 1.2 or 1.3"},
	{"spec: {auth: {adminUser: postgres}}", "spec.auth.adminUser: 'postgres' is reserved"},
	{"spec: {auth: {adminUser: pg_x}}", "spec.auth.adminUser: 'pg_x' is reserved"},
	{"spec: {auth: {adminUser: \"a'; drop\"}}", "spec.auth.adminUser: 'a'; drop' must be lower-case"},
	{"spec: {maintenanceWindow: {}}", "spec.maintenanceWindow.start: must be given"},
	{"spec: {maintenanceWindow: {start: \"25:00\"}}", "spec.maintenanceWindow.start: '25:00' must be a time of day"},
	{"spec: {}\nstatus: {conditions: [{type: Ready}]}", "status.conditions[0].status: must be given"},
	{"spec: {}\nstatus: {version: \"1; rm\"}", "status.version: '1; rm' must be a release"},
};

static void test_refusals(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
		struct error err = {0};
		if (decode(arena_printf(arena, "%s%s\n", META, refusals[i].spec), &err)) {
			fail_msg("taken: %s", refusals[i].spec);
		}
		if (!str_starts(err.text, refusals[i].error)) {
			fail_msg("%s: is refused with \"%s\", not \"%s\"", refusals[i].spec, err.text, refusals[i].error);
		}
		assert_int_equal(err.kind, ERR_INVALID);
		assert_string_equal(err.reason, "InvalidSpec");
	}
}

static void refuse_object(json_t *object, const char *start) {
	struct error err = {0};
	assert_null(ybcluster_decode(arena, arena_own_json(arena, object), &err));
	if (!str_starts(err.text, start)) {
		fail_msg("refused with \"%s\", not \"%s\"", err.text, start);
	}
}

static json_t *object_named(const char *name, const char *zone) {
	return json_pack("{s:{s:s, s:s, s:s}, s:{s:[s]}}", "metadata", "name", name, "namespace", "team", "uid", "1",
		"spec", "zones", zone);
}

static void test_names(void **state) {
	(void)state;
	refuse_object(json_object(), "metadata.name: must be given");
	refuse_object(object_named("9db", "a"), "metadata.name: must be a DNS label");
	refuse_object(object_named("d.b", "a"), "metadata.name: must be a DNS label");
	refuse_object(object_named("a-name-that-is-forty-two-characters-long-x", "zz"), "metadata.name: name + ");
	refuse_object(object_named("../x", "a"), "metadata.name: '../x' must be an object's name");
	struct error err = {0};
	json_t *fits = arena_own_json(arena, object_named("a-name-that-is-forty-two-characters-long-", "z"));
	assert_null(ybcluster_decode(arena, fits, &err)); /* ends in a hyphen */
	fits = arena_own_json(arena, object_named("a-name-of-thirty-eight-characters-long", "zones"));
	assert_non_null(ybcluster_decode(arena, fits, &err));
	json_object_set_new(json_object_get(fits, "spec"), "zones", json_pack("[s]", "zones1"));
	assert_null(ybcluster_decode(arena, fits, &err));
}

/* Values that no client of the API server could store today. */
static void test_hostile(void **state) {
	(void)state;
	json_t *nul = object_named("db", "a");
	json_object_set_new(json_object_get(nul, "spec"), "version", json_stringn("2025.1.1.0-b70\0x", 16));
	refuse_object(nul, "spec.version: must be a text");

	json_t *secret = object_named("db", "a");
	json_object_set_new(json_object_get(secret, "spec"), "tier", json_string("\x1b[31m\xc3\xa4"));
	refuse_object(secret, "spec.tier: must be Dedicated or Sandbox");

	char *many = xcalloc(1, 100001);
	memset(many, 'a', 100000);
	json_t *long_text = object_named("db", "a");
	json_object_set_new(json_object_get(long_text, "spec"), "allowLists", json_pack("[s]", many));
	refuse_object(long_text, "spec.allowLists[0]: must be at most 253 characters long");
	json_t *long_key = object_named("db", "a");
	json_object_set_new(json_object_get(long_key, "spec"), "masters", json_pack("{s:{s:s}}", "flags", many, "x"));
	refuse_object(long_key, "spec.masters.flags: must be a flag's name");
	free(many);

	json_t *no_object = json_array();
	refuse_object(no_object, "metadata.name: must be given");
	json_t *nulls = object_named("db", "a");
	json_object_set_new(json_object_get(nulls, "spec"), "nodes", json_null());
	struct error err = {0};
	struct ybcluster *cluster = ybcluster_decode(arena, arena_own_json(arena, nulls), &err);
	assert_non_null(cluster);
	assert_int_equal(cluster->spec.nodes, 3);
}

static void test_sandbox(void **state) {
	(void)state;
	const struct ybcluster_spec *spec = &must_decode(META "spec: {tier: Sandbox, nodes: 1}\n")->spec;
	assert_int_equal(ybcluster_fault_tolerance(spec), FAULT_TOLERANCE_NONE);
	assert_int_equal(ybcluster_replication_factor(spec), 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_full_spec),
		cmocka_unit_test(test_full_status),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_sandbox),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
