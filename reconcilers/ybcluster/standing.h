/* Is what a pass judges by still so? Asked of the API server itself: watches may be late, most of all of one who has
 * just become the leader, and a pass that writes by a spec or a list of yesterday takes back what the leader before has
 * done.
 */
#ifndef YBCLUSTER_STANDING_H
#define YBCLUSTER_STANDING_H
#include "ybcluster/work.h"

/* All of these fail with ERR_CONFLICT, and set SUPERSEDED, when it is not. */

/* NULL and no error: it is gone; what has its name is another one. Keys go by this: a list without it is the API
 * server's own word, where a 404 may be anybody's on the way. */
must_check bool cluster_look(struct work *work, json_t **live, struct error *err);
/* What a write of the cluster was answered is as good as a look; it goes into the store. */
void cluster_seen(struct work *work, const json_t *answer);
/* A write by its version was refused: the store gets the newest. False. */
bool cluster_overtaken(struct work *work, struct error *err);
/* Once a pass, before the first write of one that may write. ERR_CANCELLED: the cluster is gone. */
must_check bool inputs_stand(struct work *work, struct error *err);
/* And of the AllowLists by which access is given. */
must_check bool lists_stand(struct work *work, struct error *err);
/* An API server that read the cluster before it had the finalizer deletes it all the same, though the finalizer was set
 * meanwhile: the cluster is gone, and nobody asks us. Whatever has an owner's reference goes by that; the volumes of a
 * set would not. ERR_CANCELLED: it is gone, and its keys are destroyed. */
must_check bool cluster_stands(struct work *work, struct error *err);
/* The CA's, of every generation. */
must_check bool cluster_destroy_keys(struct work *work, struct error *err);
bool fail_superseded(struct error *err); /* false */

#endif
