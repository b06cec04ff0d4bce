/* The fuzzer's bytes as a row of choices; when they are used up, every further one is 0. */
#ifndef FUZZ_BYTES_H
#define FUZZ_BYTES_H
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *at;
	size_t left;
};

static inline unsigned next(struct bytes *bytes) {
	if (!bytes->left) {
		return 0;
	}
	bytes->left--;
	return *bytes->at++;
}

#endif
