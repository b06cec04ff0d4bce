/* SHA-256 digests (FIPS 180-4), by libcrypto. */
#ifndef BASE_HASH_H
#define BASE_HASH_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct digest {
	uint8_t bytes[32];
};

struct digest digest_bytes(const void *bytes, size_t length);
/* Of the compact text with sorted keys: equal values have equal digests. */
struct digest digest_json(const json_t *value);
/* Of the value as it lies in memory, members in their order: several times as fast, for values that the same code has
 * built, and only within one process. */
struct digest digest_value(const json_t *value);
bool digest_equal(const struct digest *a, const struct digest *b);
/* The first `count` bytes in lower-case hexadecimal. */
const char *digest_hex(struct arena *arena, const struct digest *digest, size_t count);

/* FNV-1a, for hash tables and jitter: not for anything that an attacker must not choose. */
uint64_t hash_text(const char *text);
uint64_t hash_more(uint64_t hash, const char *text);
/* Differs once the file was written, replaced, or given other rights. 0: there is none, or it cannot be seen. */
uint64_t file_stamp(const char *path);

#endif
