#include "pure/allow.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"

static int compare_ranges(const void *a, const void *b) {
	return cidr_compare(a, b);
}

static size_t sort_unique(struct cidr *ranges, size_t count) {
	if (count == 0) {
		return 0;
	}
	qsort(ranges, count, sizeof *ranges, compare_ranges);
	size_t kept = 1;
	for (size_t i = 1; i < count; i++) {
		if (cidr_compare(&ranges[i], &ranges[kept - 1]) != 0) {
			ranges[kept++] = ranges[i];
		}
	}
	return kept;
}

bool allow_covers(const struct cidr *ranges, size_t count, const struct cidr *range) {
	for (size_t i = 0; i < count; i++) {
		if (cidr_contains(&ranges[i], range)) {
			return true;
		}
	}
	return false;
}

/* The intersection of two sets of ranges, at most as many as both have: of two ranges that overlap one lies in the
 * other. */
static size_t intersect(
	const struct cidr *a, size_t a_count, const struct cidr *b, size_t b_count, struct cidr *result) {
	size_t count = 0;
	for (size_t i = 0; i < a_count; i++) {
		if (allow_covers(b, b_count, &a[i])) {
			result[count++] = a[i];
		}
	}
	for (size_t i = 0; i < b_count; i++) {
		if (allow_covers(a, a_count, &b[i])) {
			result[count++] = b[i];
		}
	}
	return count;
}

static void gather(const struct assigned *lists, size_t count, int64_t now, struct allowed *allowed) {
	for (size_t i = 0; i < count; i++) {
		const struct allowlist *list = lists[i].list;
		for (size_t j = 0; list && list->spec.ysql && j < list->spec.entry_count; j++) {
			const struct allowlist_entry *entry = &list->spec.entries[j];
			if (!allowlist_entry_counts(entry, now)) {
				continue;
			}
			allowed->ranges[allowed->count++] = entry->range;
			if (entry->expires_at && (!allowed->next_expiry || entry->expires_at < allowed->next_expiry)) {
				allowed->next_expiry = entry->expires_at;
			}
		}
	}
	allowed->count = sort_unique(allowed->ranges, allowed->count);
}

static const struct assigned *first_problem(const struct assigned *lists, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (!lists[i].list) {
			return &lists[i];
		}
	}
	return NULL;
}

static void judge(struct arena *arena, const struct assigned *lists, size_t count, struct allowed *allowed) {
	const struct assigned *problem = first_problem(lists, count);
	allowed->whole = !problem && allowed->count <= ALLOWLIST_RULES_MAX;
	if (problem) {
		allowed->reason = "AllowListUnusable";
		allowed->message = arena_printf(arena, "AllowList %s %s", problem->name, problem->problem);
	} else if (!allowed->whole) {
		allowed->reason = "TooManyRules";
		allowed->message =
			arena_printf(arena, "the assigned lists have %zu rules together, %d are the most: assign fewer",
				allowed->count, ALLOWLIST_RULES_MAX);
	} else if (count == 0) {
		allowed->reason = "NoneAssigned";
		allowed->message = "no AllowList is assigned: nobody comes in from outside";
	} else {
		allowed->reason = "Applied";
		allowed->message = arena_printf(arena, "%zu rules of %zu lists", allowed->count, count);
	}
}

struct allowed allow_union(struct arena *arena, const struct assigned *lists, size_t count, const struct cidr *live,
	size_t live_count, bool frozen, int64_t now) {
	size_t most = 0;
	for (size_t i = 0; i < count; i++) {
		most += lists[i].list ? lists[i].list->spec.entry_count : 0;
	}
	struct allowed allowed = {.ranges = arena_array(arena, struct cidr, most)};
	gather(lists, count, now, &allowed);
	judge(arena, lists, count, &allowed);
	if (allowed.whole && !frozen) {
		return allowed;
	}
	struct cidr *both = arena_array(arena, struct cidr, live_count + allowed.count);
	allowed.count = sort_unique(both, intersect(live, live_count, allowed.ranges, allowed.count, both));
	allowed.ranges = both;
	allowed.message = arena_printf(
		arena, "%s; what was open and is still wanted stays open: %zu rules", allowed.message, allowed.count);
	return allowed;
}

/* A foreign range that cannot be read opens nothing of ours. */
static void add(struct cidr *ranges, const char *text, size_t *count) {
	struct error ignored;
	if (text && cidr_parse(text, &ranges[*count], &ignored)) {
		++*count;
	}
}

struct cidr *allow_live(struct arena *arena, const json_t *policy, size_t *count) {
	json_t *from = json_get(policy, "spec.ingress.0.from");
	struct cidr *ranges = arena_array(arena, struct cidr, json_array_size(from));
	*count = 0;
	for (size_t i = 0; i < json_array_size(from); i++) {
		add(ranges, json_text(json_array_get(from, i), "ipBlock.cidr"), count);
	}
	*count = sort_unique(ranges, *count);
	return ranges;
}

struct cidr *allow_sources(struct arena *arena, const json_t *service, size_t *count) {
	json_t *sources = json_get(service, "spec.loadBalancerSourceRanges");
	struct cidr *ranges = arena_array(arena, struct cidr, json_array_size(sources));
	*count = 0;
	for (size_t i = 0; i < json_array_size(sources); i++) {
		const char *text = json_string_value(json_array_get(sources, i));
		if (!str_equal(text, NOWHERE_IPV4) && !str_equal(text, NOWHERE_IPV6)) {
			add(ranges, text, count);
		}
	}
	return ranges;
}

static bool concerns(const struct allowlist *list, const struct cidr *range) {
	for (size_t i = 0; list && i < list->spec.entry_count; i++) {
		const struct cidr *own = &list->spec.entries[i].range;
		if (cidr_contains(own, range) || cidr_contains(range, own)) {
			return true;
		}
	}
	return !list;
}

bool allow_closed(
	const struct cidr *live, size_t count, const struct allowlist *own, const struct cidr *others, size_t other_count) {
	for (size_t i = 0; i < count; i++) {
		if (concerns(own, &live[i]) && !allow_covers(others, other_count, &live[i])) {
			return false;
		}
	}
	return true;
}
