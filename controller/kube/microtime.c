#include "kube/microtime.h"

#include <stdio.h>

struct microtime microtime_of(struct timespec time) {
	struct tm parts;
	gmtime_r(&time.tv_sec, &parts);
	char seconds[24];
	strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", &parts);
	struct microtime microtime;
	snprintf(microtime.text, sizeof microtime.text, "%s.%06uZ", seconds, (unsigned)(time.tv_nsec / 1000) % 1000000);
	return microtime;
}

struct microtime microtime_now(void) {
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return microtime_of(time);
}
