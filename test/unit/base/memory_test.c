/* arena, str, error, hash, base64: what everything else stands on. */
#include <stdalign.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "testing.h"

#undef fail /* cmocka's; here it is base/error.h's */

static void arena_gives_zeroed_aligned_memory_again_and_again(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	for (int round = 0; round < 3; round++) {
		unsigned char *last = NULL;
		for (size_t size = 0; size < 70000; size = size * 2 + 1) {
			unsigned char *memory = arena_alloc(arena, size);
			assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
			assert_ptr_not_equal(memory, last);
			for (size_t i = 0; i < size; i++) {
				assert_int_equal(memory[i], 0);
			}
			memset(memory, 0xaa, size);
			last = size ? memory : last;
		}
		arena_reset(arena);
	}
	arena_destroy(arena);
	arena_destroy(NULL);
}

static void arena_keeps_what_it_was_given(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	const char *first = arena_strdup(arena, "first"), *cut = arena_strndup(arena, "cut off", 3);
	const char *text = arena_printf(arena, "%s-%d-%0*d", "n", 7, 40000, 1);
	for (int i = 0; i < 5000; i++) {
		assert_non_null(arena_printf(arena, "%d", i));
	}
	assert_string_equal(first, "first");
	assert_string_equal(cut, "cut");
	assert_int_equal(strlen(text), 40004);
	json_t *value = json_object();
	json_incref(value);
	assert_ptr_equal(arena_own_json(arena, value), value);
	assert_null(arena_own_json(arena, NULL));
	assert_int_equal(value->refcount, 2);
	arena_reset(arena);
	assert_int_equal(value->refcount, 1);
	json_decref(value);
	arena_destroy(arena);
}

static void strings_grow(void **state) {
	(void)state;
	cleanup_str struct str str = {0};
	for (int i = 0; i < 1000; i++) {
		str_addf(&str, "%03d,", i);
	}
	str_adds(&str, "end");
	str_add(&str, "\0x", 2);
	assert_int_equal(str.length, 4005);
	assert_memory_equal(str.text, "000,001,", 8);
	assert_memory_equal(str.text + 3996, "999,end\0x", 10);
	str_clear(&str);
	assert_string_equal(str.text, "");
	str_adds(&str, "again");
	char *stolen = str_steal(&str);
	assert_string_equal(stolen, "again");
	assert_null(str.text);
	free(stolen);
	stolen = str_steal(&str);
	assert_string_equal(stolen, "");
	free(stolen);
}

static void affixes_and_equality(void **state) {
	(void)state;
	assert_true(str_starts("node.crt", "node."));
	assert_false(str_starts("no", "node"));
	assert_true(str_ends("node.crt", ".crt"));
	assert_false(str_ends("crt", ".crt"));
	assert_true(str_ends("x", ""));
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal("", NULL));
	assert_true(str_equal("a", "a"));
}

static void files_have_a_limit(void **state) {
	(void)state;
	char path[] = "/tmp/base-memory-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	char bytes[10000];
	memset(bytes, 'x', sizeof bytes);
	assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
	close(fd);
	cleanup_str struct str str = {0};
	struct error err = {0};
	assert_true(str_read_file(&str, path, sizeof bytes, &err));
	assert_int_equal(str.length, sizeof bytes);
	assert_int_equal(err.kind, ERR_NONE);
	str_clear(&str);
	assert_false(str_read_file(&str, path, sizeof bytes - 1, &err));
	assert_int_equal(err.kind, ERR_INVALID);
	unlink(path);
	assert_false(str_read_file(&str, path, 1, &err));
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_non_null(strstr(err.text, path));
}

static void errors_carry_kind_reason_and_context(void **state) {
	(void)state;
	struct error err = {.http = 500, .retry_after = 3, .reason = "Old"};
	assert_false(fail(&err, ERR_NOT_FOUND, "no %s", "pod"));
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(err.http, 0);
	assert_string_equal(err.reason, "");
	assert_false(fail_because(&err, ERR_BLOCKED, "NameTaken", "%d is taken", 7));
	assert_string_equal(err.reason, "NameTaken");
	assert_false(fail_in(&err, "cluster %s", "db"));
	assert_string_equal(err.text, "cluster db: 7 is taken");
	assert_string_equal(err.reason, "NameTaken");
	assert_int_equal(err.kind, ERR_BLOCKED);
}

static void errors_are_cut_not_overrun(void **state) {
	(void)state;
	char longer[2000];
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	struct error err = {0};
	assert_false(fail_because(&err, ERR_INVALID, longer, "%s", longer));
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	assert_int_equal(strlen(err.reason), sizeof err.reason - 1);
	assert_false(fail_in(&err, "%s", longer));
	assert_int_equal(strlen(err.text), sizeof err.text - 1);
	for (enum error_kind kind = ERR_NONE; kind <= ERR_INTERNAL; kind++) {
		const char *name = error_kind_name(kind);
		assert_true(name && name[0] >= 'A' && name[0] <= 'Z');
	}
}

static void digests(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	struct digest abc = digest_bytes("abc", 3);
	/* FIPS 180-4's own example */
	assert_string_equal(
		digest_hex(arena, &abc, 32), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(digest_hex(arena, &abc, 2), "ba78");
	json_t *one = arena_own_json(arena, json_pack("{s:i, s:i}", "a", 1, "b", 2));
	json_t *same = arena_own_json(arena, json_pack("{s:i, s:i}", "b", 2, "a", 1));
	json_t *other = arena_own_json(arena, json_pack("{s:i, s:i}", "b", 1, "a", 2));
	struct digest first = digest_json(one), second = digest_json(same), third = digest_json(other);
	assert_true(digest_equal(&first, &second));
	assert_false(digest_equal(&first, &third));
	struct digest written = digest_bytes("{\"a\":1,\"b\":2}", 13);
	assert_true(digest_equal(&first, &written));
	assert_true(hash_more(hash_text("ab"), "c") == hash_text("abc"));
	assert_true(hash_text("ab") != hash_text("ba"));
	arena_destroy(arena);
}

static void base64_there_and_back(void **state) {
	(void)state;
	struct arena *arena = arena_create();
	unsigned char bytes[256];
	for (size_t i = 0; i < sizeof bytes; i++) {
		bytes[i] = (unsigned char)(255 - i);
	}
	for (size_t length = 0; length <= sizeof bytes; length++) {
		const char *text = base64_encode(arena, bytes, length);
		cleanup_str struct str back = {0};
		assert_int_equal(strlen(text), (length + 2) / 3 * 4);
		assert_true(base64_decode(&back, text));
		assert_int_equal(back.length, length);
		assert_memory_equal(back.text, bytes, length);
	}
	assert_string_equal(base64_encode(arena, "foob", 4), "Zm9vYg=="); /* RFC 4648, 10 */
	static const char *const wrong[] = {"Z", "Zm", "Zm9", "Zm9v=", "====", "Z===", "=m9v", "Zm=v", "Zm9v====", "Zm9*",
		"Zm-_", "Zm9vYg==Zm9v", "\xff\xff\xff\xff"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		cleanup_str struct str back = {0};
		assert_false(base64_decode(&back, wrong[i]));
		assert_int_equal(back.length, 0);
	}
	arena_destroy(arena);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_zeroed_aligned_memory_again_and_again),
		cmocka_unit_test(arena_keeps_what_it_was_given),
		cmocka_unit_test(strings_grow),
		cmocka_unit_test(affixes_and_equality),
		cmocka_unit_test(files_have_a_limit),
		cmocka_unit_test(errors_carry_kind_reason_and_context),
		cmocka_unit_test(errors_are_cut_not_overrun),
		cmocka_unit_test(digests),
		cmocka_unit_test(base64_there_and_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
