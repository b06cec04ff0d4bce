#include "run/held.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* Where the key is, or belongs. */
static size_t place_of(const struct held *held, const char *key) {
	size_t low = 0, high = held->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(held->keys[middle], key) < 0) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low;
}

void held_add(struct held *held, const char *key) {
	size_t at = place_of(held, key);
	if (at < held->count && !strcmp(held->keys[at], key)) {
		return;
	}
	if (held->count == held->room) {
		held->room = held->room ? 2 * held->room : 64;
		held->keys = xrealloc(held->keys, held->room * sizeof *held->keys);
	}
	memmove(held->keys + at + 1, held->keys + at, (held->count++ - at) * sizeof *held->keys);
	held->keys[at] = xstrdup(key);
}

void held_release(struct held *held, bool (*goes)(void *context, const char *key), void *context) {
	size_t kept = 0;
	for (size_t i = 0; i < held->count; i++) {
		char *key = held->keys[i];
		if (goes(context, key)) {
			free(key);
		} else {
			held->keys[kept++] = key;
		}
	}
	held->count = kept;
}

void held_done(struct held *held) {
	for (size_t i = 0; i < held->count; i++) {
		free(held->keys[i]);
	}
	free(held->keys);
	*held = (struct held){0};
}
