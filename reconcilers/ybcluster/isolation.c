/* NetworkIsolated: measured, not assumed. Foreign policies are looked for in the store; whether policies are enforced
 * at all only a probe can tell, from inside the cluster. */
#include <string.h>

#include "base/json.h"
#include "pure/isolation.h"
#include "ybcluster/work.h"

/* Most policies of a namespace are other clusters' own, whose labels name that cluster: a selector that asks for
 * another value of this label selects none of our pods, whatever else it says. It is known by its text, since parsing
 * thousands of them costs more than all the rest of a pass. */
static bool names_another(const struct work *work, const char *selector) {
	static const char label[] = "\"" LABEL_CLUSTER "\":\"";
	const char *value = strstr(selector, label);
	if (!value) {
		return false;
	}
	size_t length = strlen(work->pass->name);
	value += sizeof label - 1;
	return strncmp(value, work->pass->name, length) != 0 || value[length] != '"';
}

static const char *foreign_policy(struct work *work) {
	size_t count;
	struct object **policies =
		store_list(work->pass->store, work->arena, kind_of_child(NETWORK_POLICY), work->pass->namespace, &count);
	for (size_t i = 0; i < count; i++) {
		bool ours = strcmp(policies[i]->owner_uid, work->cluster->metadata.uid) == 0 &&
		            policy_is_of(work->pass->name, policies[i]->name);
		if (ours || !policies[i]->summary.number[0]) {
			continue;
		}
		const char *text = policies[i]->summary.text ? policies[i]->summary.text : "";
		if (names_another(work, text)) {
			continue;
		}
		struct error ignored;
		json_t *selector = arena_own_json(work->arena, json_parse(text, strlen(text), &ignored));
		if (selector_reaches(work->arena, work->cluster, selector)) {
			return policies[i]->name;
		}
	}
	return NULL;
}

void observe_isolation(struct work *work) {
	const char *foreign = foreign_policy(work);
	if (foreign) {
		find_false(&work->observed, "NetworkIsolated", "ForeignPolicy",
			arena_printf(work->arena,
				"NetworkPolicy %s selects this cluster's pods and allows something: policies add up, so it opens what "
				"the operator's policies close. It was left alone: remove it, or let its podSelector leave out %s",
				foreign, LABEL_CLUSTER));
		return;
	}
	find_unknown(&work->observed, "NetworkIsolated", "EnforcementNotProbed",
		"the policies are live and as desired, and no foreign policy adds to them; whether this cluster's network "
		"enforces "
		"them was not probed");
}
