/* What only the operator can see to be wrong, before anything is written; and what the conditions say afterwards. */
#ifndef YBCLUSTER_CHECKS_H
#define YBCLUSTER_CHECKS_H
#include "ybcluster/work.h"

/* Seconds: nobody tells of StorageClasses, of claims without our labels, and of what our watches do not show. */
enum { LOOK_AGAIN = 15 };

/* A wish that cannot be followed stalls the cluster and is left out; the pass goes on without it, for certificates end
 * all the same. Only where no pod runs yet the pass ends. Reasons: NeedsDatabase (a version of another release series),
 * VolumesOfEarlierCluster, StorageClassMissing. */
must_check bool checks_before(struct work *work, struct error *err);
/* Claims with another cluster's data: what stands under our label, and, where a StatefulSet is about to be made or to
 * get more pods, or a claim of a pod that is there is not seen, what stands under those names, whoever made that. Ours
 * by uid gets its labels back. VolumesOfEarlierCluster. */
must_check bool claims_check(struct work *work, struct error *err);
/* Is any StatefulSet of the cluster there? */
bool sets_exist(const struct work *work);
/* No new pod of the group from this ordinal on, in this pass: what checks_scale() goes by. */
void limit_pods(struct work *work, size_t group, int64_t ordinal);
/* Scaling down needs the database's consent: the wanted replicas stay at what is live, and the cluster says so. No
 * pod is made that would mount a claim which is not ours. */
must_check bool checks_scale(struct work *work, struct error *err);
/* Have pods not been ready for longer than it takes to make one? Told by the status before this pass. */
bool pods_overdue(const struct work *work);
/* What the API server says to a StatefulSet whose pods it does not let be made, or who stands in a pod's place, and
 * `reason` for the condition; NULL, and `reason` as it was: nothing is known of that. */
const char *refused_pods(struct work *work, const char **reason);
/* NodesReady, CertificatesReady, AllowListsApplied, NetworkIsolated, EndpointReady, from what this pass saw. */
enum outcome {
	OUTCOME_DONE,    /* everything was verified and written */
	OUTCOME_STALLED, /* something outside must change first */
	OUTCOME_PASSING, /* a failure that the next try may not have: conditions stay as they were */
};
void checks_after(struct work *work, enum outcome outcome);

#endif
