#include "reconcilers/world.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

enum { TURN_SECONDS = 1800 };

static void add(struct world *world, const char *reconciler, const char *namespace, const char *name, bool low) {
	char key[640];
	snprintf(key, sizeof key, "%s/%s/%s", reconciler, namespace, name);
	queue_add(world->queue, key, low);
}

static void wake_all(
	struct world *world, const char *reconciler, const struct kind *kind, const char *namespace, bool low) {
	struct arena *arena = arena_create();
	size_t count;
	struct object **objects = store_loose(world->store, arena, kind, namespace, &count);
	for (size_t i = 0; i < count; i++) {
		add(world, reconciler, namespace, objects[i]->name, low);
	}
	arena_destroy(arena);
}

static void wake_clusters(struct world *world, const char *namespace, bool low) {
	wake_all(world, "ybcluster", &kind_ybcluster, namespace, low);
}

/* An AllowList concerns every cluster of its namespace, and so does a NetworkPolicy that is not ours; a cluster
 * concerns the lists, which say who refers to them. */
void world_changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	struct world *world = context;
	if (watched->kind == &kind_ybcluster) {
		add(world, "ybcluster", namespace, name, initial);
		wake_all(world, "allowlist", &kind_allowlist, namespace, initial);
	} else if (watched->kind == &kind_allowlist) {
		add(world, "allowlist", namespace, name, initial);
		wake_clusters(world, namespace, initial);
	} else if (group) {
		add(world, "ybcluster", namespace, group, initial);
	} else if (!initial) {
		wake_clusters(world, namespace, false);
	}
}

void world_count_drift(struct world *world, enum child_kind kind) {
	char labels[64];
	snprintf(labels, sizeof labels, "kind=\"%s\"", child_kind_name(kind));
	metrics_add(world->metrics, "ybcluster_drift_reverted_total", labels, 1);
}

bool world_take_turn(struct world *world, const char *namespace, const char *name) {
	char wish[sizeof world->turn];
	snprintf(wish, sizeof wish, "%s/%s", namespace, name);
	pthread_mutex_lock(&world->turn_lock);
	int64_t now = clock_monotonic();
	bool lost = now - world->turn_used > SECONDS(TURN_SECONDS);
	bool mine = world->turn[0] == '\0' || lost || strcmp(world->turn, wish) == 0;
	if (mine) {
		memcpy(world->turn, wish, sizeof wish);
		world->turn_used = now;
	}
	pthread_mutex_unlock(&world->turn_lock);
	return mine;
}

void world_end_turn(struct world *world, const char *namespace, const char *name) {
	char wish[sizeof world->turn];
	snprintf(wish, sizeof wish, "%s/%s", namespace, name);
	pthread_mutex_lock(&world->turn_lock);
	if (strcmp(world->turn, wish) == 0) {
		world->turn[0] = '\0';
	}
	pthread_mutex_unlock(&world->turn_lock);
}
