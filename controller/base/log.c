#include "base/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"

static enum log_format format = LOG_FORMAT_CONSOLE;
static enum log_level least = LOG_INFO;

static const char *const names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_format wanted, enum log_level level) {
	format = wanted;
	least = level;
}

bool log_enabled(enum log_level level) {
	return level >= least;
}

static void timestamp(char text[static 32]) {
	struct timespec now;
	struct tm tm;
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	size_t length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + length, 32 - length, ".%03ldZ", now.tv_nsec / 1000000);
}

static int append(const char *bytes, size_t length, void *line) {
	str_add(line, bytes, length);
	return 0;
}

static void add_json(struct str *line, const char *text) {
	json_t *value = json_string(text);
	if (!value) {
		value = json_string("(not UTF-8)");
	}
	json_dump_callback(value, append, line, JSON_ENCODE_ANY);
	json_decref(value);
}

static void add_pair(struct str *line, const char *name, const char *value) {
	if (format == LOG_FORMAT_JSON) {
		str_addf(line, ",\"%s\":", name);
	} else {
		str_addf(line, " %s=", name);
	}
	add_json(line, value);
}

void log_line(enum log_level level, const char *message, ...) {
	if (!log_enabled(level)) {
		return;
	}
	cleanup_str struct str line = {0};
	char now[32];
	timestamp(now);
	if (format == LOG_FORMAT_JSON) {
		str_addf(&line, "{\"ts\":\"%s\",\"level\":\"%s\",\"msg\":", now, names[level]);
		add_json(&line, message);
	} else {
		str_addf(&line, "%s %-5s %s", now, names[level], message);
	}
	va_list pairs;
	va_start(pairs, message);
	for (const char *name; (name = va_arg(pairs, const char *));) {
		const char *value = va_arg(pairs, const char *);
		if (value) {
			add_pair(&line, name, value);
		}
	}
	va_end(pairs);
	str_adds(&line, format == LOG_FORMAT_JSON ? "}\n" : "\n");
	/* one write a line, so that threads do not mix theirs */
	if (write(STDERR_FILENO, line.text, line.length) < 0) {
		return;
	}
}
