#include "kube/event_series.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

static int set_up(void **state) {
	*state = event_series_create();
	return 0;
}

static int tear_down(void **state) {
	event_series_destroy(*state);
	return 0;
}

static struct event_patch patch;

static enum event_step add(struct event_series *series, const char *what, const char *object, double seconds) {
	struct digest a = digest_bytes(what, strlen(what)), b = digest_bytes(object, strlen(object));
	return event_series_add(series, &a, &b, "ns", what, SECONDS(seconds), (int64_t)(seconds * 1e6), &patch);
}

static void test_same_words_are_one_series(void **state) {
	struct event_series *series = *state;
	int64_t next;
	assert_int_equal(add(series, "w", "o", 0), EVENT_CREATE);
	assert_int_equal(add(series, "w", "o", 1), EVENT_PATCH);
	assert_int_equal(patch.count, 2);
	assert_string_equal(patch.name, "w");
	assert_string_equal(patch.namespace, "ns");
	assert_int_equal(add(series, "w", "o", 2), EVENT_COUNT);
	assert_int_equal(add(series, "other", "o", 2), EVENT_CREATE);
	assert_false(event_series_due(series, SECONDS(30), &patch, &next));
	assert_int_equal(next, SECONDS(31));
	assert_true(event_series_due(series, SECONDS(31), &patch, &next));
	assert_int_equal(patch.count, 3);
	assert_int_equal(patch.last_wall, 2000000);
	assert_false(event_series_due(series, SECONDS(31), &patch, &next));
	assert_int_equal(add(series, "w", "o", 62), EVENT_PATCH);
	assert_int_equal(patch.count, 4);
}

static void test_a_silent_series_ends(void **state) {
	struct event_series *series = *state;
	int64_t next;
	add(series, "w", "o", 0);
	assert_false(event_series_due(series, SECONDS(359), &patch, &next));
	assert_int_equal(next, SECONDS(360));
	assert_int_equal(add(series, "w", "o", 360), EVENT_CREATE);
	assert_false(event_series_due(series, SECONDS(720), &patch, &next));
	assert_int_equal(next, INT64_MAX);
}

static void test_an_object_cannot_flood(void **state) {
	struct event_series *series = *state;
	char what[32];
	for (int i = 0; i < 40; i++) {
		snprintf(what, sizeof what, "w%d", i);
		assert_int_equal(add(series, what, "noisy", 1), i < 25 ? EVENT_CREATE : EVENT_DROP);
	}
	assert_int_equal(add(series, "x", "quiet", 1), EVENT_CREATE);
	assert_int_equal(add(series, "w3", "noisy", 2), EVENT_PATCH); /* known ones still count */
	assert_int_equal(add(series, "y1", "noisy", 300), EVENT_DROP);
	assert_int_equal(add(series, "y2", "noisy", 301), EVENT_CREATE);
	assert_int_equal(add(series, "y3", "noisy", 302), EVENT_DROP);
}

static void test_what_could_not_be_sent_is_new_again(void **state) {
	struct event_series *series = *state;
	add(series, "w", "o", 0);
	struct digest what = digest_bytes("w", 1);
	event_series_forget(series, &what);
	assert_int_equal(add(series, "w", "o", 1), EVENT_CREATE);
}

static void test_tables_are_bounded(void **state) {
	struct event_series *series = *state;
	char what[32];
	for (int i = 0; i < 6000; i++) {
		snprintf(what, sizeof what, "w%d", i);
		assert_int_equal(add(series, what, what, 1 + i * 0.001), EVENT_CREATE);
	}
	assert_int_equal(add(series, "w5999", "w5999", 8), EVENT_PATCH);
	assert_int_equal(add(series, "w0", "w0", 8), EVENT_CREATE); /* pushed out long ago */
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_same_words_are_one_series),
		TEST(test_a_silent_series_ends),
		TEST(test_an_object_cannot_flood),
		TEST(test_what_could_not_be_sent_is_new_again),
		TEST(test_tables_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
