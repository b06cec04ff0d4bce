#include "pure/immutable.h"
#include "world.h"

#include "arena_group.h"

static const char *first(enum child_kind kind, const char *desired, const char *live) {
	const struct difference *found = immutable_difference(arena, kind, yaml(arena, desired), yaml(arena, live));
	return found ? found->path : "";
}

#define CLAIM(size)                                                                                                    \
	"volumeClaimTemplates: [{metadata: {name: data0}, spec: {resources: {requests: {storage: " size "}}}}]"

/* What can be written in place does not hide what cannot. */
static void a_volume_that_grows_is_found_beside_other_changes(void **state) {
	(void)state;
	const char *live = "{spec: {replicas: 3, serviceName: x, " CLAIM("10Gi") "}}";
	assert_string_equal(first(STATEFUL_SET, "{spec: {replicas: 4, serviceName: x, " CLAIM("20Gi") "}}", live),
		"spec.volumeClaimTemplates.0.spec.resources.requests.storage");
	assert_string_equal(first(STATEFUL_SET, "{spec: {replicas: 4, serviceName: x, " CLAIM("10240Mi") "}}", live), "");
	assert_string_equal(
		first(STATEFUL_SET, "{spec: {replicas: 3, serviceName: y, " CLAIM("10Gi") "}}", live), "spec.serviceName");
}

#define BALANCER(internal, other)                                                                                      \
	"{metadata: {annotations: {other: " other ", networking.gke.io/load-balancer-type: " internal                      \
	"}}, spec: {type: LoadBalancer}}"

static void a_balancer_moves_to_another_network_only_anew(void **state) {
	(void)state;
	assert_string_equal(first(SERVICE, BALANCER("External", "b"), BALANCER("Internal", "a")),
		"metadata.annotations.networking.gke.io/load-balancer-type");
	assert_string_equal(first(SERVICE, BALANCER("Internal", "b"), BALANCER("Internal", "a")), "");
	assert_string_equal(first(SERVICE, BALANCER("Internal", "a"), "{spec: {type: ClusterIP}}"), "");
	assert_string_equal(first(SERVICE, "{spec: {type: ClusterIP}}", BALANCER("Internal", "a")), "");
}

static void other_kinds_are_written_in_place(void **state) {
	(void)state;
	assert_string_equal(first(SECRET, "{spec: {serviceName: x}}", "{spec: {serviceName: y}}"), "");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_volume_that_grows_is_found_beside_other_changes),
		cmocka_unit_test(a_balancer_moves_to_another_network_only_anew),
		cmocka_unit_test(other_kinds_are_written_in_place),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
