/* The watches: one thread keeps the store equal to the API server.
 *
 * Initial state by WatchList (sendInitialEvents=true, resourceVersionMatch=NotOlderThan, no resourceVersion; fallback:
 * LIST in chunks with no resourceVersion, never 0), bookmarks, 410 -> again from the start, backoff 0.8 s x2 with full
 * jitter to 30 s, and a watchdog on silence. KEP-3157; reference/using-api/api-concepts "Streaming lists". */
#ifndef KUBE_WATCH_H
#define KUBE_WATCH_H
#include "kube/client.h"
#include "kube/store.h"

struct watches;

/* namespaces: NULL-terminated list, or NULL for all. Rows and names are borrowed for the watches' life. */
struct watches *watches_create(struct kube_config *config, struct store *store, const struct watched *watched,
	size_t count, const char *const *namespaces);
/* Runs until watches_stop(); to be called on a thread of its own. */
void watches_run(struct watches *watches);
void watches_stop(struct watches *watches); /* from any thread */
void watches_destroy(struct watches *watches);

#endif
