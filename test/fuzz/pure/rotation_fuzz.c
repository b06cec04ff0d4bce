/* Rotations of a CA, told by bytes: time passes, pods serve or do not, somebody changes the record. What stands is
 * which CA signs and which one is trusted beside it. Whatever happens: no step is skipped, the new CA signs only after
 * all trusted it for the overlap, and the old one goes only after all served the new one's leaves for the overlap;
 * unless the one that signs has ended, and nobody believes it any more. */
#include "pure/rotation.h"

#include <string.h>

#include "../bytes.h"
#include "../property.h"

enum { BEGIN = 1800000000, HOUR = 3600 };

struct rotation {
	struct ybcluster_spec spec;
	struct ca_progress recorded;
	int64_t now, born, signs; /* born, signs: when the newer CA was made, and when it began to sign */
	int beside;               /* the other CA: newer (1), older (-1), none (0) */
	bool ended;               /* the CA that signs has */
	bool changed;             /* somebody changed the record since the newer CA was made */
};

static void enter(struct rotation *rotation, enum ca_step step) {
	int64_t now = rotation->now, overlap = rotation->spec.tls.ca_overlap;
	switch (step) {
	case CA_TRUST_BOTH:
		property(rotation->beside == 0);
		rotation->beside = 1;
		rotation->born = now;
		rotation->changed = false;
		rotation->recorded.wished = false;
		break;
	case CA_NEW_LEAVES:
		property(rotation->beside == 1 && (now >= rotation->born + overlap || rotation->ended));
		rotation->beside = -1;
		rotation->recorded.not_after = rotation->born + rotation->spec.tls.ca_duration;
		rotation->signs = now;
		break;
	case CA_KEEP_OLD:
		property(rotation->beside == -1);
		break;
	case CA_DROP_OLD:
		property(rotation->beside == -1 && (now >= rotation->born + 2 * overlap || rotation->ended));
		property(rotation->changed || now >= rotation->signs + overlap || rotation->ended);
		rotation->beside = 0;
		break;
	default:
		property(rotation->beside == 0);
	}
	rotation->recorded.step = step;
	rotation->recorded.since = now;
}

/* As a pass does: what is recorded is held against what stands, then the next step is taken when it is time. */
static void pass(struct rotation *rotation, bool served) {
	struct ca_progress *recorded = &rotation->recorded;
	ca_confirm(recorded, rotation->beside, rotation->born, &rotation->spec, rotation->now);
	property(rotation->beside > 0   ? recorded->step == CA_TRUST_BOTH
			 : rotation->beside < 0 ? recorded->step == CA_NEW_LEAVES || recorded->step == CA_KEEP_OLD
									: recorded->step == CA_STABLE || recorded->step == CA_DROP_OLD);
	recorded->served = served;
	rotation->ended = ca_has_ended(recorded, rotation->now);
	enum ca_step next_step = ca_next(recorded, &rotation->spec, rotation->now);
	int64_t wake = ca_wake(recorded, &rotation->spec);
	if (next_step == recorded->step) {
		/* Time that has come is no reason to wait on. */
		property(!rotation->ended && (!served || wake == 0 || wake > rotation->now));
		return;
	}
	property((served || rotation->ended) && next_step == (recorded->step + 1) % CA_STEPS);
	property(next_step != CA_TRUST_BOTH || recorded->wished || wake <= rotation->now);
	enter(rotation, next_step);
}

/* Any step, and a moment before or after now. */
static void change(struct rotation *rotation, struct bytes *bytes) {
	static const char *const steps[] = {
		"Stable", "TrustBoth", "NewLeaves", "KeepOld", "DropOld", "trustboth", "", NULL};
	rotation->recorded.step = ca_step_of(steps[next(bytes) % (sizeof steps / sizeof *steps)]);
	int64_t hours = (int64_t)next(bytes) - 128;
	rotation->recorded.since = rotation->now + hours * (1 + next(bytes)) * HOUR;
	rotation->changed = true;
}

static void leaves(struct bytes *bytes) {
	char uid[2] = {(char)('a' + next(bytes) % 26), '\0'};
	struct ybcluster cluster = {.metadata.uid = uid, .spec.tls.renew_before = 1 + next(bytes) * HOUR};
	int64_t life = 1 + (int64_t)next(bytes) * next(bytes) * 60;
	int64_t at = leaf_renewal(&cluster, "db-master-tls", BEGIN, BEGIN + life);
	property(at >= BEGIN + life / 2 && at <= BEGIN + life);
	property(at <= BEGIN + life - cluster.spec.tls.renew_before || at <= BEGIN + life / 2 + 1);
	int64_t urgent = leaf_urgency(&cluster, BEGIN, BEGIN + life);
	property(urgent >= at && urgent <= BEGIN + life);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct bytes bytes = {data, size};
	leaves(&bytes);
	struct rotation rotation = {.now = BEGIN};
	rotation.spec.tls.ca_overlap = (int64_t)next(&bytes) * 9 * HOUR;
	rotation.spec.tls.ca_duration = (1 + (int64_t)next(&bytes)) * 343 * HOUR;
	rotation.recorded.not_after = BEGIN + rotation.spec.tls.ca_duration;
	while (bytes.left) {
		unsigned what = next(&bytes);
		rotation.now += (int64_t)next(&bytes) * (what & 1 ? HOUR : 60);
		rotation.recorded.wished = rotation.recorded.wished || (what & 6) == 6;
		if ((what & 24) == 24) {
			change(&rotation, &bytes);
		}
		pass(&rotation, !(what & 32));
	}
	return 0;
}
