#include "base/secret.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void secret_free(void *memory) {
	if (memory) {
		explicit_bzero(memory, malloc_usable_size(memory));
		free(memory);
	}
}

void *secret_realloc(void *memory, size_t size) {
	void *moved = malloc(size ? size : 1);
	if (moved && memory) {
		size_t old = malloc_usable_size(memory);
		memcpy(moved, memory, old < size ? old : size);
		secret_free(memory);
	}
	return moved;
}
