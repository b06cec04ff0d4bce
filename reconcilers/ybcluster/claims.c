/* Volumes of an earlier cluster of this name hold its data: never mounted unless somebody says so by uid. */
#include <string.h>

#include "base/json.h"
#include "pure/volumes.h"
#include "ybcluster/checks.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"
#include "ybcluster/standing.h"

/* With all labels, by which it is watched, grown and, if the spec says so, deleted. */
static bool adopt(struct work *work, const char *name, const char *uid, const char *version, struct error *err) {
	const struct child claim = {.kind = VOLUME_CLAIM, .name = name, .uid = uid};
	struct patch labels = {"update", "adopted by its " LABEL_CLUSTER_UID,
		json_pack("{s:{s:s, s:O}}", "metadata", "resourceVersion", version, "labels",
			labels_of(work->arena, work->cluster, NULL))};
	return child_patch(work, &claim, &labels, err) &&
	       (!writes(work) || fail(err, ERR_CONFLICT, "a volume was adopted: look at the next one"));
}

bool sets_exist(const struct work *work) {
	bool any = false;
	for (size_t i = 0; i < work->groups.count; i++) {
		any = any || children_find(&work->children, STATEFUL_SET, work->groups.items[i].name);
	}
	return any;
}

void limit_pods(struct work *work, size_t group, int64_t ordinal) {
	if (!work->pod_limits) {
		work->pod_limits = arena_array(work->arena, int64_t, work->groups.count + 1);
		for (size_t i = 0; i < work->groups.count; i++) {
			work->pod_limits[i] = INT64_MAX;
		}
	}
	if (ordinal < work->pod_limits[group]) {
		work->pod_limits[group] = ordinal;
	}
}

/* No new pod of any group may mount it. */
static void keep_off(struct work *work, const char *claim) {
	for (size_t i = 0; i < work->groups.count; i++) {
		int64_t ordinal = volumes_ordinal(&work->groups.items[i], claim);
		if (ordinal >= 0) {
			limit_pods(work, i, ordinal);
		}
	}
}

/* Before there is any pod nothing is made at all; beside pods that run only new ones are not made. */
static bool refuse(struct work *work, const char *name, const char *uid, struct error *err) {
	struct error why;
	if (uid && *uid) {
		fail_because(&why, ERR_BLOCKED, "VolumesOfEarlierCluster",
			"PersistentVolumeClaim %s is of an earlier cluster (uid %s): delete it, or set the "
			"annotation " ANNOTATION_ADOPT_VOLUMES " to that uid to take its data over",
			name, uid);
	} else {
		fail_because(&why, ERR_BLOCKED, "VolumesOfEarlierCluster",
			"PersistentVolumeClaim %s has a name that this cluster would mount, and no label " LABEL_CLUSTER_UID
			" that says whose data it holds: delete it, or set that label to %s to take its data over",
			name, work->cluster->metadata.uid);
	}
	if (!sets_exist(work)) {
		*err = why;
		return false;
	}
	keep_off(work, name);
	return stall(work, why.reason, why.text);
}

/* Of data that was taken over every master is needed: their number is the replication factor, which does not change. */
static bool check_masters(struct work *work, struct error *err) {
	for (size_t i = 0; i < work->groups.count && !sets_exist(work); i++) {
		const struct group *group = &work->groups.items[i];
		int64_t had = group->role == MASTER ? volumes_replicas(work->cluster, &work->children, group->name) : 0;
		if (had > group->replicas) {
			return fail_because(err, ERR_BLOCKED, "NeedsDatabase",
				"StatefulSet %s is to have %d pods, and there are volumes of %d: make the cluster with the "
				"faultsToTolerate of the one that it takes over, or delete the volumes that hold nothing",
				group->name, group->replicas, (int)had);
		}
	}
	return true;
}

static bool judge(struct work *work, const json_t *claim, struct error *err) {
	const char *name = json_text_or(claim, "metadata.name", "");
	switch (volumes_judge(work->cluster, claim)) {
	case CLAIM_OURS:
		return true;
	case CLAIM_ADOPTED:
		return adopt(work, name, json_text_or(claim, "metadata.uid", ""),
			json_text_or(claim, "metadata.resourceVersion", ""), err);
	case CLAIM_FOREIGN:
		break;
	}
	wake_at(work, work->now + LOOK_AGAIN);
	return refuse(work, name, json_string_value(json_at(claim, "metadata", "labels", LABEL_CLUSTER_UID, NULL)), err);
}

/* Only ever asked before pods are made; at rest there is nothing to mount, and nothing is read. */
static bool check_names(struct work *work, struct error *err) {
	const char *const *names = volumes_to_mount(work->arena, work->cluster, &work->groups, &work->children);
	size_t count = 0;
	while (names[count] && !held_back(work)) {
		count++;
	}
	struct kube_call *calls = arena_array(work->arena, struct kube_call, count);
	for (size_t i = 0; i < count; i++) {
		calls[i] = child_call(work, KUBE_GET, VOLUME_CLAIM, names[i]);
	}
	kube_do(work->pass->client, work->arena, calls, count);
	for (size_t i = 0; i < count; i++) {
		if (calls[i].ok && !judge(work, calls[i].answer, err)) {
			return false;
		}
		if (!calls[i].ok && calls[i].err.kind != ERR_NOT_FOUND) {
			*err = calls[i].err;
			return fail_in(err, "read PersistentVolumeClaim %s", names[i]);
		}
	}
	return true;
}

bool claims_check(struct work *work, struct error *err) {
	const char *wanted = object_annotation(&work->cluster->metadata, ANNOTATION_ADOPT_VOLUMES);
	const struct child *claim = NULL;
	while ((claim = volumes_foreign(work->cluster, &work->children, claim))) {
		bool adopted = wanted && strcmp(wanted, claim->cluster_uid) == 0;
		if (!(adopted ? adopt(work, claim->name, claim->uid, claim->version, err)
					  : refuse(work, claim->name, claim->cluster_uid, err))) {
			return false;
		}
	}
	return check_masters(work, err) && check_names(work, err);
}
