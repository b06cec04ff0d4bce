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
	const char *key = json_text_or(expression, "key", ""), *operator = json_text_or(expression, "operator", "");
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

bool selector_reaches(struct arena *arena, const struct ybcluster *cluster, const json_t *selector) {
	for (enum role role = MASTER; role <= TSERVER; role++) {
		json_t *labels = cluster->spec.pod.labels ? json_copy(cluster->spec.pod.labels) : json_object();
		json_object_update(labels, labels_of(arena, cluster, role_name(role)));
		bool matches = selector_matches(selector, labels);
		json_decref(labels);
		if (matches) {
			return true;
		}
	}
	return false;
}
