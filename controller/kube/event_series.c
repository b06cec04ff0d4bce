#include "kube/event_series.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

enum { MOST_SERIES = 1024, MOST_OBJECTS = 4096, BURST = 25 };
static const int64_t REFILL = SECONDS(300), REFRESH = SECONDS(30), FINISH = SECONDS(360);

struct one {
	struct digest what;
	char *namespace, *name;
	int64_t last, sent, last_wall; /* monotonic but for last_wall */
	int count, sent_count;
};

/* A token bucket: `full_at` is when all its tokens are there again. */
struct bucket {
	struct digest object;
	int64_t full_at;
};

/* Both are small, and events are rare: a scan is enough. */
struct event_series {
	struct one series[MOST_SERIES];
	size_t series_count;
	struct bucket objects[MOST_OBJECTS];
	size_t object_count;
};

struct event_series *event_series_create(void) {
	return xcalloc(1, sizeof(struct event_series));
}

static void remove_one(struct event_series *series, struct one *one) {
	free(one->namespace);
	free(one->name);
	*one = series->series[--series->series_count];
}

void event_series_destroy(struct event_series *series) {
	while (series && series->series_count) {
		remove_one(series, &series->series[0]);
	}
	free(series);
}

static struct one *find_one(struct event_series *series, const struct digest *what) {
	for (size_t i = 0; i < series->series_count; i++) {
		if (digest_equal(&series->series[i].what, what)) {
			return &series->series[i];
		}
	}
	return NULL;
}

/* The bucket of the object; a full one, or the fullest when there are too many, makes place for a new object. */
static struct bucket *find_bucket(struct event_series *series, const struct digest *object, int64_t now) {
	struct bucket *fullest = NULL;
	for (size_t i = 0; i < series->object_count; i++) {
		struct bucket *bucket = &series->objects[i];
		if (digest_equal(&bucket->object, object)) {
			return bucket;
		}
		fullest = !fullest || bucket->full_at < fullest->full_at ? bucket : fullest;
	}
	if (!fullest || (fullest->full_at > now && series->object_count < MOST_OBJECTS)) {
		fullest = &series->objects[series->object_count++];
	}
	*fullest = (struct bucket){.object = *object, .full_at = now};
	return fullest;
}

static bool take_token(struct bucket *bucket, int64_t now) {
	int64_t full_at = (bucket->full_at > now ? bucket->full_at : now) + REFILL;
	if (full_at - now > BURST * REFILL) {
		return false;
	}
	bucket->full_at = full_at;
	return true;
}

static struct one *add_one(struct event_series *series, const struct digest *what) {
	if (series->series_count == MOST_SERIES) {
		struct one *oldest = &series->series[0];
		for (size_t i = 1; i < MOST_SERIES; i++) {
			oldest = series->series[i].last < oldest->last ? &series->series[i] : oldest;
		}
		remove_one(series, oldest);
	}
	struct one *one = &series->series[series->series_count++];
	*one = (struct one){.what = *what};
	return one;
}

static void fill_patch(struct one *one, int64_t now, struct event_patch *patch) {
	one->sent = now;
	one->sent_count = one->count;
	*patch = (struct event_patch){
		.namespace = one->namespace, .name = one->name, .count = one->count, .last_wall = one->last_wall};
}

enum event_step event_series_add(struct event_series *series, const struct digest *what, const struct digest *object,
	const char *namespace, const char *name, int64_t now, int64_t wall, struct event_patch *patch) {
	struct one *one = find_one(series, what);
	if (one && now - one->last >= FINISH) {
		remove_one(series, one);
		one = NULL;
	}
	if (one) {
		one->count++;
		one->last = now;
		one->last_wall = wall;
		if (one->count > 2 && now - one->sent < REFRESH) {
			return EVENT_COUNT;
		}
		fill_patch(one, now, patch);
		return EVENT_PATCH;
	}
	if (!take_token(find_bucket(series, object, now), now)) {
		return EVENT_DROP;
	}
	one = add_one(series, what);
	one->namespace = xstrdup(namespace);
	one->name = xstrdup(name);
	one->last = one->sent = now;
	one->last_wall = wall;
	one->count = one->sent_count = 1;
	return EVENT_CREATE;
}

bool event_series_due(struct event_series *series, int64_t now, struct event_patch *patch, int64_t *next) {
	*next = INT64_MAX;
	for (size_t i = 0; i < series->series_count;) {
		struct one *one = &series->series[i];
		int64_t due = one->count > one->sent_count ? one->sent + REFRESH : one->last + FINISH;
		if (due <= now && one->count > one->sent_count) {
			fill_patch(one, now, patch);
			return true;
		}
		if (due <= now) {
			remove_one(series, one);
			continue;
		}
		*next = due < *next ? due : *next;
		i++;
	}
	return false;
}

void event_series_forget(struct event_series *series, const struct digest *what) {
	struct one *one = find_one(series, what);
	if (one) {
		remove_one(series, one);
	}
}
