/* A certificate that a cluster's CA signs, and the Secret that it is kept in. */
#ifndef YBCLUSTER_LEAF_H
#define YBCLUSTER_LEAF_H
#include "base/hash.h"
#include "ybcluster/authority.h"

/* The value of spec.tls.rotate that it was made for. (ANNOTATION_TRUST on a Secret is carried over when a leaf only
 * gains names, so that nobody restarts for those.) */
#define ANNOTATION_ROTATED "yugabyte.com/rotate"

/* The trust (leaf_trust) of a leaf that is only planned. */
#define NOT_YET "00000000000000000000000000000000"

/* A certificate Secret: of a StatefulSet (`group`), or the administrator's (`group` NULL). */
struct leaf {
	const char *secret, *component;
	const struct group *group;
	const char *certificate_key, *key_key, *anchor_key; /* keys of the Secret's data */
	const char *const *names;
	struct digest expectation; /* of all that the Secret depends on */
	bool planned;              /* it would be made anew */
};

struct leaf leaf_of_group(struct work *work, const struct group *group);
struct leaf leaf_of_admin(struct work *work);
/* Wants the Secret anew where it is missing, is due, or cannot stay as it is; put right where something else is wrong
 * with it. */
must_check bool leaf_ensure(struct work *work, struct leaf *leaf, struct authority *authority, struct error *err);
/* Of the Secret that this pass wants, or of the one in the store. False: there is none that can be read. */
bool leaf_facts(struct work *work, const struct leaf *leaf, struct certificate_facts *facts);
/* The digest of what pods that mount it run with, see secret_trust(): as this pass wants it, or as the store has it. */
const char *leaf_trust(struct work *work, const struct leaf *leaf);

#endif
