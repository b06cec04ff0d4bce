/* What others put into closed places, and the patch that takes it off. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "crds/owned.h"
#include "pure/diff.h"
#include "pure/reach.h"

/* Our own container: wherever it stands in the live list. */
#define OUR_CONTAINER POD_SPEC "containers.*."

/* Places where nothing foreign may stand. `key`: of a list's elements, NULL: members of a map. `guard`: only entries
 * for which it says yes; `name` is the entry's key. */
struct closed {
	enum child_kind kind;
	const char *path, *key;
	bool (*guard)(const char *name, const json_t *entry, const struct pair *pair);
};

/* Who may connect, and where connections go, by way of the load balancer's controller. What other prefixes stand in the
 * table, controllers write by themselves. */
static bool steers(const char *name, const json_t *value, const struct pair *pair) {
	(void)value;
	(void)pair;
	return str_starts(name, "service.beta.kubernetes.io/") && owned_by(owned_load_balancer_annotations, name);
}

static bool volume_intrudes(const char *name, const json_t *volume, const struct pair *pair) {
	(void)name;
	return touches_ours(volume, pair);
}

static bool container_intrudes(const char *name, const json_t *container, const struct pair *pair) {
	(void)name;
	return intrudes(container, pair);
}

static const struct closed closed_places[] = {
	{SERVICE, "metadata.annotations", NULL, steers},
	{SERVICE, "spec.ports", "name", NULL},
	{SECRET, "data", NULL, NULL},
	{CONFIG_MAP, "data", NULL, NULL},
	{CONFIG_MAP, "binaryData", NULL, NULL},
	/* Before a container before it goes: ours then has another index. */
	{STATEFUL_SET, OUR_CONTAINER "volumeMounts", "mountPath", NULL},
	{STATEFUL_SET, OUR_CONTAINER "env", "name", NULL},
	{STATEFUL_SET, OUR_CONTAINER "envFrom", "prefix", NULL},
	{STATEFUL_SET, OUR_CONTAINER "ports", "name", NULL},
	{STATEFUL_SET, OUR_CONTAINER "lifecycle", NULL, NULL},
	{STATEFUL_SET, POD_SPEC "volumes", "name", volume_intrudes},
	{STATEFUL_SET, POD_SPEC "containers", "name", container_intrudes},
	{STATEFUL_SET, POD_SPEC "initContainers", "name", container_intrudes},
};

/* The place's path in the live object: "*" becomes the index of the container that has our first one's name. */
static const char *path_in(struct arena *arena, const struct closed *place, const struct pair *pair) {
	const char *star = strchr(place->path, '*');
	const char *ours = json_text(pair->desired, POD_SPEC "containers.0.name");
	json_t *containers = json_get(pair->live, POD_SPEC "containers");
	for (size_t i = 0; star && ours && i < json_array_size(containers); i++) {
		if (strcmp(json_text_or(json_array_get(containers, i), "name", ""), ours) == 0) {
			return arena_printf(arena, "%.*s%zu%s", (int)(star - place->path), place->path, i, star + 1);
		}
	}
	return place->path;
}

/* The place's path in our own document, where our container stands first. */
static const char *path_in_ours(struct arena *arena, const char *path) {
	const char *star = strchr(path, '*');
	return star ? arena_printf(arena, "%.*s0%s", (int)(star - path), path, star + 1) : path;
}

static void take_off(struct arena *arena, json_t *operations, const char *path, const char *last) {
	cleanup_str struct str pointer = {0};
	str_adds(&pointer, "/");
	for (; *path; path++) {
		str_add(&pointer, *path == '.' ? "/" : path, 1);
	}
	str_adds(&pointer, "/");
	for (; *last; last++) {
		str_adds(&pointer, *last == '/' ? "~1" : *last == '~' ? "~0" : (char[]){*last, 0});
	}
	json_array_append_new(operations,
		json_pack("{s:s, s:s}", "op", "remove", "path", arena_strndup(arena, pointer.text, pointer.length)));
}

static void foreign_members(
	struct arena *arena, const struct closed *place, const struct pair *pair, json_t *operations) {
	const char *key, *path = path_in(arena, place, pair);
	json_t *ours = json_get(pair->desired, path_in_ours(arena, place->path));
	json_t *value;
	json_object_foreach(json_get(pair->live, path), key, value) {
		if (!json_object_get(ours, key) && (!place->guard || place->guard(key, value, pair))) {
			take_off(arena, operations, path, key);
		}
	}
}

/* From the back, so that the indices before stay what they are. */
static void foreign_entries(
	struct arena *arena, const struct closed *place, const struct pair *pair, json_t *operations) {
	const char *path = path_in(arena, place, pair);
	json_t *list = json_get(pair->live, path);
	json_t *ours = json_get(pair->desired, path_in_ours(arena, place->path));
	for (size_t i = json_array_size(list); i-- > 0;) {
		json_t *entry = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(entry, place->key));
		if (!list_entry(ours, place->key, name) && (!place->guard || place->guard(name, entry, pair))) {
			take_off(arena, operations, path, arena_printf(arena, "%zu", i));
		}
	}
}

/* A load balancer that is to have none opens the database on every node with one that was set by hand. */
static void foreign_node_ports(struct arena *arena, const struct pair *pair, json_t *operations) {
	json_t *ports = json_get(pair->live, "spec.ports");
	bool none = json_is_false(json_get(pair->desired, "spec.allocateLoadBalancerNodePorts"));
	for (size_t i = 0; none && i < json_array_size(ports); i++) {
		if (json_object_get(json_array_get(ports, i), "nodePort")) {
			take_off(arena, operations, arena_printf(arena, "spec.ports.%zu", i), "nodePort");
		}
	}
}

json_t *diff_foreign(struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live) {
	const struct pair pair = {desired, live};
	json_t *operations = arena_own_json(
		arena, json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}]", "op", "test", "path", "/metadata/uid", "value",
				   json_text_or(live, "metadata.uid", ""), "op", "test", "path", "/metadata/resourceVersion", "value",
				   json_text_or(live, "metadata.resourceVersion", "")));
	if (kind == SERVICE) {
		foreign_node_ports(arena, &pair, operations);
	}
	for (size_t i = 0; i < sizeof closed_places / sizeof *closed_places; i++) {
		const struct closed *place = &closed_places[i];
		if (place->kind == kind) {
			(place->key ? foreign_entries : foreign_members)(arena, place, &pair, operations);
		}
	}
	return json_array_size(operations) > 2 ? operations : NULL;
}
