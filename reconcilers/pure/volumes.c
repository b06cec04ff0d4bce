#include "pure/volumes.h"

#include <stdlib.h>
#include <string.h>

#include "base/quantity.h"

static const char *size_of(const struct ybcluster *cluster, const struct group *group) {
	return group->role == MASTER ? cluster->spec.masters.storage.size : cluster->spec.tservers.storage.size;
}

static int64_t bytes_of(const char *size) {
	int64_t milli;
	return quantity_parse(size, &milli) ? milli / 1000 : 0;
}

/* A StatefulSet names its claims data<volume>-<set>-<ordinal>. */
static bool claim_belongs(const struct child *claim, const struct group *group) {
	const char *dash = strchr(claim->name, '-');
	size_t length = strlen(group->name);
	if (!dash || strncmp(claim->name, "data", 4) != 0 || strncmp(dash + 1, group->name, length) != 0) {
		return false;
	}
	const char *ordinal = dash + 1 + length;
	return ordinal[0] == '-' && ordinal[1] && !ordinal[1 + strspn(ordinal + 1, "0123456789")];
}

int64_t volumes_replicas(const struct ybcluster *cluster, const struct children *children, const char *set) {
	int64_t most = 0;
	const struct group group = {.name = set};
	for (size_t i = 0; i < children->count; i++) {
		const struct child *claim = &children->items[i];
		if (claim->kind == VOLUME_CLAIM && strcmp(claim->cluster_uid, cluster->metadata.uid) == 0 &&
			claim_belongs(claim, &group)) {
			int64_t ordinal = strtoll(strrchr(claim->name, '-') + 1, NULL, 10);
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
			const char *size = size_of(cluster, &groups->items[j]);
			if (claim_belongs(claim, &groups->items[j]) && !claim->deleting &&
				strcmp(claim->cluster_uid, cluster->metadata.uid) == 0 &&
				claim->number[CLAIM_REQUESTED] < bytes_of(size)) {
				list[(*count)++] = (struct growth){claim, size,
					arena_printf(arena, "storage.size of %ss -> %s", role_name(groups->items[j].role), size)};
			}
		}
	}
	return list;
}

const struct child *volumes_foreign(const struct ybcluster *cluster, const struct children *children) {
	for (size_t i = 0; i < children->count; i++) {
		const struct child *claim = &children->items[i];
		if (claim->kind == VOLUME_CLAIM && strcmp(claim->cluster_uid, cluster->metadata.uid) != 0) {
			return claim;
		}
	}
	return NULL;
}
