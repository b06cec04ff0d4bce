#include "pure/endpoint.h"

#include "pure/names.h"

static const char TYPE[] = "EndpointReady";

/* The condition before is the record of since when. */
static struct finding without_address(
	struct arena *arena, const struct ybcluster *cluster, const struct child *service, int64_t now, int64_t *due) {
	const struct ybcluster_status *status = &cluster->status;
	const struct condition *before = condition_find(status->conditions, status->condition_count, TYPE);
	bool waits = before && before->status == CONDITION_UNKNOWN && before->last_transition_time;
	int64_t patience_ends = (waits ? before->last_transition_time : now) + ENDPOINT_PATIENCE;
	if (now < patience_ends) {
		*due = patience_ends;
		return (struct finding){TYPE, CONDITION_UNKNOWN, "AddressPending",
			arena_printf(arena, "Service %s of type LoadBalancer waits for its address", service->name)};
	}
	return (struct finding){TYPE, CONDITION_UNKNOWN, "NoLoadBalancer",
		arena_printf(arena,
			"Service %s of type LoadBalancer has had no address for more than %d minutes: nobody provides load "
			"balancers here, or whoever does cannot (the Service's events may say why)",
			service->name, ENDPOINT_PATIENCE / 60)};
}

struct finding endpoint_finding(
	struct arena *arena, const struct ybcluster *cluster, const struct child *service, int64_t now, int64_t *due) {
	*due = 0;
	if (cluster->spec.endpoints.exposure == EXPOSURE_CLUSTER || !service || !service->number[SERVICE_BALANCED]) {
		return (struct finding){0};
	}
	if (!*service->text) {
		return without_address(arena, cluster, service, now, due);
	}
	return (struct finding){TYPE, CONDITION_TRUE, "AddressGiven",
		arena_printf(arena, "the load balancer of Service %s has its address", service->name)};
}

const char *endpoint_access(
	struct arena *arena, const struct ybcluster *cluster, bool node_ports, const char *message) {
	if (cluster->spec.endpoints.exposure == EXPOSURE_CLUSTER) {
		return message;
	}
	return arena_printf(arena,
		"%s; the load balancer's source ranges hold for the Service as a whole: that they lead to port %d alone is "
		"for NetworkPolicy %s to see to%s",
		message, cluster->spec.endpoints.ysql.port, policy_name(arena, cluster->metadata.name, POLICY_CLIENTS),
		node_ports ? ", and so are connections to its ports of the nodes, which heed no source ranges" : "");
}
