#include "base/cidr.h"

#include "arena_group.h"
#include "testing.h"

static struct cidr range(const char *text) {
	struct cidr cidr = {0};
	struct error err = {0};
	if (!cidr_parse(text, &cidr, &err)) {
		fail_msg("%s: %s", text, err.text);
	}
	return cidr;
}

static void texts_become_canonical(void **state) {
	(void)state;
	static const char *const pairs[][2] = {
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"192.0.2.7", "192.0.2.7/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:DB8:0::/32", "2001:db8::/32"},
		{"2001:db8::1", "2001:db8::1/128"},
		{"::/0", "::/0"},
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct cidr cidr = range(pairs[i][0]);
		assert_string_equal(cidr_format(arena, &cidr), pairs[i][1]);
	}
}

static void nonsense_is_refused_and_touches_nothing(void **state) {
	(void)state;
	static const char *const texts[] = {"", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
		"10.0.0.0/8 ", "10.0.0/8", "010.0.0.1", "10.0.0.0/+8", "2001:db8::/129", "fe80::1%eth0", "::ffff:192.0.2.1",
		"::ffff:0:0/96", "10.0.0.0/8/8", "1.2.3.4.5", "all", "10.0.0.0/4294967304",
		"2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct cidr cidr = {.family = 77};
		struct error err = {0};
		if (cidr_parse(texts[i], &cidr, &err)) {
			fail_msg("'%s' was taken", texts[i]);
		}
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(cidr.family, 77);
	}
}

static void host_bits_are_refused_with_what_was_meant(void **state) {
	(void)state;
	struct cidr cidr;
	struct error err = {0};
	assert_false(cidr_parse("10.1.2.3/8", &cidr, &err));
	assert_non_null(strstr(err.text, "10.0.0.0/8"));
	assert_false(cidr_parse("2001:db8::1/64", &cidr, &err));
	assert_non_null(strstr(err.text, "2001:db8::/64"));
}

static void containment_is_by_address_and_family(void **state) {
	(void)state;
	struct cidr eight = range("10.0.0.0/8"), part = range("10.1.0.0/16"), other = range("11.0.0.0/16");
	struct cidr all4 = range("0.0.0.0/0"), all6 = range("::/0"), odd = range("10.1.0.0/17");
	assert_true(cidr_contains(&eight, &part));
	assert_true(cidr_contains(&eight, &eight));
	assert_false(cidr_contains(&part, &eight));
	assert_false(cidr_contains(&eight, &other));
	assert_true(cidr_contains(&all4, &eight));
	assert_false(cidr_contains(&all6, &eight));
	assert_true(cidr_contains(&part, &odd));
	assert_false(cidr_contains(&odd, &part));
}

static void order_is_family_address_prefix(void **state) {
	(void)state;
	struct cidr a = range("10.0.0.0/8"), b = range("10.0.0.0/16"), c = range("11.0.0.0/8"), d = range("::/0");
	assert_true(cidr_compare(&a, &b) < 0);
	assert_true(cidr_compare(&b, &c) < 0);
	assert_true(cidr_compare(&c, &d) < 0);
	assert_true(cidr_compare(&d, &a) > 0);
	assert_int_equal(cidr_compare(&b, &b), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_become_canonical),
		cmocka_unit_test(nonsense_is_refused_and_touches_nothing),
		cmocka_unit_test(host_bits_are_refused_with_what_was_meant),
		cmocka_unit_test(containment_is_by_address_and_family),
		cmocka_unit_test(order_is_family_address_prefix),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
