/* What the reviews of a bearer token ask and what their answers say. No server. Private to controller/run. */
#ifndef RUN_REVIEW_H
#define RUN_REVIEW_H
#include <jansson.h>

#include "run/verdict_cache.h"

/* Whom a TokenReview's answer has authenticated, borrowed; NULL: nobody. */
const json_t *review_user(const json_t *answer);
/* The SubjectAccessReview's spec: may this user read /metrics? New reference. */
json_t *review_access_spec(const json_t *user);
/* What its answer says. */
enum verdict review_access(const json_t *answer);

#endif
