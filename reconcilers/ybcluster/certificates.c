/* The certificates that a cluster's CA signs: a leaf for each StatefulSet, a client certificate for the administrator.
 */
#include <string.h>

#include "pure/pod_name.h"
#include "ybcluster/children.h"
#include "ybcluster/leaf.h"
#include "ybcluster/report.h"

/* Every pod that should be there is, and each that is there runs with what its group's Secret holds. */
static bool served(struct work *work, const struct trust *trust) {
	int expected = 0, current = 0;
	for (size_t i = 0; work->cluster->spec.desired_state == DESIRED_STATE_RUNNING && i < work->groups.count; i++) {
		expected += work->groups.items[i].replicas;
	}
	for (size_t i = 0; i < work->children.count; i++) {
		const struct child *pod = &work->children.items[i];
		if (pod->kind != POD || is_their_pod(work, pod)) {
			continue;
		}
		const struct group *group = group_of_pod(&work->groups, pod->name);
		if (!group || pod->deleting || !pod->number[POD_READY] ||
			memcmp(pod->text + (size_t)POD_TRUST * 33, trust[group - work->groups.items].digest, 32) != 0) {
			return false;
		}
		current++;
	}
	return current >= expected;
}

/* What status tells of it. */
static void count_leaf(struct work *work, const struct leaf *leaf, const struct certificate_facts *facts,
	const char **serials, size_t *serial_count) {
	int64_t *earliest = &work->observed.certificates_not_after;
	*earliest = *earliest && *earliest < facts->not_after ? *earliest : facts->not_after;
	serials[(*serial_count)++] = facts->serial;
	int64_t renewal = leaf_renewal(work->cluster, leaf->secret, facts->not_before, facts->not_after);
	/* One that is due and was not made anew, for it is only planned or its Secret is on its way out, waits for that. */
	if (renewal > work->now) {
		wake_at(work, renewal);
	}
}

static void tell_rotation(struct work *work, const struct authority *authority) {
	work->observed.operation = (struct operation_finding){0};
	if (authority->progress.step == CA_STABLE) {
		return;
	}
	const char *step = ca_step_shown(authority->progress.step);
	work->observed.operation = (struct operation_finding){"RotateCA", step, authority->progress.since};
	work->observed.reconciling = true;
	work->observed.reconciling_why =
		arena_printf(work->arena, "CA rotation: %s, until %s", step, ca_step_awaits(authority->progress.step));
}

/* There is no CA yet and nothing may be made: the plan says what would be. */
static bool plan_certificates(struct work *work) {
	struct trust *trust = arena_array(work->arena, struct trust, work->groups.count + 1);
	note_change(work, "create", CONFIG_MAP, arena_printf(work->arena, "%s-ca", work->pass->name), "it does not exist");
	for (size_t i = 0; i < work->groups.count; i++) {
		note_change(work, "create", SECRET, work->groups.items[i].certificate, "it does not exist");
		trust[i] = (struct trust){work->groups.items[i].name, NOT_YET, 0, 0};
	}
	note_change(work, "create", SECRET, leaf_of_admin(work).secret, "it does not exist");
	work->inputs.trust = work->plan_only ? trust : NULL;
	return true;
}

void certificates_observe(struct work *work) {
	const struct child *ca =
		children_find(&work->children, CONFIG_MAP, arena_printf(work->arena, "%s-ca", work->pass->name));
	for (size_t i = 0; i < work->groups.count; i++) {
		const struct child *leaf = children_find(&work->children, SECRET, work->groups.items[i].certificate);
		int64_t end = leaf ? leaf->number[CERTIFICATE_NOT_AFTER] : 0,
				*earliest = &work->observed.certificates_not_after;
		*earliest = end && (!*earliest || end < *earliest) ? end : *earliest;
	}
	if (ca && *ca->text && work->observed.certificates_not_after) {
		work->observed.root_fingerprint = ca->text;
		work->observed.root_not_after = ca->number[CERTIFICATE_NOT_AFTER];
		work->observed.ca_generation = (int)ca->number[CA_GENERATION];
	}
	/* A pass that does not come to the CA knows no better than the one before. */
	const struct ybcluster_status *before = &work->cluster->status;
	work->observed.operation = (struct operation_finding){
		before->operation.name, before->operation.step ? before->operation.step : "", before->operation.started_at};
}

bool certificates_ensure(struct work *work, struct error *err) {
	struct authority authority = {0};
	if (!authority_ensure(work, &authority, err)) {
		return false;
	}
	if (!authority.fingerprint) {
		return plan_certificates(work);
	}
	work->observed.certificates_not_after = 0;
	size_t before = work->wanted.count, count = 0;
	const char **serials = arena_array(work->arena, const char *, work->groups.count + 2);
	struct trust *trust = arena_array(work->arena, struct trust, work->groups.count + 1);
	bool ended = ca_has_ended(&authority.progress, work->now);
	for (size_t i = 0; i < work->groups.count; i++) {
		struct leaf leaf = leaf_of_group(work, &work->groups.items[i]);
		if (!ended && !leaf_ensure(work, &leaf, &authority, err)) {
			return false;
		}
		struct certificate_facts facts = {0};
		if (leaf_facts(work, &leaf, &facts)) {
			count_leaf(work, &leaf, &facts, serials, &count);
		}
		trust[i] = (struct trust){leaf.group->name, leaf_trust(work, &leaf), facts.not_before, facts.not_after};
	}
	struct leaf admin = leaf_of_admin(work);
	if (!ended && !leaf_ensure(work, &admin, &authority, err)) {
		return false;
	}
	struct certificate_facts facts;
	if (leaf_facts(work, &admin, &facts)) {
		count_leaf(work, &admin, &facts, serials, &count);
	}
	bool compared = !ended && work->wanted.count == before;
	authority.progress.served = compared && served(work, trust);
	if (!compared && authority_is_due(work, &authority)) {
		wake_soon(work);
	}
	work->inputs.trust = trust;
	work->inputs.ca_asked = authority.asked;
	work->observed.root_fingerprint = authority.fingerprint;
	work->observed.root_not_after = authority.progress.not_after;
	work->observed.ca_generation = authority.generation;
	work->observed.serials = serials;
	bool ok = authority_advance(work, &authority, err);
	tell_rotation(work, &authority);
	return ok;
}
