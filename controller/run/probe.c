#include "run/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"

enum { MOST_AT_ONCE = 64, BUCKETS = 1024 };

struct measurement {
	struct measurement *next; /* in its bucket */
	char *key;
	struct probe probe;
	struct probe_result result;
	enum probe_answer closed; /* of the measurement under way */
	int socket;               /* -1: it waits for its turn, or none is under way */
	int64_t deadline;
	bool forgotten; /* while it was under way: the thread lets go of it */
};

struct prober {
	pthread_t thread;
	pthread_mutex_t lock; /* protects all below but `wake` */
	struct measurement *buckets[BUCKETS];
	struct measurement *active[MOST_AT_ONCE];
	size_t active_count, waiting;
	bool stopping;
	int milliseconds;
	int wake; /* eventfd */
};

static enum probe_answer answer_of(int error) {
	return error == 0 ? PROBE_CONNECTED : error == ETIMEDOUT ? PROBE_SILENT : PROBE_REFUSED;
}

/* PROBE_NONE: under way. */
static enum probe_answer connect_to(struct measurement *one, uint16_t port) {
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
	memcpy(&six.sin6_addr, one->probe.address, sizeof six.sin6_addr);
	memcpy(&four.sin_addr, one->probe.address + 12, sizeof four.sin_addr);
	bool mapped = IN6_IS_ADDR_V4MAPPED(&six.sin6_addr);
	one->socket = socket(mapped ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (one->socket < 0) {
		return PROBE_REFUSED;
	}
	int failed = mapped ? connect(one->socket, (struct sockaddr *)&four, sizeof four)
	                    : connect(one->socket, (struct sockaddr *)&six, sizeof six);
	return failed && errno == EINPROGRESS ? PROBE_NONE : answer_of(failed ? errno : 0);
}

static void hang_up(struct measurement *one) {
	if (one->socket >= 0) {
		close(one->socket);
	}
	one->socket = -1;
}

static struct measurement **place_of(struct prober *prober, const char *key) {
	struct measurement **place = &prober->buckets[hash_text(key) % BUCKETS];
	while (*place && strcmp((*place)->key, key) != 0) {
		place = &(*place)->next;
	}
	return place;
}

static void drop(struct prober *prober, struct measurement *one) {
	struct measurement **place = place_of(prober, one->key);
	*place = one->next;
	hang_up(one);
	free(one->key);
	free(one);
}

/* What the port that is being tried said. True: the measurement has ended. */
static bool step(struct prober *prober, struct measurement *one, enum probe_answer answer) {
	while (answer != PROBE_NONE) {
		hang_up(one);
		bool first = one->closed == PROBE_NONE;
		if (!first || answer != PROBE_SILENT) {
			one->result = (struct probe_result){
				.open = first ? PROBE_NONE : answer, .closed = first ? answer : one->closed, .at = clock_monotonic()};
			return true;
		}
		one->closed = answer;
		one->deadline = clock_monotonic() + prober->milliseconds * INT64_C(1000000);
		answer = connect_to(one, one->probe.open);
	}
	return false;
}

static void let_go(struct prober *prober, size_t place) {
	struct measurement *one = prober->active[place];
	prober->active[place] = prober->active[--prober->active_count];
	if (one->forgotten) {
		drop(prober, one);
	}
}

static void begin(struct prober *prober, struct measurement *one) {
	prober->waiting--;
	one->closed = PROBE_NONE;
	one->deadline = clock_monotonic() + prober->milliseconds * INT64_C(1000000);
	prober->active[prober->active_count++] = one;
	if (step(prober, one, connect_to(one, one->probe.closed))) {
		let_go(prober, prober->active_count - 1);
	}
}

static bool is_active(const struct prober *prober, const struct measurement *one) {
	for (size_t i = 0; i < prober->active_count; i++) {
		if (prober->active[i] == one) {
			return true;
		}
	}
	return false;
}

static void begin_waiting(struct prober *prober) {
	for (size_t i = 0; i < BUCKETS && prober->waiting; i++) {
		for (struct measurement *one = prober->buckets[i], *next; one; one = next) {
			next = one->next;
			if (one->result.pending && prober->active_count < MOST_AT_ONCE && !is_active(prober, one)) {
				begin(prober, one);
			}
		}
	}
}

/* Milliseconds until the first deadline; -1: nothing is under way. */
static int patience(const struct prober *prober) {
	int64_t now = clock_monotonic(), wait = -1;
	for (size_t i = 0; i < prober->active_count; i++) {
		int64_t left = (prober->active[i]->deadline - now) / 1000000 + 1;
		left = left < 0 ? 0 : left;
		wait = wait < 0 || left < wait ? left : wait;
	}
	return (int)wait;
}

static enum probe_answer look(const struct measurement *one, short events) {
	int error = 0;
	socklen_t size = sizeof error;
	if (events) {
		getsockopt(one->socket, SOL_SOCKET, SO_ERROR, &error, &size);
		return answer_of(error);
	}
	return clock_monotonic() >= one->deadline ? PROBE_SILENT : PROBE_NONE;
}

/* Nobody else changes `active`: the lock may go while the sockets are waited for. */
static void wait_and_look(struct prober *prober) {
	struct pollfd polled[MOST_AT_ONCE + 1] = {{.fd = prober->wake, .events = POLLIN}};
	size_t count = prober->active_count;
	for (size_t i = 0; i < count; i++) {
		polled[i + 1] = (struct pollfd){.fd = prober->active[i]->socket, .events = POLLOUT};
	}
	int wait = patience(prober);
	pthread_mutex_unlock(&prober->lock);
	poll(polled, count + 1, wait);
	eventfd_t ignored;
	if (polled[0].revents) {
		eventfd_read(prober->wake, &ignored);
	}
	pthread_mutex_lock(&prober->lock);
	for (size_t i = count; i-- > 0;) {
		struct measurement *one = prober->active[i];
		if (one->forgotten || step(prober, one, look(one, polled[i + 1].revents))) {
			let_go(prober, i);
		}
	}
}

static void *run(void *context) {
	struct prober *prober = context;
	pthread_mutex_lock(&prober->lock);
	while (!prober->stopping) {
		begin_waiting(prober);
		wait_and_look(prober);
	}
	pthread_mutex_unlock(&prober->lock);
	return NULL;
}

struct prober *prober_start(int milliseconds) {
	struct prober *prober = xcalloc(1, sizeof *prober);
	prober->milliseconds = milliseconds;
	prober->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&prober->lock, NULL);
	if (prober->wake < 0 || pthread_create(&prober->thread, NULL, run, prober)) {
		abort();
	}
	return prober;
}

void prober_stop(struct prober *prober) {
	if (!prober) {
		return;
	}
	pthread_mutex_lock(&prober->lock);
	prober->stopping = true;
	pthread_mutex_unlock(&prober->lock);
	eventfd_write(prober->wake, 1);
	pthread_join(prober->thread, NULL);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (prober->buckets[i]) {
			drop(prober, prober->buckets[i]);
		}
	}
	close(prober->wake);
	pthread_mutex_destroy(&prober->lock);
	free(prober);
}

void prober_ask(struct prober *prober, const char *key, const struct probe *probe) {
	pthread_mutex_lock(&prober->lock);
	struct measurement **place = place_of(prober, key), *one = *place;
	if (!one) {
		one = *place = xcalloc(1, sizeof *one);
		one->key = xstrdup(key);
		one->socket = -1;
	}
	one->forgotten = false;
	if (!one->result.pending) {
		one->result.pending = true;
		one->probe = *probe;
		prober->waiting++;
		eventfd_write(prober->wake, 1);
	}
	pthread_mutex_unlock(&prober->lock);
}

struct probe_result prober_find(struct prober *prober, const char *key) {
	pthread_mutex_lock(&prober->lock);
	const struct measurement *one = *place_of(prober, key);
	struct probe_result result = one && !one->forgotten ? one->result : (struct probe_result){0};
	pthread_mutex_unlock(&prober->lock);
	return result;
}

void prober_forget(struct prober *prober, const char *key) {
	pthread_mutex_lock(&prober->lock);
	struct measurement *one = *place_of(prober, key);
	if (one && is_active(prober, one)) {
		one->forgotten = true;
		eventfd_write(prober->wake, 1);
	} else if (one) {
		prober->waiting -= one->result.pending;
		drop(prober, one);
	}
	pthread_mutex_unlock(&prober->lock);
}
