#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "testing.h"
#undef fail /* ours is base/error.h's */

/* Cut after each byte, what is left is whole characters, and at most one of them is lost. */
static void cuts_leave_whole_characters(void **state) {
	(void)state;
	static const char text[] = "a\xc3\xa9z\xe2\x82\xac\xf0\x9f\x90\x98";
	static const size_t whole[] = {0, 1, 1, 3, 4, 4, 4, 7, 7, 7, 7, 11};
	for (size_t length = 0; length < sizeof whole / sizeof *whole; length++) {
		char cut[sizeof text] = "";
		memcpy(cut, text, length);
		utf8_keep(cut);
		assert_int_equal(strlen(cut), whole[length]);
		assert_memory_equal(cut, text, whole[length]);
	}
}

/* Of a text that was cut and is quoted in another one the rest of a character stands in the middle. */
static void what_is_no_character_goes(void **state) {
	(void)state;
	static const struct {
		const char *text, *kept;
	} cases[] = {
		{"'\xd1' is no time", "'' is no time"},
		{"\xe2\x82 \xc3\xa9\xa9", " \xc3\xa9"},
		{"\xc0\xaf\xe0\x80\xafx", "x"},               /* longer than it must be */
		{"\xed\xa0\x80\xed\x9f\xbf", "\xed\x9f\xbf"}, /* a surrogate, and the last one before them */
		{"\xf4\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
		{"\xff\xfe\xf8z", "z"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[40];
		snprintf(text, sizeof text, "%s", cases[i].text);
		utf8_keep(text);
		assert_string_equal(text, cases[i].kept);
	}
	struct error err;
	fail(&err, ERR_INVALID, "'%.2s' is wrong", "a\xc3\xa9");
	assert_string_equal(err.text, "'a' is wrong");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_leave_whole_characters),
		cmocka_unit_test(what_is_no_character_goes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
