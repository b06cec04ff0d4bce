#include "base/json.h"
#include "pure/diff.h"
#include "world.h"

#include "arena_group.h"

static void expect(enum child_kind kind, const char *desired, const char *live, const char *difference) {
	const struct difference *found = diff_find(arena, kind, yaml(arena, desired), yaml(arena, live));
	if (!difference) {
		assert_null(found);
	} else {
		assert_non_null(found);
		assert_string_equal(found->text, difference);
	}
}

static void subset_is_in_sync(void **state) {
	(void)state;
	expect(SERVICE, "{spec: {type: ClusterIP}}", "{spec: {type: ClusterIP, clusterIP: 10.0.0.1}, status: {}}", NULL);
}

static void missing_equals_zero(void **state) {
	(void)state;
	expect(STATEFUL_SET, "{spec: {hostNetwork: false, externalIPs: [], replicas: 0}}", "{spec: {}}", NULL);
	expect(
		STATEFUL_SET, "{spec: {hostNetwork: false}}", "{spec: {hostNetwork: true}}", "spec.hostNetwork true -> false");
	expect(SERVICE, "{spec: {externalIPs: []}}", "{spec: {externalIPs: [192.0.2.1]}}",
		"spec.externalIPs [\"192.0.2.1\"] -> []");
}

static void quantities_compare_by_value(void **state) {
	(void)state;
	expect(STATEFUL_SET, "{requests: {cpu: '1', memory: 1Gi}}", "{requests: {cpu: 1000m, memory: 1024Mi}}", NULL);
	/* beyond what is counted */
	expect(STATEFUL_SET, "{limits: {hugepages-2Mi: 1024Mi, example.com/dev: 1}}",
		"{limits: {hugepages-2Mi: 1Gi, example.com/dev: '1'}}", NULL);
	expect(STATEFUL_SET, "{limits: {example.com/dev: 1}}", "{limits: {example.com/dev: '2'}}",
		"limits.example.com/dev 2 -> 1");
	expect(STATEFUL_SET, "{limits: {cpu: 1}}", "{limits: {}}", "limits.cpu (none) -> 1");
	expect(STATEFUL_SET, "{requests: {memory: 9999999999Pi}}", "{requests: {memory: 9999999999Pi}}", NULL);
	expect(STATEFUL_SET, "{requests: {cpu: '1'}}", "{requests: {cpu: '2'}}", "requests.cpu 2 -> 1");
}

static void keyed_lists_ignore_order_and_strangers(void **state) {
	(void)state;
	expect(STATEFUL_SET, "{containers: [{name: a, image: x}]}", "{containers: [{name: b}, {name: a, image: x}]}", NULL);
	expect(STATEFUL_SET, "{containers: [{name: a, image: x}]}", "{containers: [{name: a, image: y}]}",
		"containers.a.image y -> x");
}

static void atomic_lists_compare_whole(void **state) {
	(void)state;
	expect(NETWORK_POLICY, "{ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}",
		"{ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}, {}]}",
		"ingress [{\"from\":[{\"ipBlock\":{\"cidr\":\"192.0.2.0/24\"}}]},{}] -> "
		"[{\"from\":[{\"ipBlock\":{\"cidr\":\"192.0.2.0/24\"}}]}]");
}

static void selectors_hold_nothing_more(void **state) {
	(void)state;
	expect(NETWORK_POLICY, "{podSelector: {matchLabels: {a: b}}}", "{podSelector: {matchLabels: {a: b, c: d}}}",
		"podSelector.matchLabels.c d -> (none)");
}

#define RULE(peer, port)                                                                                               \
	"{spec: {ingress: [{from: [{podSelector: {matchLabels: {a: b}}" peer "}], ports: [{port: 7100" port "}]}]}}"

/* In a rule every member counts: an empty selector is everybody, endPort is all ports up to it. */
static void loosened_rules_are_drift(void **state) {
	(void)state;
	const char *ours = RULE("", "");
	expect(NETWORK_POLICY, ours, ours, NULL);
	assert_non_null(
		diff_find(arena, NETWORK_POLICY, yaml(arena, ours), yaml(arena, RULE(", namespaceSelector: {}", ""))));
	assert_non_null(diff_find(arena, NETWORK_POLICY, yaml(arena, ours), yaml(arena, RULE("", ", endPort: 65535"))));
	assert_non_null(
		diff_find(arena, NETWORK_POLICY, yaml(arena, "{spec: {ingress: []}}"), yaml(arena, "{spec: {ingress: [{}]}}")));
}

/* Apply cannot take them off, and they open nothing. */
static void foreign_pull_secrets_are_left_alone(void **state) {
	(void)state;
	expect(STATEFUL_SET, "{imagePullSecrets: []}", "{imagePullSecrets: [{name: theirs}]}", NULL);
	expect(
		STATEFUL_SET, "{imagePullSecrets: [{name: ours}]}", "{imagePullSecrets: [{name: theirs}, {name: ours}]}", NULL);
	assert_non_null(diff_find(arena, STATEFUL_SET, yaml(arena, "{imagePullSecrets: [{name: ours}]}"),
		yaml(arena, "{imagePullSecrets: [{name: theirs}]}")));
}

static void secrets_are_not_shown(void **state) {
	(void)state;
	expect(SECRET, "{data: {password: bmV3}}", "{data: {password: b2xk}}", "data.password (not shown) -> (not shown)");
	/* Where one has no data at all, or of another type, the difference is the whole map. */
	expect(SECRET, "{data: {password: bmV3}}", "{}", "data (not shown) -> (not shown)");
	expect(SECRET, "{data: {password: bmV3}}", "{data: b2xk}", "data (not shown) -> (not shown)");
}

static void foreign(enum child_kind kind, const char *desired, const char *live, const char *operations) {
	json_t *patch = diff_foreign(arena, kind, yaml(arena, desired), yaml(arena, live));
	if (!operations) {
		assert_null(patch);
		return;
	}
	assert_non_null(patch);
	json_array_remove(patch, 0);
	json_array_remove(patch, 0);
	assert_string_equal(json_print(arena, patch), operations);
}

static void foreign_entries_are_taken_off(void **state) {
	(void)state;
	foreign(SERVICE, "{spec: {ports: [{name: ysql}]}}", "{spec: {ports: [{name: x}, {name: ysql}, {name: y}]}}",
		"[{\"op\":\"remove\",\"path\":\"/spec/ports/2\"},{\"op\":\"remove\",\"path\":\"/spec/ports/0\"}]");
	foreign(SECRET, "{data: {a: ''}}", "{data: {a: '', 'b/c': ''}}", "[{\"op\":\"remove\",\"path\":\"/data/b~1c\"}]");
	foreign(SERVICE, "{spec: {ports: [{name: ysql}]}}", "{spec: {ports: [{name: ysql}]}}", NULL);
}

#define TEMPLATE(containers)                                                                                           \
	"{spec: {template: {spec: {volumes: [{name: certificates, secret: {secretName: s}}], containers: " containers "}}" \
	"}}"
#define SAFE "securityContext: {allowPrivilegeEscalation: false}"

static void only_intruders_are_taken_off(void **state) {
	(void)state;
	const char *ours = TEMPLATE("[{name: yb-tserver}]");
	foreign(STATEFUL_SET, ours, TEMPLATE("[{name: yb-tserver}, {name: agent, " SAFE "}]"), NULL);
	foreign(STATEFUL_SET, ours,
		TEMPLATE("[{name: yb-tserver}, {name: thief, " SAFE ", volumeMounts: [{name: certificates, mountPath: /x}]}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/1\"}]");
	foreign(STATEFUL_SET, ours, TEMPLATE("[{name: yb-tserver}, {name: port, " SAFE ", ports: [{hostPort: 80}]}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/1\"}]");
}

/* The cluster db: what a sidecar may have, and what it may not. */
static void beside(const char *volume, const char *container, bool stays) {
	const char *head =
		"{metadata: {labels: {yugabyte.com/cluster: db}}, spec: {volumeClaimTemplates: [{metadata: {name: "
		"data0}}], template: {spec: {volumes: [{name: certificates, secret: {secretName: "
		"db-tserver-tls}}";
	const char *ours = arena_printf(arena, "%s], containers: [{name: yb-tserver}]}}}}", head);
	const char *live = arena_printf(
		arena, "%s, %s], containers: [{name: yb-tserver}, {name: agent, " SAFE ", %s}]}}}}", head, volume, container);
	json_t *patch = diff_foreign(arena, STATEFUL_SET, yaml(arena, ours), yaml(arena, live));
	if (stays != !patch) {
		fail_msg("%s, %s: %s", volume, container, patch ? "taken off" : "left alone");
	}
}

static void what_a_sidecar_may_have(void **state) {
	(void)state;
	const char *mount = "volumeMounts: [{name: v, mountPath: /v}]";
	static const char *const theirs[] = {"secret: {secretName: agent-token}", "secret: {secretName: db-agent}",
		"projected: {sources: [{serviceAccountToken: {path: token}}, {secret: {name: agent-token}}]}",
		"persistentVolumeClaim: {claimName: agent}", "emptyDir: {}"};
	static const char *const ours[] = {"secret: {secretName: db-tserver-tls}", "secret: {secretName: db-admin}",
		"secret: {secretName: db-master-tls}", "projected: {sources: [{secret: {name: db-admin-tls}}]}",
		"persistentVolumeClaim: {claimName: data0-db-tserver-0}", "hostPath: {path: /}"};
	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++) {
		beside(arena_printf(arena, "{name: v, %s}", theirs[i]), mount, true);
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		beside(arena_printf(arena, "{name: v, %s}", ours[i]), mount, false);
	}
	const char *own = "{name: database-logs, emptyDir: {}}";
	beside(own, "volumeMounts: [{name: database-logs, mountPath: /v}]", true);
	beside(own, "volumeMounts: [{name: data0, mountPath: /v}]", false);
	beside(own, "env: [{name: A, valueFrom: {secretKeyRef: {name: agent, key: k}}}]", true);
	beside(own, "env: [{name: A, valueFrom: {secretKeyRef: {name: db-admin, key: password}}}]", false);
	beside(own, "envFrom: [{secretRef: {name: db-admin}}]", false);
}

/* Nobody else may say who connects, where to, or what our container runs. */
static void other_ways_in(void **state) {
	(void)state;
	foreign(SERVICE, "{spec: {allocateLoadBalancerNodePorts: false, ports: [{name: ysql}]}}",
		"{metadata: {annotations: {service.beta.kubernetes.io/azure-allowed-ip-ranges: a, cloud.google.com/neg: b, "
		"x/y: c}}, "
		"spec: {ports: [{name: ysql, nodePort: 30000}]}}",
		"[{\"op\":\"remove\",\"path\":\"/spec/ports/0/nodePort\"},"
		"{\"op\":\"remove\",\"path\":\"/metadata/annotations/service.beta.kubernetes.io~1azure-allowed-ip-ranges\"}]");
	foreign(SERVICE, "{spec: {allocateLoadBalancerNodePorts: true, ports: [{name: ysql}]}}",
		"{spec: {allocateLoadBalancerNodePorts: true, ports: [{name: ysql, nodePort: 30000}, {name: web, nodePort: "
		"1}]}}",
		"[{\"op\":\"remove\",\"path\":\"/spec/ports/1\"}]");
	foreign(STATEFUL_SET, TEMPLATE("[{name: yb-tserver}]"),
		TEMPLATE("[{name: agent, " SAFE "}, {name: yb-tserver, lifecycle: {postStart: {exec: {command: [a]}}}}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/1/lifecycle/postStart\"}]");
}

/* Our container is told by its name, wherever somebody put theirs. */
static void our_container_is_found_behind_a_stranger(void **state) {
	(void)state;
	const char *ours = TEMPLATE("[{name: yb-tserver, env: [{name: HOME}]}]");
	foreign(STATEFUL_SET, ours,
		TEMPLATE("[{name: agent, " SAFE ", env: [{name: THEIRS}]}, {name: yb-tserver, env: [{name: HOME}]}]"), NULL);
	foreign(STATEFUL_SET, ours,
		TEMPLATE("[{name: agent, " SAFE "}, {name: yb-tserver, env: [{name: HOME}, {name: LD_PRELOAD}]}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/1/env/1\"}]");
	foreign(STATEFUL_SET, ours,
		TEMPLATE("[{name: yb-tserver, env: [{name: HOME}], envFrom: [{secretRef: {name: x}}]}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/0/envFrom/0\"}]");
}

/* A patch is applied from its beginning: ours has another index once the one before it is gone. */
static void ours_is_cleaned_before_an_intruder_before_it_goes(void **state) {
	(void)state;
	foreign(STATEFUL_SET, TEMPLATE("[{name: yb-tserver, env: [{name: HOME}]}]"),
		TEMPLATE("[{name: thief}, {name: yb-tserver, env: [{name: HOME}, {name: LD_PRELOAD}]}]"),
		"[{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/1/env/1\"},"
		"{\"op\":\"remove\",\"path\":\"/spec/template/spec/containers/0\"}]");
}

static void patches_test_what_they_change(void **state) {
	(void)state;
	json_t *patch = diff_foreign(arena, SECRET, yaml(arena, "{data: {}}"),
		yaml(arena, "{metadata: {uid: u, resourceVersion: '7'}, data: {x: ''}}"));
	assert_string_equal(
		json_print(arena, json_array_get(patch, 0)), "{\"op\":\"test\",\"path\":\"/metadata/uid\",\"value\":\"u\"}");
	assert_string_equal(json_print(arena, json_array_get(patch, 1)),
		"{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":\"7\"}");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subset_is_in_sync),
		cmocka_unit_test(missing_equals_zero),
		cmocka_unit_test(quantities_compare_by_value),
		cmocka_unit_test(keyed_lists_ignore_order_and_strangers),
		cmocka_unit_test(atomic_lists_compare_whole),
		cmocka_unit_test(selectors_hold_nothing_more),
		cmocka_unit_test(loosened_rules_are_drift),
		cmocka_unit_test(foreign_pull_secrets_are_left_alone),
		cmocka_unit_test(secrets_are_not_shown),
		cmocka_unit_test(foreign_entries_are_taken_off),
		cmocka_unit_test(what_a_sidecar_may_have),
		cmocka_unit_test(other_ways_in),
		cmocka_unit_test(only_intruders_are_taken_off),
		cmocka_unit_test(our_container_is_found_behind_a_stranger),
		cmocka_unit_test(ours_is_cleaned_before_an_intruder_before_it_goes),
		cmocka_unit_test(patches_test_what_they_change),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
