/* One port of the operator's HTTP surface: a libwebsockets context on a thread of its own, so that a flood on one port
 * leaves the others alone. At most 64 connections, 16 KB of headers of which Authorization may have 8, 10 s of silence;
 * GET and HEAD of HTTP/1.1 only: who asks for another protocol is refused. */
#ifndef RUN_SURFACE_H
#define RUN_SURFACE_H
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "run/serving_certificate.h"

struct surface;

/* One request, and what is to be answered. */
struct request {
	const char *path;          /* without the query */
	const char *authorization; /* the header, "" without */
	int status;                /* 0: the answer comes later, see surface_wake() */
	struct str body;           /* freed by the surface */
	const char *content_type;
	struct digest token; /* the handler's own, kept until it was answered */
};

struct surface_config {
	const char *bind_address;
	int port;
	struct serving_certificate *certificate; /* NULL: no TLS */
	void (*handle)(void *context, struct request *request);
	/* Called again for each request whose answer was to come later. path and authorization are NULL now. */
	void (*again)(void *context, struct request *request);
	void *context;
};

/* `surface` is set before the first request is handled. */
must_check bool surface_start(const struct surface_config *config, struct surface **surface, struct error *err);
/* From any thread: an answer may be there. */
void surface_wake(struct surface *surface);
void surface_stop(struct surface *surface);

#endif
