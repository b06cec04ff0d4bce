/* What a reconcile decides without effects: of a custom resource and allow lists the documents, and of each document
 * and a live object what differs. Every function here holds the properties of that on the way. */
#ifndef FUZZ_PLAN_H
#define FUZZ_PLAN_H
#include "pure/desired.h"

struct plan {
	struct ybcluster *cluster;
	struct allowed allowed;
	struct wanted_list wanted;
};

/* `lists`: an array of AllowLists, or of anything. False: the object was refused, with a clear error. */
bool plan_make(struct arena *arena, const json_t *object, const json_t *lists, struct plan *plan);
/* A live object, of whatever form, beside a document of the plan. */
void plan_meet(struct arena *arena, const struct plan *plan, const struct wanted *wanted, const json_t *live);
/* Parses the embedded manifests, once. */
void plan_setup(void);

#endif
