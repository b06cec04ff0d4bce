/* The reconciler of YBCluster. */
#ifndef YBCLUSTER_YBCLUSTER_H
#define YBCLUSTER_YBCLUSTER_H
#include "run/reconcile.h"

extern const struct reconciler ybcluster_reconciler;

#endif
