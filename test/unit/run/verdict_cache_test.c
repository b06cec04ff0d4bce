#include "run/verdict_cache.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/clock.h"

static struct digest token(int number) {
	return digest_bytes(&number, sizeof number);
}

static void test_a_permit_lasts_a_minute_and_a_refusal_less(void **state) {
	(void)state;
	struct verdict_cache cache = {0};
	struct digest good = token(1), bad = token(2), lost = token(3);
	assert_int_equal(verdict_find(&cache, &good, 0), VERDICT_NONE);
	verdict_keep(&cache, &good, VERDICT_ALLOWED, SECONDS(100));
	verdict_keep(&cache, &bad, VERDICT_FORBIDDEN, SECONDS(100));
	verdict_keep(&cache, &lost, VERDICT_UNAVAILABLE, SECONDS(100));
	assert_int_equal(verdict_find(&cache, &good, SECONDS(159)), VERDICT_ALLOWED);
	assert_int_equal(verdict_find(&cache, &good, SECONDS(160)), VERDICT_NONE);
	assert_int_equal(verdict_find(&cache, &bad, SECONDS(109)), VERDICT_FORBIDDEN);
	assert_int_equal(verdict_find(&cache, &bad, SECONDS(110)), VERDICT_NONE);
	assert_int_equal(verdict_find(&cache, &lost, SECONDS(102)), VERDICT_NONE);
}

static void test_the_last_answer_counts(void **state) {
	(void)state;
	struct verdict_cache cache = {0};
	struct digest one = token(1);
	verdict_keep(&cache, &one, VERDICT_ALLOWED, 0);
	verdict_keep(&cache, &one, VERDICT_UNAUTHENTICATED, 1);
	assert_int_equal(verdict_find(&cache, &one, 2), VERDICT_UNAUTHENTICATED);
	assert_int_equal(verdict_find(&cache, &one, SECONDS(30)), VERDICT_NONE);
}

static void test_a_flood_of_bad_tokens_does_not_push_out_a_permit(void **state) {
	(void)state;
	struct verdict_cache cache = {0};
	struct digest good = token(0);
	verdict_keep(&cache, &good, VERDICT_ALLOWED, SECONDS(1));
	for (int i = 1; i < 10 * VERDICTS; i++) {
		struct digest bad = token(i);
		verdict_keep(&cache, &bad, VERDICT_UNAUTHENTICATED, SECONDS(2));
		assert_int_equal(verdict_find(&cache, &bad, SECONDS(2)), VERDICT_UNAUTHENTICATED);
	}
	assert_int_equal(verdict_find(&cache, &good, SECONDS(2)), VERDICT_ALLOWED);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_permit_lasts_a_minute_and_a_refusal_less),
		cmocka_unit_test(test_the_last_answer_counts),
		cmocka_unit_test(test_a_flood_of_bad_tokens_does_not_push_out_a_permit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
