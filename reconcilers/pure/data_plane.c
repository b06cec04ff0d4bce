#include "pure/desired.h"

#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/json.h"
#include "pure/flags.h"

static json_t *claims(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	const struct ybcluster_processes *processes =
		group->role == MASTER ? &cluster->spec.masters : &cluster->spec.tservers;
	json_t *list = json_array();
	for (int i = 0; i < processes->storage.volumes; i++) {
		json_t *claim = json_pack("{s:s, s:s, s:{s:s, s:O}, s:{s:[s], s:s*, s:s, s:{s:{s:s}}}}", "apiVersion", "v1",
			"kind", "PersistentVolumeClaim", "metadata", "name", arena_printf(arena, "data%d", i), "labels",
			labels_of(arena, cluster, role_name(group->role)), "spec", "accessModes", "ReadWriteOnce",
			"storageClassName", processes->storage.class, "volumeMode", "Filesystem", "resources", "requests",
			"storage", processes->storage.size);
		json_array_append_new(list, claim);
	}
	return list;
}

static json_t *mounts(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	const struct ybcluster_processes *processes =
		group->role == MASTER ? &cluster->spec.masters : &cluster->spec.tservers;
	json_t *list = json_pack("[{s:s, s:s, s:b}, {s:s, s:s, s:b}, {s:s, s:s}]", "name", "certificates", "mountPath",
		PATH_CERTIFICATES, "readOnly", 1, "name", "flags", "mountPath", PATH_FLAGS, "readOnly", 1, "name", "tmp",
		"mountPath", "/tmp");
	for (int i = 0; i < processes->storage.volumes; i++) {
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", arena_printf(arena, "data%d", i), "mountPath",
										arena_printf(arena, "/mnt/disk%d", i)));
	}
	return list;
}

/* Hosts (or zones) apart is required, not preferred: two replicas on one host would make the tolerance a lie. */
static json_t *affinity(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	enum fault_tolerance tolerance = ybcluster_fault_tolerance(&cluster->spec);
	json_t *value = json_object();
	if (tolerance != FAULT_TOLERANCE_NONE) {
		json_put(value, "podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution",
			json_pack("[{s:s, s:{s:O}}]", "topologyKey", "kubernetes.io/hostname", "labelSelector", "matchLabels",
				selector_of(arena, cluster, role_name(group->role))));
	}
	if (group->zone) {
		json_put(value, "nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms",
			json_pack("[{s:[{s:s, s:s, s:[s]}]}]", "matchExpressions", "key", "topology.kubernetes.io/zone", "operator",
				"In", "values", group->zone));
	}
	return value;
}

/* A tserver is ready when its database answers on the pod's own socket, a master when its RPC port accepts. */
static json_t *readiness(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	if (group->role == MASTER) {
		return json_pack("{s:{s:i}, s:i, s:i, s:i}", "tcpSocket", "port", PORT_MASTER_RPC, "periodSeconds", 5,
			"timeoutSeconds", 3, "failureThreshold", 3);
	}
	int port = cluster->spec.endpoints.ysql.port;
	return json_pack("{s:{s:[s,s,s,s,s,s,s,s,s,s,s]}, s:i, s:i, s:i}", "exec", "command", PATH_YSQLSH, "-h",
		arena_printf(arena, "/tmp/.yb.0.0.0.0:%d", port), "-p", arena_printf(arena, "%d", port), "-U", "yugabyte", "-d",
		"yugabyte", "-c", "select 1", "periodSeconds", 10, "timeoutSeconds", 10, "failureThreshold", 3);
}

/* hostPort stands there so that setting it is drift. */
static json_t *container_port(const char *name, int port) {
	return json_pack("{s:s, s:i, s:i, s:s}", "name", name, "containerPort", port, "hostPort", 0, "protocol", "TCP");
}

static json_t *container_ports(const struct ybcluster *cluster, const struct group *group) {
	if (group->role == MASTER) {
		return json_pack("[o, o]", container_port("http", PORT_MASTER_HTTP), container_port("rpc", PORT_MASTER_RPC));
	}
	return json_pack("[o, o, o]", container_port("http", PORT_TSERVER_HTTP), container_port("rpc", PORT_TSERVER_RPC),
		container_port("ysql", cluster->spec.endpoints.ysql.port));
}

static json_t *pull_secrets(const struct ybcluster *cluster) {
	json_t *list = json_array();
	for (size_t i = 0; i < cluster->spec.image.pull_secret_count; i++) {
		json_array_append_new(list, json_pack("{s:s}", "name", cluster->spec.image.pull_secrets[i]));
	}
	return list;
}

static json_t *borrowed_or(json_t *value, json_t *otherwise) {
	if (value) {
		json_decref(otherwise);
		return json_incref(value);
	}
	return otherwise;
}

/* The user's labels first: ours cannot be overruled. */
static json_t *pod_labels(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	json_t *labels = cluster->spec.pod.labels ? json_copy(cluster->spec.pod.labels) : json_object();
	json_object_update(labels, labels_of(arena, cluster, role_name(group->role)));
	return labels;
}

static json_t *group_selector(struct arena *arena, const struct ybcluster *cluster, const struct group *group) {
	json_t *selector = json_copy(selector_of(arena, cluster, role_name(group->role)));
	if (group->zone) {
		json_object_set_new(selector, "yugabyte.com/zone", json_string(group->zone));
	}
	return selector;
}

static json_t *statefulset_values(
	struct arena *arena, const struct inputs *inputs, const struct group *group, json_t *arguments) {
	const struct ybcluster *cluster = inputs->cluster;
	const struct ybcluster_spec *spec = &cluster->spec;
	json_t *labels = pod_labels(arena, cluster, group);
	if (group->zone) {
		json_object_set_new(labels, "yugabyte.com/zone", json_string(group->zone));
	}
	bool running = spec->desired_state == DESIRED_STATE_RUNNING;
	json_t *values = json_pack("{s:s, s:i, s:s, s:o, s:o, s:s, s:o, s:s?, s:s?, s:s, s:s, s:s, s:i}", "name",
		group->name, "replicas", running ? group->replicas : 0, "service", role_service(arena, cluster, group->role),
		"selector", group_selector(arena, cluster, group), "labels", labels, "account", cluster->metadata.name,
		"pullSecrets", pull_secrets(cluster), "priorityClass", spec->pod.priority_class_name, "runtimeClass",
		spec->pod.runtime_class_name, "process", role_process(group->role), "certificates", group->certificate, "flags",
		arena_printf(arena, "%s-%s-flags", cluster->metadata.name, role_name(group->role)), "rpcPort",
		group->role == MASTER ? PORT_MASTER_RPC : PORT_TSERVER_RPC);
	json_object_set_new(values, "nodeSelector", borrowed_or(spec->pod.node_selector, json_object()));
	json_object_set_new(values, "tolerations", borrowed_or(spec->pod.tolerations, json_array()));
	json_object_set_new(values, "affinity", affinity(arena, cluster, group));
	json_object_set_new(values, "image",
		json_string(arena_printf(arena, "%s:%s", spec->image.repository, version_of(cluster, inputs->settings))));
	json_object_set_new(values, "pullPolicy", json_string(spec->image.pull_policy));
	json_object_set_new(values, "command", json_pack("[s]", group->role == MASTER ? PATH_MASTER : PATH_TSERVER));
	json_object_set(values, "arguments", arguments);
	json_object_set_new(values, "ports", container_ports(cluster, group));
	json_object_set(values, "resources", process_resources(arena, cluster, group->role));
	json_object_set_new(values, "readiness", readiness(arena, cluster, group));
	json_object_set_new(values, "mounts", mounts(arena, cluster, group));
	json_object_set_new(values, "claims", claims(arena, cluster, group));
	json_object_set_new(values, "annotations", json_object());
	return values;
}

/* Also when there are none: what is left out of a document stays in the live one. */
static const char *hostnames(struct arena *arena, const struct ybcluster *cluster) {
	cleanup_str struct str list = {0};
	for (size_t i = 0; i < cluster->spec.endpoints.hostname_count; i++) {
		str_addf(&list, "%s ", cluster->spec.endpoints.hostnames[i]);
	}
	return arena_strndup(arena, list.text ? list.text : "", list.length);
}

/* The template's own digest tells an outdated pod; a wish that was taken back restarts nobody, so it is not in it. What
 * the spec asked for is told apart from what only came with a renewal or with a new operator, since the latter waits
 * for the maintenance window. */
static void stamp(struct arena *arena, const struct inputs *inputs, const struct group *group, const char *flags,
	const struct trust *trust, struct wanted *wanted) {
	const struct ybcluster *cluster = inputs->cluster;
	json_t *template = json_get(wanted->document, "spec.template");
	json_t *annotations = json_get(template, "metadata.annotations");
	if (cluster->spec.pod.annotations) {
		json_object_update(annotations, cluster->spec.pod.annotations);
	}
	const char *restart = object_annotation(&cluster->metadata, ANNOTATION_RESTART);
	json_t *all = arena_own_json(arena, json_pack("{s:O, s:s, s:s, s:s?}", "template", template, "flags", flags,
											"trust", trust->digest, "restart", restart));
	struct digest of_all = digest_json(all);
	const struct ybcluster_processes *processes =
		group->role == MASTER ? &cluster->spec.masters : &cluster->spec.tservers;
	json_t *asked = arena_own_json(arena,
		json_pack("{s:s?, s:s?, s:s, s:s?, s:s?, s:s?, s:i, s:s, s:O?, s:O?, s:i, s:s, s:O?, s:O?, s:O?, s:O?, s:O?}",
			"priorityClass", cluster->spec.pod.priority_class_name, "runtimeClass",
			cluster->spec.pod.runtime_class_name, "pullPolicy", cluster->spec.image.pull_policy, "restart", restart,
			"rotate", cluster->spec.tls.rotate, "ca", inputs->ca_asked, "algorithm", cluster->spec.tls.algorithm,
			"image", json_text(template, "spec.containers.0.image"), "resources", processes->resources, "flags",
			processes->flags, "port", group->role == TSERVER ? cluster->spec.endpoints.ysql.port : 0, "minVersion",
			cluster->spec.tls.min_version, "labels", cluster->spec.pod.labels, "annotations",
			cluster->spec.pod.annotations, "nodeSelector", cluster->spec.pod.node_selector, "tolerations",
			cluster->spec.pod.tolerations, "pullSecrets", json_get(template, "spec.imagePullSecrets")));
	struct digest of_asked = digest_json(asked);
	json_object_set_new(annotations, ANNOTATION_ASKED, json_string(digest_hex(arena, &of_asked, 16)));
	json_object_set_new(annotations, ANNOTATION_TRUST, json_string(trust->digest));
	json_object_set_new(annotations, ANNOTATION_DIGEST, json_string(digest_hex(arena, &of_all, 16)));
	if (trust->not_after) {
		const char *validity =
			arena_printf(arena, "%s/%s", clock_format(arena, trust->not_before), clock_format(arena, trust->not_after));
		json_object_set_new(annotations, ANNOTATION_VALIDITY, json_string(validity));
	}
	if (group->role == TSERVER) {
		/* Behind the digests: new names restart nobody. What starts anyway has them. */
		json_object_set_new(annotations, ANNOTATION_NAMES, json_string(hostnames(arena, cluster)));
	}
}

static const struct trust *trust_of(const struct inputs *inputs, const char *group) {
	for (const struct trust *trust = inputs->trust; trust && trust->group; trust++) {
		if (strcmp(trust->group, group) == 0) {
			return trust;
		}
	}
	return NULL;
}

static bool desired_group(struct arena *arena, const struct inputs *inputs, const struct group *group,
	const char *const *flags, struct wanted_list *list, struct error *err) {
	const struct trust *trust = trust_of(inputs, group->name);
	if (!trust || !trust->digest) {
		return true;
	}
	json_t *arguments = flag_arguments(arena, inputs->cluster, inputs->settings, group, err);
	if (!arguments || !want(arena, inputs->cluster, list, STATEFUL_SET, role_name(group->role), "statefulset",
						  statefulset_values(arena, inputs, group, arguments), err)) {
		return false;
	}
	stamp(arena, inputs, group, flags[group->role], trust, &list->items[list->count - 1]);
	return true;
}

static bool desired_budget(
	struct arena *arena, const struct ybcluster *cluster, enum role role, struct wanted_list *list, struct error *err) {
	bool spare = ybcluster_replication_factor(&cluster->spec) > 1;
	return want(arena, cluster, list, POD_DISRUPTION_BUDGET, role_name(role), "disruption",
		json_pack("{s:s, s:i, s:O}", "name", role_service(arena, cluster, role), "maxUnavailable", spare ? 1 : 0,
			"selector", selector_of(arena, cluster, role_name(role))),
		err);
}

bool desired_data_plane(struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err) {
	const struct ybcluster *cluster = inputs->cluster;
	const char *flags[2];
	for (enum role role = MASTER; role <= TSERVER; role++) {
		flags[role] = flag_file(arena, cluster, inputs->settings, role, err);
		if (!flags[role] ||
			!want(arena, cluster, list, SECRET, role_name(role), "flags",
				json_pack("{s:s, s:s}", "name",
					arena_printf(arena, "%s-%s-flags", cluster->metadata.name, role_name(role)), "file",
					base64_encode(arena, flags[role], strlen(flags[role]))),
				err) ||
			!desired_budget(arena, cluster, role, list, err)) {
			return false;
		}
	}
	struct groups groups = groups_of(arena, cluster);
	for (size_t i = 0; i < groups.count; i++) {
		if (!desired_group(arena, inputs, &groups.items[i], flags, list, err)) {
			return false;
		}
	}
	return true;
}
