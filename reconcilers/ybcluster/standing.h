/* Is what a pass judges by still so? Asked of the API server itself: watches may be late, most of all of one who has
 * just become the leader, and a pass that writes by a spec or a list of yesterday takes back what the leader before has
 * done.
 */
#ifndef YBCLUSTER_STANDING_H
#define YBCLUSTER_STANDING_H
#include "ybcluster/work.h"

/* False, ERR_CANCELLED: it is gone, and its keys are destroyed (an API server that read the cluster before it had the
 * finalizer deletes it all the same, though the finalizer was set meanwhile, and nobody asks us). Keys go by this: a
 * list without it is the API server's own word, where a 404 may be anybody's on the way. False, ERR_CONFLICT: it was
 * changed meanwhile; the next pass knows how. */
must_check bool cluster_current(struct work *work, json_t **live, struct error *err);
/* The same once a pass, before the first write of one that may write. */
must_check bool inputs_stand(struct work *work, struct error *err);
/* And of the AllowLists by which access is given. */
must_check bool lists_stand(struct work *work, struct error *err);
/* What a write of the cluster was answered is as good as a look. */
void cluster_answered(struct work *work, const json_t *answer);
/* The CA's, of every generation. */
must_check bool cluster_destroy_keys(struct work *work, struct error *err);

#endif
