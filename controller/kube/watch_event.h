/* One event of a watch, checked. Private to controller/kube; nothing here does I/O. */
#ifndef KUBE_WATCH_EVENT_H
#define KUBE_WATCH_EVENT_H
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kube/kind.h"

enum event_type { EVENT_ADDED, EVENT_MODIFIED, EVENT_DELETED, EVENT_BOOKMARK };

struct watch_event {
	enum event_type type;
	json_t *object;         /* the caller's; without metadata.managedFields */
	uint64_t version;       /* metadata.resourceVersion */
	bool initial_end;       /* the bookmark that ends the initial events of a WatchList */
	const char *namespace;  /* of the object, borrowed; NULL for cluster-scoped kinds, and for bookmarks */
	const char *name, *uid; /* borrowed; NULL for bookmarks */
};

/* Parses one line. `namespace`: the only one that is expected, NULL: any. An ERROR event is an error of the kind that
 * its Status says (ERR_GONE for 410); anything that is no event of this kind is ERR_UNAVAILABLE. */
must_check bool event_parse(struct watch_event *event, const char *line, size_t length, const struct kind *kind,
	const char *namespace, struct error *err);
/* The same checks for an item of a list, which is taken over. The event is an EVENT_ADDED. */
must_check bool event_from_item(
	struct watch_event *event, json_t *item, const struct kind *kind, const char *namespace, struct error *err);
/* Digits only, not 0. */
must_check bool version_parse(const char *text, uint64_t *version);

#endif
