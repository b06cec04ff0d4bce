/* The head of a line is read as the API server writes it, and nothing else is taken for one. */
#include "kube/event_head.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#include <cmocka.h>

/* Of a real line; without a terminating zero, so that ASan sees a step too far. */
static bool read_exact(struct event_head *head, const char *line, size_t length) {
	char *exact = memcpy(xmalloc(length), line, length);
	bool ok = event_head_read(head, exact, length);
	free(exact);
	return ok;
}

static bool read_line(struct event_head *head, const char *line) {
	return read_exact(head, line, strlen(line));
}

#define BEGIN(type) "{\"type\":\"" type "\",\"object\":{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":{"
#define IDENTITY "\"name\":\"c-admin\",\"namespace\":\"shop\",\"uid\":\"4f-1\",\"resourceVersion\":\"812\""

static void a_line_of_the_api_server(void **state) {
	(void)state;
	struct event_head head;
	assert_true(read_line(&head, BEGIN("MODIFIED") IDENTITY ",\"labels\":{}}}}"));
	assert_string_equal(head.name, "c-admin");
	assert_string_equal(head.namespace, "shop");
	assert_string_equal(head.uid, "4f-1");
	assert_int_equal(head.version, 812);
	assert_true(
		read_line(&head, BEGIN("ADDED") "\"name\":\"p-0\",\"generateName\":\"p-\",\"namespace\":\"shop\",\"uid\":\"u\","
										"\"resourceVersion\":\"7\"}}}"));
	assert_string_equal(head.name, "p-0");
}

/* What an annotation says can never stand for the object's own version. */
static void any_other_form_is_left_to_the_parser(void **state) {
	(void)state;
	static const char *const lines[] = {
		"",
		BEGIN("DELETED") IDENTITY "}}}",
		BEGIN("BOOKMARK") IDENTITY "}}}",
		BEGIN("ADDED") "\"annotations\":{" IDENTITY "}}}}",
		BEGIN("ADDED") "\"name\":\"c\\u0061\",\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"7\"}}}",
		BEGIN("ADDED") "\"name\":\"c\",\"namespace\":\"shop\",\"uid\":\"u\",\"labels\":{\"resourceVersion\":\"7\"}}}}",
		BEGIN("ADDED") "\"name\":\"c\",\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"0\"}}}",
		BEGIN("ADDED") "\"name\":\"c\",\"namespace\":\"shop\",\"uid\":\"u\",\"resourceVersion\":\"7x\"}}}",
		BEGIN("ADDED") "\"name\":\"c\",\"namespace\":\"\",\"uid\":\"u\",\"resourceVersion\":\"7\"}}}",
		"{\"object\":{},\"type\":\"ADDED\"}",
	};
	struct event_head head;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_false(read_line(&head, lines[i]));
	}
}

static void a_line_that_was_cut_is_none(void **state) {
	(void)state;
	const char *line = BEGIN("MODIFIED") IDENTITY;
	struct event_head head;
	for (size_t length = 0; length < strlen(line); length++) {
		assert_false(read_exact(&head, line, length));
	}
	char longest[400] = BEGIN("ADDED") "\"name\":\"";
	memset(longest + strlen(longest), 'x', 300);
	assert_false(read_line(&head, longest));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_of_the_api_server),
		cmocka_unit_test(any_other_form_is_left_to_the_parser),
		cmocka_unit_test(a_line_that_was_cut_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
