/* A fuzz target is one LLVMFuzzerTestOneInput(), as libFuzzer calls it (llvm.org/docs/LibFuzzer.html) and as replay.c
 * does with the files of the corpus. It says by property() what must hold whatever the input; a property that does not
 * ends the process. */
#ifndef FUZZ_PROPERTY_H
#define FUZZ_PROPERTY_H
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define property(holds) ((holds) ? (void)0 : property_broken(__FILE__, __LINE__, #holds))

static inline _Noreturn void property_broken(const char *file, int line, const char *text) {
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, text);
	abort();
}

#endif
