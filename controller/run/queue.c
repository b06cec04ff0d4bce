#include "run/queue.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"

/* 5 ms x 2^n as in client-go; its 1000 s at most would let a cluster wait a quarter of an hour for what is mended. */
static const double FIRST_DELAY = 0.005, LONGEST_DELAY = 60;
/* Three years. Nanoseconds overflow after three hundred, and what overflowed would be due at once; who comes back too
 * early waits again. */
static const double LONGEST_WISH = 1e8;
enum { FIRST_SIZE = 64, NOT_DELAYED = -1, PATIENCE = 8 };

/* A key that the queue has to remember: waiting, delayed, being worked on, or failing. */
struct item {
	struct item *bucket;         /* next in the hash bucket */
	struct item *after, *before; /* among those that wait */
	int64_t due, added, started; /* monotonic: end of the delay, begin of the wait, begin of the work */
	ptrdiff_t heap;              /* place in the delay heap, or NOT_DELAYED */
	int failures;
	bool waiting, low, working, again, again_low;
	char key[];
};

struct line {
	struct item *first, *last;
	size_t count;
};

struct queue {
	pthread_mutex_t lock;
	pthread_cond_t ready;
	struct item **buckets;
	size_t size, count;
	struct line normal, low;
	unsigned int passed_over; /* how often in turn somebody normal came before somebody low */
	struct item **heap;       /* delayed items, the earliest first */
	size_t delayed, heap_room;
	size_t working;
	uint64_t adds, retries;
	bool stopped;
};

struct queue *queue_create(void) {
	struct queue *queue = xcalloc(1, sizeof *queue);
	queue->size = FIRST_SIZE;
	queue->buckets = xcalloc(queue->size, sizeof(struct item *));
	pthread_mutex_init(&queue->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->ready, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return queue;
}

void queue_destroy(struct queue *queue) {
	if (!queue) {
		return;
	}
	for (size_t i = 0; i < queue->size; i++) {
		for (struct item *item = queue->buckets[i], *next; item; item = next) {
			next = item->bucket;
			free(item);
		}
	}
	free(queue->buckets);
	free(queue->heap);
	pthread_cond_destroy(&queue->ready);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

/* All below hold the lock. */

static struct item **find(struct queue *queue, const char *key) {
	struct item **at = &queue->buckets[hash_text(key) & (queue->size - 1)];
	while (*at && strcmp((*at)->key, key) != 0) {
		at = &(*at)->bucket;
	}
	return at;
}

static void grow(struct queue *queue) {
	struct item **old = queue->buckets;
	size_t size = queue->size;
	queue->size *= 2;
	queue->buckets = xcalloc(queue->size, sizeof(struct item *));
	for (size_t i = 0; i < size; i++) {
		for (struct item *item = old[i], *next; item; item = next) {
			next = item->bucket;
			struct item **at = find(queue, item->key);
			item->bucket = NULL;
			*at = item;
		}
	}
	free(old);
}

static struct item *get_or_make(struct queue *queue, const char *key) {
	struct item **at = find(queue, key);
	if (*at) {
		return *at;
	}
	if (queue->count >= queue->size) {
		grow(queue);
		at = find(queue, key);
	}
	size_t length = strlen(key) + 1;
	struct item *item = xcalloc(1, sizeof *item + length);
	memcpy(item->key, key, length);
	item->heap = NOT_DELAYED;
	queue->count++;
	*at = item;
	return item;
}

static void forget_if_idle(struct queue *queue, struct item *item) {
	if (item->waiting || item->working || item->failures || item->heap != NOT_DELAYED) {
		return;
	}
	struct item **at = find(queue, item->key);
	*at = item->bucket;
	queue->count--;
	free(item);
}

static void line_push(struct line *line, struct item *item) {
	item->after = NULL;
	item->before = line->last;
	if (line->last) {
		line->last->after = item;
	} else {
		line->first = item;
	}
	line->last = item;
	line->count++;
}

static void line_remove(struct line *line, struct item *item) {
	*(item->before ? &item->before->after : &line->first) = item->after;
	*(item->after ? &item->after->before : &line->last) = item->before;
	line->count--;
}

static struct item *line_pop(struct line *line) {
	struct item *item = line->first;
	line_remove(line, item);
	return item;
}

static void place(struct queue *queue, size_t at, struct item *item) {
	queue->heap[at] = item;
	item->heap = (ptrdiff_t)at;
}

static void sift_up(struct queue *queue, size_t at, struct item *item) {
	while (at && queue->heap[(at - 1) / 2]->due > item->due) {
		place(queue, at, queue->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	place(queue, at, item);
}

static void sift_down(struct queue *queue, size_t at, struct item *item) {
	for (size_t child; (child = 2 * at + 1) < queue->delayed; at = child) {
		if (child + 1 < queue->delayed && queue->heap[child + 1]->due < queue->heap[child]->due) {
			child++;
		}
		if (queue->heap[child]->due >= item->due) {
			break;
		}
		place(queue, at, queue->heap[child]);
	}
	place(queue, at, item);
}

static void delay(struct queue *queue, struct item *item, double seconds) {
	int64_t due = clock_monotonic() + SECONDS(seconds < LONGEST_WISH ? seconds : LONGEST_WISH);
	if (item->heap != NOT_DELAYED) {
		if (due < item->due) {
			item->due = due;
			sift_up(queue, (size_t)item->heap, item);
		}
	} else {
		if (queue->delayed == queue->heap_room) {
			queue->heap_room = queue->heap_room ? 2 * queue->heap_room : FIRST_SIZE;
			queue->heap = xrealloc(queue->heap, queue->heap_room * sizeof(struct item *));
		}
		item->due = due;
		sift_up(queue, queue->delayed++, item);
	}
	/* A waiter may sleep for a later one. */
	if (queue->heap[0] == item) {
		pthread_cond_signal(&queue->ready);
	}
}

static struct item *pop_delayed(struct queue *queue) {
	struct item *item = queue->heap[0], *last = queue->heap[--queue->delayed];
	item->heap = NOT_DELAYED;
	if (item != last) {
		sift_down(queue, 0, last);
	}
	return item;
}

static void add(struct queue *queue, struct item *item, bool low) {
	if (item->working) {
		item->again_low = low && (item->again_low || !item->again);
		item->again = true;
		return;
	}
	if (item->waiting && !(item->low && !low)) {
		return;
	}
	if (item->waiting) {
		line_remove(&queue->low, item); /* what was only listed has really changed */
	} else {
		queue->adds++;
		item->added = clock_monotonic();
	}
	item->waiting = true;
	item->low = low;
	line_push(low ? &queue->low : &queue->normal, item);
	pthread_cond_signal(&queue->ready);
}

static void add_due(struct queue *queue) {
	int64_t now = clock_monotonic();
	while (queue->delayed && queue->heap[0]->due <= now) {
		add(queue, pop_delayed(queue), false);
	}
}

static void wait_for_work(struct queue *queue) {
	if (!queue->delayed) {
		pthread_cond_wait(&queue->ready, &queue->lock);
		return;
	}
	/* The delays count suspension and the wait does not: at most a second late after the machine slept. */
	int64_t left = queue->heap[0]->due - clock_monotonic();
	left = left > SECONDS(1) ? SECONDS(1) : left;
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + (left > 0 ? left : 0);
	until.tv_sec += nanoseconds / SECONDS(1);
	until.tv_nsec = nanoseconds % SECONDS(1);
	pthread_cond_timedwait(&queue->ready, &queue->lock, &until);
}

/* The public side: each takes the lock. */

void queue_add(struct queue *queue, const char *key, bool low) {
	pthread_mutex_lock(&queue->lock);
	if (!queue->stopped) {
		add(queue, get_or_make(queue, key), low);
	}
	pthread_mutex_unlock(&queue->lock);
}

void queue_add_after(struct queue *queue, const char *key, double seconds) {
	pthread_mutex_lock(&queue->lock);
	if (!queue->stopped) {
		delay(queue, get_or_make(queue, key), seconds > 0 ? seconds : 0);
	}
	pthread_mutex_unlock(&queue->lock);
}

/* Who keeps the normal line from ever being empty does not keep the others from their first pass. */
static struct line *next_line(struct queue *queue) {
	bool low = queue->low.count && (!queue->normal.count || ++queue->passed_over >= PATIENCE);
	queue->passed_over = low ? 0 : queue->passed_over;
	return low ? &queue->low : &queue->normal;
}

char *queue_get(struct queue *queue) {
	char *key = NULL;
	pthread_mutex_lock(&queue->lock);
	while (!queue->stopped && !key) {
		add_due(queue);
		if (!queue->normal.count && !queue->low.count) {
			wait_for_work(queue);
			continue;
		}
		struct item *item = line_pop(next_line(queue));
		item->waiting = false;
		item->working = true;
		item->started = clock_monotonic();
		queue->working++;
		key = xstrdup(item->key);
		/* Who takes a key no longer watches the delays: another waiter must. */
		pthread_cond_signal(&queue->ready);
	}
	pthread_mutex_unlock(&queue->lock);
	return key;
}

static void back_off(struct queue *queue, struct item *item, double at_least) {
	double seconds = fmin(FIRST_DELAY * pow(2, item->failures++), LONGEST_DELAY);
	queue->retries++;
	delay(queue, item, fmax(seconds, at_least));
}

static void end_work(struct queue *queue, const char *key, bool failed, double at_least) {
	pthread_mutex_lock(&queue->lock);
	struct item *item = *find(queue, key);
	if (item && item->working) {
		item->working = false;
		queue->working--;
		if (failed) {
			back_off(queue, item, at_least);
		} else {
			item->failures = 0;
		}
		if (item->again) {
			item->again = false;
			add(queue, item, item->again_low);
			item->again_low = false;
		}
		forget_if_idle(queue, item);
	}
	pthread_mutex_unlock(&queue->lock);
}

void queue_done(struct queue *queue, const char *key) {
	end_work(queue, key, false, 0);
}

void queue_failed(struct queue *queue, const char *key, double at_least) {
	end_work(queue, key, true, at_least);
}

void queue_stop(struct queue *queue) {
	pthread_mutex_lock(&queue->lock);
	queue->stopped = true;
	pthread_cond_broadcast(&queue->ready);
	pthread_mutex_unlock(&queue->lock);
}

double queue_waited(struct queue *queue, const char *key) {
	pthread_mutex_lock(&queue->lock);
	const struct item *item = *find(queue, key);
	double seconds = item && item->working ? (double)(item->started - item->added) / 1e9 : 0;
	pthread_mutex_unlock(&queue->lock);
	return seconds;
}

struct queue_stats queue_stats(struct queue *queue) {
	pthread_mutex_lock(&queue->lock);
	struct queue_stats stats = {
		.depth = queue->normal.count + queue->low.count,
		.delayed = queue->delayed,
		.working = queue->working,
		.adds = queue->adds,
		.retries = queue->retries,
	};
	int64_t now = clock_monotonic();
	for (size_t i = 0; queue->working && i < queue->size; i++) {
		for (struct item *item = queue->buckets[i]; item; item = item->bucket) {
			double seconds = item->working ? (double)(now - item->started) / 1e9 : 0;
			stats.unfinished_seconds += seconds;
			stats.longest_running_seconds =
				seconds > stats.longest_running_seconds ? seconds : stats.longest_running_seconds;
		}
	}
	pthread_mutex_unlock(&queue->lock);
	return stats;
}
