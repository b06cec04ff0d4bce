#include "crds/ybcluster.h"

#include "base/json.h"
#include "crds/tables.h"

#define SPEC struct ybcluster_spec
#define CLIENT struct ybcluster_client
#define HOURS(n) ((int64_t)(n)*3600)

static const char *const tier_words[] = {"Dedicated", "Sandbox", NULL};
/* Index 0 is "not given", which nobody can write. */
const char *const fault_tolerance_words[] = {"", "None", "Node", "Zone", NULL};
static const char *const desired_state_words[] = {"Running", "Paused", NULL};
static const char *const deletion_policy_words[] = {"Retain", "Delete", NULL};
static const char *const exposure_words[] = {"Cluster", "Internal", "Public", NULL};
static const char *const pull_policy_words[] = {"IfNotPresent", "Always", "Never", NULL};
static const char *const algorithm_words[] = {"ECDSA-P256", "RSA-3072", NULL};
static const char *const selector_words[] = {"In", "NotIn", "Exists", "DoesNotExist", NULL};
static const char *const toleration_words[] = {"Exists", "Equal", NULL};
static const char *const effect_words[] = {"NoSchedule", "PreferNoSchedule", "NoExecute", NULL};
static const char *const tls_version_words[] = {"1.2", "1.3", NULL};
static const char *const day_words[] = {
	"Any", "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", NULL};

/* Kubernetes' own, which go into our objects as they were given: nothing but a check reads these structs. */
struct resources {
	json_t *requests, *limits; /* quantities: ybcluster_check() */
};

struct toleration {
	const char *key, *relation, *value, *effect;
	int64_t seconds;
};

struct expression {
	const char *key, *relation;
	const char **values;
	size_t count;
};

struct selector {
	json_t *labels;
	struct expression *expressions;
	size_t count;
};

static const struct field resources_fields[] = {
	FIELD(struct resources, "requests", requests, JSON),
	FIELD(struct resources, "limits", limits, JSON),
	{0},
};

static const struct field toleration_fields[] = {
	FIELD(struct toleration, "key", key, TEXT, .form = FORM_QUALIFIED),
	FIELD(struct toleration, "operator", relation, WORD, .words = toleration_words),
	FIELD(struct toleration, "value", value, TEXT, .form = FORM_VALUE),
	FIELD(struct toleration, "effect", effect, WORD, .words = effect_words),
	FIELD(struct toleration, "tolerationSeconds", seconds, LONG, .min = 0, .max = INT64_MAX),
	{0},
};

static const struct field expression_fields[] = {
	FIELD(struct expression, "key", key, TEXT, .form = FORM_QUALIFIED, .required = true),
	FIELD(struct expression, "operator", relation, WORD, .words = selector_words, .required = true),
	LIST(struct expression, "values", values, count, TEXTS, .form = FORM_VALUE, .max = 32),
	{0},
};

static const struct field selector_fields[] = {
	FIELD(struct selector, "matchLabels", labels, MAP, .keys = FORM_QUALIFIED, .form = FORM_VALUE, .max = 16),
	LIST(struct selector, "matchExpressions", expressions, count, OBJECTS, .fields = expression_fields, .max = 16),
	{0},
};

static const struct field image_fields[] = {
	FIELD(SPEC, "repository", image.repository, TEXT, .form = FORM_REPOSITORY, .def = "\"yugabytedb/yugabyte\""),
	FIELD(SPEC, "pullPolicy", image.pull_policy, WORD, .words = pull_policy_words, .def = "\"IfNotPresent\""),
	LIST(SPEC, "pullSecrets", image.pull_secrets, image.pull_secret_count, TEXTS, .form = FORM_SUBDOMAIN, .max = 10),
	{0},
};

static const struct field storage_fields[] = {
	FIELD(struct ybcluster_processes, "size", storage.size, TEXT, .form = FORM_SIZE, .def = "\"10Gi\""),
	FIELD(struct ybcluster_processes, "class", storage.class, TEXT, .form = FORM_SUBDOMAIN),
	FIELD(struct ybcluster_processes, "volumes", storage.volumes, INT, .min = 1, .max = 8, .def = "1"),
	{0},
};

static const struct field processes_fields[] = {
	CHECKED(struct ybcluster_processes, "resources", resources, JSON, struct resources, resources_fields),
	NESTED("storage", storage_fields, .def = "{}"),
	FIELD(struct ybcluster_processes, "flags", flags, MAP, .keys = FORM_FLAG, .form = FORM_PLAIN, .max = 100),
	{0},
};

static const struct field pod_fields[] = {
	FIELD(SPEC, "labels", pod.labels, MAP, .keys = FORM_QUALIFIED, .form = FORM_VALUE, .max = 32),
	FIELD(SPEC, "annotations", pod.annotations, MAP, .keys = FORM_QUALIFIED, .form = FORM_PLAIN, .max = 32),
	FIELD(SPEC, "nodeSelector", pod.node_selector, MAP, .keys = FORM_QUALIFIED, .form = FORM_VALUE, .max = 32),
	CHECKED(SPEC, "tolerations", pod.tolerations, JSON_ARRAY, struct toleration, toleration_fields, .max = 32),
	FIELD(SPEC, "priorityClassName", pod.priority_class_name, TEXT, .form = FORM_SUBDOMAIN),
	FIELD(SPEC, "runtimeClassName", pod.runtime_class_name, TEXT, .form = FORM_SUBDOMAIN),
	{0},
};

static const struct field ysql_fields[] = {
	FIELD(SPEC, "port", endpoints.ysql.port, INT, .min = 1024, .max = 65535, .def = "5433"),
	{0},
};

static const struct field endpoints_fields[] = {
	NESTED("ysql", ysql_fields, .def = "{}"),
	FIELD(SPEC, "exposure", endpoints.exposure, ENUM, .words = exposure_words, .def = "\"Cluster\""),
	LIST(SPEC, "hostnames", endpoints.hostnames, endpoints.hostname_count, TEXTS, .form = FORM_HOSTNAME, .max = 20),
	FIELD(SPEC, "annotations", endpoints.annotations, MAP, .keys = FORM_QUALIFIED, .form = FORM_PLAIN, .max = 32),
	{0},
};

static const struct field client_fields[] = {
	CHECKED(CLIENT, "namespaceSelector", namespace_selector, JSON, struct selector, selector_fields),
	CHECKED(CLIENT, "podSelector", pod_selector, JSON, struct selector, selector_fields),
	{0},
};

static const struct field tls_fields[] = {
	FIELD(SPEC, "algorithm", tls.algorithm, ENUM, .words = algorithm_words, .def = "\"ECDSA-P256\""),
	FIELD(SPEC, "duration", tls.duration, DURATION, .min = 600, .max = HOURS(9528), .def = "\"2160h\""),
	FIELD(SPEC, "renewBefore", tls.renew_before, DURATION, .min = 60, .max = HOURS(9528), .def = "\"720h\""),
	FIELD(SPEC, "caDuration", tls.ca_duration, DURATION, .min = HOURS(1), .max = HOURS(87600), .def = "\"26280h\""),
	FIELD(SPEC, "caOverlap", tls.ca_overlap, DURATION, .min = 0, .max = HOURS(2160), .def = "\"168h\""),
	FIELD(SPEC, "minVersion", tls.min_version, WORD, .words = tls_version_words, .def = "\"1.2\""),
	FIELD(SPEC, "rotate", tls.rotate, TEXT, .form = FORM_TOKEN),
	FIELD(SPEC, "rotateCA", tls.rotate_ca, TEXT, .form = FORM_TOKEN),
	{0},
};

static const struct field auth_fields[] = {
	FIELD(SPEC, "adminUser", auth.admin_user, TEXT, .form = FORM_USER, .def = "\"admin\""),
	{0},
};

static const struct field window_fields[] = {
	FIELD(SPEC, "day", maintenance_window.day, ENUM, .words = day_words, .def = "\"Any\""),
	FIELD(SPEC, "start", maintenance_window.start, MINUTE, .form = FORM_MINUTE, .required = true),
	FIELD(SPEC, "duration", maintenance_window.duration, DURATION, .min = HOURS(1), .max = HOURS(24), .def = "\"4h\""),
	{0},
};

const struct field ybcluster_spec_fields[] = {
	FIELD(SPEC, "tier", tier, ENUM, .words = tier_words, .def = "\"Dedicated\""),
	FIELD(SPEC, "version", version, TEXT, .form = FORM_VERSION),
	NESTED("image", image_fields, .def = "{}"),
	FIELD(SPEC, "faultTolerance", fault_tolerance, ENUM, .words = fault_tolerance_words),
	FIELD(SPEC, "faultsToTolerate", faults_to_tolerate, INT, .min = 1, .max = 3, .def = "1"),
	LIST(SPEC, "zones", zones, zone_count, TEXTS, .form = FORM_LABEL, .min = 1, .max = 16),
	FIELD(SPEC, "nodes", nodes, INT, .min = 1, .max = 300, .def = "3"),
	FIELD(SPEC, "desiredState", desired_state, ENUM, .words = desired_state_words, .def = "\"Running\""),
	FIELD(SPEC, "deletionPolicy", deletion_policy, ENUM, .words = deletion_policy_words, .def = "\"Retain\""),
	FIELD(SPEC, "deletionProtection", deletion_protection, BOOL, .def = "false"),
	FIELD(SPEC, "masters", masters, OBJECT, .fields = processes_fields, .def = "{}"),
	FIELD(SPEC, "tservers", tservers, OBJECT, .fields = processes_fields, .def = "{}"),
	NESTED("pod", pod_fields, .def = "{}"),
	NESTED("endpoints", endpoints_fields, .def = "{}"),
	LIST(SPEC, "allowLists", allow_lists, allow_list_count, TEXTS, .form = FORM_SUBDOMAIN, .max = 20),
	LIST(SPEC, "clients", clients, client_count, OBJECTS, .fields = client_fields, .max = 20),
	NESTED("tls", tls_fields, .def = "{}"),
	NESTED("auth", auth_fields, .def = "{}"),
	NESTED("maintenanceWindow", window_fields),
	{0},
};

struct ybcluster *ybcluster_decode(struct arena *arena, const json_t *object, struct error *err) {
	struct ybcluster *cluster = arena_new(arena, struct ybcluster);
	if (!fields_decode(arena, metadata_fields, json_get(object, "metadata"), "metadata", &cluster->metadata, err) ||
		!fields_decode(arena, ybcluster_spec_fields, json_get(object, "spec"), "spec", &cluster->spec, err) ||
		!fields_decode(arena, ybcluster_status_fields, json_get(object, "status"), "status", &cluster->status, err)) {
		return NULL;
	}
	cluster->spec.maintenance_window.given = cluster->spec.maintenance_window.duration > 0;
	return ybcluster_check(cluster, err) ? cluster : NULL;
}

enum fault_tolerance ybcluster_fault_tolerance(const struct ybcluster_spec *spec) {
	if (spec->fault_tolerance != FAULT_TOLERANCE_UNSET) {
		return spec->fault_tolerance;
	}
	return spec->tier == TIER_SANDBOX ? FAULT_TOLERANCE_NONE : FAULT_TOLERANCE_NODE;
}

const char *fault_tolerance_name(enum fault_tolerance value) {
	return fault_tolerance_words[value];
}

int ybcluster_replication_factor(const struct ybcluster_spec *spec) {
	return ybcluster_fault_tolerance(spec) == FAULT_TOLERANCE_NONE ? 1 : 2 * spec->faults_to_tolerate + 1;
}
