/* Bytes survive the way there and back, and what is decoded has one encoding. */
#include "base/base64.h"

#include <string.h>

#include "../property.h"

static void there_and_back(struct arena *arena, const void *bytes, size_t length) {
	cleanup_str struct str back = {0};
	property(base64_decode(&back, base64_encode(arena, bytes, length)));
	property(back.length == length && (length == 0 || memcmp(back.text, bytes, length) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *arena = arena_create();
	cleanup_str struct str decoded = {0};
	there_and_back(arena, data, size);
	if (base64_decode(&decoded, arena_strndup(arena, (const char *)data, size))) {
		there_and_back(arena, decoded.text ? decoded.text : "", decoded.length);
	}
	arena_destroy(arena);
	return 0;
}
