/* Changes become writes: policies first, StatefulSets last. */
#ifndef YBCLUSTER_WAVES_H
#define YBCLUSTER_WAVES_H
#include "ybcluster/change.h"

/* What is due, and foreign entries that are to be taken off; in plan mode only noted. */
must_check bool waves_write(struct work *work, struct change *changes, size_t count, struct error *err);

#endif
