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
