#include "pure/refusal.h"
#include "world.h"

#include "arena_group.h"

#define SUCCESS(when)                                                                                                  \
	"{reason: SuccessfulCreate, note: 'create Pod a-0 successful', deprecatedLastTimestamp: '" when "'}"
#define QUOTA "create Pod a-1 failed error: forbidden: exceeded quota: small"
#define FAILED(when, note) "{reason: FailedCreate, note: '" note "', deprecatedLastTimestamp: '" when "'}"
#define SERIES(first, last, note)                                                                                      \
	"{reason: FailedCreate, note: '" note "', eventTime: '" first "', series: {lastObservedTime: '" last "'}}"

static void what_was_refused_last_counts(void **state) {
	(void)state;
	static const struct {
		const char *events, *reason, *note;
	} cases[] = {
		{"[]", NULL, NULL},
		{"[" SUCCESS("2026-11-22T10:00:00Z") "]", NULL, NULL},
		{"[" FAILED("2026-11-22T10:00:00Z", QUOTA) "]", "QuotaExceeded", QUOTA},
		{"[" FAILED("2026-11-22T10:00:00Z", "no such class") "]", "PodsNotCreated", "no such class"},
		/* it was made since */
		{"[" FAILED("2026-11-22T10:00:00Z", QUOTA) ", " SUCCESS("2026-11-22T10:00:01Z") "]", NULL, NULL},
		{"[" SUCCESS("2026-11-22T10:00:01Z") ", " FAILED("2026-11-22T10:00:00Z", QUOTA) "]", NULL, NULL},
		/* its peer was made in the same second, or before */
		{"[" SUCCESS("2026-11-22T10:00:00Z") ", " FAILED("2026-11-22T10:00:00Z", QUOTA) "]", "QuotaExceeded", QUOTA},
		{"[" SUCCESS("2026-11-22T10:00:00.900000Z") ", " FAILED("2026-11-22T10:00:00Z", QUOTA) "]", "QuotaExceeded",
			QUOTA},
		{"[" FAILED("2026-11-22T10:00:07Z", QUOTA) ", " SUCCESS("2026-11-22T10:00:00Z") "]", "QuotaExceeded", QUOTA},
		/* a series counts by its end */
		{"[" SERIES("2026-11-22T09:00:00.000001Z", "2026-11-22T10:00:05.000001Z", "x") ", " SUCCESS(
			 "2026-11-22T10:00:00Z") "]",
			"PodsNotCreated", "x"},
		{"[" SERIES("2026-11-22T09:00:00.000001Z", "2026-11-22T09:00:05.000001Z", "x") ", " SUCCESS(
			 "2026-11-22T10:00:00Z") "]",
			NULL, NULL},
		/* of several always the same one, whichever came last */
		{"[" FAILED("2026-11-22T10:00:05Z", "b") ", " FAILED("2026-11-22T10:00:04Z", "a") "]", "PodsNotCreated", "a"},
		{"[" FAILED("2026-11-22T10:00:04Z", "b") ", " FAILED("2026-11-22T10:00:05Z", "a") "]", "PodsNotCreated", "a"},
		{"[{reason: FailedDelete, note: x, eventTime: '2026-11-22T10:00:05.000001Z'}]", NULL, NULL},
		{"[{reason: 1}, 2, {reason: FailedCreate}]", "PodsNotCreated", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct refusal refusal = refusal_of(yaml(arena, cases[i].events));
		assert_string_equal(refusal.reason ? refusal.reason : "-", cases[i].reason ? cases[i].reason : "-");
		assert_string_equal(refusal.note ? refusal.note : "-", cases[i].note ? cases[i].note : "-");
	}
}

static const char *lacking(struct child *items, size_t count) {
	static const struct group sets[] = {{.name = "a"}, {.name = "b"}};
	struct groups groups = {.items = (struct group *)sets, .count = 2};
	struct children children = {items, count};
	const struct child *set = set_without_pod(arena, &groups, &children);
	return set ? pod_lacking(arena, set, &children) : "-";
}

static void only_a_set_that_was_seen_lacks_pods(void **state) {
	(void)state;
	struct child items[] = {{.kind = STATEFUL_SET, .name = "a", .number = {1, 1}},
		{.kind = STATEFUL_SET, .name = "b", .number = {2, 1}}, {.kind = POD, .name = "a-0"},
		{.kind = POD, .name = "b-0"}, {.kind = POD, .name = "b-1", .deleting = true}};
	assert_string_equal(lacking(items, 5), "-");
	assert_string_equal(lacking(items, 4), "b-1");
	assert_string_equal(lacking(items, 2), "a-0");
	assert_string_equal(lacking(items, 0), "-");
	items[1].number[STATEFUL_SET_OBSERVED] = 0;
	assert_string_equal(lacking(items, 4), "-");
	items[1].number[STATEFUL_SET_OBSERVED] = 1;
	items[1].deleting = true;
	assert_string_equal(lacking(items, 4), "-");
	items[1] = (struct child){.kind = STATEFUL_SET, .name = "b", .number = {0, 1}};
	assert_string_equal(lacking(items, 3), "-");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_refused_last_counts),
		cmocka_unit_test(only_a_set_that_was_seen_lacks_pods),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
