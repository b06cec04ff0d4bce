#include "crds/object.h"

#include <string.h>

#include "crds/tables.h"

#define META struct object_meta

static const char *const condition_status_words[] = {"Unknown", "True", "False", NULL};

const struct field metadata_fields[] = {
	FIELD(META, "name", name, TEXT, .form = FORM_SUBDOMAIN, .required = true),
	FIELD(META, "namespace", namespace, TEXT, .form = FORM_LABEL, .required = true),
	FIELD(META, "uid", uid, TEXT, .form = FORM_TOKEN, .required = true),
	FIELD(META, "resourceVersion", resource_version, TEXT, .form = FORM_TOKEN),
	FIELD(META, "generation", generation, LONG, .max = INT64_MAX),
	FIELD(META, "creationTimestamp", creation_timestamp, TIME),
	FIELD(META, "deletionTimestamp", deletion_timestamp, TIME),
	LIST(META, "finalizers", finalizers, finalizer_count, TEXTS, .form = FORM_QUALIFIED),
	FIELD(META, "annotations", annotations, JSON),
	FIELD(META, "labels", labels, JSON),
	{0},
};

const struct field condition_fields[] = {
	FIELD(struct condition, "type", type, TEXT, .form = FORM_REASON, .required = true),
	FIELD(struct condition, "status", status, ENUM, .words = condition_status_words, .required = true),
	FIELD(struct condition, "reason", reason, TEXT, .form = FORM_REASON, .required = true),
	FIELD(struct condition, "message", message, TEXT, .form = FORM_FREE, .max = 32768, .required = true),
	FIELD(struct condition, "lastTransitionTime", last_transition_time, TIME, .required = true),
	FIELD(struct condition, "observedGeneration", observed_generation, LONG, .max = INT64_MAX),
	{0},
};

const char *object_annotation(const struct object_meta *metadata, const char *key) {
	return json_string_value(json_object_get(metadata->annotations, key));
}

bool object_has_finalizer(const struct object_meta *metadata, const char *finalizer) {
	for (size_t i = 0; i < metadata->finalizer_count; i++) {
		if (strcmp(metadata->finalizers[i], finalizer) == 0) {
			return true;
		}
	}
	return false;
}

const char *condition_status_name(enum condition_status status) {
	return condition_status_words[status];
}

const struct condition *condition_find(const struct condition *conditions, size_t count, const char *type) {
	for (size_t i = 0; i < count; i++) {
		if (strcmp(conditions[i].type, type) == 0) {
			return &conditions[i];
		}
	}
	return NULL;
}
