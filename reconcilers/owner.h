/* Whose a live object is. */
#ifndef RECONCILERS_OWNER_H
#define RECONCILERS_OWNER_H
#include <jansson.h>
#include <stdbool.h>

/* The uid of what controls it; "" when nothing does. */
const char *controller_of(const json_t *live);
/* True when the cluster with this uid controls it, or, when somebody took only the reference away, is named by our
 * label. NULL is nobody's. */
bool belongs_to(const json_t *live, const char *uid);

#endif
