#include "kube/events.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/utf8.h"
#include "kube/event_series.h"
#include "kube/guard.h"
#include "kube/microtime.h"

enum { MOST_WAITING = 1000, LONGEST_NOTE = 1024, LONGEST_NAME = 253, ATTEMPTS = 3 };

const struct kind kind_event = {"Event", "events.k8s.io/v1", "events", false};

struct waiting {
	struct waiting *next;
	json_t *body;
	struct digest what, object;
	int64_t wall; /* microseconds */
};

struct events {
	struct kube_client *client;
	struct guard *guard;
	struct arena *arena;
	struct event_series *series;
	char *controller, *instance;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	struct waiting *first, **last;
	size_t count, dropped;
	bool stopping, failing;
	int64_t stop_at;
};

struct events *events_create(struct kube_config *config, const char *controller, const char *instance) {
	struct events *events = xcalloc(1, sizeof *events);
	events->client = kube_client_create(config, NULL);
	events->guard = guard_create(events->client, INT64_MAX);
	events->arena = arena_create();
	events->series = event_series_create();
	events->controller = xstrdup(controller);
	events->instance = xstrdup(instance);
	events->last = &events->first;
	pthread_mutex_init(&events->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&events->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return events;
}

static void free_waiting(struct waiting *waiting) {
	json_decref(waiting->body);
	free(waiting);
}

void events_destroy(struct events *events) {
	if (!events) {
		return;
	}
	for (struct waiting *waiting = events->first, *next; waiting; waiting = next) {
		next = waiting->next;
		free_waiting(waiting);
	}
	guard_destroy(events->guard);
	kube_client_destroy(events->client);
	arena_destroy(events->arena);
	event_series_destroy(events->series);
	pthread_cond_destroy(&events->changed);
	pthread_mutex_destroy(&events->lock);
	free(events->controller);
	free(events->instance);
	free(events);
}

/* At most 1024 bytes. Texts may quote others: what is no UTF-8 is left out. */
static json_t *note_text(const char *note) {
	char text[LONGEST_NOTE + 1];
	snprintf(text, sizeof text, "%s", note);
	utf8_keep(text);
	return json_string(text);
}

static json_t *regarding(const json_t *object) {
	json_t *reference = json_object();
	static const char *const paths[][2] = {{"apiVersion", "apiVersion"}, {"kind", "kind"}, {"name", "metadata.name"},
		{"namespace", "metadata.namespace"}, {"uid", "metadata.uid"}};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		const char *text = json_text(object, paths[i][1]);
		if (text && text[0]) {
			json_object_set_new(reference, paths[i][0], json_string(text));
		}
	}
	return reference;
}

static int64_t wall_microseconds(void) {
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * INT64_C(1000000) + time.tv_nsec / 1000;
}

static struct microtime time_of(int64_t microseconds) {
	struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
	return microtime_of(time);
}

/* Same words about the same object: what makes it one series. */
static json_t *event_body(const struct events *events, const json_t *object, bool warning, const char *reason,
	const char *action, const char *note) {
	json_t *body = json_object();
	json_object_set_new(body, "apiVersion", json_string(kind_event.api_version));
	json_object_set_new(body, "kind", json_string(kind_event.name));
	json_object_set_new(body, "type", json_string(warning ? "Warning" : "Normal"));
	json_object_set_new(body, "reason", json_string(reason));
	json_object_set_new(body, "action", json_string(action));
	json_object_set_new(body, "note", note_text(note));
	json_object_set_new(body, "regarding", regarding(object));
	json_object_set_new(body, "reportingController", json_string(events->controller));
	json_object_set_new(body, "reportingInstance", json_string(events->instance));
	return body;
}

/* Events of what is cluster-scoped live in "default", as all clients have it. */
static void name_event(json_t *body, int64_t wall) {
	const char *namespace = json_text_or(body, "regarding.namespace", "default");
	const char *object = json_text_or(body, "regarding.name", "unknown");
	char name[LONGEST_NAME + 1];
	snprintf(name, sizeof name, "%.200s.%016" PRIx64, object, (uint64_t)wall);
	json_put(body, "metadata.namespace", json_string(namespace));
	json_put(body, "metadata.name", json_string(name));
	json_put(body, "eventTime", json_string(time_of(wall).text));
}

void events_record(struct events *events, const json_t *object, bool warning, const char *reason, const char *action,
	const char *note) {
	struct waiting *waiting = xcalloc(1, sizeof *waiting);
	waiting->body = event_body(events, object, warning, reason, action, note);
	waiting->wall = wall_microseconds();
	waiting->what = digest_json(waiting->body);
	waiting->object = digest_json(json_object_get(waiting->body, "regarding"));
	name_event(waiting->body, waiting->wall);
	pthread_mutex_lock(&events->lock);
	bool room = events->count < MOST_WAITING && !events->stopping;
	if (room) {
		*events->last = waiting;
		events->last = &waiting->next;
		events->count++;
		pthread_cond_signal(&events->changed);
	} else {
		events->dropped++;
	}
	pthread_mutex_unlock(&events->lock);
	if (!room) {
		free_waiting(waiting);
	}
}

static bool out_of_time(struct events *events) {
	pthread_mutex_lock(&events->lock);
	bool out = events->stopping && clock_monotonic() >= events->stop_at;
	pthread_mutex_unlock(&events->lock);
	return out;
}

/* False when the events end: then nobody waits for a retry. */
static bool pause_before_retry(struct events *events, int seconds) {
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds > 0 && seconds <= 10 ? seconds : 1;
	pthread_mutex_lock(&events->lock);
	while (!events->stopping && pthread_cond_timedwait(&events->changed, &events->lock, &until) == 0) {
	}
	bool stopping = events->stopping;
	pthread_mutex_unlock(&events->lock);
	return !stopping;
}

/* Events are help, not truth: what cannot be sent after a few tries is dropped, and said once. */
static bool send_call(struct events *events, struct kube_call *call) {
	for (int attempt = 1;; attempt++) {
		kube_do(events->client, events->arena, call, 1);
		if (call->ok || call->err.kind == ERR_CONFLICT) {
			events->failing = false;
			return true;
		}
		bool again = call->err.kind == ERR_THROTTLED || call->err.kind == ERR_UNAVAILABLE;
		if (!again || attempt == ATTEMPTS || !pause_before_retry(events, call->err.retry_after)) {
			break;
		}
	}
	if (!events->failing && call->err.kind != ERR_CANCELLED) {
		log_warn("an event could not be sent", "namespace", call->namespace, "error", call->err.text);
	}
	events->failing = true;
	return false;
}

static void send_patch(struct events *events, const struct event_patch *patch) {
	json_t *body = arena_own_json(events->arena, json_object());
	json_put(body, "series.count", json_integer(patch->count));
	json_put(body, "series.lastObservedTime", json_string(time_of(patch->last_wall).text));
	struct kube_call call = {
		.verb = KUBE_PATCH_MERGE,
		.kind = &kind_event,
		.namespace = patch->namespace,
		.name = patch->name,
		.body = body,
	};
	send_call(events, &call);
}

static void send_waiting(struct events *events, const struct waiting *waiting) {
	const char *namespace = json_text(waiting->body, "metadata.namespace");
	struct event_patch patch;
	enum event_step step = event_series_add(events->series, &waiting->what, &waiting->object, namespace,
		json_text(waiting->body, "metadata.name"), clock_monotonic(), waiting->wall, &patch);
	if (step == EVENT_PATCH) {
		send_patch(events, &patch);
	} else if (step == EVENT_CREATE) {
		struct kube_call call = {
			.verb = KUBE_CREATE, .kind = &kind_event, .namespace = namespace, .body = waiting->body};
		if (!send_call(events, &call)) {
			event_series_forget(events->series, &waiting->what);
		}
	}
}

static struct waiting *take(struct events *events) {
	struct waiting *waiting = events->first;
	if (waiting) {
		events->first = waiting->next;
		events->last = events->first ? events->last : &events->first;
		events->count--;
	}
	return waiting;
}

/* The next one, or NULL when a series is due or all ends. */
static struct waiting *wait_for_next(struct events *events, int64_t next) {
	int64_t left = next == INT64_MAX ? SECONDS(3600) : next - clock_monotonic();
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += left > 0 ? left / SECONDS(1) + 1 : 0;
	pthread_mutex_lock(&events->lock);
	if (!events->first && !events->stopping) {
		pthread_cond_timedwait(&events->changed, &events->lock, &until);
	}
	struct waiting *waiting = take(events);
	size_t dropped = events->dropped;
	events->dropped = 0;
	pthread_mutex_unlock(&events->lock);
	if (dropped) {
		char text[24];
		snprintf(text, sizeof text, "%zu", dropped);
		log_warn("too many events at once: the newest were dropped", "count", text);
	}
	return waiting;
}

static bool ended(struct events *events) {
	pthread_mutex_lock(&events->lock);
	bool end = events->stopping && !events->first;
	pthread_mutex_unlock(&events->lock);
	return end;
}

void events_run(struct events *events) {
	while (!ended(events) && !out_of_time(events)) {
		arena_reset(events->arena);
		struct event_patch patch;
		int64_t next;
		if (event_series_due(events->series, clock_monotonic(), &patch, &next)) {
			send_patch(events, &patch);
			continue;
		}
		struct waiting *waiting = wait_for_next(events, next);
		if (waiting) {
			send_waiting(events, waiting);
			free_waiting(waiting);
		}
	}
}

void events_stop(struct events *events) {
	pthread_mutex_lock(&events->lock);
	events->stopping = true;
	events->stop_at = clock_monotonic() + SECONDS(1);
	pthread_cond_broadcast(&events->changed);
	pthread_mutex_unlock(&events->lock);
	guard_set(events->guard, clock_monotonic() + SECONDS(1));
}
