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

/* True when `text` begins as `form` says: 0 stands for a digit, T for T or t. */
static bool matches(const char *text, const char *form) {
	for (; *form; form++, text++) {
		bool ok = *form == '0'   ? isdigit((unsigned char)*text)
		          : *form == 'T' ? *text == 'T' || *text == 't'
		                         : *text == *form;
		if (!ok) {
			return false;
		}
	}
	return true;
}

static bool offset_parse(const char *text, int64_t *offset) {
	if (strcmp(text, "Z") == 0 || strcmp(text, "z") == 0) {
		*offset = 0;
		return true;
	}
	int hours, minutes;
	if ((text[0] != '+' && text[0] != '-') || !matches(text + 1, "00:00") || text[6] != '\0' ||
		sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2 || hours > 23 || minutes > 59) {
		return false;
	}
	int64_t seconds = text[0] == '-' ? -60 : 60;
	*offset = seconds * (hours * 60 + minutes);
	return true;
}

static int days_of(int year, int month) {
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (leap && month == 2);
}

bool clock_parse(const char *text, int64_t *wall, struct error *err) {
	struct tm tm = {0};
	int64_t offset = 0;
	bool shaped =
		matches(text, "0000-00-00T00:00:00") && sscanf(text, "%4d-%2d-%2d%*1[Tt]%2d:%2d:%2d", &tm.tm_year, &tm.tm_mon,
													&tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec) == 6;
	const char *rest = shaped ? text + 19 : text;
	if (shaped && *rest == '.') {
		size_t digits = strspn(rest + 1, "0123456789");
		shaped = digits > 0;
		rest += 1 + digits;
	}
	if (!shaped || !offset_parse(rest, &offset) || tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
		tm.tm_mday > days_of(tm.tm_year, tm.tm_mon) || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60) {
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
		int64_t unit = *at == 'h' ? 3600 : *at == 'm' ? 60 : *at == 's' ? 1 : 0;
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
