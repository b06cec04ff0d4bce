/* Pods that are there and that no watch shows: somebody took off a label by which they are watched. No policy and no
 * Service selects such a pod, its StatefulSet has let go of it and cannot make another one under its name. A pod that
 * runs outside of its cluster's firewall is not mended but replaced: nobody knows who it has talked to. */
#include <string.h>

#include "base/json.h"
#include "pure/refusal.h"
#include "pure/rollout.h"
#include "pure/selection.h"
#include "reconcilers/listing.h"
#include "ybcluster/checks.h"
#include "ybcluster/children.h"
#include "ybcluster/observe.h"
#include "ybcluster/report.h"

/* As a list, which the operator's Role allows; NULL and no error: it is not there. */
static bool look_for(struct work *work, const char *name, json_t **pod, struct error *err) {
	const json_t *items;
	if (!children_list(work, POD, query_of_name(work->arena, name), &items, err)) {
		return fail_in(err, "look for pod %s", name);
	}
	*pod = json_array_get(items, 0);
	return true;
}

static bool is_claim_of_ours(const struct work *work, const char *name) {
	const struct child *claim = name ? children_find(&work->children, VOLUME_CLAIM, name) : NULL;
	return claim && strcmp(claim->cluster_uid, work->cluster->metadata.uid) == 0;
}

/* Whoever mounts a volume of ours under the name of a pod of ours is one, or passes for one. */
static bool is_of_the_cluster(const struct work *work, const json_t *pod) {
	const char *uid = json_string_value(json_at(pod, "metadata", "labels", LABEL_CLUSTER_UID, NULL));
	bool ours = str_equal(uid, work->cluster->metadata.uid);
	json_t *volumes = json_get(pod, "spec.volumes");
	for (size_t i = 0; !ours && i < json_array_size(volumes); i++) {
		ours = is_claim_of_ours(work, json_text(json_array_get(volumes, i), "persistentVolumeClaim.claimName"));
	}
	return ours;
}

/* The watch is only late with it. */
static bool is_in_its_place(struct work *work, const char *set, const json_t *pod) {
	bool selected = false;
	for (size_t i = 0; i < work->groups.count; i++) {
		const struct group *group = &work->groups.items[i];
		selected = selected || (strcmp(group->name, set) == 0 &&
								   selected_by_ours(work->arena, work->cluster, role_name(group->role),
									   json_at(pod, "metadata", "labels", NULL)));
	}
	return selected;
}

/* It may still serve its peers: it goes only as the one that is missing. */
static bool all_others_ready(struct work *work) {
	int missing = 0;
	for (enum role role = MASTER; role <= TSERVER; role++) {
		struct readiness found = readiness_of(work->arena, &work->groups, role, &work->children, true);
		missing += found.desired - found.ready;
	}
	return missing == 1;
}

bool strays_ensure(struct work *work, struct error *err) {
	const struct child *set = pods_overdue(work) ? set_without_pod(work->arena, &work->groups, &work->children) : NULL;
	const char *name = set ? pod_lacking(work->arena, set, &work->children) : NULL;
	json_t *pod = NULL;
	if (!name || held_back(work)) {
		return true;
	}
	if (!look_for(work, name, &pod, err)) {
		return false;
	}
	bool stays = !pod || json_get(pod, "metadata.deletionTimestamp") || is_in_its_place(work, set->name, pod);
	if (!stays && !is_of_the_cluster(work, pod)) {
		work->strange_pod = name;
		stays = true;
	}
	if (stays) {
		return true;
	}
	/* Its watch may be late with others. */
	if (!observe_live(work, POD, err)) {
		return false;
	}
	if (!all_others_ready(work)) {
		return true;
	}
	static const char why[] = "it lost the labels by which policies and its StatefulSet select it";
	struct child stray = {.kind = POD, .name = name, .uid = json_text_or(pod, "metadata.uid", "")};
	if (!child_delete(work, &stray, NULL, why, err)) {
		return false;
	}
	if (!work->plan_only) {
		world_count_drift(work->world, POD);
		event(work, true, "PodReplaced", "Rollout", arena_printf(work->arena, "%s: %s", name, why));
	}
	return true;
}
