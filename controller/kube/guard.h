/* A deadline over a client: when it passes, every call of the client ends. For threads that must not hang on a server
 * which takes a request and never answers. */
#ifndef KUBE_GUARD_H
#define KUBE_GUARD_H
#include <stdint.h>

#include "kube/client.h"

struct guard;

/* `deadline` is of clock_monotonic(); INT64_MAX: none yet. The client must outlive the guard. */
struct guard *guard_create(struct kube_client *client, int64_t deadline);
void guard_set(struct guard *guard, int64_t deadline); /* from any thread */
void guard_destroy(struct guard *guard);

#endif
