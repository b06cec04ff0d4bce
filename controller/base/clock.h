/* Time. Wall time is Unix seconds; RFC 3339 texts are UTC with a final Z, as Kubernetes writes metav1.Time. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"

/* Unix seconds. */
int64_t clock_wall(void);
/* Nanoseconds that never go back and go on while the machine sleeps (CLOCK_BOOTTIME): for leases and deadlines. */
int64_t clock_monotonic(void);
#define SECONDS(n) ((int64_t)((double)(n)*1e9))

/* "2026-11-22T10:00:00Z" */
const char *clock_format(struct arena *arena, int64_t wall);
/* With fraction and offset as RFC 3339 allows them; the fraction is cut off. */
must_check bool clock_parse(const char *text, int64_t *wall, struct error *err);
/* A Go duration as Kubernetes takes it ("2160h", "1h30m", "10s"), whole seconds, not negative. */
must_check bool duration_parse(const char *text, int64_t *seconds, struct error *err);

#endif
