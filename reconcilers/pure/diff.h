/* Whether a live object satisfies a desired document, and where it does not.
 *
 * In sync means: the document is a subset of the object, where a missing value equals its zero value, quantities are
 * compared by value, keyed lists by key, and atomic lists and maps whole. Closed places (Service ports, Secret data,
 * the containers and volumes of a pod, ...) hold nothing foreign: apply removes only what we own, so what others put
 * there is taken off by a JSON patch (RFC 6902) that tests uid and resourceVersion. */
#ifndef PURE_DIFF_H
#define PURE_DIFF_H
#include "pure/child.h"

struct difference {
	const char *path; /* "spec.replicas" */
	const char *text; /* "spec.replicas 3 -> 4"; values of Secrets are never in it */
};

/* NULL: in sync. Else the first difference. */
const struct difference *diff_find(
	struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live);
/* The element of a list of objects whose member `key` is this text, or NULL. */
json_t *list_entry(const json_t *list, const char *key, const char *value);
/* The operations that take foreign entries off closed places, tests of uid and resourceVersion first; NULL: none. */
json_t *diff_foreign(struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live);

#endif
