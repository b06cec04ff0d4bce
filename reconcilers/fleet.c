#include "reconcilers/fleet.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"

static const char *const statuses[] = {"True", "False", "Unknown"}; /* a mark is the place and one; 0: no condition */
static const char *const types[] = {"Ready", "NodesReady", "CertificatesReady", "AllowListsApplied", "NetworkIsolated",
	"EndpointReady", "Stalled", "Reconciling", "Paused"};
enum { STATUSES = sizeof statuses / sizeof *statuses, TYPES = sizeof types / sizeof *types, UNKNOWN = -1 };
_Static_assert(TYPES <= sizeof((struct summary *)NULL)->mark, "a mark for each type of condition");

static int64_t read_count(const json_t *status, const char *path) {
	return json_int(status, path, UNKNOWN);
}

static int64_t read_time(const json_t *status, const char *path) {
	int64_t wall;
	struct error ignored;
	const char *text = json_text(status, path);
	return text && clock_parse(text, &wall, &ignored) ? wall : UNKNOWN;
}

/* In the order of the summary's numbers. */
static const struct {
	const char *metric, *path;
	int64_t (*read)(const json_t *status, const char *path);
} facts[] = {
	{"ybcluster_nodes_ready", "nodes.ready", read_count},
	{"ybcluster_nodes_desired", "nodes.desired", read_count},
	{"ybcluster_certificate_not_after_seconds", "certificates.notAfter", read_time},
	{"ybcluster_allow_list_rules", "allowList.rules", read_count},
};
enum { FACTS = sizeof facts / sizeof *facts };
_Static_assert(FACTS <= sizeof((struct summary *)NULL)->number / sizeof(int64_t), "a number for each fact");

/* The place of the text, and one; 0: it is none of them. */
static uint8_t place_of(const char *text, const char *const *known, size_t count) {
	for (size_t i = 0; text && i < count; i++) {
		if (strcmp(text, known[i]) == 0) {
			return (uint8_t)(i + 1);
		}
	}
	return 0;
}

void fleet_summarize(const json_t *status, struct summary *summary) {
	for (size_t i = 0; i < FACTS; i++) {
		summary->number[i] = facts[i].read(status, facts[i].path);
	}
	size_t index;
	json_t *condition;
	json_array_foreach(json_object_get(status, "conditions"), index, condition) {
		uint8_t type = place_of(json_text(condition, "type"), types, TYPES);
		if (type) {
			summary->mark[type - 1] = place_of(json_text(condition, "status"), statuses, STATUSES);
		}
	}
}

static const char *identity(struct arena *arena, const struct object *cluster) {
	return arena_printf(arena, "namespace=\"%s\",name=\"%s\"", cluster->namespace, cluster->name);
}

static void sample_conditions(struct samples *samples, struct arena *arena, const struct object *cluster) {
	const char *of = identity(arena, cluster);
	for (size_t type = 0; type < TYPES; type++) {
		for (size_t status = 0; cluster->summary.mark[type] && status < STATUSES; status++) {
			const char *labels = arena_printf(arena, "%s,type=\"%s\",status=\"%s\"", of, types[type], statuses[status]);
			samples_add(samples, labels, cluster->summary.mark[type] == status + 1);
		}
	}
}

static void sample_fact(struct samples *samples, struct arena *arena, const struct object *cluster, size_t fact) {
	if (cluster->summary.number[fact] != UNKNOWN) {
		samples_add(samples, identity(arena, cluster), (double)cluster->summary.number[fact]);
	}
}

static void sample(void *context, const char *metric, struct samples *samples) {
	struct world *world = context;
	size_t fact = 0, count = 0;
	while (fact < FACTS && strcmp(facts[fact].metric, metric) != 0) {
		fact++;
	}
	struct arena *arena = arena_create();
	struct object **clusters =
		atomic_load(&world->reconciling) ? store_all(world->store, arena, &kind_ybcluster, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		if (fact < FACTS) {
			sample_fact(samples, arena, clusters[i], fact);
		} else {
			sample_conditions(samples, arena, clusters[i]);
		}
	}
	arena_destroy(arena);
}

void fleet_export(struct metrics *metrics, struct world *world) {
	metrics_sample(metrics, "ybcluster_condition", sample, world);
	for (size_t i = 0; i < FACTS; i++) {
		metrics_sample(metrics, facts[i].metric, sample, world);
	}
}
