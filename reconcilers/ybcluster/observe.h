/* What is there of one cluster: by the store, and by the API server itself. */
#ifndef YBCLUSTER_OBSERVE_H
#define YBCLUSTER_OBSERVE_H
#include "ybcluster/work.h"

/* Reads the store: children, their facts. */
void observe_children(struct work *work);
/* A child by its document, as the store would give it out. */
struct child child_shown(struct work *work, enum child_kind kind, json_t *item);
/* Puts what the API server has now of the cluster's StatefulSets or pods, with their documents, in the place of what
 * the watch has shown so far. */
must_check bool observe_live(struct work *work, enum child_kind kind, struct error *err);
/* Of a name whose cluster is not there, or cannot be read: anybody may put its label on anything, and what nobody ever
 * compares would be kept for ever. */
void drop_children(struct work *work);
/* False: something that every whole cluster has is not in the store yet. Needs no more than the cluster's name. */
bool children_may_be_whole(struct work *work);
/* True when the StatefulSets of the cluster's groups, and what they need to start, are in the store too. */
bool groups_arrived(struct work *work);
/* The union of the assigned lists. Reads C-clients live only when the union is not whole. */
must_check bool observe_allow_lists(struct work *work, struct error *err);

#endif
