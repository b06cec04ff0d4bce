/* What a call looks like on the wire, and what an answer means. Private to controller/kube; nothing here does I/O. */
#ifndef KUBE_REQUEST_H
#define KUBE_REQUEST_H
#include "base/str.h"
#include "http/http.h"
#include "kube/client.h"

enum { LIST_CHUNK = 500 };

/* Appends "/api/v1/namespaces/n/pods/p/status" without the server. `name`, `namespace`, `subresource` may be NULL.
 * Names that could not be one segment of a path are ERR_INVALID. */
must_check bool request_path(struct str *url, const struct kind *kind, const char *namespace, const char *name,
	const char *subresource, struct error *err);
/* Appends path and query of a call. `next`: the continue token of a list, or NULL. */
must_check bool request_url(
	struct str *url, const struct kube_call *call, const char *field_manager, const char *next, struct error *err);
const char *request_method(enum kube_verb verb);
/* The Content-Type header line, or NULL for a call without body. */
const char *request_content_type(enum kube_verb verb);
bool request_is_write(enum kube_verb verb);
/* The body as text; nothing is appended when there is none. ERR_INTERNAL when a call lacks what its verb needs. */
must_check bool request_body(struct str *body, const struct kube_call *call, struct error *err);

/* Parses an answer or one line of a watch. Strings may hold U+0000, as those of any object may. ERR_UNAVAILABLE. */
must_check json_t *answer_parse(const char *text, size_t length, struct error *err);
/* Fills the error for an answer that is no 2xx: kind by status, text with the server's own message (a Status object),
 * cut. Of a Secret the message is left out: it may quote values. Returns false. */
bool answer_error(const struct http_exchange *exchange, const char *method, const struct kind *kind,
	const char *namespace, const char *name, struct error *err);
/* Appends what is valid UTF-8 and no control character of `text`, in at most `most` bytes. */
void answer_quote(struct str *out, const char *text, size_t most);

#endif
