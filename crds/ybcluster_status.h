/* The status of a YBCluster. */
#ifndef CRDS_YBCLUSTER_STATUS_H
#define CRDS_YBCLUSTER_STATUS_H
#include "crds/object.h"

struct status_endpoint {
	const char *name, *host; /* host NULL: not known yet */
	int port;
};

struct status_action {
	const char *action, *object, *why;
};

struct ybcluster_status {
	int64_t observed_generation;
	const char *phase, *version;
	int replication_factor;      /* 0: not yet written */
	const char *fault_tolerance; /* effective: "None", "Node", "Zone"; NULL: not yet written */
	struct {
		int desired, ready;
		const char *display;
	} nodes;
	const char *selector;
	struct status_endpoint *endpoints;
	size_t endpoint_count;
	struct {
		const char *config_map, *fingerprint;
		int64_t not_after;
	} root_ca;
	struct {
		int64_t not_after;
		int generation;
		const char **serials;
		size_t serial_count;
	} certificates;
	struct {
		int lists, rules;
	} allow_list;
	struct {
		const char *name, *step; /* name NULL: none under way */
		int64_t started_at;
	} operation;
	struct status_action *plan;
	size_t plan_count;
	struct condition *conditions;
	size_t condition_count;
};

#endif
