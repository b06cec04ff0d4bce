/* Events (events.k8s.io/v1): what a person reads in `kubectl describe`. Recorded by one thread, aggregated into series,
 * rate-limited per object (burst 25, then one in 300 s, as client-go's spam filter); a full queue drops the newest. */
#ifndef KUBE_EVENTS_H
#define KUBE_EVENTS_H
#include "kube/client.h"

extern const struct kind kind_event;

struct events;

struct events *events_create(struct kube_config *config, const char *controller, const char *instance);
void events_run(struct events *events);  /* until events_stop(); on a thread of its own. Sends what is queued first. */
void events_stop(struct events *events); /* from any thread */
void events_destroy(struct events *events);
/* Never blocks on the network. `object` needs apiVersion, kind and metadata.{name,namespace,uid}. */
void events_record(struct events *events, const json_t *object, bool warning, const char *reason, const char *action,
	const char *note);

#endif
