/* managedFields are cut out of the text, and nothing else is: what is left means the same to an independent parser. */
#include "kube/managed_fields.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void check(const char *text, const char *wanted) {
	size_t length = strlen(text), left;
	/* Without a terminating zero: reading on behind the end is a fault that ASan sees. */
	char *exact = memcpy(xmalloc(length), text, length);
	char *out = managed_fields_cut(exact, length, &left);
	if (wanted) {
		assert_non_null(out);
		assert_int_equal(left, strlen(wanted));
		assert_memory_equal(out, wanted, left);
	} else {
		assert_null(out);
	}
	managed_fields_free(out, left);
	free(exact);
}

static void wherever_it_stands(void **state) {
	(void)state;
	check("{\"metadata\":{\"name\":\"a\",\"managedFields\":[{\"f\":1}]},\"b\":1}",
		"{\"metadata\":{\"name\":\"a\"},\"b\":1}");
	check("{\"metadata\":{\"managedFields\":[{\"f\":[1,{}]}],\"name\":\"a\"}}", "{\"metadata\":{\"name\":\"a\"}}");
	check("{\"metadata\":{\"managedFields\":[]}}", "{\"metadata\":{}}");
	check("{\"items\":[{\"a\":1,\"managedFields\":[1]},{\"managedFields\":[2],\"b\":2}]}",
		"{\"items\":[{\"a\":1},{\"b\":2}]}");
}

static void brackets_and_quotes_in_strings_do_not_count(void **state) {
	(void)state;
	check("{\"a\":1,\"managedFields\":[\"]\",\"\\\"]\",\"\\\\\"],\"b\":2}", "{\"a\":1,\"b\":2}");
}

static void what_only_looks_like_it_stays(void **state) {
	(void)state;
	check("{\"a\":\"\\\"managedFields\\\":[1]\"}", NULL);
	check("{\"managedFields\":null}", NULL);
	check("{\"managedFields\":{\"a\":[]}}", NULL);
	check("{\"unmanagedFields\":[1]}", NULL);
	/* a key that ends like it */
	check("{\"a\\\"managedFields\":[1]}", NULL);
	check("{\"a\":1, \"managedFields\":[1] ,\"b\":2}", NULL);
	check("{\"managedFields\":[1] ,\"b\":2}", NULL);
	check("", NULL);
}

static void what_does_not_end_is_left_to_the_parser(void **state) {
	(void)state;
	const char *text = "{\"a\":1,\"managedFields\":[{\"b\":\"c\\\"]\"}],\"d\":2}";
	for (size_t length = 0; length < strlen(text); length++) {
		char *cut = strndup(text, length);
		size_t left;
		char *out = managed_fields_cut(cut, length, &left);
		json_t *value = json_loadb(out ? out : cut, out ? left : length, 0, NULL);
		assert_null(value);
		managed_fields_free(out, left);
		free(cut);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wherever_it_stands),
		cmocka_unit_test(brackets_and_quotes_in_strings_do_not_count),
		cmocka_unit_test(what_only_looks_like_it_stays),
		cmocka_unit_test(what_does_not_end_is_left_to_the_parser),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
