/* The certificates that a cluster's CA signs: a leaf for each StatefulSet, a client certificate for the administrator.
 */
#ifndef YBCLUSTER_CERTIFICATES_H
#define YBCLUSTER_CERTIFICATES_H
#include "base/hash.h"
#include "ybcluster/work.h"

/* ANNOTATION_TRUST on a Secret is carried over when a leaf only gains names, so that nobody restarts for those. */
#define ANNOTATION_ROTATED "yugabyte.com/rotate"
/* Seconds that a certificate is valid before it is made, for clocks that are behind. */
enum { BACKDATED = 300 };

/* Names the administrator's certificate Secret. */
const char *admin_certificate(const struct work *work);
/* Of the CA and of its leaves. */
enum key_algorithm key_algorithm_of(const struct work *work);
/* The leaf's PEM out of a certificate Secret, or NULL when it is none. */
const char *secret_leaf(struct arena *arena, const json_t *secret);
/* A text of a Secret's data, decoded; NULL when it is not there. */
const char *secret_text(struct arena *arena, const json_t *secret, const char *key);
/* The digest of what pods that mount this Secret run with: the trust anchors and the trust annotation. */
struct digest secret_trust(const json_t *secret);

/* What certificates are live, before anything can fail: one that ends while nothing is done about it is told of. */
void certificates_observe(struct work *work);

#endif
