/* The watch of one kind in one namespace: list, then events, and again. Private to controller/kube. */
#ifndef KUBE_STREAM_H
#define KUBE_STREAM_H
#include <stdint.h>

#include "http/http.h"
#include "kube/access.h"
#include "kube/backoff.h"
#include "kube/store.h"

enum { STREAM_SILENCE_SECONDS = 95 }; /* bookmarks come each minute */

/* What all streams of one thread share. */
struct stream_world {
	struct kube_config *config;
	struct store *store;
	struct http_pool *pool;
	atomic_bool stop;
	int silence;              /* seconds without a byte after which a watch has failed */
	unsigned short random[3]; /* for erand48() */
	bool alone;               /* a connection for each stream */
	uint64_t ceased;          /* documents that were compared when it was last looked, and when that last changed */
	int64_t progress;
};

struct stream {
	struct stream_world *world;
	const struct watched *watched;
	const char *namespace; /* NULL: all, or a cluster-scoped kind */
	struct http_exchange exchange;
	struct kube_access *access;
	struct str url;
	const char *headers[4];
	uint64_t version; /* from where the watch goes on; 0: a whole list is needed first */
	uint64_t reached; /* how far earlier watches came */
	bool listing;     /* a list comes in, by WatchList or in chunks */
	bool doubted;     /* the last watch did not last its time: is the server still where it was? */
	bool synced;      /* there was a complete list */
	bool chunks;      /* the server has no WatchList: LIST in chunks */
	char *next;       /* the continue token of the next chunk */
	int limit;        /* objects in a chunk */
	struct backoff backoff;
	int64_t due;    /* clock_monotonic(): when to start */
	int64_t opened; /* when it was started */
	int64_t warned; /* when a failure was logged last; 0: never */
};

void stream_init(
	struct stream *stream, struct stream_world *world, const struct watched *watched, const char *namespace);
/* Sends the next request. `due` says when; only while nothing is under way (exchange.transfer is NULL). */
void stream_start(struct stream *stream);
void stream_done(struct stream *stream);

#endif
