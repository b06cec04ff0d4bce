/* One exchange on its way: a curl handle and what its callbacks need. Private to controller/http. */
#ifndef HTTP_TRANSFER_H
#define HTTP_TRANSFER_H
#include <curl/curl.h>
#include <stdint.h>

#include "http/http.h"
#include "http/lines.h"

struct http_transfer {
	struct http_transfer *next, **link; /* the pool's list */
	struct http_pool *pool;
	struct http_exchange *exchange;
	CURL *easy;
	struct curl_slist *headers, *connect_to;
	struct lines lines;
	size_t received;   /* bytes of the answer's body */
	size_t given;      /* bytes of the request's body that curl has taken */
	int64_t last_byte; /* clock_monotonic() of the start or of the last byte */
	unsigned int turn; /* of the pool, in which it was started */
	int sent;          /* how often the request went out */
	bool queued;       /* not sent yet: enough others are under way */
	bool counted;      /* one of those others */
	bool paused;       /* the stream's reader is full */
	bool stopped;      /* exchange->err was filled by a callback */
	char problem[CURL_ERROR_SIZE];
};

/* Makes the curl handle. False: exchange->err was filled. */
must_check bool transfer_prepare(struct http_transfer *transfer);
/* Fills the exchange's answer from what curl says. */
void transfer_conclude(struct http_transfer *transfer, CURLcode code);
void transfer_release(struct http_transfer *transfer);
/* True when the pool neither was interrupted nor lost its fence for this exchange; else exchange->err is filled. */
bool transfer_may_go_on(struct http_transfer *transfer);

#endif
