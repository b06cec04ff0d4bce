#include "kube/watch.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "kube/stream.h"

enum {
	LONGEST_MILLISECONDS = 60000,
	MOST_CONNECTIONS = 64, /* with more streams they share connections, and none can be held back */
};

struct watches {
	struct stream_world world;
	size_t count;
	struct stream streams[];
};

static size_t count_streams(const struct watched *watched, size_t rows, size_t namespaces) {
	size_t count = 0;
	for (size_t i = 0; i < rows; i++) {
		count += watched[i].kind->cluster_scoped || !namespaces ? 1 : namespaces;
	}
	return count;
}

static void add(struct watches *watches, const struct watched *watched, const char *namespace) {
	stream_init(&watches->streams[watches->count++], &watches->world, watched, namespace);
}

struct watches *watches_create(struct kube_config *config, struct store *store, const struct watched *watched,
	size_t count, const char *const *namespaces) {
	size_t names = 0;
	while (namespaces && namespaces[names]) {
		names++;
	}
	struct watches *watches =
		xcalloc(1, sizeof *watches + count_streams(watched, count, names) * sizeof(struct stream));
	watches->world = (struct stream_world){
		.config = config, .store = store, .pool = http_create(), .silence = STREAM_SILENCE_SECONDS};
	watches->world.alone = count_streams(watched, count, names) <= MOST_CONNECTIONS;
	int64_t seed = clock_monotonic();
	for (int i = 0; i < 3; i++) {
		watches->world.random[i] = (unsigned short)(seed >> (16 * i));
	}
	for (size_t i = 0; i < count; i++) {
		bool whole = watched[i].kind->cluster_scoped || !names;
		for (size_t name = 0; name < (whole ? 1 : names); name++) {
			add(watches, &watched[i], whole ? NULL : namespaces[name]);
		}
	}
	return watches;
}

/* Of each namespace the kinds with `first` come first. */
static bool has_turn(struct watches *watches, const struct stream *stream) {
	return stream->watched->first || stream->opened || store_first_synced(watches->world.store, stream->namespace);
}

/* Starts what is due. Returns the milliseconds until something else is. */
static int start_due(struct watches *watches) {
	int64_t now = clock_monotonic(), next = now + SECONDS(LONGEST_MILLISECONDS / 1e3);
	for (size_t i = 0; i < watches->count; i++) {
		struct stream *stream = &watches->streams[i];
		if (stream->exchange.transfer || !has_turn(watches, stream)) {
			continue;
		}
		if (stream->due <= now) {
			stream_start(stream);
		}
		if (!stream->exchange.transfer && stream->due < next) {
			next = stream->due;
		}
	}
	return next > now ? (int)((next - now) / 1000000) + 1 : 1;
}

void watches_run(struct watches *watches) {
	/* All begin before one ends, or a row would count as synced with the list of one namespace. */
	for (size_t i = 0; i < watches->count; i++) {
		store_replace_begin(watches->world.store, watches->streams[i].watched, watches->streams[i].namespace);
	}
	while (!atomic_load(&watches->world.stop)) {
		http_turn(watches->world.pool, start_due(watches));
	}
}

void watches_stop(struct watches *watches) {
	atomic_store(&watches->world.stop, true);
	http_interrupt(watches->world.pool);
}

void watches_destroy(struct watches *watches) {
	if (!watches) {
		return;
	}
	for (size_t i = 0; i < watches->count; i++) {
		stream_done(&watches->streams[i]);
	}
	http_destroy(watches->world.pool);
	free(watches);
}
