/* What the process knows of itself: process_* as Prometheus' client libraries name it (man 5 proc). */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "run/metrics.h"
#include "run/metrics_table.h"

static double boot_time(void) {
	double seconds = 0;
	char line[256];
	FILE *file = fopen("/proc/stat", "re");
	while (file && fgets(line, sizeof line, file)) {
		if (!strncmp(line, "btime ", 6)) {
			seconds = strtod(line + 6, NULL);
			break;
		}
	}
	if (file) {
		fclose(file);
	}
	return seconds;
}

/* Fields 14, 15, 22 and 24 of /proc/self/stat, counted from behind the name, which may hold anything. */
static void set_from_stat(struct metrics *metrics) {
	char line[1024] = "";
	FILE *file = fopen("/proc/self/stat", "re");
	if (!file || !fgets(line, sizeof line, file)) {
		line[0] = '\0';
	}
	if (file) {
		fclose(file);
	}
	unsigned long user, kernel;
	unsigned long long start;
	long pages;
	const char *rest = strrchr(line, ')');
	if (!rest ||
		sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu %*u %ld",
			&user, &kernel, &start, &pages) != 4) {
		return;
	}
	double ticks = (double)sysconf(_SC_CLK_TCK);
	metrics_set(metrics, "process_cpu_seconds_total", "", (double)(user + kernel) / ticks);
	metrics_set(metrics, "process_start_time_seconds", "", boot_time() + (double)start / ticks);
	metrics_set(metrics, "process_resident_memory_bytes", "", (double)pages * (double)sysconf(_SC_PAGESIZE));
}

static void set_files(struct metrics *metrics) {
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		metrics_set(metrics, "process_max_fds", "", (double)limit.rlim_cur);
	}
	DIR *folder = opendir("/proc/self/fd");
	if (!folder) {
		return;
	}
	int open = -3; /* ".", ".." and the folder itself */
	while (readdir(folder)) {
		open++;
	}
	closedir(folder);
	metrics_set(metrics, "process_open_fds", "", open);
}

void metrics_set_process(struct metrics *metrics) {
	set_from_stat(metrics);
	set_files(metrics);
}
