#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "crds/owned.h"
#include "crds/ybcluster.h"

#define SPEC const struct ybcluster_spec *spec, struct error *err
#define refuse(path, ...) fail_because(err, ERR_INVALID, "InvalidSpec", "spec." path ": " __VA_ARGS__)

/* Names of StatefulSets: longer ones never get pods, since a label of the pod would be too long. */
#define STATEFULSET_NAME_MAX 52

static bool check_name(const struct ybcluster *cluster, struct error *err) {
	const char *name = cluster->metadata.name;
	size_t longest = strlen(name) + strlen("-tserver");
	if (strchr(name, '.') || (name[0] >= '0' && name[0] <= '9')) {
		return fail_because(
			err, ERR_INVALID, "InvalidSpec", "metadata.name: must be a DNS label that starts with a letter");
	}
	for (size_t i = 0; i < cluster->spec.zone_count; i++) {
		size_t length = strlen(name) + strlen("-tserver-") + strlen(cluster->spec.zones[i]);
		longest = length > longest ? length : longest;
	}
	return longest <= STATEFULSET_NAME_MAX ||
	       fail_because(err, ERR_INVALID, "InvalidSpec",
			   "metadata.name: name + '-tserver-' + longest zone are %zu characters, at most %d work", longest,
			   STATEFULSET_NAME_MAX);
}

static bool zone_twice(const struct ybcluster_spec *spec) {
	for (size_t i = 0; i < spec->zone_count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(spec->zones[i], spec->zones[j]) == 0) {
				return true;
			}
		}
	}
	return false;
}

static bool check_nodes(SPEC) {
	int factor = ybcluster_replication_factor(spec);
	if (spec->nodes < factor) {
		return refuse("nodes",
			"%d is less than the replication factor %d: give %d or more, or lower spec.faultsToTolerate", spec->nodes,
			factor, factor);
	}
	if (zone_twice(spec)) {
		return refuse("zones", "a zone stands there twice");
	}
	if (spec->zone_count && (size_t)spec->nodes % spec->zone_count != 0) {
		return refuse("nodes", "%d is not a multiple of the %zu zones", spec->nodes, spec->zone_count);
	}
	if (ybcluster_fault_tolerance(spec) == FAULT_TOLERANCE_ZONE && spec->zone_count < (size_t)factor) {
		return refuse("zones", "%zu are fewer than the %d that tolerating %d lost zones takes", spec->zone_count,
			factor, spec->faults_to_tolerate);
	}
	return true;
}

static bool small(const struct ybcluster_processes *processes) {
	int64_t size, limit;
	return quantity_parse(processes->storage.size, &size) && quantity_parse("10Gi", &limit) && size <= limit &&
	       processes->storage.volumes == 1;
}

static bool check_sandbox(SPEC) {
	if (spec->tier != TIER_SANDBOX) {
		return true;
	}
	if (spec->nodes != 1) {
		return refuse("nodes", "a Sandbox has one node: give 1");
	}
	if (ybcluster_fault_tolerance(spec) != FAULT_TOLERANCE_NONE) {
		return refuse("faultTolerance", "a Sandbox tolerates no fault: give None or leave it out");
	}
	if (!small(&spec->masters)) {
		return refuse("masters.storage", "a Sandbox has one volume of at most 10Gi");
	}
	return small(&spec->tservers) || refuse("tservers.storage", "a Sandbox has one volume of at most 10Gi");
}

/* Every amount must be one that can be counted: what cannot would differ from itself for ever. */
static bool check_amount(const json_t *amount, const char *path, const char *name, struct error *err) {
	cleanup_str struct str text = {0};
	int64_t milli;
	if (quantity_read(amount, &milli)) {
		return true;
	}
	json_write(&text, amount);
	return fail_because(err, ERR_INVALID, "InvalidSpec", "%s.%.100s: '%.40s' is no quantity up to 8Pi", path, name,
		json_is_string(amount) ? json_string_value(amount) : text.text);
}

static bool check_amounts(const struct ybcluster_processes *processes, const char *path, struct error *err) {
	const char *kind, *name;
	json_t *amounts, *amount;
	cleanup_str struct str where = {0};
	json_object_foreach((json_t *)(uintptr_t)processes->resources, kind, amounts) {
		where.length = 0;
		str_addf(&where, "%s.resources.%.100s", path, kind);
		json_object_foreach(amounts, name, amount) {
			if (!check_amount(amount, where.text, name, err)) {
				return false;
			}
		}
	}
	int64_t milli;
	return quantity_parse(processes->storage.size, &milli) ||
	       fail_because(err, ERR_INVALID, "InvalidSpec", "%s.storage.size: '%.40s' is no quantity up to 8Pi", path,
			   processes->storage.size);
}

static bool check_sizes(SPEC) {
	return check_amounts(&spec->masters, "spec.masters", err) && check_amounts(&spec->tservers, "spec.tservers", err);
}

/* No key of `map` may be claimed by the operator. */
static bool check_keys(const json_t *map, const char *path, const struct owned *table, struct error *err) {
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)map, key, value) {
		const struct owned *row = table == owned_flags ? owned_flag(key) : owned_by(table, key);
		if (row) {
			return fail_because(
				err, ERR_INVALID, "InvalidSpec", "%s: %.100s is the operator's: %s", path, key, row->instead);
		}
	}
	return true;
}

static bool check_owned(SPEC) {
	return check_keys(spec->masters.flags, "spec.masters.flags", owned_flags, err) &&
	       check_keys(spec->tservers.flags, "spec.tservers.flags", owned_flags, err) &&
	       check_keys(spec->pod.labels, "spec.pod.labels", owned_pod_keys, err) &&
	       check_keys(spec->pod.annotations, "spec.pod.annotations", owned_pod_keys, err) &&
	       check_keys(spec->endpoints.annotations, "spec.endpoints.annotations", owned_load_balancer_annotations, err);
}

/* Ports on which the processes listen anyway. */
static bool check_port(SPEC) {
	static const int taken[] = {6379, 7000, 7100, 8090, 9000, 9042, 9100, 11000, 12000, 13000};
	for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++) {
		if (spec->endpoints.ysql.port == taken[i]) {
			return refuse("endpoints.ysql.port", "%d is used by the database itself", taken[i]);
		}
	}
	return true;
}

/* In-cluster names are added by the operator, for this cluster only; nobody gets a certificate for another's. */
static bool in_cluster_name(const char *name) {
	return str_ends(name, ".svc") || strstr(name, ".svc.") || str_starts(name, "svc.") ||
	       str_ends(name, ".cluster.local");
}

static bool check_hostnames(SPEC) {
	for (size_t i = 0; i < spec->endpoints.hostname_count; i++) {
		if (in_cluster_name(spec->endpoints.hostnames[i])) {
			return refuse("endpoints.hostnames",
				"'%s' is a name of the Kubernetes cluster; those are in the certificate "
				"already",
				spec->endpoints.hostnames[i]);
		}
	}
	return true;
}

static bool selects(const json_t *selector) {
	return json_object_size(json_object_get(selector, "matchLabels")) > 0 ||
	       json_array_size(json_object_get(selector, "matchExpressions")) > 0;
}

/* As Kubernetes has it: an expression with values that its operator does not take makes the whole policy invalid. */
static bool well_formed(const json_t *selector) {
	json_t *expressions = json_object_get(selector, "matchExpressions");
	for (size_t i = 0; i < json_array_size(expressions); i++) {
		const json_t *one = json_array_get(expressions, i);
		const char *operator= json_text_or(one, "operator", "");
		bool takes = strcmp(operator, "In") == 0 || strcmp(operator, "NotIn") == 0;
		if (takes != (json_array_size(json_object_get(one, "values")) > 0)) {
			return false;
		}
	}
	return true;
}

/* Empty is never "all": a selector of namespaces that names nothing would let every tenant in. */
static bool check_clients(SPEC) {
	for (size_t i = 0; i < spec->client_count; i++) {
		const struct ybcluster_client *client = &spec->clients[i];
		if (!client->namespace_selector && !client->pod_selector) {
			return refuse("clients", "[%zu] needs a namespaceSelector or a podSelector", i);
		}
		if (client->namespace_selector && !selects(client->namespace_selector)) {
			return refuse("clients", "[%zu].namespaceSelector is empty, which would be every namespace", i);
		}
		if (!well_formed(client->namespace_selector) || !well_formed(client->pod_selector)) {
			return refuse("clients", "[%zu]: In and NotIn take values, Exists and DoesNotExist none", i);
		}
	}
	return true;
}

static bool check_tolerations(SPEC) {
	for (size_t i = 0; i < json_array_size(spec->pod.tolerations); i++) {
		const json_t *one = json_array_get(spec->pod.tolerations, i);
		bool exists = strcmp(json_text_or(one, "operator", "Equal"), "Exists") == 0;
		if (!exists && !json_text(one, "key")) {
			return refuse("pod.tolerations", "[%zu]: without a key the operator is Exists", i);
		}
		if (exists && json_text(one, "value")) {
			return refuse("pod.tolerations", "[%zu]: Exists takes no value", i);
		}
		if (json_is_integer(json_get(one, "tolerationSeconds")) &&
			strcmp(json_text_or(one, "effect", ""), "NoExecute") != 0) {
			return refuse("pod.tolerations", "[%zu]: only the effect NoExecute takes tolerationSeconds", i);
		}
	}
	return true;
}

static bool check_tls(SPEC) {
	if (spec->tls.renew_before >= spec->tls.duration) {
		return refuse("tls.renewBefore", "must be shorter than duration");
	}
	if (spec->tls.ca_duration / 6 < spec->tls.duration + spec->tls.ca_overlap) {
		return refuse("tls.caDuration", "must be at least six times duration and caOverlap together, since a CA is "
										"replaced in the last sixth of its life");
	}
	return true;
}

static bool check_admin(SPEC) {
	static const char *const reserved[] = {"postgres", "yugabyte", "public", "all", "none", "replication", "sameuser",
		"samerole", "samegroup", "user", "current_user", "current_role", "session_user", NULL};
	const char *name = spec->auth.admin_user;
	bool taken = str_starts(name, "pg_") || str_starts(name, "yb_");
	for (size_t i = 0; reserved[i] && !taken; i++) {
		taken = strcmp(name, reserved[i]) == 0;
	}
	return !taken || refuse("auth.adminUser", "'%s' is reserved by the database", name);
}

bool ybcluster_check(const struct ybcluster *cluster, struct error *err) {
	static bool (*const checks[])(SPEC) = {check_nodes, check_sizes, check_sandbox, check_owned, check_port,
		check_hostnames, check_clients, check_tolerations, check_tls, check_admin};
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if (!checks[i](&cluster->spec, err)) {
			return false;
		}
	}
	return check_name(cluster, err);
}
