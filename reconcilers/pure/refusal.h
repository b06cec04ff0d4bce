/* Why a StatefulSet has not made its pods. Its controller says so in Events alone (FailedCreate: a quota, a LimitRange,
 * a priority class that does not exist, somebody's webhook); its status counts pods and gives no reason. */
#ifndef PURE_REFUSAL_H
#define PURE_REFUSAL_H
#include "pure/child.h"
#include "pure/names.h"

/* The first StatefulSet that its controller has seen as it is, and that lacks a pod; or NULL. */
const struct child *set_without_pod(struct arena *arena, const struct groups *groups, const struct children *children);
/* The name of the first pod that this set lacks, or NULL. */
const char *pod_lacking(struct arena *arena, const struct child *set, const struct children *children);

struct refusal {
	const char *reason; /* of the condition: QuotaExceeded, or PodsNotCreated; NULL: nothing was refused lately */
	const char *note;   /* the controller's words; of several refusals always the same one */
};
/* From the Events (events.k8s.io/v1) of one set: those that say FailedCreate, and are no older than the newest
 * SuccessfulCreate. */
struct refusal refusal_of(const json_t *events);

#endif
