/* Metrics of one cluster. Its series end with it: an alarm on a certificate of a cluster that is gone would ring for
 * months. */
#include <string.h>

#include "base/json.h"
#include "ybcluster/measure.h"

static const char *const statuses[] = {"True", "False", "Unknown"};
static const char *const types[] = {"Ready", "NodesReady", "CertificatesReady", "AllowListsApplied", "NetworkIsolated",
	"EndpointReady", "Stalled", "Reconciling", "Paused"};
static const char *const numbers[] = {"ybcluster_nodes_ready", "ybcluster_nodes_desired",
	"ybcluster_certificate_not_after_seconds", "ybcluster_allow_list_rules"};

static const char *identity(struct work *work) {
	return arena_printf(work->arena, "namespace=\"%s\",name=\"%s\"", work->pass->namespace, work->pass->name);
}

static const char *condition_labels(struct work *work, const char *type, const char *status) {
	return arena_printf(work->arena, "%s,type=\"%s\",status=\"%s\"", identity(work), type, status);
}

/* NULL: the status has no condition of this type. */
static const char *status_of(const json_t *status, const char *type) {
	json_t *conditions = json_get(status, "conditions");
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		json_t *condition = json_array_get(conditions, i);
		if (strcmp(json_text_or(condition, "type", ""), type) == 0) {
			return json_text(condition, "status");
		}
	}
	return NULL;
}

static void measure_conditions(struct work *work, const json_t *status) {
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const char *is = status_of(status, types[i]);
		for (size_t j = 0; j < sizeof statuses / sizeof *statuses; j++) {
			const char *labels = condition_labels(work, types[i], statuses[j]);
			if (is) {
				metrics_set(work->world->metrics, "ybcluster_condition", labels, strcmp(is, statuses[j]) == 0);
			} else {
				metrics_drop(work->world->metrics, "ybcluster_condition", labels);
			}
		}
	}
}

void measure(struct work *work, const json_t *status) {
	const struct observed *observed = &work->observed;
	const double values[] = {observed->tservers.ready, observed->tservers.desired,
		(double)observed->certificates_not_after, observed->allowed ? (double)observed->allowed->count : 0};
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		/* An end that is not known is no end in 1970. */
		if (values[i] > 0 || strcmp(numbers[i], "ybcluster_certificate_not_after_seconds") != 0) {
			metrics_set(work->world->metrics, numbers[i], identity(work), values[i]);
		}
	}
	measure_conditions(work, status);
}

void measure_drift(struct work *work, enum child_kind kind) {
	metrics_add(work->world->metrics, "ybcluster_drift_reverted_total",
		arena_printf(work->arena, "kind=\"%s\"", child_kind_name(kind)), 1);
}

void measure_end(struct work *work) {
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		metrics_drop(work->world->metrics, numbers[i], identity(work));
	}
	measure_conditions(work, NULL);
}
