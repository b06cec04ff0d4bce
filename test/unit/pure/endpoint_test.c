#include "pure/endpoint.h"

#include "world.h"

#include "arena_group.h"

enum { NOW = 1795341600 }; /* 2026-11-22T10:00:00Z */

#define WAITS(reason)                                                                                                  \
	"status: {conditions: [{type: EndpointReady, status: Unknown, reason: " reason                                     \
	", message: m, lastTransitionTime: '2026-11-22T09:55:00Z'}]}\n"

static struct child service(bool balanced, const char *host) {
	return (struct child){.kind = SERVICE, .name = "db", .text = host, .number = {[SERVICE_BALANCED] = balanced}};
}

static struct ybcluster *exposed(const char *exposure, const char *status) {
	return cluster_of(arena, arena_printf(arena, HEAD "spec: {endpoints: {exposure: %s}}\n%s", exposure, status));
}

static struct finding find_at(
	const struct ybcluster *cluster, bool balanced, const char *host, int64_t now, int64_t *due) {
	struct child child = service(balanced, host);
	return endpoint_finding(arena, cluster, &child, now, due);
}

static void nothing_is_said_without_a_load_balancer(void **state) {
	(void)state;
	int64_t due;
	assert_null(endpoint_finding(arena, exposed("Public", ""), NULL, NOW, &due).type);
	assert_null(find_at(exposed("Public", ""), false, "", NOW, &due).type);
	assert_null(find_at(exposed("Cluster", ""), true, "192.0.2.1", NOW, &due).type);
	assert_int_equal(due, 0);
}

static void an_address_is_waited_for_and_then_missed(void **state) {
	(void)state;
	int64_t due;
	struct ybcluster *new = exposed("Internal", ""), *waits = exposed("Internal", WAITS("AddressPending"));
	struct finding finding = find_at(new, true, "", NOW, &due);
	assert_string_equal(finding.type, "EndpointReady");
	assert_int_equal(finding.status, CONDITION_UNKNOWN);
	assert_string_equal(finding.reason, "AddressPending");
	assert_int_equal(due, NOW + ENDPOINT_PATIENCE);
	finding = find_at(waits, true, "", NOW - 1, &due);
	assert_string_equal(finding.reason, "AddressPending");
	assert_int_equal(due, NOW);
	finding = find_at(waits, true, "", NOW, &due);
	assert_int_equal(finding.status, CONDITION_UNKNOWN);
	assert_string_equal(finding.reason, "NoLoadBalancer");
	assert_int_equal(due, 0);
	struct ybcluster *told = exposed("Internal", WAITS("NoLoadBalancer"));
	finding = find_at(told, true, "", NOW + 1, &due);
	assert_string_equal(finding.reason, "NoLoadBalancer");
}

static void an_address_ends_it(void **state) {
	(void)state;
	int64_t due;
	struct ybcluster *told = exposed("Public", WAITS("NoLoadBalancer"));
	struct finding finding = find_at(told, true, "203.0.113.1", NOW, &due);
	assert_int_equal(finding.status, CONDITION_TRUE);
}

static void source_ranges_are_said_to_be_per_service(void **state) {
	(void)state;
	assert_string_equal(endpoint_access(arena, exposed("Cluster", ""), true, "2 rules"), "2 rules");
	const char *message = endpoint_access(arena, exposed("Public", ""), false, "2 rules");
	assert_non_null(strstr(message, "2 rules; "));
	assert_non_null(strstr(message, "5433"));
	assert_non_null(strstr(message, "db-clients"));
	assert_null(strstr(message, "ports of the nodes"));
	assert_non_null(strstr(endpoint_access(arena, exposed("Public", ""), true, "2 rules"), "ports of the nodes"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_without_a_load_balancer),
		cmocka_unit_test(an_address_is_waited_for_and_then_missed),
		cmocka_unit_test(an_address_ends_it),
		cmocka_unit_test(source_ranges_are_said_to_be_per_service),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
