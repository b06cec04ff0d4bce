/* The pure part of leader election: what a Lease says, what to do about it, and what to write. No clock, no server. */
#ifndef KUBE_LEASE_RECORD_H
#define KUBE_LEASE_RECORD_H
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "kube/microtime.h"

enum { LEASE_SECONDS = 15, LEASE_RENEW_SECONDS = 10, LEASE_RETRY_SECONDS = 2 };

enum lease_step {
	LEASE_CREATE, /* there is none */
	LEASE_TAKE,   /* nobody's, or its holder has been silent for too long */
	LEASE_RENEW,  /* ours */
	LEASE_WAIT,   /* another one's */
};

/* The last Lease that was read, and the moment (monotonic) at which its holder was last seen to do something. */
struct lease_view {
	json_t *lease; /* owned; NULL: there is none */
	int64_t seen;
};

/* Takes over the reference of `lease`, which may be NULL. */
void lease_see(struct lease_view *view, json_t *lease, int64_t now);
void lease_view_done(struct lease_view *view);
/* "" for nobody. */
const char *lease_holder(const json_t *lease);
enum lease_step lease_decide(const struct lease_view *view, const char *identity, int64_t now);
/* The Lease to be written for a step, with the resourceVersion that was read; new reference. */
json_t *lease_body(const struct lease_view *view, const char *namespace, const char *name, const char *identity,
	enum lease_step step, struct microtime now);
/* The same as nobody's: a successor need not wait. */
json_t *lease_body_released(const struct lease_view *view, struct microtime now);

#endif
