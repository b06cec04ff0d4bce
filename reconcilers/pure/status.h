/* The status of a cluster, computed from what was observed; written on failure too. */
#ifndef PURE_STATUS_H
#define PURE_STATUS_H
#include "pure/allow.h"
#include "pure/desired.h"
#include "pure/rollout.h"

/* One finding: a condition that this pass has evidence for. */
struct finding {
	const char *type;
	enum condition_status status;
	const char *reason, *message;
};

struct plan_line {
	const char *action, *object, *why;
};

/* The one locking operation under way. */
struct operation_finding {
	const char *name, *step; /* NULL: none */
	int64_t started_at;
};

struct observed {
	const struct ybcluster *cluster;
	const char *version; /* the release that runs, or is to run */
	struct finding *findings;
	size_t finding_count;
	struct readiness masters, tservers;
	const struct allowed *allowed; /* NULL: not computed in this pass */
	const char *endpoint_host;     /* NULL: none yet */
	const char *root_fingerprint;  /* NULL: no CA yet */
	int64_t root_not_after, certificates_not_after;
	int ca_generation;            /* of the CA that signs; 0: not known */
	const char *const *serials;   /* NULL-terminated, or NULL */
	const struct plan_line *plan; /* in plan mode; NULL else */
	size_t plan_count;
	struct operation_finding operation;
	bool reconciling; /* work is under way */
	const char *reconciling_why;
	const char *stalled_reason, *stalled_message; /* NULL: not stalled */
	int64_t now;
};

/* The whole wanted status, to be applied to /status. A condition that this pass says nothing of is kept as it was (one
 * that Ready needs: while the spec is as it was then); its lastTransitionTime changes only with its status. The
 * arena's. */
json_t *status_build(struct arena *arena, const struct observed *observed);
/* True when the live status already satisfies it: then nothing is written. */
bool status_equal(struct arena *arena, const json_t *wanted, const json_t *live);

void find_that(struct observed *observed, const struct finding *finding);
void find_true(struct observed *observed, const char *type, const char *reason, const char *message);
void find_false(struct observed *observed, const char *type, const char *reason, const char *message);
void find_unknown(struct observed *observed, const char *type, const char *reason, const char *message);

#endif
