#include "pure/reach.h"

#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "pure/diff.h"
#include "pure/names.h"

const char *const mount_lists[MOUNT_LISTS] = {"volumeMounts", "volumeDevices"};

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

bool touches_ours(const json_t *volume, const struct pair *pair) {
	json_t *sources = json_get(volume, "projected.sources");
	bool projected = false;
	for (size_t i = 0; i < json_array_size(sources); i++) {
		projected = projected || our_secret(json_text(json_array_get(sources, i), "secret.name"), pair);
	}
	return projected || json_object_get(volume, "hostPath") ||
	       our_secret(json_text(volume, "secret.secretName"), pair) ||
	       our_claim(json_text(volume, "persistentVolumeClaim.claimName"), pair);
}

bool volume_is_ours(const char *name, const struct pair *pair) {
	json_t *volume = list_entry(json_get(pair->live, POD_SPEC "volumes"), "name", name);
	json_t *claims = json_get(pair->desired, "spec.volumeClaimTemplates");
	bool claimed = false;
	for (size_t i = 0; i < json_array_size(claims); i++) {
		claimed = claimed || str_equal(json_text(json_array_get(claims, i), "metadata.name"), name);
	}
	return claimed || list_entry(json_get(pair->desired, POD_SPEC "volumes"), "name", name) ||
	       (volume && touches_ours(volume, pair));
}

bool mounts_ours(const json_t *container, const struct pair *pair) {
	bool any = false;
	for (size_t i = 0; i < MOUNT_LISTS; i++) {
		json_t *mounts = json_object_get(container, mount_lists[i]);
		for (size_t j = 0; j < json_array_size(mounts); j++) {
			any = any || volume_is_ours(json_text_or(json_array_get(mounts, j), "name", ""), pair);
		}
	}
	return any;
}

bool reads_ours(const json_t *container, const struct pair *pair) {
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

bool intrudes(const json_t *container, const struct pair *pair) {
	json_t *ports = json_object_get(container, "ports");
	for (size_t i = 0; i < json_array_size(ports); i++) {
		if (json_int(json_array_get(ports, i), "hostPort", 0)) {
			return true;
		}
	}
	return mounts_ours(container, pair) || reads_ours(container, pair) ||
	       json_bool(container, "securityContext.privileged", false) ||
	       json_bool(container, "securityContext.allowPrivilegeEscalation", true);
}
