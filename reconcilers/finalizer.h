/* Our finalizers on objects of our own kinds. */
#ifndef RECONCILERS_FINALIZER_H
#define RECONCILERS_FINALIZER_H
#include "run/reconcile.h"

bool finalizer_is_on(const json_t *object, const char *finalizer);
/* Takes it off. By a JSON patch (RFC 6902) that tests uid and place: server-side apply refuses an object that was
 * stored under another schema and has values of other types, and such a one must be able to go too. Where the value at
 * the path of /scale is no number, the API server takes no write at all: that must be put right first. Gone already is
 * success. */
must_check bool finalizer_remove(
	struct pass *pass, const struct kind *kind, const json_t *object, const char *finalizer, struct error *err);

#endif
