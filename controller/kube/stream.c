#include "kube/stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "kube/event_head.h"
#include "kube/request.h"
#include "kube/watch_event.h"

enum {
	LEAST_SECONDS = 300, /* how long the server keeps a watch open, and as much again at random */
	GRACE_SECONDS = 30,
	SETTLED_SECONDS = 5, /* a watch that ends sooner counts as failed, so that a hasty server makes no loop */
	WARN_SECONDS = 60,
	DOCUMENTS = 48, /* of one kind that may wait while the first lists come in */
	PATIENCE_SECONDS = 1,
};

static void request_watch(struct stream *stream) {
	int seconds = LEAST_SECONDS + (int)(erand48(stream->world->random) * LEAST_SECONDS);
	str_addf(&stream->url, "?watch=true&allowWatchBookmarks=true&timeoutSeconds=%d", seconds);
	if (stream->version) {
		str_addf(&stream->url, "&resourceVersion=%" PRIu64, stream->version);
	} else {
		str_adds(&stream->url, "&sendInitialEvents=true&resourceVersionMatch=NotOlderThan");
	}
	stream->exchange.timeout = seconds + GRACE_SECONDS;
}

static void request_chunk(struct stream *stream) {
	str_addf(&stream->url, "?limit=%d", stream->limit);
	if (stream->next) {
		str_adds(&stream->url, "&continue=");
		http_escape(&stream->url, stream->next);
	}
	stream->exchange.timeout = 0;
}

/* A server that went back keeps silent on a watch from a version that it has not reached (yet): only a list tells. */
static void request_position(struct stream *stream) {
	str_adds(&stream->url, "?limit=1");
	stream->exchange.timeout = 0;
}

static bool take_line(struct http_exchange *exchange, const char *line, size_t length, struct error *err);
static bool is_full(struct http_exchange *exchange);
static bool runs_ahead(struct stream *stream);
static void arrived(struct http_exchange *exchange);

static bool make_request(struct stream *stream, struct error *err) {
	const struct watched *watched = stream->watched;
	bool position = stream->version && stream->doubted, chunk = stream->listing && stream->chunks;
	bool list = position || chunk;
	str_clear(&stream->url);
	str_adds(&stream->url, kube_config_server(stream->world->config));
	if (!request_path(&stream->url, watched->kind, stream->namespace, NULL, NULL, err)) {
		return false;
	}
	position ? request_position(stream) : chunk ? request_chunk(stream) : request_watch(stream);
	if (watched->selector) {
		str_adds(&stream->url, "&labelSelector=");
		http_escape(&stream->url, watched->selector);
	}
	config_release(stream->access);
	stream->access = config_access(stream->world->config, &stream->world->stop, err);
	if (!stream->access) {
		return false;
	}
	stream->headers[2] = stream->access->authorization;
	stream->exchange.url = stream->url.text;
	stream->exchange.peer = &stream->access->peer;
	stream->exchange.line = list ? NULL : take_line;
	stream->exchange.silence = list ? 0 : stream->world->silence;
	stream->exchange.compressed = list;
	stream->exchange.alone = stream->world->alone && !list;
	stream->exchange.full = stream->world->alone && !list ? is_full : NULL;
	return true;
}

static void fail_later(struct stream *stream, const struct error *err) {
	int64_t now = clock_monotonic();
	double seconds = backoff_next(&stream->backoff, erand48(stream->world->random), err->retry_after);
	stream->due = now + SECONDS(seconds);
	if (err->kind == ERR_CANCELLED || (stream->warned && now - stream->warned < SECONDS(WARN_SECONDS))) {
		return;
	}
	stream->warned = now;
	log_warn("watch failed, it is tried again", "kind", stream->watched->kind->name, "namespace", stream->namespace,
		"error", err->text);
}

/* From here on the store collects what is there; what is not in the list is forgotten at its end. */
static void begin_list(struct stream *stream) {
	stream->listing = true;
	free(stream->next);
	stream->next = NULL;
	store_replace_begin(stream->world->store, stream->watched, stream->namespace);
}

/* A list is as new as the server, which is behind what it told before only when its versions went back. What comes in
 * must not be measured by versions of a future that never was: all is listed (once more). */
static bool went_back(struct stream *stream, uint64_t version, struct error *err) {
	uint64_t reached = stream->reached > stream->version ? stream->reached : stream->version;
	store_went_back(stream->world->store, stream->watched, stream->namespace);
	stream->reached = stream->version = 0;
	stream->warned = 0; /* this is told, whatever else was told a moment ago */
	return fail(err, ERR_GONE,
		"list of %s: is at version %" PRIu64 ", and %" PRIu64
		" was seen before: the API server went back (was its etcd "
		"restored?), and all is listed again",
		stream->watched->kind->plural, version, reached);
}

static bool end_list(struct stream *stream, uint64_t version, struct error *err) {
	if (version < stream->reached) {
		return went_back(stream, version, err);
	}
	stream->listing = stream->doubted = false;
	stream->synced = true;
	stream->limit = LIST_CHUNK;
	stream->version = version;
	store_replace_end(stream->world->store, stream->watched, stream->namespace, version);
	log_debug("list complete", "kind", stream->watched->kind->name, "namespace", stream->namespace);
	return true;
}

void stream_start(struct stream *stream) {
	struct error err = {0};
	if (stream->next && runs_ahead(stream)) {
		stream->due = clock_monotonic() + SECONDS(0.02);
		return;
	}
	if (!stream->version && !stream->next) {
		begin_list(stream);
	}
	stream->opened = clock_monotonic();
	if (make_request(stream, &err)) {
		http_start(stream->world->pool, &stream->exchange);
	} else {
		fail_later(stream, &err);
	}
}

/* While the first lists come in, documents wait until a reconcile has compared them: no kind may run far ahead of the
 * others, for a cluster is compared once it is whole. Where nobody compares (a replica that does not hold the lease)
 * the lists come in all the same, and the store keeps as many of the documents as it has room for. */
static bool runs_ahead(struct stream *stream) {
	struct stream_world *world = stream->world;
	uint64_t ceased;
	if (stream->synced || store_waiting(world->store, stream->watched, &ceased) < DOCUMENTS) {
		return false;
	}
	int64_t now = clock_monotonic();
	if (ceased != world->ceased || !world->progress) {
		world->ceased = ceased;
		world->progress = now;
	}
	return now - world->progress < SECONDS(PATIENCE_SECONDS);
}

static bool is_full(struct http_exchange *exchange) {
	return runs_ahead(exchange->context);
}

static void put(struct stream *stream, struct watch_event *event) {
	store_put(stream->world->store, stream->watched, event->object, !stream->synced);
}

/* Initial events come in no order: only what follows them says how far we are. */
static void advance(struct stream *stream, uint64_t version) {
	if (!stream->listing && version > stream->version) {
		stream->version = version;
	}
}

static bool apply(struct stream *stream, struct watch_event *event, struct error *err) {
	bool ok = true;
	switch (event->type) {
	case EVENT_ADDED:
	case EVENT_MODIFIED:
		put(stream, event);
		break;
	case EVENT_DELETED:
		store_remove(stream->world->store, stream->watched, event->namespace, event->name, event->uid, event->version);
		json_decref(event->object);
		break;
	case EVENT_BOOKMARK:
		if (stream->listing && event->initial_end) {
			ok = end_list(stream, event->version, err);
		}
		json_decref(event->object);
		break;
	}
	advance(stream, event->version);
	return ok;
}

/* Most events after the first lists are echoes of our own writes. */
static bool is_echo(struct stream *stream, const char *line, size_t length) {
	struct event_head head;
	if (!event_head_read(&head, line, length) ||
		(stream->namespace && strcmp(head.namespace, stream->namespace) != 0) ||
		!store_heard(stream->world->store, stream->watched, head.namespace, head.name, head.uid, head.version)) {
		return false;
	}
	advance(stream, head.version);
	return true;
}

static bool take_line(struct http_exchange *exchange, const char *line, size_t length, struct error *err) {
	struct stream *stream = exchange->context;
	struct watch_event event;
	if (is_echo(stream, line, length)) {
		return true;
	}
	if (!event_parse(&event, line, length, stream->watched->kind, stream->namespace, err)) {
		return false;
	}
	return apply(stream, &event, err);
}

static bool take_items(struct stream *stream, const json_t *items, struct error *err) {
	size_t index;
	json_t *item;
	json_array_foreach(items, index, item) {
		struct watch_event event;
		if (!event_from_item(&event, json_incref(item), stream->watched->kind, stream->namespace, err)) {
			return false;
		}
		put(stream, &event);
	}
	return true;
}

static bool take_list(struct stream *stream, const json_t *list, struct error *err) {
	const json_t *items = json_object_get(list, "items");
	const char *next = json_text_or(list, "metadata.continue", "");
	uint64_t version;
	if ((!json_is_array(items) && !json_is_null(items)) ||
		!version_parse(json_text(list, "metadata.resourceVersion"), &version)) {
		return fail(err, ERR_UNAVAILABLE, "list of %s: malformed", stream->watched->kind->plural);
	}
	if (!stream->listing) {
		stream->doubted = false;
		return version >= stream->version || went_back(stream, version, err);
	}
	if (!take_items(stream, items, err)) {
		return false;
	}
	free(stream->next);
	stream->next = *next ? xstrdup(next) : NULL;
	return stream->next || end_list(stream, version, err);
}

static bool take_chunk(struct stream *stream, struct error *err) {
	const struct str *text = &stream->exchange.answer;
	json_t *list = answer_parse(text->text, text->length, err);
	bool ok = list && take_list(stream, list, err);
	json_decref(list);
	if (ok) {
		stream->due = clock_monotonic();
	}
	return ok;
}

/* The same chunk again, of fewer objects: tenants decide how large they are. */
static bool ask_for_less(struct stream *stream) {
	if (!stream->listing || stream->exchange.line || stream->limit == 1) {
		return false;
	}
	stream->limit = (stream->limit + 9) / 10;
	stream->due = clock_monotonic();
	return true;
}

/* A watch that ended as it should goes on at once. */
static bool take_end(struct stream *stream, double seconds, struct error *err) {
	if (stream->listing) {
		return fail(
			err, ERR_UNAVAILABLE, "watch of %s: ended before the list was complete", stream->watched->kind->plural);
	}
	stream->doubted = seconds + 1 < stream->exchange.timeout - GRACE_SECONDS;
	if (seconds < SETTLED_SECONDS) {
		return fail(err, ERR_UNAVAILABLE, "watch of %s: ended at once", stream->watched->kind->plural);
	}
	stream->due = clock_monotonic();
	return true;
}

static bool refused_watch_list(const struct stream *stream) {
	int status = stream->exchange.status;
	return stream->listing && !stream->chunks && (status == 400 || status == 405 || status == 406 || status == 422);
}

static bool take_refusal(struct stream *stream, struct error *err) {
	if (refused_watch_list(stream)) {
		log_info("no WatchList here, lists are read in chunks", "kind", stream->watched->kind->name);
		stream->chunks = true;
		stream->due = clock_monotonic();
		return true;
	}
	if (stream->exchange.status == 401) {
		config_refused(stream->world->config, stream->access, &stream->world->stop);
	}
	stream->doubted = true;
	const char *verb = stream->exchange.line ? "watch" : "list";
	return answer_error(&stream->exchange, verb, stream->watched->kind, stream->namespace, NULL, err);
}

/* The connection may be dead, and then the next attempt fails. Or nothing has happened: an API server that has just
 * started sends no bookmarks for a kind without events. */
static bool outlast_silence(struct stream *stream) {
	if (!stream->exchange.silent || stream->exchange.status != 200 || stream->listing) {
		return false;
	}
	log_debug("a silent watch is begun anew", "kind", stream->watched->kind->name, "namespace", stream->namespace);
	stream->due = clock_monotonic();
	return true;
}

static bool take_answer(struct stream *stream, double seconds, struct error *err) {
	const struct http_exchange *exchange = &stream->exchange;
	if (!exchange->ok) {
		*err = exchange->err;
		stream->doubted = true;
		return outlast_silence(stream) || (exchange->too_large && ask_for_less(stream));
	}
	if (exchange->status != 200) {
		return take_refusal(stream, err);
	}
	return exchange->line ? take_end(stream, seconds, err) : take_chunk(stream, err);
}

/* What happened between is lost (410), or the server cannot make sense of where we were. A list begins anew. */
static void forget_position(struct stream *stream, const struct error *err) {
	bool stale = err->kind == ERR_GONE || err->kind == ERR_INVALID || err->http == 504;
	if (stale || stream->listing) {
		stream->reached = stream->version > stream->reached ? stream->version : stream->reached;
		stream->version = 0;
		free(stream->next);
		stream->next = NULL;
	}
}

static void arrived(struct http_exchange *exchange) {
	struct stream *stream = exchange->context;
	struct error err = {0};
	double seconds = (double)(clock_monotonic() - stream->opened) / 1e9;
	config_observe(stream->world->config, exchange);
	if (exchange->status == 200) {
		backoff_lasted(&stream->backoff, seconds);
	}
	if (!take_answer(stream, seconds, &err)) {
		forget_position(stream, &err);
		fail_later(stream, &err);
	}
	http_forget(exchange);
}

void stream_init(
	struct stream *stream, struct stream_world *world, const struct watched *watched, const char *namespace) {
	*stream = (struct stream){.world = world, .watched = watched, .namespace = namespace, .limit = LIST_CHUNK};
	stream->headers[0] = "Accept: application/json";
	stream->headers[1] = config_agent_header(world->config);
	stream->exchange.method = "GET";
	stream->exchange.headers = stream->headers;
	stream->exchange.done = arrived;
	stream->exchange.context = stream;
}

void stream_done(struct stream *stream) {
	http_cancel(stream->world->pool, &stream->exchange);
	http_forget(&stream->exchange);
	config_release(stream->access);
	free(stream->next);
	str_done(&stream->url);
}
