#include "pure/entered.h"

#include <string.h>

#include "base/arena.h"
#include "base/json.h"
#include "base/str.h"
#include "base/utf8.h"
#include "pure/names.h"
#include "pure/reach.h"

/* Where the API server puts the service account's token in every container, ours too when somebody lets it: that a
 * volume stands there makes it nobody's. */
#define TOKEN_PATH "/var/run/secrets/kubernetes.io/serviceaccount"

static void add_mounts(json_t *volumes, const json_t *container) {
	json_t *mounts = json_object_get(container, "volumeMounts");
	for (size_t i = 0; i < json_array_size(mounts); i++) {
		json_t *mount = json_array_get(mounts, i);
		if (!str_equal(json_text(mount, "mountPath"), TOKEN_PATH)) {
			json_array_append(volumes, mount);
		}
	}
}

/* What our own container mounts: volumes by their names, as a template has them. */
static json_t *volumes_in_use(const json_t *pod) {
	json_t *volumes = json_array(), *containers = json_get(pod, "spec.containers");
	for (size_t i = 0; i < json_array_size(containers); i++) {
		json_t *container = json_array_get(containers, i);
		if (is_server(json_text(container, "name"))) {
			add_mounts(volumes, container);
		}
	}
	return volumes;
}

/* A pod in the shape of templates. */
static struct pair shape_of(struct arena *arena, const json_t *pod) {
	json_t *ours = json_pack("{s:O?, s:{s:{s:{s:o}}}}", "metadata", json_object_get(pod, "metadata"), "spec",
		"template", "spec", "volumes", volumes_in_use(pod));
	json_t *live = json_pack("{s:{s:{s:O?}}}", "spec", "template", "spec", json_object_get(pod, "spec"));
	return (struct pair){arena_own_json(arena, ours), arena_own_json(arena, live)};
}

bool pod_entered(const json_t *pod) {
	json_t *ephemeral = json_get(pod, "spec.ephemeralContainers");
	if (!json_array_size(ephemeral)) {
		return false;
	}
	struct arena *arena = arena_create();
	const struct pair pair = shape_of(arena, pod);
	bool any = false;
	for (size_t i = 0; i < json_array_size(ephemeral); i++) {
		json_t *container = json_array_get(ephemeral, i);
		any = any || mounts_ours(container, &pair) || reads_ours(container, &pair);
	}
	arena_destroy(arena);
	return any;
}

/* The one server of this pod: another one's name makes nobody ours. */
static bool is_own(const json_t *pod, const json_t *container) {
	json_t *labels = json_get(pod, "metadata.labels");
	const char *component = json_string_value(json_object_get(labels, LABEL_COMPONENT));
	enum role role = str_equal(component, role_name(TSERVER)) ? TSERVER : MASTER;
	return str_equal(json_text(container, "name"), role_process(role));
}

/* As nearly every pod is, and every event of each is looked at. */
static bool is_alone(const json_t *pod) {
	json_t *containers = json_get(pod, "spec.containers");
	return !json_array_size(json_get(pod, "spec.initContainers")) && json_array_size(containers) == 1 &&
	       is_own(pod, json_array_get(containers, 0));
}

/* By their names, each once. */
static json_t *volumes_of_ours(const json_t *container, const struct pair *pair) {
	json_t *names = json_object();
	for (size_t i = 0; i < MOUNT_LISTS; i++) {
		json_t *mounts = json_object_get(container, mount_lists[i]);
		for (size_t j = 0; j < json_array_size(mounts); j++) {
			const char *name = json_text_or(json_array_get(mounts, j), "name", "");
			if (volume_is_ours(name, pair)) {
				json_object_set_new(names, name, json_null());
			}
		}
	}
	return names;
}

static void tell(struct str *text, const char *sort, const json_t *container, const struct pair *pair) {
	const char *name, *before = " mounts ";
	json_t *volumes = volumes_of_ours(container, pair), *ignored;
	str_addf(text, "%s%s %s", text->length ? "; " : "", sort, json_text_or(container, "name", ""));
	json_object_foreach(volumes, name, ignored) {
		str_addf(text, "%s%s", before, name);
		before = ", ";
	}
	if (!json_object_size(volumes)) {
		str_adds(text, reads_ours(container, pair) ? " reads a Secret of the cluster"
												   : " may do more than Pod Security restricted lets it");
	}
	json_decref(volumes);
}

char *pod_intruders(const json_t *pod) {
	static const struct {
		const char *list, *sort;
		bool has_ours;
	} places[] = {{"spec.initContainers", "init container", false}, {"spec.containers", "container", true}};
	if (is_alone(pod)) {
		return NULL;
	}
	struct arena *arena = arena_create();
	const struct pair pair = shape_of(arena, pod);
	cleanup_str struct str text = {0};
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		json_t *containers = json_get(pod, places[i].list);
		for (size_t j = 0; j < json_array_size(containers); j++) {
			json_t *container = json_array_get(containers, j);
			bool ours = places[i].has_ours && is_own(pod, container);
			if (!ours && intrudes(container, &pair)) {
				tell(&text, places[i].sort, container, &pair);
			}
		}
	}
	arena_destroy(arena);
	if (!text.length) {
		return NULL;
	}
	text.text[text.length < INTRUDERS_LENGTH ? text.length : INTRUDERS_LENGTH] = '\0';
	utf8_keep(text.text);
	return str_steal(&text);
}
