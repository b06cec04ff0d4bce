/* Changes that no write can make: the object goes and comes anew. */
#ifndef PURE_IMMUTABLE_H
#define PURE_IMMUTABLE_H
#include "pure/diff.h"

/* The first difference in what the API (of a StatefulSet), or a cloud (of a load balancer's network), lets nobody
 * change in place; looked for before all others, which a rebuilt object brings along. NULL: none. */
const struct difference *immutable_difference(
	struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live);

#endif
