/* What was answered about bearer tokens, for at most a minute. Tokens are known by their SHA-256 alone. No clock
 * inside. */
#ifndef RUN_VERDICT_CACHE_H
#define RUN_VERDICT_CACHE_H
#include <stdint.h>

#include "base/hash.h"

enum verdict {
	VERDICT_NONE, /* not known (any more) */
	VERDICT_ALLOWED,
	VERDICT_UNAUTHENTICATED, /* 401 */
	VERDICT_FORBIDDEN,       /* 403 */
	VERDICT_UNAVAILABLE,     /* the API server did not say: 503 */
};

enum { VERDICTS = 256 };

struct verdict_cache {
	struct {
		struct digest token;
		enum verdict verdict;
		int64_t until;
	} entries[VERDICTS];
};

enum verdict verdict_find(const struct verdict_cache *cache, const struct digest *token, int64_t now);
/* A full cache gives up the entry that would end first: refusals before permits. */
void verdict_keep(struct verdict_cache *cache, const struct digest *token, enum verdict verdict, int64_t now);

#endif
