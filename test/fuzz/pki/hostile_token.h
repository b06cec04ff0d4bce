/* A PKCS#11 module whose every answer is taken from the fuzzer's bytes. It writes into no more memory than it was
 * given, since nothing helps against one that does, but it may lie about everything: results, counts, lengths, values.
 * When the bytes are used up it answers success and nothing. */
#ifndef FUZZ_HOSTILE_TOKEN_H
#define FUZZ_HOSTILE_TOKEN_H
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hostile {
	const uint8_t *bytes;
	size_t left;
	bool let_out; /* it last said of a key, properly, that it may leave */
};

extern struct hostile hostile;
extern CK_FUNCTION_LIST hostile_functions;

#endif
