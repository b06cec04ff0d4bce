/* Preloaded: the wall clock of this process is the system's plus $CLOCK_SHIM's seconds, a file that may change at any
 * time. Clocks that count since the machine's start are left alone, as a jump of the wall clock leaves them alone. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long offset(void) {
	char text[32] = "";
	const char *path = getenv("CLOCK_SHIM");
	int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (file < 0) {
		return 0;
	}
	ssize_t length = read(file, text, sizeof text - 1);
	close(file);
	return length > 0 ? strtol(text, NULL, 10) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
		now->tv_sec += offset();
	}
	return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
	struct timespec fine;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &fine);
	*now = (struct timeval){fine.tv_sec, fine.tv_nsec / 1000};
	return 0;
}

time_t time(time_t *at) {
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (at) {
		*at = now.tv_sec;
	}
	return now.tv_sec;
}
