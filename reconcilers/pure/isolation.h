/* Is the cluster alone behind its policies? Does the network enforce them, and is nobody inside its pods? */
#ifndef PURE_ISOLATION_H
#define PURE_ISOLATION_H
#include "pure/status.h"

/* What a connection from the operator's pod to a tserver met. */
enum knock { KNOCK_NONE, KNOCK_ANSWERED, KNOCK_REFUSED, KNOCK_SILENT };
/* NetworkIsolated by the evidence of both: `granted` is the port that C-operator lets the operator in to, tried after
 * `ungranted`, the other one, where a tserver listens as well. True only when policies were seen to keep it out. */
struct finding isolation_finding(enum knock granted, enum knock ungranted);
/* Which pods hold a container that no template of ours has and that reaches what is ours, and what is to be done; NULL:
 * none. The first pod by name and its container are named, the others counted. */
const char *isolation_intrusion(struct arena *arena, const struct children *children);
/* A ready tserver whose address is known (its mark), another one with each `round`; NULL: none. */
const struct child *isolation_target(
	struct arena *arena, const struct groups *groups, const struct children *children, int64_t round);

#endif
