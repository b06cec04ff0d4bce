/* HTTP by libcurl, whose only includer this folder is: HTTP/2 over TLS, many exchanges a connection, else HTTP/1.1.
 *
 * A pool belongs to one thread; only http_interrupt() and http_interrupted() may be called from others. TLS is 1.2 or
 * newer and always verified, unless the peer says otherwise. Redirects are never followed. Connecting may take 10 s. */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"

/* With whom we speak, and as whom. PEM texts; borrowed by every exchange until it is done. */
struct http_peer {
	const char *ca;          /* trust anchors, and no others; NULL: the system's */
	const char *certificate; /* our own chain, or NULL */
	const char *key;         /* its private key */
	const char *server_name; /* the name in the peer's certificate, where it is not the URL's host; or NULL */
	const char *proxy;       /* "http://", "https://" or "socks5://" URL; NULL: as the environment says */
	bool insecure;           /* do not verify the peer */
};

struct http_pool;
struct http_transfer;

/* A request and its answer. All of the request is borrowed until done(). */
struct http_exchange {
	const char *method, *url;
	const char *const *headers; /* "Name: value" texts, NULL-terminated, or NULL */
	const char *body;           /* NULL: none */
	size_t body_length;
	const struct http_peer *peer; /* NULL: the system's trust anchors */
	size_t limit;                 /* largest answer, or line of a stream, after decompression; 0: 64 MiB, 16 MiB */
	int timeout;                  /* seconds for all of it; 0: 60 s, for a stream unlimited */
	int silence;                  /* seconds without a byte after which it failed; 0: unlimited */
	bool fenced;                  /* a write: the pool's fence must hold before and while it is sent */
	bool once;                    /* never sent again by itself, not even when the connection died without an answer */
	bool compressed;              /* ask for gzip */
	bool alone;                   /* HTTP/1.1, a connection of its own: `full` holds back the sender by TCP */
	/* A stream: asked before more is read, may be NULL. True: not now, it is asked again every few milliseconds. */
	bool (*full)(struct http_exchange *exchange);
	/* A stream: called for each line of a 2xx answer, without its end. False: `err` was filled, the stream ends. */
	bool (*line)(struct http_exchange *exchange, const char *line, size_t length, struct error *err);
	/* By http_turn() when the answer is there, or an error; may be NULL. It may start exchanges, this one too. */
	void (*done)(struct http_exchange *exchange);
	void *context;

	bool ok, too_large, silent; /* an answer came in whole; else `err`: past `limit`, after `silence`, or as it says */
	int status;                 /* 0: none came */
	int retry_after;            /* seconds, 0: the server did not say */
	double seconds;             /* how long it took */
	struct str answer; /* the answer's body; a stream's only when its status was not 2xx. http_forget() frees it */
	struct error err;  /* ERR_UNAVAILABLE, ERR_CANCELLED (interrupted, fence lost), ERR_INVALID (no URL) */
	struct http_transfer *transfer; /* the pool's own: not NULL while under way */
};

struct http_pool *http_create(void);
/* Ends what is under way without a call of done(). */
void http_destroy(struct http_pool *pool);
/* Asked just before a fenced exchange is sent, its head and its body, and every 250 ms while one is under way. */
void http_fence(struct http_pool *pool, bool (*holds)(void *context), void *context);

/* Begins an exchange, or queues it behind 64 others; the answer's fields are set anew. done() is called by a later
 * http_turn(), never by this. */
void http_start(struct http_pool *pool, struct http_exchange *exchange);
/* Waits at most so long for something to happen, and moves everything on. Returns the number of exchanges under way. */
size_t http_turn(struct http_pool *pool, int milliseconds);
/* Starts all and returns when all are done. */
void http_run(struct http_pool *pool, struct http_exchange *exchanges, size_t count);
/* Ends one exchange that is under way, without a call of done(). */
void http_cancel(struct http_pool *pool, struct http_exchange *exchange);
/* Ends all that is under way or started later with ERR_CANCELLED. From any thread. */
void http_interrupt(struct http_pool *pool);
bool http_interrupted(const struct http_pool *pool);
/* Frees the answer. */
void http_forget(struct http_exchange *exchange);

/* Appends `text` with all but RFC 3986's unreserved characters escaped: fit for a path segment or a query value. */
void http_escape(struct str *url, const char *text);

#endif
