/* What stands in a Secret's document. */
#ifndef YBCLUSTER_SECRET_H
#define YBCLUSTER_SECRET_H
#include "base/arena.h"
#include "base/hash.h"

/* A text of its data, decoded; NULL when it is not there. */
const char *secret_text(struct arena *arena, const json_t *secret, const char *key);
/* The leaf's PEM out of a certificate Secret, or NULL when it is none. */
const char *secret_leaf(struct arena *arena, const json_t *secret);
/* The digest of what pods that mount this certificate Secret run with: the trust anchors and the trust annotation. */
struct digest secret_trust(const json_t *secret);

#endif
