/* An arena: memory whose lifetime is a scope (one reconcile, one request). Nothing in it is freed one by one.
 * Out of memory aborts the process: a restart finishes the work, a half-built answer does not. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

struct arena;

struct arena *arena_create(void);
/* Destroys what the arena owns; NULL is fine. */
void arena_destroy(struct arena *arena);
/* Forgets everything, overwritten, and keeps one block for the next round. */
void arena_reset(struct arena *arena);

/* Zeroed memory, aligned for any type. */
void *arena_alloc(struct arena *arena, size_t size);
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...) printf_like(2, 3);
/* Takes over the caller's reference and returns the value, to be borrowed until the arena is reset. NULL is fine. */
json_t *arena_own_json(struct arena *arena, json_t *value);

#define arena_new(arena, type) ((type *)arena_alloc(arena, sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc(arena, sizeof(type) * (count)))

/* malloc and friends that abort when there is no memory. */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *memory, size_t size);
char *xstrdup(const char *text);
char *xstrndup(const char *text, size_t most);

#endif
