#include "crds/ybcluster_status.h"

#include <limits.h>

#include "crds/tables.h"

#define STATUS struct ybcluster_status

static const struct field nodes_fields[] = {
	FIELD(STATUS, "desired", nodes.desired, INT, .max = 300),
	FIELD(STATUS, "ready", nodes.ready, INT, .max = 300),
	FIELD(STATUS, "display", nodes.display, TEXT, .form = FORM_FREE, .max = 16),
	{0},
};

static const struct field endpoint_fields[] = {
	FIELD(struct status_endpoint, "name", name, TEXT, .form = FORM_FREE, .max = 16, .required = true),
	FIELD(struct status_endpoint, "host", host, TEXT, .form = FORM_FREE, .max = 253),
	FIELD(struct status_endpoint, "port", port, INT, .min = 1, .max = 65535),
	{0},
};

static const struct field root_ca_fields[] = {
	FIELD(STATUS, "configMap", root_ca.config_map, TEXT, .form = FORM_FREE, .max = 253),
	FIELD(STATUS, "fingerprint", root_ca.fingerprint, TEXT, .form = FORM_FREE, .max = 128),
	FIELD(STATUS, "notAfter", root_ca.not_after, TIME),
	{0},
};

static const struct field certificates_fields[] = {
	FIELD(STATUS, "notAfter", certificates.not_after, TIME),
	FIELD(STATUS, "generation", certificates.generation, INT, .min = 1, .max = INT_MAX),
	LIST(STATUS, "serials", certificates.serials, certificates.serial_count, TEXTS, .form = FORM_TOKEN, .max = 100),
	{0},
};

static const struct field allow_list_fields[] = {
	FIELD(STATUS, "lists", allow_list.lists, INT, .max = 20),
	FIELD(STATUS, "rules", allow_list.rules, INT, .max = 2000),
	{0},
};

static const struct field operation_fields[] = {
	FIELD(STATUS, "name", operation.name, TEXT, .form = FORM_FREE, .max = 64, .required = true),
	FIELD(STATUS, "step", operation.step, TEXT, .form = FORM_FREE, .max = 256),
	FIELD(STATUS, "startedAt", operation.started_at, TIME),
	{0},
};

static const struct field action_fields[] = {
	FIELD(struct status_action, "action", action, TEXT, .form = FORM_FREE, .max = 32, .required = true),
	FIELD(struct status_action, "object", object, TEXT, .form = FORM_FREE, .max = 320, .required = true),
	FIELD(struct status_action, "why", why, TEXT, .form = FORM_FREE, .max = 1024),
	{0},
};

const struct field ybcluster_status_fields[] = {
	FIELD(STATUS, "observedGeneration", observed_generation, LONG, .max = INT64_MAX),
	FIELD(STATUS, "phase", phase, TEXT, .form = FORM_FREE, .max = 64),
	FIELD(STATUS, "replicationFactor", replication_factor, INT, .min = 1, .max = 7),
	FIELD(STATUS, "faultTolerance", fault_tolerance, WORD, .words = fault_tolerance_words + 1),
	FIELD(STATUS, "version", version, TEXT, .form = FORM_VERSION),
	NESTED("nodes", nodes_fields),
	FIELD(STATUS, "selector", selector, TEXT, .form = FORM_FREE, .max = 1024),
	LIST(STATUS, "endpoints", endpoints, endpoint_count, OBJECTS, .fields = endpoint_fields, .max = 10),
	NESTED("rootCA", root_ca_fields),
	NESTED("certificates", certificates_fields),
	NESTED("allowList", allow_list_fields),
	NESTED("operation", operation_fields),
	LIST(STATUS, "plan", plan, plan_count, OBJECTS, .fields = action_fields, .max = 500),
	LIST(STATUS, "conditions", conditions, condition_count, OBJECTS, .fields = condition_fields, .max = 30),
	{0},
};
