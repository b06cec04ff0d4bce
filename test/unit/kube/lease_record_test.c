#include "kube/lease_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/json.h"
#include "kube/lease.h"

static const struct microtime moment = {"2026-11-22T10:00:00.123456Z"};

static json_t *lease_of(const char *holder, const char *renewed, int seconds) {
	return json_pack("{s:{s:s,s:s,s:{s:s}},s:{s:s,s:s,s:i,s:i,s:s}}", "metadata", "uid", "u", "resourceVersion", "7",
		"labels", "a", "b", "spec", "holderIdentity", holder, "renewTime", renewed, "leaseDurationSeconds", seconds,
		"leaseTransitions", 3, "acquireTime", "then");
}

static void test_microtime_has_six_digits(void **state) {
	(void)state;
	assert_string_equal(microtime_of((struct timespec){1795428000, 7000}).text, "2026-11-23T10:00:00.000007Z");
	assert_string_equal(microtime_of((struct timespec){0, 999999999}).text, "1970-01-01T00:00:00.999999Z");
}

static void test_none_is_made(void **state) {
	(void)state;
	struct lease_view view = {0};
	lease_see(&view, NULL, 0);
	assert_int_equal(lease_decide(&view, "me", 0), LEASE_CREATE);
	json_t *body = lease_body(&view, "ns", "n", "me", LEASE_CREATE, moment);
	assert_string_equal(json_text(body, "spec.renewTime"), moment.text);
	assert_string_equal(json_text(body, "spec.acquireTime"), moment.text);
	assert_string_equal(json_text(body, "metadata.name"), "n");
	assert_int_equal(json_int(body, "spec.leaseDurationSeconds", 0), 15);
	assert_int_equal(json_int(body, "spec.leaseTransitions", -1), 0);
	assert_null(json_get(body, "metadata.resourceVersion"));
	json_decref(body);
}

static void test_anothers_is_left_until_it_was_silent_here(void **state) {
	(void)state;
	struct lease_view view = {0};
	/* Its clock may be anywhere: only what was seen here counts. */
	lease_see(&view, lease_of("other", "1999-01-01T00:00:00.000000Z", 15), SECONDS(100));
	assert_int_equal(lease_decide(&view, "me", SECONDS(100)), LEASE_WAIT);
	assert_int_equal(lease_decide(&view, "me", SECONDS(114.9)), LEASE_WAIT);
	assert_int_equal(lease_decide(&view, "me", SECONDS(115)), LEASE_TAKE);
	lease_see(&view, lease_of("other", "1999-01-01T00:00:00.000000Z", 15), SECONDS(114));
	assert_int_equal(lease_decide(&view, "me", SECONDS(115)), LEASE_TAKE);
	lease_see(&view, lease_of("other", "1999-01-01T00:00:02.000000Z", 15), SECONDS(116));
	assert_int_equal(lease_decide(&view, "me", SECONDS(130)), LEASE_WAIT);
	assert_int_equal(lease_decide(&view, "me", SECONDS(131)), LEASE_TAKE);
	lease_view_done(&view);
}

static void test_a_label_is_no_sign_of_life(void **state) {
	(void)state;
	struct lease_view view = {0};
	lease_see(&view, lease_of("other", "t", 15), 0);
	json_t *labelled = lease_of("other", "t", 15);
	json_put(labelled, "metadata.resourceVersion", json_string("8"));
	lease_see(&view, labelled, SECONDS(10));
	assert_int_equal(lease_decide(&view, "me", SECONDS(15)), LEASE_TAKE);
	lease_view_done(&view);
}

static void test_odd_durations_are_not_believed(void **state) {
	(void)state;
	static const int odd[] = {0, -5, 2000000000};
	for (size_t i = 0; i < 3; i++) {
		struct lease_view view = {0};
		lease_see(&view, lease_of("other", "t", odd[i]), 0);
		assert_int_equal(lease_decide(&view, "me", SECONDS(14)), LEASE_WAIT);
		assert_int_equal(lease_decide(&view, "me", SECONDS(15)), LEASE_TAKE);
		lease_view_done(&view);
	}
	struct lease_view longer = {0};
	lease_see(&longer, lease_of("other", "t", 60), 0);
	assert_int_equal(lease_decide(&longer, "me", SECONDS(59)), LEASE_WAIT);
	lease_view_done(&longer);
}

static void test_take_and_renew_write_what_they_should(void **state) {
	(void)state;
	struct lease_view view = {0};
	lease_see(&view, lease_of("", "t", 1), 0);
	assert_int_equal(lease_decide(&view, "me", 0), LEASE_TAKE);
	json_t *taken = lease_body(&view, "ns", "n", "me", LEASE_TAKE, moment);
	assert_int_equal(json_int(taken, "spec.leaseTransitions", 0), 4);
	assert_string_equal(json_text(taken, "spec.acquireTime"), moment.text);
	assert_string_equal(json_text(taken, "metadata.resourceVersion"), "7");
	assert_string_equal(json_text(taken, "metadata.labels.a"), "b");
	assert_string_equal(lease_holder(taken), "me");
	json_put(taken, "spec.acquireTime", json_string("before"));
	lease_see(&view, taken, 1);
	assert_int_equal(lease_decide(&view, "me", SECONDS(1000)), LEASE_RENEW);
	json_t *renewed = lease_body(&view, "ns", "n", "me", LEASE_RENEW, moment);
	assert_int_equal(json_int(renewed, "spec.leaseTransitions", 0), 4);
	assert_string_equal(json_text(renewed, "spec.acquireTime"), "before");
	json_decref(renewed);
	json_t *released = lease_body_released(&view, moment);
	assert_string_equal(lease_holder(released), "");
	assert_string_equal(json_text(released, "metadata.resourceVersion"), "7");
	lease_see(&view, released, 2);
	assert_int_equal(lease_decide(&view, "next", 2), LEASE_TAKE);
	lease_view_done(&view);
}

/* Two containers may have one host's name, and both are process 1. */
static void test_no_two_are_the_same(void **state) {
	(void)state;
	char one[128], other[128], host[65] = "";
	lease_identity(one, sizeof one);
	lease_identity(other, sizeof other);
	assert_string_not_equal(one, other);
	assert_int_equal(gethostname(host, sizeof host - 1), 0);
	assert_memory_equal(one, host, strlen(host));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_microtime_has_six_digits),
		cmocka_unit_test(test_none_is_made),
		cmocka_unit_test(test_anothers_is_left_until_it_was_silent_here),
		cmocka_unit_test(test_a_label_is_no_sign_of_life),
		cmocka_unit_test(test_odd_durations_are_not_believed),
		cmocka_unit_test(test_no_two_are_the_same),
		cmocka_unit_test(test_take_and_renew_write_what_they_should),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
