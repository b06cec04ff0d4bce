#include "pure/isolation.h"

#include <stdint.h>
#include <string.h>

#include "base/json.h"

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

static json_t *without_others(const json_t *selector) {
	json_t *copy = selector ? json_deep_copy(selector) : json_object();
	for (size_t i = 0; i < sizeof others_labels / sizeof *others_labels; i++) {
		json_object_del(json_get(copy, "matchLabels"), others_labels[i]);
	}
	json_t *expressions = json_get(copy, "matchExpressions");
	for (size_t i = json_array_size(expressions); i-- > 0;) {
		const char *key = json_text_or(json_array_get(expressions, i), "key", "");
		for (size_t j = 0; j < sizeof others_labels / sizeof *others_labels; j++) {
			if (strcmp(key, others_labels[j]) == 0) {
				json_array_remove(expressions, i);
				break;
			}
		}
	}
	return copy;
}

static json_t *labels_of_group(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	json_t *labels =
		arena_own_json(arena, cluster->spec.pod.labels ? json_copy(cluster->spec.pod.labels) : json_object());
	json_object_update(labels, labels_of(arena, cluster, role_name(group->role)));
	if (group->zone) {
		json_object_set_new(labels, "yugabyte.com/zone", json_string(group->zone));
	}
	return labels;
}

static json_t *labels_of_pod(struct arena *arena, const json_t *of_group, const char *set, int ordinal) {
	json_t *labels = arena_own_json(arena, json_copy((json_t *)(uintptr_t)of_group));
	json_object_set_new(
		labels, "statefulset.kubernetes.io/pod-name", json_string(arena_printf(arena, "%s-%d", set, ordinal)));
	json_object_set_new(labels, "apps.kubernetes.io/pod-index", json_string(arena_printf(arena, "%d", ordinal)));
	return labels;
}

struct pod_labels labels_of_pods(struct arena *arena, const struct ybcluster *cluster) {
	struct groups groups = groups_of(arena, cluster);
	size_t most = 0;
	for (size_t i = 0; i < groups.count; i++) {
		most += (size_t)groups.items[i].replicas;
	}
	struct pod_labels pods = {.items = arena_array(arena, json_t *, most + 1)};
	for (size_t i = 0; i < groups.count; i++) {
		json_t *labels = labels_of_group(arena, cluster, &groups.items[i]);
		for (int j = 0; j < groups.items[i].replicas; j++) {
			pods.items[pods.count++] = labels_of_pod(arena, labels, groups.items[i].name, j);
		}
	}
	return pods;
}

bool selector_reaches(const struct pod_labels *pods, const json_t *selector) {
	json_t *known = without_others(selector);
	bool reaches = false;
	for (size_t i = 0; !reaches && i < pods->count; i++) {
		reaches = selector_matches(known, pods->items[i]);
	}
	json_decref(known);
	return reaches;
}

struct finding isolation_finding(enum knock granted, enum knock ungranted) {
	static const struct finding findings[] = {
		{"NetworkIsolated", CONDITION_TRUE, "Enforced",
			"no foreign policy adds to the operator's; from its pod port 9100 of a tserver, which no policy grants, "
			"stayed silent, and port 9000, which one grants, answered"},
		{"NetworkIsolated", CONDITION_FALSE, "NotEnforced",
			"port 9100 of a tserver answered the operator's pod, to which no policy grants it: this cluster's network "
			"does not enforce NetworkPolicies"},
		{"NetworkIsolated", CONDITION_UNKNOWN, "EnforcementNotProbed",
			"port 9100 of a tserver refused the operator's pod: nobody listens there, or the network refuses instead "
			"of dropping; which of them cannot be told"},
		{"NetworkIsolated", CONDITION_UNKNOWN, "EnforcementNotProbed",
			"port 9100 of a tserver stayed silent, but so did port 9000, or refused, which a policy grants to the "
			"operator's pod: the tserver was not reached at all"},
	};
	switch (ungranted) {
	case KNOCK_ANSWERED:
		return findings[1];
	case KNOCK_SILENT:
		return granted == KNOCK_ANSWERED ? findings[0] : findings[3];
	case KNOCK_NONE:
	case KNOCK_REFUSED:
		break;
	}
	return findings[2];
}

static bool can_be_reached(const struct child *pod) {
	static const uint8_t nowhere[16];
	return pod && !pod->deleting && pod->number[POD_READY] && pod->mark && memcmp(pod->mark, nowhere, 16) != 0;
}

const struct child *isolation_target(
	struct arena *arena, const struct groups *groups, const struct children *children, int64_t round) {
	size_t count = 0;
	const struct child **pods = arena_array(arena, const struct child *, children->count + 1);
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		for (int j = 0; group->role == TSERVER && j < group->replicas; j++) {
			const struct child *pod = children_pod(arena, children, group->name, j);
			if (can_be_reached(pod)) {
				pods[count++] = pod;
			}
		}
	}
	return count ? pods[(size_t)round % count] : NULL;
}

const char *isolation_intrusion(struct arena *arena, const struct children *children) {
	const struct child *first = NULL;
	int count = 0;
	for (size_t i = 0; i < children->count; i++) {
		const struct child *pod = &children->items[i];
		if (pod->kind == POD && *pod->intruders) {
			first = first && strcmp(first->name, pod->name) < 0 ? first : pod;
			count++;
		}
	}
	if (!first) {
		return NULL;
	}
	const char *others = count > 1 ? arena_printf(arena, " (such pods beside it: %d)", count - 1) : "";
	return arena_printf(arena,
		"pod %s: %s%s. No template of the operator's has that: a new pod might get it again, so none was replaced. "
		"Take away what puts it there, a mutating webhook or policy perhaps, then restart the pods "
		"(annotation " ANNOTATION_RESTART ")",
		first->name, first->intruders, others);
}
