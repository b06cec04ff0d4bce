#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

/* What lies beyond the length was never written, and touching it would cost memory. */
static void let_go(struct str *str) {
	if (str->text) {
		explicit_bzero(str->text, str->length);
		free(str->text);
	}
}

static void reserve(struct str *str, size_t more) {
	size_t need = str->length + more + 1;
	if (need > str->room) {
		size_t room = str->room ? str->room : 64;
		while (room < need) {
			room *= 2;
		}
		char *text = xmalloc(room);
		if (str->text) {
			memcpy(text, str->text, str->length + 1);
		}
		let_go(str);
		str->text = text;
		str->room = room;
	}
}

void str_add(struct str *str, const void *bytes, size_t length) {
	reserve(str, length);
	if (length) {
		memcpy(str->text + str->length, bytes, length);
	}
	str->length += length;
	str->text[str->length] = '\0';
}

void str_adds(struct str *str, const char *text) {
	str_add(str, text, strlen(text));
}

void str_addf(struct str *str, const char *format, ...) {
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0) {
		abort();
	}
	reserve(str, (size_t)length);
	vsnprintf(str->text + str->length, (size_t)length + 1, format, again);
	va_end(again);
	str->length += (size_t)length;
}

void str_clear(struct str *str) {
	if (str->text) {
		explicit_bzero(str->text, str->length);
	}
	str->length = 0;
}

void str_done(struct str *str) {
	let_go(str);
	*str = (struct str){0};
}

char *str_steal(struct str *str) {
	char *text = str->text ? str->text : xstrdup("");
	*str = (struct str){0};
	return text;
}

bool str_starts(const char *text, const char *prefix) {
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix) {
	size_t length = strlen(text), tail = strlen(suffix);
	return length >= tail && memcmp(text + length - tail, suffix, tail) == 0;
}

/* RFC 3629, section 4: the bytes that may stand second are fewer after some leads. */
static const struct {
	unsigned char from, to;  /* leads */
	unsigned char low, high; /* second byte */
	size_t length;
} sequences[] = {
	{0x01, 0x7f, 0, 0, 1},
	{0xc2, 0xdf, 0x80, 0xbf, 2},
	{0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3},
	{0xed, 0xed, 0x80, 0x9f, 3},
	{0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4},
	{0xf1, 0xf3, 0x80, 0xbf, 4},
	{0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t str_character(const char *text) {
	const unsigned char *at = (const unsigned char *)text;
	size_t row = 0, rows = sizeof sequences / sizeof *sequences;
	while (row < rows && (at[0] < sequences[row].from || at[0] > sequences[row].to)) {
		row++;
	}
	size_t length = row < rows ? sequences[row].length : 0;
	if (length > 1 && (at[1] < sequences[row].low || at[1] > sequences[row].high)) {
		return 0;
	}
	for (size_t i = 2; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	return length;
}

void str_keep_utf8(char *text) {
	char *to = text;
	for (const char *from = text; *from;) {
		size_t length = str_character(from);
		memmove(to, from, length);
		to += length;
		from += length ? length : 1;
	}
	*to = '\0';
}

bool str_equal(const char *a, const char *b) {
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool read_all(struct str *str, int fd, size_t limit, const char *path, struct error *err) {
	for (;;) {
		reserve(str, 4096);
		ssize_t got = read(fd, str->text + str->length, str->room - str->length - 1);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got < 0) {
			return fail(err, ERR_UNAVAILABLE, "read %s: %s", path, strerror(errno));
		}
		str->length += (size_t)got;
		str->text[str->length] = '\0';
		if (str->length > limit) {
			return fail(err, ERR_INVALID, "%s is larger than %zu bytes", path, limit);
		}
		if (got == 0) {
			return true;
		}
	}
}

bool str_read_file(struct str *str, const char *path, size_t limit, struct error *err) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return fail(err, ERR_UNAVAILABLE, "open %s: %s", path, strerror(errno));
	}
	bool ok = read_all(str, fd, limit, path, err);
	close(fd);
	return ok;
}
