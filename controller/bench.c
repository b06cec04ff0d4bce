/* Compiled in a bench build only. */
#include "bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"

enum { SLOTS = 1 << 13, MOST_RECONCILERS = 8 };

/* A cluster that had a pass: seen since the last signal, or only before. */
struct seen {
	char *key;
	unsigned round;
};

static struct {
	pthread_mutex_t lock;
	struct world *world;
	const struct reconciler *clusters; /* the real one */
	struct seen slots[SLOTS];
	unsigned round;
	long count, expected;
} bench = {.lock = PTHREAD_MUTEX_INITIALIZER, .round = 1};

static void say(const char *what) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	printf("event %s %ld %lld%09ld\n", what, bench.expected, (long long)now.tv_sec, now.tv_nsec);
	fflush(stdout);
}

static void note(const char *key) {
	pthread_mutex_lock(&bench.lock);
	size_t at = hash_text(key) % SLOTS;
	while (bench.slots[at].key && strcmp(bench.slots[at].key, key) != 0) {
		at = (at + 1) % SLOTS;
	}
	if (!bench.slots[at].key) {
		bench.slots[at].key = xstrdup(key);
	}
	if (bench.slots[at].round != bench.round) {
		bench.slots[at].round = bench.round;
		if (++bench.count == bench.expected) {
			say("all-processed");
		}
	}
	pthread_mutex_unlock(&bench.lock);
}

static bool reconcile(struct pass *pass, struct error *err) {
	bool ok = bench.clusters->reconcile(pass, err);
	if (pass->may_write) {
		note(arena_printf(pass->arena, "%s/%s/%s", bench.clusters->name, pass->namespace, pass->name));
	}
	return ok;
}

static void forget(void) {
	pthread_mutex_lock(&bench.lock);
	bench.round++;
	bench.count = 0;
	pthread_mutex_unlock(&bench.lock);
}

static void enqueue_all(void) {
	say("enqueue");
	for (size_t i = 0; i < SLOTS; i++) {
		if (bench.slots[i].key) {
			queue_add(bench.world->queue, bench.slots[i].key, false);
		}
	}
}

static void *listen(void *signals) {
	for (int which; sigwait(signals, &which) == 0;) {
		forget();
		if (which == SIGUSR2) {
			enqueue_all();
		}
	}
	return NULL;
}

static sigset_t signals;

/* Before there is any other thread, so that all of them inherit the mask. */
__attribute__((constructor)) static void block(void) {
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

const struct reconciler *const *bench_reconcilers(struct world *world) {
	static const struct reconciler *table[MOST_RECONCILERS + 1];
	static struct reconciler watched;
	const char *expected = getenv("YBC_BENCH_EXPECT");
	bench.world = world;
	bench.expected = expected ? atol(expected) : 0;
	for (size_t i = 0; reconcilers[i] && i < MOST_RECONCILERS; i++) {
		table[i] = reconcilers[i];
		if (reconcilers[i]->kind == &kind_ybcluster) {
			bench.clusters = reconcilers[i];
			watched = *reconcilers[i];
			watched.reconcile = reconcile;
			table[i] = &watched;
		}
	}
	pthread_t listening;
	pthread_create(&listening, NULL, listen, &signals);
	pthread_detach(listening);
	return table;
}
