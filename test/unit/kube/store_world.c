#include "store_world.h"

const struct kind cluster_kind = {"YBCluster", "yugabyte.com/v1alpha1", "ybclusters", false};
const struct kind set_kind = {"StatefulSet", "apps/v1", "statefulsets", false};
const struct kind class_kind = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};
const struct kind unknown_kind = {"Pod", "v1", "pods", false};

static const char *own_name(const json_t *object) {
	return json_text(object, "metadata.name");
}
static const char *label(const json_t *object) {
	return json_text(object, "metadata.labels.group");
}
static void summarize(const json_t *object, struct summary *summary) {
	summary->number[0] = json_int(object, "status.readyReplicas", -1);
	const char *image = json_text(object, "spec.image");
	summary->text = image ? xstrdup(image) : NULL;
}

const struct watched rows[ROWS] = {
	{.kind = &cluster_kind, .keep = true, .first = true, .group = own_name},
	{.kind = &set_kind, .group = label, .summarize = summarize},
	{.kind = &class_kind},
};

static void on_change(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	struct world *world = context;
	world->changes++;
	world->last_initial = initial;
	snprintf(world->last, sizeof world->last, "%s %s/%s %s", watched->kind->name, namespace, name, group ? group : "-");
	store_documents(world->store); /* hangs if the lock is held */
}

int store_world_begin(void **state) {
	struct world *world = xcalloc(1, sizeof *world);
	world->store = store_create(rows, ROWS, on_change, world);
	world->arena = arena_create();
	*state = world;
	return 0;
}

int store_world_end(void **state) {
	struct world *world = *state;
	store_destroy(world->store);
	arena_destroy(world->arena);
	free(world);
	return 0;
}

json_t *object(const char *name, const char *uid, int version) {
	char text[16];
	snprintf(text, sizeof text, "%d", version);
	return json_pack("{s:{s:s, s:s, s:s, s:s, s:{s:s}, s:[{s:s}]}, s:{s:s}, s:{s:i}}", "metadata", "namespace", "ns",
		"name", name, "uid", uid, "resourceVersion", text, "labels", "group", "c", "managedFields", "manager", "m",
		"spec", "image", "i", "status", "readyReplicas", version);
}

void put(struct world *world, int row, const char *name, const char *uid, int version) {
	store_put(world->store, &rows[row], object(name, uid, version), false);
}

void wrote(struct world *world, int row, const char *name, const char *uid, int version, bool compared) {
	json_t *answer = object(name, uid, version);
	struct digest digest = digest_bytes("d", 1);
	store_wrote(world->store, rows[row].kind, answer, compared ? &digest : NULL);
	json_decref(answer);
}

struct object *get(struct world *world, int row, const char *name) {
	return store_get(world->store, world->arena, rows[row].kind, "ns", name);
}
