/* Who may read /metrics: TokenReview, then SubjectAccessReview (verb get, nonResourceURL /metrics). The reviews are
 * calls that block, so that a thread of its own makes them; who asks gets an answer from the cache, or comes back. */
#ifndef RUN_AUTHORIZE_H
#define RUN_AUTHORIZE_H
#include "kube/client.h"
#include "run/verdict_cache.h"

struct authorizer;

/* `done` is called from the authorizer's thread after each answer. */
struct authorizer *authorizer_create(struct kube_config *config, void (*done)(void *context), void *context);
/* VERDICT_NONE: it is being asked; come back after done(). VERDICT_UNAVAILABLE also when too many wait. */
enum verdict authorizer_ask(struct authorizer *authorizer, const char *token, struct digest *digest);
/* The same for a token that was asked before; never asks again. */
enum verdict authorizer_find(struct authorizer *authorizer, const struct digest *digest);
/* No done() any more after this; asking is still allowed, and in vain. */
void authorizer_stop(struct authorizer *authorizer);
void authorizer_destroy(struct authorizer *authorizer);

#endif
