/* Single children: reads, writes, and what is said of them. */
#ifndef YBCLUSTER_CHILDREN_H
#define YBCLUSTER_CHILDREN_H
#include "ybcluster/work.h"

/* A call on the child of this name, to be filled in further. */
struct kube_call child_call(struct work *work, enum kube_verb verb, enum child_kind kind, const char *name);
/* The live document of a child: at hand, or read. NULL and no error: it is not there. */
must_check bool child_document(
	struct work *work, enum child_kind kind, const char *name, json_t **document, struct error *err);
/* The same, and of a name that somebody else has: NULL. What is theirs says nothing of what was open here. */
must_check bool own_document(
	struct work *work, enum child_kind kind, const char *name, json_t **document, struct error *err);
/* One write on an existing child, by its uid; in plan mode only noted, and not by what is not so any more
 * (inputs_stand). */
must_check bool child_delete(
	struct work *work, const struct child *child, const char *propagation, const char *why, struct error *err);
/* The same of what this pass has made itself: without a look. */
must_check bool child_take_back(struct work *work, const struct child *child, const char *why, struct error *err);
struct patch {
	const char *action, *why; /* as in note_change() */
	json_t *body;             /* taken over */
};
/* A merge patch, as guarded as child_delete(). */
must_check bool child_patch(struct work *work, const struct child *child, const struct patch *patch, struct error *err);
/* What the API server has of a kind in the cluster's namespace; `query` as in a URL. */
must_check bool children_list(
	struct work *work, enum child_kind kind, const char *query, const json_t **items, struct error *err);
/* Objects with the cluster's uid as the API server has them, in place of what the watch has shown so far, or beside it:
 * StatefulSets, pods or claims. */
must_check bool children_look(struct work *work, enum child_kind kind, struct error *err);
/* By the controller that the store knows; what nothing controls may be ours by its label. */
bool is_anothers(const struct work *work, const struct child *child);
/* A pod that somebody else's controller keeps with our label on it. */
bool is_their_pod(const struct work *work, const struct child *pod);
/* What is said while something on its way out is in the way. */
const char *awaited_end(struct work *work, enum child_kind kind, const char *name);
/* False, ERR_CONFLICT: it is another's, an earlier cluster's most likely, and on its way out. */
must_check bool no_leftover(struct work *work, enum child_kind kind, const json_t *live, struct error *err);
/* What a write is refused by when there is something newer by now; of NULL: when there is anything. */
const char *document_version(const json_t *live);
/* True when the live object is this cluster's; NULL is nobody's. */
bool is_ours(const struct work *work, const json_t *live);
/* A line of the plan, of the log and, for what people should hear of, an event. */
void note_change(struct work *work, const char *action, enum child_kind kind, const char *name, const char *why);

#endif
