#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "kube/backoff.h"

static void it_doubles_up_to_thirty_seconds(void **state) {
	(void)state;
	static const double most[] = {0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30, 30};
	struct backoff backoff = {0}, zero = {0};
	for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
		double seconds = backoff_next(&backoff, 0.999999, 0);
		assert_true(seconds > most[i] * 0.99 && seconds <= most[i]);
		assert_true(backoff_next(&zero, 0, 0) < 0.000001);
	}
	for (int i = 0; i < 100000; i++) {
		assert_true(backoff_next(&backoff, 0.5, 0) < 15.001);
	}
}

static void what_the_server_asks_for_is_kept(void **state) {
	(void)state;
	struct backoff backoff = {0};
	double seconds = backoff_next(&backoff, 0.5, 7);
	assert_true(seconds > 7.399 && seconds < 7.401);
}

static void health_forgives(void **state) {
	(void)state;
	struct backoff backoff = {0};
	backoff_next(&backoff, 0, 0);
	backoff_next(&backoff, 0, 0);
	backoff_lasted(&backoff, 119);
	assert_int_equal(backoff.failures, 2);
	backoff_lasted(&backoff, 120);
	assert_int_equal(backoff.failures, 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_doubles_up_to_thirty_seconds),
		cmocka_unit_test(what_the_server_asks_for_is_kept),
		cmocka_unit_test(health_forgives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
