/* Each form's function says the same as its pattern, for texts that are near the edge of it. */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crds/form.h"

#include <cmocka.h>

#define L63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

static const char *const samples[] = {"", "a", "A", "-", "_", ".", "0", "a-", "-a", "a.", ".a", "a..b", "a.b", "a.1",
	"a.b-c", "a-.b", "a/b", "a/", "/b", "a//b", "a/b/c", "A/b", "a/B_c.d-e", "a/b-", "x.y/z", "x_y", "9x", "x9",
	"2025.1.1.0-b70", "2025.1.1.0", "2025.1.1-b70", "2025.1.1.0-b", "2025.1.1.0-b70x", "2025.1.1.0.0-b7",
	"host:5000/a/b", "host:/a", "host:5000", "host:5000a", "a/b:tag", "a@sha256", "10Gi", "0Gi", "01Gi", "1234567Gi",
	"999999Ti", "10Mi", "10", "Gi", "1h", "1h1m1s", "1s1h", "1m1m", "1hh", "h", "10ms", "23:59", "24:00", "19:60",
	"1:00", "00:00", "29:10", "a:bc", "Ready", "ready", "Not Ready", "R2", "x\n", "\n", "a\nb", "example.com",
	"example.com.", "1.2.3.4", "db.example.1com", "db.example.c-1", "rotate 2", "2026-11-22T10:00:00Z", "use_ssl",
	"Use", "u-s", "a..b/c", "a.b/c", "a-.b/c", "a./c", L63, L63 "a", L63 ".a", L63 "a.a", "a." L63, "a." L63 "a",
	"a/" L63, "a/" L63 "a", L63 "a/a", "a-" L63, "a.b-" L63};

static void compare(enum form_name name, const regex_t *regex, const char *text) {
	bool wanted = regexec(regex, text, 0, NULL, 0) == 0;
	if (forms[name].holds(text) != wanted) {
		fail_msg("'%s' %s %s", text, wanted ? "matches" : "does not match", forms[name].pattern);
	}
}

/* Texts of a few characters at random find what nobody thought of. */
static void compare_random(enum form_name name, const regex_t *regex) {
	static const char letters[] = "aZ09.-_/:bhmsGTi1 ";
	unsigned seed = 1;
	for (int i = 0; i < 20000; i++) {
		char text[12] = "";
		int length = rand_r(&seed) % 11;
		for (int j = 0; j < length; j++) {
			text[j] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
		}
		text[length] = '\0';
		compare(name, regex, text);
	}
}

static void test_patterns(void **state) {
	(void)state;
	size_t compared = 0;
	for (enum form_name name = 0; name < FORM_COUNT; name++) {
		if (!forms[name].pattern || name == FORM_PLAIN) {
			continue; /* POSIX has no \x00 */
		}
		regex_t regex;
		assert_int_equal(regcomp(&regex, forms[name].pattern, REG_EXTENDED | REG_NOSUB), 0);
		for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
			compare(name, &regex, samples[i]);
		}
		compare_random(name, &regex);
		regfree(&regex);
		compared++;
	}
	assert_int_equal(compared, FORM_COUNT - 2);
}

static void test_plain(void **state) {
	(void)state;
	assert_true(forms[FORM_PLAIN].holds("a b\xc3\xa4"));
	assert_true(forms[FORM_PLAIN].holds(""));
	assert_false(forms[FORM_PLAIN].holds("a\tb"));
	assert_false(forms[FORM_PLAIN].holds("a\n"));
	assert_false(forms[FORM_PLAIN].holds("\x7f"));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_patterns), cmocka_unit_test(test_plain)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
