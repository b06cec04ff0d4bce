/* The manifests: YAML documents, embedded at build time, parsed once, with placeholders filled by typed values.
 *
 * "${nodes}" as a whole scalar becomes the value, whatever its type; inside a longer scalar ("${name}-master") the
 * value must be a string and is joined to it. A JSON null as value takes the member that holds it away. Filling works
 * on nodes, so a value can never change the structure of a document. A placeholder without a value, and a value that no
 * placeholder uses, are errors: a unit test fills every manifest. */
#ifndef PURE_MANIFESTS_H
#define PURE_MANIFESTS_H
#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct manifest_text {
	const char *name, *text;
	size_t length;
};

/* Written by hack/embed.cmake; the last row is NULLs. */
extern const struct manifest_text manifest_texts[];

/* Parses all; once, before any thread. */
must_check bool manifests_load(struct error *err);
void manifests_unload(void);
/* A filled copy, the arena's. `values` is an object {placeholder: value}, borrowed. */
must_check json_t *manifest_fill(struct arena *arena, const char *name, const json_t *values, struct error *err);

#endif
