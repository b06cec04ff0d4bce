#include "pure/volumes.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "base/str.h"

static const struct ybcluster_processes *processes_of(const struct ybcluster *cluster, const struct group *group) {
	return group->role == MASTER ? &cluster->spec.masters : &cluster->spec.tservers;
}

static int64_t bytes_of(const char *size) {
	int64_t milli;
	return quantity_parse(size, &milli) ? milli / 1000 : 0;
}

/* What follows the name of a StatefulSet in that of its pod, or of a pod's claim; -1: nothing that does. */
static int64_t ordinal_of(const char *rest) {
	bool numbered = rest[0] == '-' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")];
	long long number = numbered ? strtoll(rest + 1, NULL, 10) : -1;
	return number < MOST_PODS ? number : -1;
}

/* A StatefulSet names its claims data<volume>-<set>-<ordinal>. */
int64_t volumes_ordinal(const struct group *group, const char *claim) {
	const char *dash = strchr(claim, '-');
	size_t length = strlen(group->name);
	if (!dash || strncmp(claim, "data", 4) != 0 || strncmp(dash + 1, group->name, length) != 0) {
		return -1;
	}
	return ordinal_of(dash + 1 + length);
}

int64_t volumes_replicas(const struct ybcluster *cluster, const struct children *children, const char *set) {
	int64_t most = 0;
	const struct group group = {.name = set};
	for (size_t i = 0; i < children->count; i++) {
		const struct child *claim = &children->items[i];
		if (claim->kind == VOLUME_CLAIM && strcmp(claim->cluster_uid, cluster->metadata.uid) == 0) {
			int64_t ordinal = volumes_ordinal(&group, claim->name);
			most = ordinal + 1 > most ? ordinal + 1 : most;
		}
	}
	return most;
}

int64_t volumes_pods_running(const struct children *children, const char *set) {
	size_t length = strlen(set);
	int64_t most = 0;
	for (size_t i = 0; i < children->count; i++) {
		const struct child *pod = &children->items[i];
		if (pod->kind == POD && !pod->deleting && strncmp(pod->name, set, length) == 0) {
			int64_t ordinal = ordinal_of(pod->name + length);
			most = ordinal + 1 > most ? ordinal + 1 : most;
		}
	}
	return most;
}

struct growth *volumes_growth(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct children *children, size_t *count) {
	struct growth *list = arena_array(arena, struct growth, children->count + 1);
	*count = 0;
	for (size_t i = 0; i < children->count; i++) {
		const struct child *claim = &children->items[i];
		for (size_t j = 0; claim->kind == VOLUME_CLAIM && j < groups->count; j++) {
			const char *size = processes_of(cluster, &groups->items[j])->storage.size;
			if (volumes_ordinal(&groups->items[j], claim->name) >= 0 && !claim->deleting &&
				strcmp(claim->cluster_uid, cluster->metadata.uid) == 0 &&
				claim->number[CLAIM_REQUESTED] < bytes_of(size)) {
				list[(*count)++] = (struct growth){claim, size,
					arena_printf(arena, "storage.size of %ss -> %s", role_name(groups->items[j].role), size)};
			}
		}
	}
	return list;
}

const struct child *volumes_foreign(
	const struct ybcluster *cluster, const struct children *children, const struct child *last) {
	for (size_t i = last ? (size_t)(last - children->items) + 1 : 0; i < children->count; i++) {
		const struct child *claim = &children->items[i];
		if (claim->kind == VOLUME_CLAIM && strcmp(claim->cluster_uid, cluster->metadata.uid) != 0) {
			return claim;
		}
	}
	return NULL;
}

/* The ordinals that the set has, and those that it is to have. A set that is made anew gets back what it had. */
static int64_t ordinals_of(
	const struct ybcluster *cluster, const struct children *children, const struct group *group, int64_t *has) {
	const struct child *set = children_find(children, STATEFUL_SET, group->name);
	int64_t wanted = cluster->spec.desired_state == DESIRED_STATE_RUNNING ? group->replicas : 0;
	int64_t had = volumes_replicas(cluster, children, group->name);
	*has = set ? set->number[STATEFUL_SET_REPLICAS] : 0;
	return wanted && wanted < had ? had : wanted;
}

const char *const *volumes_to_mount(struct arena *arena, const struct ybcluster *cluster, const struct groups *groups,
	const struct children *children) {
	size_t most = 0, count = 0;
	int64_t has;
	for (size_t i = 0; i < groups->count; i++) {
		most += (size_t)(ordinals_of(cluster, children, &groups->items[i], &has) *
						 processes_of(cluster, &groups->items[i])->storage.volumes);
	}
	const char **names = arena_array(arena, const char *, most + 1);
	for (size_t i = 0; i < groups->count; i++) {
		const struct group *group = &groups->items[i];
		int64_t wanted = ordinals_of(cluster, children, group, &has);
		for (int64_t pod = 0; pod < wanted; pod++) {
			if (pod < has && !children_pod(arena, children, group->name, (int)pod)) {
				continue;
			}
			for (int volume = 0; volume < processes_of(cluster, group)->storage.volumes; volume++) {
				const char *name = arena_printf(arena, "data%d-%s-%lld", volume, group->name, (long long)pod);
				if (!children_find(children, VOLUME_CLAIM, name)) {
					names[count++] = name;
				}
			}
		}
	}
	return names;
}

int64_t volumes_pods(int64_t wanted, const struct child *set, int64_t had, int64_t limit) {
	if (wanted <= limit) {
		return wanted;
	}
	if (set) {
		int64_t has = set->number[STATEFUL_SET_REPLICAS], most = has > limit ? has : limit;
		return wanted < most ? wanted : most;
	}
	return limit > 0 && limit >= had ? limit : -1;
}

enum claim_right volumes_judge(const struct ybcluster *cluster, const json_t *claim) {
	json_t *labels = json_get(claim, "metadata.labels");
	const char *uid = json_string_value(json_object_get(labels, LABEL_CLUSTER_UID));
	const char *adopt = object_annotation(&cluster->metadata, ANNOTATION_ADOPT_VOLUMES);
	const char *name = json_string_value(json_object_get(labels, LABEL_CLUSTER));
	const char *manager = json_string_value(json_object_get(labels, LABEL_MANAGED_BY));
	bool ours = uid && strcmp(uid, cluster->metadata.uid) == 0;
	if (ours && str_equal(name, cluster->metadata.name) && str_equal(manager, OPERATOR_NAME)) {
		return CLAIM_OURS;
	}
	return ours || (uid && str_equal(adopt, uid)) ? CLAIM_ADOPTED : CLAIM_FOREIGN;
}
