#include "base/error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void fill(struct error *err, enum error_kind kind, const char *reason, const char *format, va_list args) {
	*err = (struct error){.kind = kind};
	snprintf(err->reason, sizeof err->reason, "%s", reason);
	vsnprintf(err->text, sizeof err->text, format, args);
	utf8_keep(err->text);
}

bool fail(struct error *err, enum error_kind kind, const char *format, ...) {
	va_list args;
	va_start(args, format);
	fill(err, kind, "", format, args);
	va_end(args);
	return false;
}

bool fail_because(struct error *err, enum error_kind kind, const char *reason, const char *format, ...) {
	va_list args;
	va_start(args, format);
	fill(err, kind, reason, format, args);
	va_end(args);
	return false;
}

bool fail_in(struct error *err, const char *format, ...) {
	char context[2 * sizeof err->text];
	va_list args;
	va_start(args, format);
	int length = vsnprintf(context, sizeof err->text, format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof err->text) {
		length = (int)sizeof err->text - 1;
	}
	snprintf(context + length, sizeof context - (size_t)length, ": %s", err->text);
	context[sizeof err->text - 1] = '\0';
	utf8_keep(context);
	memcpy(err->text, context, sizeof err->text);
	return false;
}

const char *error_kind_name(enum error_kind kind) {
	static const char *const names[] = {
		[ERR_NONE] = "None",
		[ERR_INVALID] = "Invalid",
		[ERR_NOT_FOUND] = "NotFound",
		[ERR_CONFLICT] = "Conflict",
		[ERR_FORBIDDEN] = "Forbidden",
		[ERR_THROTTLED] = "Throttled",
		[ERR_UNAVAILABLE] = "Unavailable",
		[ERR_GONE] = "Gone",
		[ERR_CANCELLED] = "Cancelled",
		[ERR_BLOCKED] = "Blocked",
		[ERR_INTERNAL] = "Internal",
	};
	return names[kind];
}
