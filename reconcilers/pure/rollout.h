/* Which pod is replaced next, if any. One pod at a time, masters first, and only while all others are healthy. The
 * exception is a pod that is outdated and not ready, so that a rollout that is stuck on a bad spec heals when the spec
 * is reverted: at once when its container does not run or its certificate is not valid now, else only while no other
 * pod is down, since a server whose database does not answer still counts for the quorum of its peers. No pod goes
 * while another one is being replaced. */
#ifndef PURE_ROLLOUT_H
#define PURE_ROLLOUT_H
#include "pure/desired.h"

enum rollout_move {
	ROLLOUT_DONE,   /* every pod is as the template says */
	ROLLOUT_WAIT,   /* something is not ready yet; `why` says what */
	ROLLOUT_WINDOW, /* pods are outdated only by what nobody asked for: wait for the window and the cluster's turn */
	ROLLOUT_EVICT,  /* `pod` is Ready: through the eviction API, so that every budget is asked */
	ROLLOUT_DELETE, /* `pod` is not Ready, or the only one there is: by delete with its uid */
};

/* Why a rollout waits after a StatefulSet was written; the same words before and after the write is seen. */
#define ROLLOUT_UNSEEN "the StatefulSet controller has not seen the newest template"

struct rollout {
	enum rollout_move move;
	const struct child *pod;
	const char *why;
	int64_t wake;  /* when a pod becomes more urgent; 0: none will */
	int outdated;  /* pods that differ from the template, or that an ephemeral container entered */
	int untrusted; /* without the newest certificates, those on their way out too */
};

/* What a StatefulSet's document lays down of its pods under this annotation; NULL: nothing. */
const char *template_annotation(const json_t *set, const char *annotation);
/* `wanted` has the StatefulSets' documents with their digests; `may_disturb`: inside the window, and this cluster's
 * turn. */
struct rollout rollout_next(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct wanted_list *wanted, const struct children *children, int64_t now, bool may_disturb);

/* Ready pods of the role, and how many there should be. */
struct readiness {
	int ready, desired;
	const char *problem; /* what the first unready pod says, or NULL */
	const char *reason;  /* of that, one CamelCase word such as ImagePullBackOff; or NULL */
};
struct readiness readiness_of(
	struct arena *arena, const struct groups *groups, enum role role, const struct children *children, bool running);

/* The hostnames of the spec that some tserver does not serve, since it started with a certificate without them: with a
 * comma between; NULL: none. `pods`: how many such tservers there are. */
const char *hostnames_unserved(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct children *children, int *pods);

/* True at a time inside the window; without a window always. */
bool window_open(const struct ybcluster *cluster, int64_t now);
/* Seconds until it opens; 0 when it is open. */
int64_t window_wait(const struct ybcluster *cluster, int64_t now);

#endif
