/* The status of a YBCluster, and what both kinds share: metadata and conditions. */
#ifndef CRDS_YBCLUSTER_STATUS_H
#define CRDS_YBCLUSTER_STATUS_H
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The annotations of ours on a YBCluster. */
#define ANNOTATION_PAUSED "yugabyte.com/paused"
#define ANNOTATION_PLAN "yugabyte.com/plan"
#define ANNOTATION_RESTART "yugabyte.com/restart"
#define ANNOTATION_ADOPT_VOLUMES "yugabyte.com/adopt-volumes"

struct object_meta {
	const char *name, *namespace, *uid, *resource_version;
	int64_t generation;
	int64_t creation_timestamp, deletion_timestamp; /* 0: not being deleted */
	const char **finalizers;
	size_t finalizer_count;
	json_t *annotations, *labels; /* NULL: none */
};

/* The annotation's text, or NULL. */
const char *object_annotation(const struct object_meta *metadata, const char *key);
bool object_has_finalizer(const struct object_meta *metadata, const char *finalizer);

enum condition_status { CONDITION_UNKNOWN, CONDITION_TRUE, CONDITION_FALSE };
const char *condition_status_name(enum condition_status status);

struct condition { /* metav1.Condition */
	const char *type, *reason, *message;
	enum condition_status status;
	int64_t last_transition_time, observed_generation;
};

struct status_endpoint { const char *name, *host; int port; }; /* host NULL: not known yet */
struct status_action { const char *action, *object, *why; };

struct ybcluster_status {
	int64_t observed_generation;
	const char *phase, *version;
	int replication_factor;      /* 0: not yet written */
	const char *fault_tolerance; /* effective: "None", "Node", "Zone" */
	struct { int desired, ready; const char *display; } nodes;
	const char *selector;
	struct status_endpoint *endpoints;
	size_t endpoint_count;
	struct { const char *config_map, *fingerprint; int64_t not_after; } root_ca;
	struct { int64_t not_after, generation; const char **serials; size_t serial_count; } certificates;
	struct { int lists, rules; } allow_list;
	struct { const char *name, *step; int64_t started_at; } operation; /* name NULL: none under way */
	struct status_action *plan;
	size_t plan_count;
	struct condition *conditions;
	size_t condition_count;
};

/* The condition of this type, or NULL. */
const struct condition *condition_find(const struct condition *conditions, size_t count, const char *type);

#endif
