/* Errors: a kind that decides what the caller does next, and a text for people.
 *
 * Every fallible function takes `struct error *err` as its last parameter, leaves it untouched on success, and also
 * returns bool or a pointer, so that a call reads `if (!thing_do(x, err)) return false;`. The error is the caller's
 * memory. A failure is logged once, by whoever stops passing it up. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H
#include <stdbool.h>

#define must_check __attribute__((warn_unused_result))
#define printf_like(text, args) __attribute__((format(printf, text, args)))

enum error_kind {
	ERR_NONE = 0,
	ERR_INVALID,     /* the input is wrong: nothing helps but another input. HTTP 400, 422, 413: again with backoff */
	ERR_NOT_FOUND,   /* HTTP 404 */
	ERR_CONFLICT,    /* somebody else was faster: read again, now (HTTP 409) */
	ERR_FORBIDDEN,   /* HTTP 401, 403: shown in a condition, tried again with backoff */
	ERR_THROTTLED,   /* HTTP 429, 503 with Retry-After: again after `retry_after` seconds */
	ERR_UNAVAILABLE, /* HTTP 5xx, no connection, a cut or malformed answer: again with backoff */
	ERR_GONE,        /* HTTP 410: the resourceVersion is too old, list again */
	ERR_CANCELLED,   /* the process is ending, or the lease was lost */
	ERR_BLOCKED,     /* something outside must change first; `reason` says what. Again with backoff */
	ERR_INTERNAL,    /* a defect of ours */
};

struct error {
	enum error_kind kind;
	int http;        /* HTTP status, 0 when the failure is not HTTP's */
	int retry_after; /* seconds the server asked to wait, 0 when it did not */
	char reason[64]; /* one CamelCase word for a condition, "" when none was given */
	char text[512];  /* what failed, on what, and what would be right; never a secret */
};

/* Fills the error and returns false, so that `return fail(err, ERR_INVALID, "...")` is one line. */
bool fail(struct error *err, enum error_kind kind, const char *format, ...) printf_like(3, 4);
/* The same with a condition's reason. */
bool fail_because(struct error *err, enum error_kind kind, const char *reason, const char *format, ...)
	printf_like(4, 5);
/* Puts "context: " before the text of an error that is being passed up; returns false. */
bool fail_in(struct error *err, const char *format, ...) printf_like(2, 3);
/* The kind's name, for logs and metrics. */
const char *error_kind_name(enum error_kind kind);

#endif
