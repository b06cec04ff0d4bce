#include "pure/rotation.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static const char *const names[CA_STEPS] = {"Stable", "TrustBoth", "NewLeaves", "KeepOld", "DropOld"};

const char *ca_step_name(enum ca_step step) {
	return names[step];
}

const char *ca_step_shown(enum ca_step step) {
	return names[step == CA_KEEP_OLD ? CA_NEW_LEAVES : step];
}

const char *ca_step_awaits(enum ca_step step) {
	static const char *const awaited[CA_STEPS] = {
		[CA_TRUST_BOTH] = "every pod trusts the new CA too, and tls.caOverlap is over",
		[CA_NEW_LEAVES] = "every pod serves a leaf of the new CA",
		[CA_KEEP_OLD] = "tls.caOverlap is over, for clients that trust the old CA alone",
		[CA_DROP_OLD] = "every pod trusts the new CA alone",
	};
	return awaited[step];
}

int ca_generation_of(const char *number) {
	long generation = number ? strtol(number, NULL, 10) : 1;
	return generation > 0 && generation < INT_MAX ? (int)generation : 1;
}

enum ca_step ca_step_of(const char *name) {
	for (enum ca_step step = CA_STABLE; name && step < CA_STEPS; step++) {
		if (strcmp(names[step], name) == 0) {
			return step;
		}
	}
	return CA_STABLE;
}

/* The last sixth of its life. */
static int64_t due(const struct ca_progress *progress, const struct ybcluster_spec *spec) {
	return progress->not_after - spec->tls.ca_duration / 6;
}

bool ca_has_ended(const struct ca_progress *progress, int64_t now) {
	return now >= progress->not_after;
}

enum ca_step ca_next(const struct ca_progress *progress, const struct ybcluster_spec *spec, int64_t now) {
	bool ended = ca_has_ended(progress, now), overlapped = ended || now >= progress->since + spec->tls.ca_overlap;
	if (!progress->served && !ended) {
		return progress->step;
	}
	switch (progress->step) {
	case CA_STABLE:
		return progress->wished || now >= due(progress, spec) ? CA_TRUST_BOTH : CA_STABLE;
	case CA_TRUST_BOTH:
		return overlapped ? CA_NEW_LEAVES : CA_TRUST_BOTH;
	case CA_NEW_LEAVES:
		return CA_KEEP_OLD;
	case CA_KEEP_OLD:
		return overlapped ? CA_DROP_OLD : CA_KEEP_OLD;
	case CA_DROP_OLD:
		return CA_STABLE;
	case CA_STEPS:
		break;
	}
	return CA_STABLE;
}

/* CAs do not tell: beside an older one, whether new leaves are served; alone, whether pods trust another still. */
static enum ca_step step_told(enum ca_step recorded, int beside) {
	if (beside < 0) {
		return recorded == CA_KEEP_OLD ? CA_KEEP_OLD : CA_NEW_LEAVES;
	}
	if (beside > 0) {
		return CA_TRUST_BOTH;
	}
	return recorded > CA_TRUST_BOTH ? CA_DROP_OLD : CA_STABLE;
}

void ca_confirm(
	struct ca_progress *recorded, int beside, int64_t born, const struct ybcluster_spec *spec, int64_t now) {
	enum ca_step told = step_told(recorded->step, beside);
	int64_t earliest = told == CA_TRUST_BOTH ? born : told == CA_KEEP_OLD ? born + spec->tls.ca_overlap : 0;
	int64_t since = told == recorded->step && recorded->since < now ? recorded->since : now;
	recorded->step = told;
	recorded->since = since > earliest ? since : earliest;
}

int64_t ca_wake(const struct ca_progress *progress, const struct ybcluster_spec *spec) {
	switch (progress->step) {
	case CA_STABLE:
		return due(progress, spec);
	case CA_TRUST_BOTH:
	case CA_KEEP_OLD:
		return progress->since + spec->tls.ca_overlap;
	case CA_NEW_LEAVES:
	case CA_DROP_OLD:
	case CA_STEPS:
		break;
	}
	return 0;
}

/* `renewBefore` ahead, and up to a tenth of it earlier, so that a fleet's leaves do not fall due together; but never
 * before half of its life, or a short life would be renewed for ever. */
int64_t leaf_renewal(const struct ybcluster *cluster, const char *secret, int64_t not_before, int64_t not_after) {
	int64_t before = cluster->spec.tls.renew_before, half = (not_after - not_before) / 2;
	uint64_t spread = hash_more(hash_text(cluster->metadata.uid), secret) % 1000;
	before += before / 10 * (int64_t)spread / 1000;
	return not_after - (before < half ? before : half);
}

int64_t leaf_urgency(const struct ybcluster *cluster, int64_t not_before, int64_t not_after) {
	int64_t before = cluster->spec.tls.renew_before, half = (not_after - not_before) / 2;
	return not_after - (before < half ? before : half) / 2;
}
