/* What both kinds share: metadata and conditions. */
#ifndef CRDS_OBJECT_H
#define CRDS_OBJECT_H
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

/* The condition of this type, or NULL. */
const struct condition *condition_find(const struct condition *conditions, size_t count, const char *type);

#endif
