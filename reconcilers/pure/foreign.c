/* What others put into closed places, and the patch that takes it off. */
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "crds/owned.h"
#include "pure/diff.h"
#include "pure/names.h"

#define POD_SPEC "spec.template.spec."
/* Our own container: wherever it stands in the live list. */
#define OUR_CONTAINER POD_SPEC "containers.*."

/* The two documents that are compared. */
struct pair {
	const json_t *desired, *live;
};

/* Places where nothing foreign may stand. `key`: of a list's elements, NULL: members of a map. `guard`: only entries
 * for which it says yes; `name` is the entry's key. */
struct closed {
	enum child_kind kind;
	const char *path, *key;
	bool (*guard)(const char *name, const json_t *entry, const struct pair *pair);
};

/* What follows "C-" in the names of our objects that hold secrets or data. */
static bool is_of_cluster(const char *name, const char *cluster) {
	static const char *const ours[] = {"master", "tserver", "admin", "user-", "universe-keys"};
	size_t length = cluster ? strlen(cluster) : 0;
	bool any = false;
	if (!cluster || strncmp(name, cluster, length) != 0 || name[length] != '-') {
		return false;
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		any = any || str_starts(name + length + 1, ours[i]);
	}
	return any;
}

static const char *cluster_of(const struct pair *pair) {
	return json_string_value(json_at(pair->desired, "metadata", "labels", LABEL_CLUSTER, NULL));
}

static bool our_secret(const char *name, const struct pair *pair) {
	json_t *volumes = json_get(pair->desired, POD_SPEC "volumes");
	bool named = false;
	for (size_t i = 0; name && i < json_array_size(volumes); i++) {
		named = named || str_equal(json_text(json_array_get(volumes, i), "secret.secretName"), name);
	}
	return named || (name && is_of_cluster(name, cluster_of(pair)));
}

/* data<volume>-<set>-<ordinal> */
static bool our_claim(const char *name, const struct pair *pair) {
	const char *set = name && str_starts(name, "data") ? strchr(name, '-') : NULL;
	return set && is_of_cluster(set + 1, cluster_of(pair));
}

/* A volume that holds our certificates, flags or data, or is the host's. */
static bool touches_ours(const char *key, const json_t *volume, const struct pair *pair) {
	(void)key;
	json_t *sources = json_get(volume, "projected.sources");
	bool projected = false;
	for (size_t i = 0; i < json_array_size(sources); i++) {
		projected = projected || our_secret(json_text(json_array_get(sources, i), "secret.name"), pair);
	}
	return projected || json_object_get(volume, "hostPath") ||
	       our_secret(json_text(volume, "secret.secretName"), pair) ||
	       our_claim(json_text(volume, "persistentVolumeClaim.claimName"), pair);
}

/* Ours by name, or one of theirs that holds what is ours. */
static bool mounts_ours(const json_t *mounts, const struct pair *pair) {
	bool any = false;
	for (size_t i = 0; i < json_array_size(mounts); i++) {
		const char *name = json_text_or(json_array_get(mounts, i), "name", "");
		json_t *volume = list_entry(json_get(pair->live, POD_SPEC "volumes"), "name", name);
		json_t *claims = json_get(pair->desired, "spec.volumeClaimTemplates");
		for (size_t j = 0; j < json_array_size(claims); j++) {
			any = any || str_equal(json_text(json_array_get(claims, j), "metadata.name"), name);
		}
		any = any || list_entry(json_get(pair->desired, POD_SPEC "volumes"), "name", name) ||
		      (volume && touches_ours(name, volume, pair));
	}
	return any;
}

static bool reads_ours(const json_t *container, const struct pair *pair) {
	json_t *env = json_object_get(container, "env"), *from = json_object_get(container, "envFrom");
	bool any = false;
	for (size_t i = 0; i < json_array_size(env); i++) {
		any = any || our_secret(json_text(json_array_get(env, i), "valueFrom.secretKeyRef.name"), pair);
	}
	for (size_t i = 0; i < json_array_size(from); i++) {
		any = any || our_secret(json_text(json_array_get(from, i), "secretRef.name"), pair);
	}
	return any;
}

/* A container that mounts or reads what is ours, takes a port of the host, or may do more than Pod Security
 * `restricted`. */
static bool intrudes(const char *name, const json_t *container, const struct pair *pair) {
	(void)name;
	json_t *ports = json_object_get(container, "ports");
	for (size_t i = 0; i < json_array_size(ports); i++) {
		if (json_int(json_array_get(ports, i), "hostPort", 0)) {
			return true;
		}
	}
	return mounts_ours(json_object_get(container, "volumeMounts"), pair) ||
	       mounts_ours(json_object_get(container, "volumeDevices"), pair) || reads_ours(container, pair) ||
	       json_bool(container, "securityContext.privileged", false) ||
	       json_bool(container, "securityContext.allowPrivilegeEscalation", true);
}

/* Who may connect, and where connections go, by way of the load balancer's controller. What other prefixes stand in the
 * table, controllers write by themselves. */
static bool steers(const char *name, const json_t *value, const struct pair *pair) {
	(void)value;
	(void)pair;
	return str_starts(name, "service.beta.kubernetes.io/") && owned_by(owned_load_balancer_annotations, name);
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
	{STATEFUL_SET, POD_SPEC "volumes", "name", touches_ours},
	{STATEFUL_SET, POD_SPEC "containers", "name", intrudes},
	{STATEFUL_SET, POD_SPEC "initContainers", "name", intrudes},
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

/* What our own container mounts: volumes by their names, as a template has them. */
static json_t *volumes_in_use(const json_t *pod) {
	json_t *volumes = json_array(), *containers = json_get(pod, "spec.containers");
	for (size_t i = 0; i < json_array_size(containers); i++) {
		json_t *container = json_array_get(containers, i), *mounts = json_object_get(container, "volumeMounts");
		for (size_t j = 0; is_server(json_text(container, "name")) && j < json_array_size(mounts); j++) {
			json_array_append(volumes, json_array_get(mounts, j));
		}
	}
	return volumes;
}

bool pod_entered(const json_t *pod) {
	json_t *ephemeral = json_get(pod, "spec.ephemeralContainers");
	if (!json_array_size(ephemeral)) {
		return false;
	}
	/* In the shape of templates, of which all else here speaks. */
	json_t *ours = json_pack("{s:O?, s:{s:{s:{s:o}}}}", "metadata", json_object_get(pod, "metadata"), "spec",
		"template", "spec", "volumes", volumes_in_use(pod));
	json_t *live = json_pack("{s:{s:{s:O?}}}", "spec", "template", "spec", json_object_get(pod, "spec"));
	const struct pair pair = {ours, live};
	bool any = false;
	for (size_t i = 0; i < json_array_size(ephemeral); i++) {
		json_t *container = json_array_get(ephemeral, i);
		any = any || mounts_ours(json_object_get(container, "volumeMounts"), &pair) ||
		      mounts_ours(json_object_get(container, "volumeDevices"), &pair) || reads_ours(container, &pair);
	}
	json_decref(ours);
	json_decref(live);
	return any;
}
