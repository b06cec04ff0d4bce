/* Metrics of one cluster, as its status says. */
#ifndef YBCLUSTER_MEASURE_H
#define YBCLUSTER_MEASURE_H
#include "ybcluster/work.h"

void measure(struct work *work, const json_t *status);
/* A foreign change of such an object was taken back. */
void measure_drift(struct work *work, enum child_kind kind);
/* The cluster is gone, and so are its series. */
void measure_end(struct work *work);

#endif
