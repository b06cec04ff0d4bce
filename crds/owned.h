/* Names that are the operator's: flags of the database, annotations of load balancers, keys of labels. Whoever sets one
 * by hand is told which field replaces it. The CRD refuses them in CEL; the same tables check stored objects again. */
#ifndef CRDS_OWNED_H
#define CRDS_OWNED_H
#include <stddef.h>

struct owned {
	const char *names;   /* alternatives as in the CRD's pattern: "a_|b$", prefixes unless they end in '$' */
	const char *instead; /* what to use: ends the sentence "... is the operator's: " */
};

/* Each table ends with a row without names. */
extern const struct owned owned_flags[];
extern const struct owned owned_load_balancer_annotations[];
extern const struct owned owned_pod_keys[];

/* The row that claims `name`, or NULL. Flags are compared after a "no" prefix is taken off, too. */
const struct owned *owned_flag(const char *name);
const struct owned *owned_by(const struct owned *table, const char *name);

#endif
