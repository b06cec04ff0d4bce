/* Is the cluster still there? Asked of the API server itself, for the watch may be late. */
#ifndef YBCLUSTER_STANDING_H
#define YBCLUSTER_STANDING_H
#include "ybcluster/work.h"

/* NULL and no error: it is gone; what has its name is another one. Keys go by this: a list without it is the API
 * server's own word, where a 404 may be anybody's on the way. */
must_check bool cluster_read(struct work *work, json_t **live, struct error *err);
/* Its CA's, of every generation. */
must_check bool cluster_destroy_keys(struct work *work, struct error *err);
/* An API server that read the cluster before it had the finalizer deletes it all the same, though the finalizer was set
 * meanwhile: the cluster is gone, and nobody asks us. Whatever has an owner's reference goes by that; the volumes of a
 * set would not. False, ERR_CANCELLED: it is gone, and its keys are destroyed, or it is going. */
must_check bool cluster_stands(struct work *work, struct error *err);

#endif
