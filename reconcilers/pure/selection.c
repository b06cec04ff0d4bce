#include "pure/selection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/pod_name.h"

static bool in_values(const json_t *values, const char *value) {
	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *one = json_string_value(json_array_get(values, i));
		if (one && strcmp(one, value) == 0) {
			return true;
		}
	}
	return false;
}

static bool expression_matches(const json_t *expression, const json_t *labels) {
	const char *key = json_text_or(expression, "key", ""), *operator= json_text_or(expression, "operator", "");
	const char *value = json_string_value(json_object_get(labels, key));
	json_t *values = json_get(expression, "values");
	if (strcmp(operator, "In") == 0) {
		return value && in_values(values, value);
	}
	if (strcmp(operator, "NotIn") == 0) {
		return !value || !in_values(values, value);
	}
	if (strcmp(operator, "DoesNotExist") == 0) {
		return !value;
	}
	return strcmp(operator, "Exists") != 0 || value;
}

bool selector_matches(const json_t *selector, const json_t *labels) {
	const char *key;
	json_t *value;
	json_object_foreach(json_get(selector, "matchLabels"), key, value) {
		const char *has = json_string_value(json_object_get(labels, key));
		if (json_is_string(value) && (!has || strcmp(has, json_string_value(value)) != 0)) {
			return false;
		}
	}
	json_t *expressions = json_get(selector, "matchExpressions");
	for (size_t i = 0; i < json_array_size(expressions); i++) {
		if (!expression_matches(json_array_get(expressions, i), labels)) {
			return false;
		}
	}
	return true;
}

/* Labels that others put on our pods (the StatefulSets' controller; PodTopologyLabels, on by default since 1.35): their
 * values are theirs, so a selector on one of them counts as matching. */
static const char *const others_labels[] = {
	"controller-revision-hash", "pod-template-hash", "topology.kubernetes.io/zone", "topology.kubernetes.io/region"};

static bool is_others(const char *label) {
	bool any = false;
	for (size_t i = 0; i < sizeof others_labels / sizeof *others_labels; i++) {
		any = any || strcmp(label, others_labels[i]) == 0;
	}
	return any;
}

static json_t *without_others(const json_t *selector) {
	json_t *copy = selector ? json_deep_copy(selector) : json_object();
	for (size_t i = 0; i < sizeof others_labels / sizeof *others_labels; i++) {
		json_object_del(json_get(copy, "matchLabels"), others_labels[i]);
	}
	json_t *expressions = json_get(copy, "matchExpressions");
	for (size_t i = json_array_size(expressions); i-- > 0;) {
		if (is_others(json_text_or(json_array_get(expressions, i), "key", ""))) {
			json_array_remove(expressions, i);
		}
	}
	return copy;
}

bool selected_by_ours(
	struct arena *arena, const struct ybcluster *cluster, const char *component, const json_t *labels) {
	const char *key;
	json_t *value;
	bool all = str_equal(json_string_value(json_object_get(labels, LABEL_MANAGED_BY)), OPERATOR_NAME);
	json_t *ours = selector_of(arena, cluster, component); /* the macro looks at it each time */
	json_object_foreach(ours, key, value) {
		all = all && json_equal(json_object_get(labels, key), value);
	}
	return all;
}

/* What its template and the StatefulSets' controller put on the pod of this name. */
static json_t *standard_labels(struct arena *arena, const struct ybcluster *cluster, const char *pod) {
	const char *last = strrchr(pod, '-');
	bool master = str_starts(pod, arena_printf(arena, "%s-%s", cluster->metadata.name, role_name(MASTER)));
	json_t *labels = labels_of(arena, cluster, role_name(master ? MASTER : TSERVER));
	json_object_set_new(labels, "statefulset.kubernetes.io/pod-name", json_string(pod));
	json_object_set_new(labels, "apps.kubernetes.io/pod-index", json_string(last ? last + 1 : ""));
	return labels;
}

/* Takes out what both have, and notes what only the first has as null. */
static json_t *subtract(const json_t *standard, const json_t *live) {
	json_t *beside = json_object(), *value;
	const char *key;
	json_object_foreach((json_t *)(uintptr_t)live, key, value) {
		if (!is_others(key) && !json_equal(value, json_object_get(standard, key))) {
			json_object_set(beside, key, value);
		}
	}
	json_object_foreach((json_t *)(uintptr_t)standard, key, value) {
		if (!json_object_get(live, key)) {
			json_object_set_new(beside, key, json_null());
		}
	}
	return beside;
}

char *labels_beside(const json_t *pod) {
	json_t *live = json_at(pod, "metadata", "labels", NULL);
	const char *cluster = json_string_value(json_object_get(live, LABEL_CLUSTER));
	const char *uid = json_string_value(json_object_get(live, LABEL_CLUSTER_UID));
	if (!cluster || !uid) {
		return NULL;
	}
	struct arena *arena = arena_create();
	struct ybcluster of = {.metadata = {.name = cluster, .uid = uid}};
	json_t *beside =
		arena_own_json(arena, subtract(standard_labels(arena, &of, json_text_or(pod, "metadata.name", "")), live));
	struct str text = {0};
	if (json_object_size(beside)) {
		json_write(&text, beside);
	}
	arena_destroy(arena);
	if (text.length > LABELS_BESIDE_LENGTH || (text.text && strchr(text.text, '|'))) {
		str_done(&text);
		str_adds(&text, LABELS_UNKNOWN);
	}
	return text.length ? str_steal(&text) : NULL;
}

/* As it is now; NULL: that cannot be told. */
static json_t *labels_of_live(struct arena *arena, const struct ybcluster *cluster, const struct child *pod) {
	struct error ignored;
	json_t *labels = standard_labels(arena, cluster, pod->name);
	json_t *beside =
		*pod->labels ? arena_own_json(arena, json_parse(pod->labels, strlen(pod->labels), &ignored)) : NULL;
	if (*pod->labels && !json_is_object(beside)) {
		return NULL;
	}
	json_object_update(labels, beside);
	return labels;
}

/* As its template makes it. */
static json_t *labels_of_new(
	struct arena *arena, const struct ybcluster *cluster, const struct group *group, int ordinal) {
	json_t *labels =
		arena_own_json(arena, cluster->spec.pod.labels ? json_copy(cluster->spec.pod.labels) : json_object());
	json_object_update(labels, standard_labels(arena, cluster, arena_printf(arena, "%s-%d", group->name, ordinal)));
	if (group->zone) {
		json_object_set_new(labels, "yugabyte.com/zone", json_string(group->zone));
	}
	return labels;
}

struct pod_labels labels_of_pods(
	struct arena *arena, const struct ybcluster *cluster, const struct children *children) {
	struct groups groups = groups_of(arena, cluster);
	size_t most = children->count;
	for (size_t i = 0; i < groups.count; i++) {
		most += (size_t)groups.items[i].replicas;
	}
	struct pod_labels pods = {.items = arena_array(arena, json_t *, most + 1)};
	for (size_t i = 0; i < groups.count; i++) {
		for (int j = 0; j < groups.items[i].replicas; j++) {
			pods.items[pods.count++] = labels_of_new(arena, cluster, &groups.items[i], j);
		}
	}
	for (size_t i = 0; i < children->count; i++) {
		if (children->items[i].kind == POD && group_of_pod(&groups, children->items[i].name)) {
			pods.items[pods.count++] = labels_of_live(arena, cluster, &children->items[i]);
		}
	}
	return pods;
}

bool selector_reaches(const struct pod_labels *pods, const json_t *selector) {
	json_t *known = without_others(selector);
	bool reaches = false;
	for (size_t i = 0; !reaches && i < pods->count; i++) {
		reaches = !pods->items[i] || selector_matches(known, pods->items[i]);
	}
	json_decref(known);
	return reaches;
}
