/* NetworkIsolated. */
#ifndef YBCLUSTER_ISOLATION_H
#define YBCLUSTER_ISOLATION_H
#include "ybcluster/work.h"

/* Other people's NetworkPolicies that select our pods and allow something, their containers in our pods that reach what
 * is ours; and what a probe of a tserver met, where it can be made. It is asked for here, made elsewhere, and found in
 * a later pass. */
void observe_isolation(struct work *work);
/* The cluster is gone, and so is what was measured of it. */
void isolation_end(struct work *work);

#endif
