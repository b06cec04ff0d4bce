#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "http/lines.h"

struct seen {
	struct str text; /* the lines, each followed by '|' */
	int stop_after;  /* 0: never */
	int count;
};

static bool note(void *context, const char *line, size_t length, struct error *err) {
	struct seen *seen = context;
	str_add(&seen->text, line, length);
	str_adds(&seen->text, "|");
	if (++seen->count == seen->stop_after) {
		return fail(err, ERR_INVALID, "enough");
	}
	return true;
}

static void check(const char *input, size_t piece, const char *want) {
	struct lines lines = {.limit = 100};
	struct seen seen = {0};
	struct error err;
	for (size_t at = 0, length = strlen(input); at < length; at += piece) {
		size_t part = length - at < piece ? length - at : piece;
		assert_true(lines_feed(&lines, input + at, part, note, &seen, &err));
	}
	assert_string_equal(seen.text.text ? seen.text.text : "", want);
	lines_done(&lines);
	str_done(&seen.text);
}

static void any_cut_gives_the_same_lines(void **state) {
	(void)state;
	for (size_t piece = 1; piece < 20; piece++) {
		check("one\ntwo\r\n\n\r\nthree\n", piece, "one|two|three|");
		check("rest without end", piece, "");
		check("", piece, "");
	}
}

static void an_unfinished_line_is_told(void **state) {
	(void)state;
	struct lines lines = {.limit = 100};
	struct seen seen = {0};
	struct error err = {0};
	assert_true(lines_feed(&lines, "a\n", 2, note, &seen, &err));
	assert_true(lines_end(&lines, &err));
	assert_true(lines_feed(&lines, "b", 1, note, &seen, &err));
	assert_false(lines_end(&lines, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	lines_done(&lines);
	str_done(&seen.text);
}

static void an_endless_line_takes_no_memory(void **state) {
	(void)state;
	struct lines lines = {.limit = 1000};
	struct seen seen = {0};
	struct error err = {0};
	size_t fed = 0;
	while (lines_feed(&lines, "xxxxxxxxxx", 10, note, &seen, &err)) {
		fed += 10;
		assert_true(fed <= 1000);
	}
	assert_int_equal(fed, 1000);
	assert_true(lines.rest.room <= 2048);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	lines_done(&lines);
}

static void a_whole_line_over_the_limit_is_refused_too(void **state) {
	(void)state;
	struct lines lines = {.limit = 3};
	struct seen seen = {0};
	struct error err = {0};
	assert_true(lines_feed(&lines, "abc\n", 4, note, &seen, &err));
	assert_false(lines_feed(&lines, "abcd\n", 5, note, &seen, &err));
	assert_string_equal(seen.text.text, "abc|");
	lines_done(&lines);
	str_done(&seen.text);
}

static void the_reader_may_stop(void **state) {
	(void)state;
	struct lines lines = {.limit = 100};
	struct seen seen = {.stop_after = 2};
	struct error err = {0};
	assert_false(lines_feed(&lines, "a\nb\nc\n", 6, note, &seen, &err));
	assert_string_equal(seen.text.text, "a|b|");
	assert_string_equal(err.text, "enough");
	lines_done(&lines);
	str_done(&seen.text);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same_lines),
		cmocka_unit_test(an_unfinished_line_is_told),
		cmocka_unit_test(an_endless_line_takes_no_memory),
		cmocka_unit_test(a_whole_line_over_the_limit_is_refused_too),
		cmocka_unit_test(the_reader_may_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
