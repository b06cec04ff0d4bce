#include "pure/child.h"

#include <string.h>

static const char *const names[CHILD_KINDS] = {
	[SERVICE_ACCOUNT] = "ServiceAccount",
	[CONFIG_MAP] = "ConfigMap",
	[NETWORK_POLICY] = "NetworkPolicy",
	[SECRET] = "Secret",
	[SERVICE] = "Service",
	[POD_DISRUPTION_BUDGET] = "PodDisruptionBudget",
	[STATEFUL_SET] = "StatefulSet",
	[POD] = "Pod",
	[VOLUME_CLAIM] = "PersistentVolumeClaim",
};

struct child *children_find(const struct children *children, enum child_kind kind, const char *name) {
	for (size_t i = 0; i < children->count; i++) {
		if (children->items[i].kind == kind && strcmp(children->items[i].name, name) == 0) {
			return &children->items[i];
		}
	}
	return NULL;
}

struct child *children_pod(struct arena *arena, const struct children *children, const char *set, int ordinal) {
	return children_find(children, POD, arena_printf(arena, "%s-%d", set, ordinal));
}

const char *child_kind_name(enum child_kind kind) {
	return names[kind];
}
