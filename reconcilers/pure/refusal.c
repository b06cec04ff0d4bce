#include "pure/refusal.h"

#include <string.h>

#include "base/json.h"

const char *pod_lacking(struct arena *arena, const struct child *set, const struct children *children) {
	for (int i = 0; i < set->number[STATEFUL_SET_REPLICAS]; i++) {
		if (!children_pod(arena, children, set->name, i)) {
			return arena_printf(arena, "%s-%d", set->name, i);
		}
	}
	return NULL;
}

const struct child *set_without_pod(struct arena *arena, const struct groups *groups, const struct children *children) {
	for (size_t i = 0; i < groups->count; i++) {
		const struct child *set = children_find(children, STATEFUL_SET, groups->items[i].name);
		if (set && !set->deleting && set->number[STATEFUL_SET_OBSERVED] && pod_lacking(arena, set, children)) {
			return set;
		}
	}
	return NULL;
}

/* When it was last seen: a series, a recorder of core/v1, or a single one. RFC 3339 in UTC, so that text compares as
 * time does. */
static const char *last_seen(const json_t *event) {
	static const char *const places[] = {"series.lastObservedTime", "deprecatedLastTimestamp", "eventTime"};
	const char *when = "";
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *one = json_text_or(event, places[i], "");
		when = strcmp(one, when) > 0 ? one : when;
	}
	return when;
}

static bool says(const json_t *event, const char *reason) {
	return strcmp(json_text_or(event, "reason", ""), reason) == 0;
}

struct refusal refusal_of(const json_t *events) {
	const char *success = "", *note = NULL;
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		const char *when = last_seen(event);
		success = says(event, "SuccessfulCreate") && strcmp(when, success) > 0 ? when : success;
	}
	/* A second is all that some recorders tell: what is refused in that of a success is refused still. */
	size_t second = strcspn(success, ".Z");
	for (size_t i = 0; i < json_array_size(events); i++) {
		const json_t *event = json_array_get(events, i);
		const char *text = json_text_or(event, "note", "");
		bool counts = says(event, "FailedCreate") && strncmp(last_seen(event), success, second) >= 0;
		note = counts && (!note || strcmp(text, note) < 0) ? text : note;
	}
	return (struct refusal){!note ? NULL : strstr(note, "exceeded quota") ? "QuotaExceeded" : "PodsNotCreated", note};
}
