/* The first byte says how the rest is cut into chunks: the lines, and the error, are the same as in one piece. */
#include "http/lines.h"

#include <string.h>

#include "../property.h"

enum { LIMIT = 40 };

/* What came out, each line behind its length. */
struct outcome {
	struct str lines;
	bool ok, ended;
};

static bool note(void *context, const char *line, size_t length, struct error *err) {
	(void)err;
	property(length > 0 && length <= LIMIT && !memchr(line, '\n', length));
	str_addf(context, "%zu:", length);
	str_add(context, line, length);
	return true;
}

/* `seed` 0: one piece. */
static struct outcome feed(const char *bytes, size_t length, unsigned seed) {
	struct lines lines = {.limit = LIMIT};
	struct outcome outcome = {.ok = true};
	struct error err = {0};
	while (outcome.ok && length) {
		size_t part = seed ? 1 + (size_t)rand_r(&seed) % 9 : length;
		part = part < length ? part : length;
		outcome.ok = lines_feed(&lines, bytes, part, note, &outcome.lines, &err);
		property(lines.rest.length <= LIMIT);
		bytes += part;
		length -= part;
	}
	outcome.ended = lines_end(&lines, &err);
	lines_done(&lines);
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size == 0) {
		return 0;
	}
	struct outcome whole = feed((const char *)data + 1, size - 1, 0);
	struct outcome parts = feed((const char *)data + 1, size - 1, 1 + data[0]);
	property(whole.ok == parts.ok && (!whole.ok || whole.ended == parts.ended));
	property(whole.lines.length == parts.lines.length);
	property(!whole.lines.length || memcmp(whole.lines.text, parts.lines.text, whole.lines.length) == 0);
	str_done(&whole.lines);
	str_done(&parts.lines);
	return 0;
}
