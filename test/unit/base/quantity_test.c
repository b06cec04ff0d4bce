#include "base/quantity.h"

#include <stdlib.h>

#include "testing.h"

static void values_in_thousandths(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int64_t milli;
	} rows[] = {
		{"0", 0},
		{"1", 1000},
		{"500m", 500},
		{"1.5", 1500},
		{"0.1", 100},
		{".5", 500},
		{"2e3", 2000000},
		{"2E3", 2000000},
		{"1e-3", 1},
		{"10Gi", INT64_C(10737418240000)},
		{"1Ki", 1024000},
		{"1k", 1000000},
		{"1.5Gi", INT64_C(1610612736000)},
		{"-1", -1000},
		{"+1", 1000},
		{"1u", 1}, /* rounded up */
		{"100u", 1},
		/* more digits than a floating-point number keeps */
		{"8572233585280.001", INT64_C(8572233585280001)},
		{"8572233585280000m", INT64_C(8572233585280000)},
		{"-8572233585280001m", INT64_C(-8572233585280001)},
		{"0.00000000000000000000000000000001", 1},
		{"1e-29", 1},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t milli = 0;
		if (!quantity_parse(rows[i].text, &milli)) {
			fail_msg("'%s' was refused", rows[i].text);
		}
		assert_int_equal(milli, rows[i].milli);
	}
}

static void nonsense_is_refused(void **state) {
	(void)state;
	static const char *const texts[] = {"", " ", ".", "-", "Gi", "1 Gi", "1gi", "1GiB", "0x10", "1e", "1e 3", "1e99",
		"nan", "inf", "1..5", "1.5.5", "1_000", "--1", "9223372036854775807", "99999999999999999999Ei",
		"1111111111111111111111111111111111111111111111111111111111111111111111"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t milli;
		if (quantity_parse(texts[i], &milli)) {
			fail_msg("'%s' was taken", texts[i]);
		}
	}
	int64_t milli;
	assert_false(quantity_parse(NULL, &milli));
}

static void amounts_are_texts_or_integers(void **state) {
	(void)state;
	static const struct {
		const char *json;
		bool is;
		int64_t milli;
	} rows[] = {
		{"\"1\"", true, 1000},
		{"\"1000m\"", true, 1000},
		{"1", true, 1000},
		{"-3", true, -3000},
		{"9007199254740992", true, 9007199254740992000},
		{"9223372036854775807", false, 0},
		{"\"x\"", false, 0},
		{"1.5", false, 0},
		{"null", false, 0},
		{"{}", false, 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		json_t *amount = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		int64_t milli;
		assert_non_null(amount);
		assert_int_equal(quantity_read(amount, &milli), rows[i].is);
		assert_true(!rows[i].is || milli == rows[i].milli);
		json_decref(amount);
	}
	int64_t ignored;
	assert_false(quantity_read(NULL, &ignored));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_in_thousandths),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(amounts_are_texts_or_integers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
