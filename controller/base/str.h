/* A growing string. `struct str s = {0};` is empty; str_done() frees it. The text is always NUL-terminated.
 * Any text may be a secret: what is freed, cleared, or left behind when the text grows, was overwritten. */
#ifndef BASE_STR_H
#define BASE_STR_H
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct str {
	char *text; /* NULL while nothing was added */
	size_t length, room;
};

void str_add(struct str *str, const void *bytes, size_t length);
void str_addf(struct str *str, const char *format, ...) printf_like(2, 3);
void str_adds(struct str *str, const char *text);
/* Keeps the memory, forgets the text. */
void str_clear(struct str *str);
void str_done(struct str *str);
/* The caller's to free, by secret_free() if it is one; never NULL. */
char *str_steal(struct str *str);

#define cleanup_str __attribute__((cleanup(str_done)))

bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/* True when both are NULL or both are equal. */
bool str_equal(const char *a, const char *b);
/* Reads a whole file of at most `limit` bytes. */
must_check bool str_read_file(struct str *str, const char *path, size_t limit, struct error *err);

#endif
