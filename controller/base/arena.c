#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 32 * 1024 };

struct block {
	struct block *next;
	size_t size, used; /* zero beyond `used` */
	alignas(max_align_t) unsigned char bytes[];
};

struct owned {
	struct owned *next;
	json_t *value;
};

struct arena {
	struct block *blocks; /* the newest first: only it has room */
	struct owned *owned;
};

void *xmalloc(size_t size) {
	void *memory = malloc(size ? size : 1);
	if (!memory) {
		abort();
	}
	return memory;
}

void *xcalloc(size_t count, size_t size) {
	void *memory = calloc(count ? count : 1, size ? size : 1);
	if (!memory) {
		abort();
	}
	return memory;
}

void *xrealloc(void *memory, size_t size) {
	void *bigger = realloc(memory, size ? size : 1);
	if (!bigger) {
		abort();
	}
	return bigger;
}

char *xstrdup(const char *text) {
	size_t size = strlen(text) + 1;
	return memcpy(xmalloc(size), text, size);
}

char *xstrndup(const char *text, size_t most) {
	size_t length = strnlen(text, most);
	char *copy = memcpy(xmalloc(length + 1), text, length);
	copy[length] = '\0';
	return copy;
}

static struct block *block_create(size_t size) {
	struct block *block = xcalloc(1, sizeof *block + size);
	block->size = size;
	return block;
}

struct arena *arena_create(void) {
	struct arena *arena = xcalloc(1, sizeof *arena);
	arena->blocks = block_create(BLOCK);
	return arena;
}

/* Keys and passwords pass through arenas. */
static void block_wipe(struct block *block) {
	explicit_bzero(block->bytes, block->used);
	block->used = 0;
}

static void release_json(struct arena *arena) {
	for (struct owned *owned = arena->owned; owned; owned = owned->next) {
		json_decref(owned->value);
	}
	arena->owned = NULL;
}

void arena_reset(struct arena *arena) {
	release_json(arena);
	struct block *first = NULL;
	for (struct block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		block_wipe(block);
		if (!first && block->size == BLOCK) {
			first = block;
		} else {
			free(block);
		}
	}
	arena->blocks = first ? first : block_create(BLOCK);
	arena->blocks->next = NULL;
}

void arena_destroy(struct arena *arena) {
	if (!arena) {
		return;
	}
	release_json(arena);
	for (struct block *block = arena->blocks, *next; block; block = next) {
		next = block->next;
		block_wipe(block);
		free(block);
	}
	free(arena);
}

void *arena_alloc(struct arena *arena, size_t size) {
	const size_t align = alignof(max_align_t);
	if (size > SIZE_MAX / 2) {
		abort();
	}
	size = (size + align - 1) & ~(align - 1);
	struct block *block = arena->blocks;
	if (block->size - block->used < size) {
		block = block_create(size > BLOCK ? size : BLOCK);
		block->next = arena->blocks;
		arena->blocks = block;
	}
	void *memory = block->bytes + block->used;
	block->used += size;
	return memory;
}

char *arena_strndup(struct arena *arena, const char *text, size_t length) {
	char *copy = arena_alloc(arena, length + 1);
	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text) {
	return arena_strndup(arena, text, strlen(text));
}

char *arena_printf(struct arena *arena, const char *format, ...) {
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		abort();
	}
	char *text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

json_t *arena_own_json(struct arena *arena, json_t *value) {
	if (value) {
		struct owned *owned = arena_new(arena, struct owned);
		*owned = (struct owned){arena->owned, value};
		arena->owned = owned;
	}
	return value;
}
