/* Leader election by a coordination.k8s.io/v1 Lease: 15 s duration, 10 s renew deadline, 2 s retry, as client-go's
 * leaderelection has them. Decisions use the moment at which a change was seen here, never a remote clock. A lease is
 * no fence: lease_held() is asked again just before each write, and says no once the deadline has passed. */
#ifndef KUBE_LEASE_H
#define KUBE_LEASE_H
#include "kube/client.h"

struct lease;

/* Names this process: the host, and what tells it from every other one there. In containers all are process 1. */
void lease_identity(char *identity, size_t size);
struct lease *lease_create(struct kube_config *config, const char *namespace, const char *name, const char *identity);
/* Blocks until the lease is ours. False: stopped before that. */
bool lease_acquire(struct lease *lease);
/* Renews until it is lost or stopped; to be called on a thread of its own after lease_acquire(). Calls lost() once when
 * the lease was lost, not when it was stopped. */
void lease_renew(struct lease *lease, void (*lost)(void *context), void *context);
bool lease_held(void *lease);            /* fits struct kube_fence */
void lease_stop(struct lease *lease);    /* from any thread; ends acquire and renew, the lease is still ours */
void lease_release(struct lease *lease); /* after the workers have joined: the next one need not wait */
void lease_destroy(struct lease *lease);

#endif
