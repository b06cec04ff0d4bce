#include "http/lines.h"

#include <string.h>

static const size_t most_kept = (size_t)64 * 1024;

static bool too_long(const struct lines *lines, struct error *err) {
	return fail(err, ERR_UNAVAILABLE, "a line of the answer is longer than %zu bytes", lines->limit);
}

static bool emit(const char *line, size_t length, lines_each *each, void *context, struct error *err) {
	if (length && line[length - 1] == '\r') {
		length--;
	}
	return length == 0 || each(context, line, length, err);
}

/* The line began in an earlier call. */
static bool finish_rest(
	struct lines *lines, const char *bytes, size_t length, lines_each *each, void *context, struct error *err) {
	str_add(&lines->rest, bytes, length);
	bool more = emit(lines->rest.text, lines->rest.length, each, context, err);
	/* A long line must not keep its memory for the life of the stream. */
	if (lines->rest.room > most_kept) {
		str_done(&lines->rest);
	}
	str_clear(&lines->rest);
	return more;
}

bool lines_feed(
	struct lines *lines, const char *bytes, size_t length, lines_each *each, void *context, struct error *err) {
	const char *end = bytes + length;
	for (const char *stop; bytes < end && (stop = memchr(bytes, '\n', (size_t)(end - bytes))); bytes = stop + 1) {
		size_t part = (size_t)(stop - bytes);
		if (lines->rest.length + part > lines->limit) {
			return too_long(lines, err);
		}
		bool more = lines->rest.length ? finish_rest(lines, bytes, part, each, context, err)
		                               : emit(bytes, part, each, context, err);
		if (!more) {
			return false;
		}
	}
	size_t left = (size_t)(end - bytes);
	if (lines->rest.length + left > lines->limit) {
		return too_long(lines, err);
	}
	str_add(&lines->rest, bytes, left);
	return true;
}

bool lines_end(const struct lines *lines, struct error *err) {
	if (lines->rest.length) {
		return fail(err, ERR_UNAVAILABLE, "the stream ended in the middle of a line");
	}
	return true;
}

void lines_done(struct lines *lines) {
	str_done(&lines->rest);
}
