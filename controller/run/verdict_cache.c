#include "run/verdict_cache.h"

#include "base/clock.h"

/* A permit is believed for a minute. A refusal ends sooner, so that a new binding works soon; no answer ends at once.
 */
static const int64_t lifetimes[] = {
	[VERDICT_ALLOWED] = SECONDS(60),
	[VERDICT_UNAUTHENTICATED] = SECONDS(10),
	[VERDICT_FORBIDDEN] = SECONDS(10),
	[VERDICT_UNAVAILABLE] = SECONDS(2),
};

enum verdict verdict_find(const struct verdict_cache *cache, const struct digest *token, int64_t now) {
	for (size_t i = 0; i < VERDICTS; i++) {
		if (cache->entries[i].until > now && digest_equal(&cache->entries[i].token, token)) {
			return cache->entries[i].verdict;
		}
	}
	return VERDICT_NONE;
}

void verdict_keep(struct verdict_cache *cache, const struct digest *token, enum verdict verdict, int64_t now) {
	size_t place = 0;
	for (size_t i = 0; i < VERDICTS; i++) {
		if (cache->entries[i].verdict && digest_equal(&cache->entries[i].token, token)) {
			place = i;
			break;
		}
		if (cache->entries[i].until < cache->entries[place].until) {
			place = i;
		}
	}
	cache->entries[place].token = *token;
	cache->entries[place].verdict = verdict;
	cache->entries[place].until = now + lifetimes[verdict];
}
