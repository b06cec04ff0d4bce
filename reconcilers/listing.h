/* What the API server has of a kind in one namespace, where watches may be late. */
#ifndef RECONCILERS_LISTING_H
#define RECONCILERS_LISTING_H
#include "run/reconcile.h"

/* `query` as in a URL, or NULL: all. */
struct kube_call list_call(struct pass *pass, const struct kind *kind, const char *query);
/* The query for the one of this name. Unlike a 404, which may be anybody's on the way, a list without it is the API
 * server's own word. */
const char *query_of_name(struct arena *arena, const char *name);
/* The items of the answer. ERR_UNAVAILABLE: it is no list, and says nothing of what is there. */
must_check bool listed(const struct kube_call *call, const json_t **items, struct error *err);

#endif
