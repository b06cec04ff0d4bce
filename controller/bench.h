/* What hack/bench asks of the operator; nothing at all but in a bench build (CMake option YBC_BENCH).
 *
 * On stdout stands "event all-processed N <unix ns>" once YBC_BENCH_EXPECT clusters (of the environment) have each had
 * a pass that was allowed to write. SIGUSR1 forgets what was seen; SIGUSR2 forgets, prints "event enqueue N <unix ns>"
 * and puts all of them into the queue. With YBC_BENCH_NO_TOKEN set, certificates are documents of the usual size
 * without cryptography, and no token is opened. */
#ifndef BENCH_H
#define BENCH_H
#include "reconcilers/world.h"

#ifdef YBC_BENCH
/* The reconcilers, watched. Once a process. */
const struct reconciler *const *bench_reconcilers(struct world *world);
#else
static inline const struct reconciler *const *bench_reconcilers(struct world *world) {
	(void)world;
	return reconcilers;
}
#endif

#endif
