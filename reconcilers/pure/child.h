/* The objects that one YBCluster owns, as the pure part sees them: what is live, and what is wanted. */
#ifndef PURE_CHILD_H
#define PURE_CHILD_H
#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

enum child_kind {
	SERVICE_ACCOUNT,
	CONFIG_MAP,
	NETWORK_POLICY,
	SECRET,
	SERVICE,
	POD_DISRUPTION_BUDGET,
	STATEFUL_SET,
	POD,
	VOLUME_CLAIM,
	CHILD_KINDS,
};

/* What the numbers of an object's summary mean, by kind. */
enum { STATEFUL_SET_REPLICAS /* at most MOST_PODS */, STATEFUL_SET_OBSERVED };
enum { MOST_PODS = 1000 }; /* of a StatefulSet, more than spec.nodes allows: others write numbers and names of claims */
enum {
	POD_READY,
	POD_STUCK,   /* our own container does not run */
	POD_ENTERED, /* an ephemeral container mounts or reads what is ours, see pure/entered.h */
	POD_LEAF_BEGINS,
	POD_LEAF_ENDS /* by ANNOTATION_VALIDITY; 0: not known */
};
/* A pod's text: three digests of 32 characters (all, asked, trust) with a blank behind each, then what it waits for. */
enum { POD_DIGEST, POD_ASKED, POD_TRUST, POD_DIGESTS, POD_TROUBLE = 33 * POD_DIGESTS };
enum { CLAIM_REQUESTED, CLAIM_CAPACITY };
enum { SERVICE_FAMILIES /* 1: IPv4, 2: IPv6 */, SERVICE_BALANCED /* of type LoadBalancer */ };
enum { CERTIFICATE_NOT_BEFORE, CERTIFICATE_NOT_AFTER, CA_STEP, CA_GENERATION };

/* A live object. */
struct child {
	enum child_kind kind;
	const char *name, *uid, *owner_uid, *version;
	bool deleting;
	bool in_sync; /* this very version was compared with the document that has the digest `compared` */
	struct digest compared;
	int64_t number[6];
	const uint8_t *mark;     /* 16 bytes; of pods: the address as IPv6, or IPv4 mapped into it; zeros: none yet */
	const char *text;        /* "" when the summary has none */
	const char *cluster_uid; /* of pods and claims: the label; else "" */
	const char *hostnames;   /* of pods: ANNOTATION_NAMES, with a blank behind each; else "" */
	const char *labels;      /* of pods: what labels_beside() says, see pure/selection.h; else "" */
	const char *intruders;   /* of pods: what pod_intruders() says, see pure/entered.h; else "" */
	const char *asked;       /* of C-ca: the anchors that a wished rotation last brought about; else "" */
	json_t *document;        /* NULL when it is not at hand */
	void *handle;            /* the effectful part's own; NULL: not in the store's group */
};

/* A wanted object. */
struct wanted {
	enum child_kind kind;
	const char *name;
	json_t *document;
	struct digest
		digest;      /* of what the document depends on; all zero: of the document itself, taken when it is compared */
	const char *why; /* what the change is for, when the reason is not a difference of fields; or NULL */
	const char *version; /* of the live object whose content it carries on; NULL: it follows from the spec alone */
};

struct children {
	struct child *items;
	size_t count;
};

/* NULL when it is not there. */
struct child *children_find(const struct children *children, enum child_kind kind, const char *name);
/* The same of a StatefulSet's pod, which its controller names <set>-<ordinal>. */
struct child *children_pod(struct arena *arena, const struct children *children, const char *set, int ordinal);
const char *child_kind_name(enum child_kind kind);

#endif
