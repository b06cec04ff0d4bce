#include "kube/guard.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"

struct guard {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
	struct kube_client *client;
	int64_t deadline;
	bool ended;
};

/* A second at most: the wait does not count suspension, and the deadline does. */
static void wait_a_while(struct guard *guard, int64_t left) {
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	int64_t nanoseconds = until.tv_nsec + (left < SECONDS(1) ? left : SECONDS(1));
	until.tv_sec += nanoseconds / SECONDS(1);
	until.tv_nsec = nanoseconds % SECONDS(1);
	pthread_cond_timedwait(&guard->changed, &guard->lock, &until);
}

static void *watch(void *context) {
	struct guard *guard = context;
	pthread_mutex_lock(&guard->lock);
	while (!guard->ended) {
		if (guard->deadline == INT64_MAX) {
			pthread_cond_wait(&guard->changed, &guard->lock);
			continue;
		}
		int64_t left = guard->deadline - clock_monotonic();
		if (left <= 0) {
			kube_client_interrupt(guard->client);
			break;
		}
		wait_a_while(guard, left);
	}
	pthread_mutex_unlock(&guard->lock);
	return NULL;
}

struct guard *guard_create(struct kube_client *client, int64_t deadline) {
	struct guard *guard = xcalloc(1, sizeof *guard);
	guard->client = client;
	guard->deadline = deadline;
	pthread_mutex_init(&guard->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&guard->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	if (pthread_create(&guard->thread, NULL, watch, guard)) {
		abort();
	}
	return guard;
}

void guard_set(struct guard *guard, int64_t deadline) {
	pthread_mutex_lock(&guard->lock);
	guard->deadline = deadline;
	pthread_cond_signal(&guard->changed);
	pthread_mutex_unlock(&guard->lock);
}

void guard_destroy(struct guard *guard) {
	pthread_mutex_lock(&guard->lock);
	guard->ended = true;
	pthread_cond_signal(&guard->changed);
	pthread_mutex_unlock(&guard->lock);
	pthread_join(guard->thread, NULL);
	pthread_cond_destroy(&guard->changed);
	pthread_mutex_destroy(&guard->lock);
	free(guard);
}
