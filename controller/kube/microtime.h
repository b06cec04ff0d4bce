/* metav1.MicroTime: "2026-11-22T10:00:00.000000Z". */
#ifndef KUBE_MICROTIME_H
#define KUBE_MICROTIME_H
#include <time.h>

struct microtime {
	char text[32];
};

struct microtime microtime_of(struct timespec time);
struct microtime microtime_now(void);

#endif
