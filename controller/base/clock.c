#include "base/clock.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t clock_wall(void) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec;
}

int64_t clock_monotonic(void) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

const char *clock_format(struct arena *arena, int64_t wall) {
	struct tm tm;
	time_t seconds = (time_t)wall;
	gmtime_r(&seconds, &tm);
	char text[32];
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return arena_strdup(arena, text);
}

static bool offset_parse(const char *text, int64_t *offset) {
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*offset = 0;
		return true;
	}
	int hours, minutes, used = 0;
	if ((text[0] != '+' && text[0] != '-') || sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &used) != 2 ||
	    used != 5 || text[6] != '\0' || hours > 23 || minutes > 59) {
		return false;
	}
	*offset = (text[0] == '-' ? -60 : 60) * (hours * 60 + minutes);
	return true;
}

bool clock_parse(const char *text, int64_t *wall, struct error *err) {
	struct tm tm = {0};
	int used = 0;
	int64_t offset;
	if (sscanf(text, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
		    &tm.tm_sec, &used) != 6 || used != 19) {
		return fail(err, ERR_INVALID, "'%.40s' is no RFC 3339 time such as 2026-11-22T10:00:00Z", text);
	}
	const char *rest = text + used;
	if (*rest == '.') {
		for (rest++; isdigit((unsigned char)*rest); rest++) {
		}
	}
	if (!offset_parse(rest, &offset) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
		return fail(err, ERR_INVALID, "'%.40s' is no RFC 3339 time such as 2026-11-22T10:00:00Z", text);
	}
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*wall = (int64_t)timegm(&tm) - offset;
	return true;
}

bool duration_parse(const char *text, int64_t *seconds, struct error *err) {
	int64_t total = 0;
	const char *at = text;
	bool ok = *at != '\0';
	while (ok && *at) {
		int64_t number = 0;
		const char *from = at;
		for (; isdigit((unsigned char)*at) && number < INT64_C(1000000000); at++) {
			number = number * 10 + (*at - '0');
		}
		int64_t unit = *at == 'h' ? 3600 : *at == 'm' && at[1] != 's' ? 60 : *at == 's' ? 1 : 0;
		ok = at > from && unit > 0;
		total += number * unit;
		at += ok;
	}
	if (!ok || total > INT64_C(10000000000)) {
		return fail(err, ERR_INVALID, "'%.40s' is no duration such as 720h, 1h30m or 10s", text);
	}
	*seconds = total;
	return true;
}
