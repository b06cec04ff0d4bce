#include "base/clock.h"

#include "arena_group.h"
#include "testing.h"

static void times_there_and_back(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int64_t wall;
		const char *again;
	} rows[] = {
		{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z"},
		{"2026-11-22T10:00:00Z", 1795341600, "2026-11-22T10:00:00Z"},
		{"2026-11-22t10:00:00z", 1795341600, "2026-11-22T10:00:00Z"},
		{"2026-11-22T10:00:00.999999Z", 1795341600, "2026-11-22T10:00:00Z"},
		{"2026-11-22T12:30:00+02:30", 1795341600, "2026-11-22T10:00:00Z"},
		{"2026-11-22T09:00:00-01:00", 1795341600, "2026-11-22T10:00:00Z"},
		{"2024-02-29T00:00:00Z", 1709164800, "2024-02-29T00:00:00Z"},
		{"1969-12-31T23:59:59Z", -1, "1969-12-31T23:59:59Z"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t wall = 0;
		struct error err = {0};
		if (!clock_parse(rows[i].text, &wall, &err)) {
			fail_msg("%s: %s", rows[i].text, err.text);
		}
		assert_int_equal(wall, rows[i].wall);
		assert_string_equal(clock_format(arena, wall), rows[i].again);
	}
}

static void no_times(void **state) {
	(void)state;
	static const char *const texts[] = {"", "2026", "2026-11-22", "2026-11-22 10:00:00Z", "2026-11-22T10:00:00",
		"2026-13-22T10:00:00Z", "2026-00-22T10:00:00Z", "2026-11-32T10:00:00Z", "2026-11-22T24:00:00Z",
		"2026-11-22T10:60:00Z", "2026-11-22T10:00:00+24:00", "2026-11-22T10:00:00+0200", "2026-11-22T10:00:00Zx",
		"2026-11-22T10:00Z", "26-11-22T10:00:00Z", "tomorrow"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t wall = 77;
		struct error err = {0};
		if (clock_parse(texts[i], &wall, &err)) {
			fail_msg("'%s' was taken", texts[i]);
		}
		assert_int_equal(wall, 77);
		assert_int_equal(err.kind, ERR_INVALID);
	}
}

static void durations(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = {{"0s", 0}, {"10s", 10}, {"1h30m", 5400}, {"2160h", 7776000}, {"1h1m1s", 3661}, {"90m", 5400}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t seconds = -1;
		struct error err = {0};
		if (!duration_parse(rows[i].text, &seconds, &err)) {
			fail_msg("%s", err.text);
		}
		assert_int_equal(seconds, rows[i].seconds);
	}
	static const char *const wrong[] = {"", "10", "h", "-1h", "1d", "1h ", "500ms", "10us", "1.5h",
		"99999999999999999999h", "9999999h", "1hh", "one hour"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		int64_t seconds = 77;
		struct error err = {0};
		if (duration_parse(wrong[i], &seconds, &err)) {
			fail_msg("'%s' was taken", wrong[i]);
		}
		assert_int_equal(seconds, 77);
	}
}

static void monotonic_does_not_go_back(void **state) {
	(void)state;
	int64_t first = clock_monotonic(), second = clock_monotonic();
	assert_true(first > 0 && second >= first && second - first < SECONDS(60));
	assert_true(clock_wall() > INT64_C(1700000000));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_there_and_back),
		cmocka_unit_test(no_times),
		cmocka_unit_test(durations),
		cmocka_unit_test(monotonic_does_not_go_back),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
