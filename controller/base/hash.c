#include "base/hash.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"

struct digest digest_bytes(const void *bytes, size_t length) {
	struct digest digest;
	SHA256(bytes, length, digest.bytes);
	return digest;
}

struct digest digest_json(const json_t *value) {
	cleanup_str struct str text = {0};
	json_write(&text, value);
	return digest_bytes(text.text ? text.text : "", text.length);
}

/* Type and length stand before each value, so that no two values feed the same bytes. */
static void feed_head(struct str *out, json_type type, size_t length) {
	uint64_t head = (uint64_t)length << 8 | (uint64_t)type;
	str_add(out, (const char *)&head, sizeof head);
}

static void feed_value(struct str *out, const json_t *value);

static void feed_object(struct str *out, const json_t *object) {
	const char *key;
	json_t *member;
	feed_head(out, JSON_OBJECT, json_object_size(object));
	json_object_foreach((json_t *)(uintptr_t)object, key, member) {
		str_add(out, key, strlen(key) + 1);
		feed_value(out, member);
	}
}

static void feed_array(struct str *out, const json_t *array) {
	feed_head(out, JSON_ARRAY, json_array_size(array));
	for (size_t i = 0; i < json_array_size(array); i++) {
		feed_value(out, json_array_get(array, i));
	}
}

static void feed_value(struct str *out, const json_t *value) {
	json_int_t integer = json_integer_value(value);
	double real = json_real_value(value);
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		feed_object(out, value);
		return;
	case JSON_ARRAY:
		feed_array(out, value);
		return;
	case JSON_STRING:
		feed_head(out, JSON_STRING, json_string_length(value));
		str_add(out, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		feed_head(out, JSON_INTEGER, sizeof integer);
		str_add(out, (const char *)&integer, sizeof integer);
		return;
	case JSON_REAL:
		feed_head(out, JSON_REAL, sizeof real);
		str_add(out, (const char *)&real, sizeof real);
		return;
	default:
		feed_head(out, json_typeof(value), 0);
	}
}

struct digest digest_value(const json_t *value) {
	cleanup_str struct str bytes = {0};
	feed_value(&bytes, value);
	return digest_bytes(bytes.text, bytes.length);
}

bool digest_equal(const struct digest *a, const struct digest *b) {
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const char *digest_hex(struct arena *arena, const struct digest *digest, size_t count) {
	static const char hex[] = "0123456789abcdef";
	char *text = arena_alloc(arena, 2 * count + 1);
	for (size_t i = 0; i < count && i < sizeof digest->bytes; i++) {
		text[2 * i] = hex[digest->bytes[i] >> 4];
		text[2 * i + 1] = hex[digest->bytes[i] & 15];
	}
	return text;
}

uint64_t hash_more(uint64_t hash, const char *text) {
	for (; *text; text++) {
		hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
	}
	return hash;
}

uint64_t hash_text(const char *text) {
	return hash_more(UINT64_C(14695981039346656037), text);
}

uint64_t file_stamp(const char *path) {
	struct stat file;
	char text[160];
	if (stat(path, &file) != 0) {
		return 0;
	}
	snprintf(text, sizeof text, "%ju %ju %jd.%09ld %jd.%09ld", (uintmax_t)file.st_dev, (uintmax_t)file.st_ino,
		(intmax_t)file.st_mtim.tv_sec, file.st_mtim.tv_nsec, (intmax_t)file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
	return hash_text(text);
}
