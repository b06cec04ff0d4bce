#include "pure/isolation.h"

#include <stdint.h>
#include <string.h>

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
