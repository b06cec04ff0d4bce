/* The pure part of events: which are sent, which only count, and which are too many. No clock, no server.
 *
 * The same words about the same object are one Event with a series; its count is sent at once when there are two, then
 * at most every 30 s, and a last time when nothing came for six minutes (client-go's finish time). An object may have
 * 25 new events at once and then one in 300 s. */
#ifndef KUBE_EVENT_SERIES_H
#define KUBE_EVENT_SERIES_H
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

struct event_series;

enum event_step {
	EVENT_CREATE, /* a new one: POST */
	EVENT_PATCH,  /* send the series' count */
	EVENT_COUNT,  /* counted; sent later */
	EVENT_DROP,   /* too many about this object */
};

/* What a PATCH needs. Texts are borrowed until the next call. */
struct event_patch {
	const char *namespace, *name; /* of the Event */
	int count;
	int64_t last_wall; /* microseconds, when the last one of the series happened */
};

struct event_series *event_series_create(void);
void event_series_destroy(struct event_series *series);
/* `what` is the digest of all that makes events the same, `object` of the object. The Event's name is used when it is
 * new. */
enum event_step event_series_add(struct event_series *series, const struct digest *what, const struct digest *object,
	const char *namespace, const char *name, int64_t now, int64_t wall, struct event_patch *patch);
/* The next series whose count must be sent by now. False: none, and `next` says when (INT64_MAX: never). */
bool event_series_due(struct event_series *series, int64_t now, struct event_patch *patch, int64_t *next);
/* The Event could not be made: the next of its kind is new again. */
void event_series_forget(struct event_series *series, const struct digest *what);

#endif
