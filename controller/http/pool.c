#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/secret.h"
#include "http/transfer.h"

enum {
	FENCE_MILLISECONDS = 250,
	PAUSE_MILLISECONDS = 3,
	/* Fewer than an HTTP/2 connection takes, so that none waits inside curl, where its connect timeout runs already. */
	MOST_AT_ONCE = 64,
};

struct http_pool {
	CURLM *multi;
	struct http_transfer *transfers; /* started, the oldest first */
	struct http_transfer **end;
	size_t count;
	size_t busy; /* those that were sent and are no streams */
	unsigned int turn;
	bool (*holds)(void *context);
	void *fence;
	atomic_bool interrupted;
};

/* Tokens and Secrets pass through curl's memory as well. */
static void begin_curl(void) {
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, secret_free, secret_realloc, strdup, calloc)) {
		abort();
	}
}

struct http_pool *http_create(void) {
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, begin_curl);
	struct http_pool *pool = xcalloc(1, sizeof *pool);
	pool->end = &pool->transfers;
	pool->multi = curl_multi_init();
	if (!pool->multi) {
		abort();
	}
	curl_multi_setopt(pool->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	return pool;
}

static void take_out(struct http_pool *pool, struct http_transfer *transfer) {
	curl_multi_remove_handle(pool->multi, transfer->easy);
	*transfer->link = transfer->next;
	*(transfer->next ? &transfer->next->link : &pool->end) = transfer->link;
	pool->busy -= transfer->counted;
	pool->count--;
	transfer->exchange->transfer = NULL;
}

void http_destroy(struct http_pool *pool) {
	if (!pool) {
		return;
	}
	while (pool->transfers) {
		http_cancel(pool, pool->transfers->exchange);
	}
	curl_multi_cleanup(pool->multi);
	free(pool);
}

void http_fence(struct http_pool *pool, bool (*holds)(void *context), void *context) {
	pool->holds = holds;
	pool->fence = context;
}

bool transfer_may_go_on(struct http_transfer *transfer) {
	struct http_pool *pool = transfer->pool;
	struct error *err = &transfer->exchange->err;
	if (transfer->stopped) {
		return false;
	}
	if (atomic_load(&pool->interrupted)) {
		transfer->stopped = true;
		return fail(err, ERR_CANCELLED, "interrupted");
	}
	if (transfer->exchange->fenced && pool->holds && !pool->holds(pool->fence)) {
		transfer->stopped = true;
		return fail(err, ERR_CANCELLED, "the lease does not hold any more");
	}
	return true;
}

static bool silent(struct http_transfer *transfer, int64_t now) {
	struct http_exchange *exchange = transfer->exchange;
	if (!exchange->silence || now - transfer->last_byte < SECONDS(exchange->silence)) {
		return false;
	}
	fail(&exchange->err, ERR_UNAVAILABLE, "not a byte in %d seconds", exchange->silence);
	return exchange->silent = transfer->stopped = true;
}

static void finish(struct http_pool *pool, struct http_transfer *transfer, CURLcode code) {
	struct http_exchange *exchange = transfer->exchange;
	transfer_conclude(transfer, code);
	take_out(pool, transfer);
	transfer_release(transfer);
	if (exchange->done) {
		exchange->done(exchange);
	}
}

static void launch(struct http_pool *pool, struct http_transfer *transfer) {
	bool stream = transfer->exchange->line;
	if (transfer->queued && (stream || pool->busy < MOST_AT_ONCE) && transfer_may_go_on(transfer)) {
		transfer->queued = false;
		transfer->counted = !stream;
		pool->busy += transfer->counted;
		transfer->last_byte = clock_monotonic();
		if (curl_multi_add_handle(pool->multi, transfer->easy)) {
			abort();
		}
	}
}

void http_start(struct http_pool *pool, struct http_exchange *exchange) {
	struct http_transfer *transfer = xcalloc(1, sizeof *transfer);
	transfer->pool = pool;
	transfer->exchange = exchange;
	transfer->turn = pool->turn;
	transfer->queued = true;
	http_forget(exchange);
	exchange->ok = exchange->too_large = exchange->silent = false;
	exchange->status = exchange->retry_after = 0;
	exchange->seconds = 0;
	exchange->err = (struct error){0};
	exchange->transfer = transfer;
	transfer->stopped = !transfer_prepare(transfer);
	transfer->link = pool->end;
	*pool->end = transfer;
	pool->end = &transfer->next;
	pool->count++;
	launch(pool, transfer);
}

void http_cancel(struct http_pool *pool, struct http_exchange *exchange) {
	struct http_transfer *transfer = exchange->transfer;
	if (transfer) {
		take_out(pool, transfer);
		transfer_release(transfer);
	}
}

/* Ends what was stopped by a callback of ours, by the fence, or by silence. done() may change the list: begin anew, but
 * leave what it started to the next turn, or one that starts itself again would never let go. */
static void end_stopped(struct http_pool *pool) {
	int64_t now = clock_monotonic();
	for (struct http_transfer *transfer = pool->transfers; transfer;) {
		bool old = transfer->turn != pool->turn;
		if (old && (silent(transfer, now) || !transfer_may_go_on(transfer))) {
			finish(pool, transfer, CURLE_ABORTED_BY_CALLBACK);
			transfer = pool->transfers;
		} else {
			transfer = transfer->next;
		}
	}
}

static void end_finished(struct http_pool *pool) {
	int left;
	for (CURLMsg *message; (message = curl_multi_info_read(pool->multi, &left));) {
		if (message->msg == CURLMSG_DONE) {
			struct http_transfer *transfer = NULL;
			CURLcode code = message->data.result;
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
			finish(pool, transfer, code);
		}
	}
}

/* A stream that was held back goes on when its reader has room. */
static void resume(struct http_pool *pool) {
	for (struct http_transfer *transfer = pool->transfers; transfer; transfer = transfer->next) {
		if (!transfer->paused) {
			continue;
		}
		transfer->last_byte = clock_monotonic(); /* the silence is ours */
		if (!transfer->exchange->full(transfer->exchange)) {
			transfer->paused = false;
			curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
		}
	}
}

/* How long nothing needs to be looked at but the sockets. */
static int patience(const struct http_pool *pool, int milliseconds) {
	int64_t now = clock_monotonic();
	for (const struct http_transfer *transfer = pool->transfers; transfer; transfer = transfer->next) {
		const struct http_exchange *exchange = transfer->exchange;
		int64_t wait = milliseconds;
		if (transfer->stopped) {
			wait = 0;
		} else if (transfer->paused) {
			wait = PAUSE_MILLISECONDS;
		} else if (exchange->fenced && pool->holds) {
			wait = FENCE_MILLISECONDS;
		} else if (exchange->silence) {
			wait = (transfer->last_byte + SECONDS(exchange->silence) - now) / 1000000 + 1;
		}
		wait = wait < 0 ? 0 : wait;
		milliseconds = wait < milliseconds ? (int)wait : milliseconds;
	}
	return milliseconds;
}

size_t http_turn(struct http_pool *pool, int milliseconds) {
	int running;
	if (milliseconds > 0) {
		curl_multi_poll(pool->multi, NULL, 0, patience(pool, milliseconds), NULL);
	}
	pool->turn++;
	end_stopped(pool); /* before anything is sent: much may have happened while nothing did */
	resume(pool);
	curl_multi_perform(pool->multi, &running);
	end_finished(pool);
	end_stopped(pool);
	for (struct http_transfer *transfer = pool->transfers; transfer && pool->busy < MOST_AT_ONCE;
		 transfer = transfer->next) {
		launch(pool, transfer);
	}
	return pool->count;
}

void http_run(struct http_pool *pool, struct http_exchange *exchanges, size_t count) {
	for (size_t i = 0; i < count; i++) {
		http_start(pool, &exchanges[i]);
	}
	for (size_t i = 0; i < count; i++) {
		while (exchanges[i].transfer) {
			http_turn(pool, 1000);
		}
	}
}

void http_interrupt(struct http_pool *pool) {
	atomic_store(&pool->interrupted, true);
	curl_multi_wakeup(pool->multi);
}

bool http_interrupted(const struct http_pool *pool) {
	return atomic_load(&pool->interrupted);
}

void http_forget(struct http_exchange *exchange) {
	str_done(&exchange->answer);
}

void http_escape(struct str *url, const char *text) {
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	for (; *text; text++) {
		if (strchr(plain, *text)) {
			str_add(url, text, 1);
		} else {
			str_addf(url, "%%%02X", (unsigned char)*text);
		}
	}
}
