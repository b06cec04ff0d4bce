/* Reading JSON values by path, and texts of them. Values are jansson's; getters borrow.
 *
 * A path names object members with dots and array elements with numbers: "spec.containers.0.name". A key that holds
 * a dot itself is read with json_at(). Nothing here fails: what is absent or of another type is NULL or the default,
 * because live objects come from others and may hold anything. */
#ifndef BASE_JSON_H
#define BASE_JSON_H
#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Before the first value is made: from then on what jansson frees was overwritten, since values may hold secrets, and
 * no memory aborts. */
void json_keep_secrets(void);

/* The value at `path`, or NULL. */
json_t *json_get(const json_t *root, const char *path);
/* The same with every key as an argument, the last one NULL. */
json_t *json_at(const json_t *root, ...) __attribute__((sentinel));
/* The string at `path`; NULL when it is absent or no string. */
const char *json_text(const json_t *root, const char *path);
/* The string at `path`; "" when it is absent or no string. */
const char *json_text_or(const json_t *root, const char *path, const char *otherwise);
int64_t json_int(const json_t *root, const char *path, int64_t otherwise);
bool json_bool(const json_t *root, const char *path, bool otherwise);
/* Sets the value at `path`, making the objects on the way. Steals `value`. */
void json_put(json_t *root, const char *path, json_t *value);

/* Parses exactly one JSON text. Duplicate keys and NUL characters are refused; depth is bounded. The caller's. */
must_check json_t *json_parse(const char *text, size_t length, struct error *err);
/* Appends the compact text, keys sorted, so that equal values have equal texts. */
void json_write(struct str *out, const json_t *value);
/* The same with members in their own order: faster, where nobody compares texts. */
void json_write_unsorted(struct str *out, const json_t *value);
/* The sorted text in the arena. */
const char *json_print(struct arena *arena, const json_t *value);
/* About how many bytes of memory the value takes. */
size_t json_weight(const json_t *value);

#endif
