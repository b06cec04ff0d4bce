/* The end of a cluster, and what keeps it from ending unseen. */
#ifndef YBCLUSTER_DELETION_H
#define YBCLUSTER_DELETION_H
#include "ybcluster/work.h"

/* The cluster is being deleted: the next step of its end. ERR_CONFLICT: the API server does not say so (any more). */
must_check bool deletion_step(struct work *work, struct error *err);
must_check bool finalizer_set(struct work *work, bool wanted, struct error *err);

#endif
