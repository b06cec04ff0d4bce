#include "crds/allowlist.h"

#include "base/json.h"
#include "crds/tables.h"

#define SPEC struct allowlist_spec
#define STATUS struct allowlist_status

static const char *const endpoint_words[] = {"YSQL", NULL};

static const struct field entry_fields[] = {
	FIELD(struct allowlist_entry, "cidr", cidr, TEXT, .form = FORM_FREE, .min = 2, .max = 43, .required = true),
	FIELD(struct allowlist_entry, "description", description, TEXT, .form = FORM_FREE, .max = 256),
	FIELD(struct allowlist_entry, "expiresAt", expires_at, TIME),
	{0},
};

const struct field allowlist_spec_fields[] = {
	FIELD(SPEC, "description", description, TEXT, .form = FORM_FREE, .max = 1024),
	LIST(SPEC, "entries", entries, entry_count, OBJECTS, .fields = entry_fields, .min = 1, .max = ALLOWLIST_RULES_MAX,
		.required = true),
	FIELD(SPEC, "endpoints", ysql, WORDS, .words = endpoint_words, .min = 1, .max = 1, .def = "[\"YSQL\"]"),
	FIELD(SPEC, "allowAll", allow_all, BOOL, .def = "false"),
	{0},
};

const struct field allowlist_status_fields[] = {
	FIELD(STATUS, "observedGeneration", observed_generation, LONG, .max = INT64_MAX),
	FIELD(STATUS, "rules", rules, INT, .max = ALLOWLIST_RULES_MAX),
	LIST(STATUS, "clusters", clusters, cluster_count, TEXTS, .form = FORM_SUBDOMAIN, .max = 1000),
	LIST(STATUS, "conditions", conditions, condition_count, OBJECTS, .fields = condition_fields, .max = 30),
	{0},
};

bool allowlist_check(struct allowlist *list, struct error *err) {
	for (size_t i = 0; i < list->spec.entry_count; i++) {
		struct allowlist_entry *entry = &list->spec.entries[i];
		struct error cause;
		if (!cidr_parse(entry->cidr, &entry->range, &cause)) {
			return fail_because(err, ERR_INVALID, "InvalidSpec", "spec.entries[%zu].cidr: %.300s", i, cause.text);
		}
		if (entry->range.prefix == 0 && !list->spec.allow_all) {
			return fail_because(err, ERR_INVALID, "InvalidSpec",
				"spec.allowAll: must be true for spec.entries[%zu], which lets everybody in", i);
		}
	}
	return true;
}

struct allowlist *allowlist_decode(struct arena *arena, const json_t *object, struct error *err) {
	struct allowlist *list = arena_new(arena, struct allowlist);
	if (!fields_decode(arena, metadata_fields, json_get(object, "metadata"), "metadata", &list->metadata, err) ||
		!fields_decode(arena, allowlist_spec_fields, json_get(object, "spec"), "spec", &list->spec, err) ||
		!fields_decode(arena, allowlist_status_fields, json_get(object, "status"), "status", &list->status, err)) {
		return NULL;
	}
	return allowlist_check(list, err) ? list : NULL;
}

bool allowlist_entry_counts(const struct allowlist_entry *entry, int64_t now) {
	return entry->expires_at == 0 || now < entry->expires_at;
}
