#include "run/held.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/str.h"

static bool note_and_keep_b(void *context, const char *key) {
	str_adds(context, key);
	return key[0] != 'b';
}

static void a_key_is_held_once_and_let_go_alone(void **state) {
	(void)state;
	static const char *const keys[] = {"c", "a", "b", "c", "a", "d", "b"};
	struct held held = {0};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		held_add(&held, keys[i]);
	}
	cleanup_str struct str seen = {0};
	held_release(&held, note_and_keep_b, &seen);
	assert_string_equal(seen.text, "abcd");
	held_add(&held, "a");
	held_release(&held, note_and_keep_b, &seen);
	assert_string_equal(seen.text, "abcdab");
	assert_int_equal(held.count, 1);
	held_done(&held);
}

static void many_are_held_in_order(void **state) {
	(void)state;
	struct held held = {0};
	char key[16];
	for (unsigned i = 0; i < 3000; i++) {
		snprintf(key, sizeof key, "%04u", i * 7919 % 1000);
		held_add(&held, key);
	}
	assert_int_equal(held.count, 1000);
	for (size_t i = 1; i < held.count; i++) {
		assert_true(strcmp(held.keys[i - 1], held.keys[i]) < 0);
	}
	held_done(&held);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_held_once_and_let_go_alone),
		cmocka_unit_test(many_are_held_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
