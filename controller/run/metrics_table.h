/* All metrics there are: the table of metrics.c, and what the process knows of itself. */
#ifndef RUN_METRICS_TABLE_H
#define RUN_METRICS_TABLE_H
#include <stddef.h>

struct metrics;

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

struct metric {
	const char *name;
	enum metric_type type;
	const double *bounds; /* of a histogram, ascending; the one of +Inf is not in it */
	size_t bound_count;
	const char *help;
};

extern const struct metric metric_table[];
extern const size_t metric_count;

/* Sets process_*, from /proc/self. */
void metrics_set_process(struct metrics *metrics);

#endif
