/* Pods that a write of a StatefulSet would take away are gone, and watches may be late: the number of pods that a pass
 * has judged by must still be what is there. All of this fails with ERR_CONFLICT where somebody scaled a set meanwhile.
 */
#ifndef YBCLUSTER_SCALES_H
#define YBCLUSTER_SCALES_H
#include "ybcluster/change.h"

/* Of a set that is there, by the document at hand. */
must_check bool scale_is_seen(const struct change *change, struct error *err);
/* Of all that are due, by what the API server has now; and that the cluster stands for which one is made
 * (cluster_stands). */
must_check bool scales_stand(struct work *work, const struct change *changes, size_t count, struct error *err);

#endif
