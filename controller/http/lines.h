/* Cuts a stream of bytes into lines. */
#ifndef HTTP_LINES_H
#define HTTP_LINES_H
#include "base/error.h"
#include "base/str.h"

struct lines {
	struct str rest; /* the beginning of a line whose end has not come yet */
	size_t limit;    /* longest line; a longer one is an error, and takes no more memory than this */
};

typedef bool lines_each(void *context, const char *line, size_t length, struct error *err);

/* Calls each() for every line that ends in `bytes`, without "\n" or "\r\n"; empty lines are left out.
 * False: each() said so, or a line was too long. */
must_check bool lines_feed(
	struct lines *lines, const char *bytes, size_t length, lines_each *each, void *context, struct error *err);
/* The stream has ended: false when it did so in the middle of a line. */
must_check bool lines_end(const struct lines *lines, struct error *err);
void lines_done(struct lines *lines);

#endif
