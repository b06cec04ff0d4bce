/* Digests: equal for equal values, different for what differs in type, value or place. */
#include "base/hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct digest of(const char *text, struct digest (*digest)(const json_t *)) {
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);
	assert_non_null(value);
	struct digest result = digest(value);
	json_decref(value);
	return result;
}

static void known_answer(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	struct digest digest = digest_bytes("abc", 3); /* FIPS 180-4's example */
	assert_string_equal(digest_hex(arena, &digest, 8), "ba7816bf8f01cfea");
	digest = of("{\"b\":1,\"a\":[true]}", digest_json);
	struct digest sorted = digest_bytes("{\"a\":[true],\"b\":1}", 18);
	assert_true(digest_equal(&digest, &sorted));
	arena_destroy(arena);
}

static void values_that_differ_have_different_digests(void **state) {
	(void)state;
	static const char *const values[] = {"null", "true", "false", "0", "0.0", "1", "\"\"", "\"1\"", "\"11\"", "[]",
		"{}", "[[]]", "[{}]", "[1]", "[\"1\"]", "[1,1]", "[11]", "[[1],1]", "[[1,1]]", "[\"a\",\"b\"]", "[\"ab\"]",
		"[\"ab\",\"\"]", "{\"a\":\"b\"}", "{\"ab\":\"\"}", "{\"a\":{\"b\":1}}", "{\"a\":{},\"b\":1}",
		"{\"b\":1,\"a\":{}}"};
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		struct digest one = of(values[i], digest_value), again = of(values[i], digest_value);
		assert_true(digest_equal(&one, &again));
		for (size_t j = 0; j < i; j++) {
			struct digest other = of(values[j], digest_value);
			assert_false(digest_equal(&one, &other));
		}
	}
}

/* A key or PIN that was refused is looked at again once its file has another stamp. */
static void a_stamp_tells_of_each_change(void **state) {
	(void)state;
	char path[] = "/tmp/ybc-stamp-XXXXXX";
	int file = mkstemp(path);
	assert_true(file >= 0);
	uint64_t first = file_stamp(path);
	assert_int_not_equal(first, 0);
	assert_int_equal(file_stamp(path), first);
	usleep(20000);
	assert_int_equal(chmod(path, 0), 0);
	uint64_t second = file_stamp(path);
	assert_int_not_equal(second, first);
	usleep(20000);
	assert_int_equal(write(file, "x", 1), 1);
	assert_int_not_equal(file_stamp(path), second);
	close(file);
	unlink(path);
	assert_int_equal(file_stamp(path), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answer),
		cmocka_unit_test(values_that_differ_have_different_digests),
		cmocka_unit_test(a_stamp_tells_of_each_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
