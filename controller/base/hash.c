#include "base/hash.h"

#include <openssl/sha.h>
#include <string.h>

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
