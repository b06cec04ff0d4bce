#include "base/base64.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <string.h>

const char *base64_encode(struct arena *arena, const void *bytes, size_t length) {
	char *text = arena_alloc(arena, (length + 2) / 3 * 4 + 1);
	EVP_EncodeBlock((unsigned char *)text, bytes, (int)length);
	return text;
}

bool base64_decode(struct str *out, const char *text) {
	size_t length = strlen(text);
	if (length % 4 != 0 || length > INT32_MAX) {
		return false;
	}
	size_t padding = 0;
	while (padding < 2 && padding < length && text[length - 1 - padding] == '=') {
		padding++;
	}
	if (strcspn(text, "=") < length - padding) {
		return false;
	}
	cleanup_str struct str bytes = {.text = xcalloc(1, length + 1), .length = length, .room = length + 1};
	int got = EVP_DecodeBlock((unsigned char *)bytes.text, (const unsigned char *)text, (int)length);
	if (got < 0 || (size_t)got < padding) {
		return false;
	}
	str_add(out, bytes.text, (size_t)got - padding);
	return true;
}
