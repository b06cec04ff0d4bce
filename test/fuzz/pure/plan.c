#include "plan.h"

#include <stdlib.h>
#include <string.h>

#include "../property.h"
#include "base/json.h"
#include "base/str.h"
#include "pure/diff.h"
#include "pure/flags.h"
#include "pure/immutable.h"
#include "pure/isolation.h"
#include "pure/manifests.h"
#include "pure/selection.h"
#include "pure/status.h"
#include "pure/volumes.h"

enum { NOW = 1800000000, SHORTEST_SECRET = 12 };

static const struct settings settings = {.cluster_domain = "cluster.local",
	.operator_namespace = "yb-system",
	.default_version = "2025.2.2.1-b1",
	.pod_cidrs = (const char *const[]){"10.244.0.0/16", NULL}};

void plan_setup(void) {
	static bool done;
	struct error err = {0};
	property(done || manifests_load(&err));
	done = true;
}

static bool is_text(const char *text) {
	json_t *valid = json_string(text);
	json_decref(valid);
	return valid;
}

static void clear_error(const struct error *err) {
	property(err->kind != ERR_NONE && err->text[0] && is_text(err->text));
}

static struct allowed allowed_of(struct arena *arena, const struct ybcluster *cluster, const json_t *given) {
	struct assigned *lists = arena_array(arena, struct assigned, cluster->spec.allow_list_count + 1);
	for (size_t i = 0; i < cluster->spec.allow_list_count; i++) {
		lists[i] = (struct assigned){cluster->spec.allow_lists[i], NULL, "does not exist in this namespace"};
		for (size_t j = 0; j < json_array_size(given); j++) {
			struct error err = {0};
			json_t *list = json_array_get(given, j);
			if (strcmp(json_text_or(list, "metadata.name", ""), lists[i].name) == 0 &&
				!(lists[i].list = allowlist_decode(arena, list, &err))) {
				clear_error(&err);
				lists[i].problem = "is invalid";
			}
		}
	}
	return allow_union(arena, lists, cluster->spec.allow_list_count, NULL, 0, false, NOW);
}

static bool documents(struct arena *arena, struct plan *plan, const struct ybcluster *cluster, struct error *err) {
	struct groups groups = groups_of(arena, cluster);
	struct trust *trust = arena_array(arena, struct trust, groups.count + 1);
	for (size_t i = 0; i < groups.count; i++) {
		trust[i] = (struct trust){groups.items[i].name, "00000000000000000000000000000000", 0, 0};
	}
	struct inputs inputs = {.cluster = cluster,
		.settings = &settings,
		.allowed = &plan->allowed,
		.trust = trust,
		.ipv4 = true,
		.ipv6 = true};
	plan->wanted = wanted_list_make(arena);
	return desired_documents(arena, &inputs, &plan->wanted, err);
}

static void is_ours(const struct plan *plan, const struct wanted *wanted) {
	const json_t *document = wanted->document;
	const struct object_meta *owner = &plan->cluster->metadata;
	property(str_equal(json_text(document, "metadata.name"), wanted->name));
	property(str_equal(json_text(document, "metadata.namespace"), owner->namespace));
	property(str_equal(json_text(document, "metadata.ownerReferences.0.uid"), owner->uid));
	property(str_equal(json_text(document, "kind"), child_kind_name(wanted->kind)));
}

static void status(struct arena *arena, const struct plan *plan) {
	struct observed observed = {.cluster = plan->cluster,
		.version = version_of(plan->cluster, &settings),
		.allowed = &plan->allowed,
		.now = NOW,
		.findings = arena_array(arena, struct finding, 16)};
	find_false(&observed, "AllowListsApplied", plan->allowed.reason, plan->allowed.message);
	json_t *built = status_build(arena, &observed);
	property(json_array_size(json_get(built, "conditions")) > 0);
	property(status_equal(arena, built, built));
}

bool plan_make(struct arena *arena, const json_t *object, const json_t *lists, struct plan *plan) {
	struct error err = {0};
	if (!(plan->cluster = ybcluster_decode(arena, object, &err))) {
		clear_error(&err);
		return false;
	}
	plan->allowed = allowed_of(arena, plan->cluster, lists);
	property(plan->allowed.count <= ALLOWLIST_RULES_MAX || !plan->allowed.whole);
	status(arena, plan);
	if (!documents(arena, plan, plan->cluster, &err)) {
		clear_error(&err);
		return false;
	}
	for (size_t i = 0; i < plan->wanted.count; i++) {
		is_ours(plan, &plan->wanted.items[i]);
		plan_meet(arena, plan, &plan->wanted.items[i], plan->wanted.items[i].document);
	}
	return true;
}

/* The element or member that a JSON pointer (RFC 6901) names, removed; false: it is not there. */
static bool remove_at(json_t *root, const char *pointer) {
	json_t *value = root;
	for (;;) {
		cleanup_str struct str step = {0};
		str_adds(&step, "");
		for (pointer++; *pointer && *pointer != '/'; pointer++) {
			bool escaped = pointer[0] == '~' && (pointer[1] == '0' || pointer[1] == '1');
			str_add(&step, escaped ? (pointer[1] == '0' ? "~" : "/") : pointer, 1);
			pointer += escaped;
		}
		size_t index = strtoul(step.text, NULL, 10);
		if (!*pointer) {
			return json_is_array(value) ? json_array_remove(value, index) == 0 : json_object_del(value, step.text) == 0;
		}
		value = json_is_array(value) ? json_array_get(value, index) : json_object_get(value, step.text);
	}
}

/* One patch takes off all that is foreign: there is nothing left to take off, and each operation found its place. */
static void strip(struct arena *arena, const struct wanted *wanted, const json_t *live) {
	json_t *operations = diff_foreign(arena, wanted->kind, wanted->document, live);
	json_t *stripped = arena_own_json(arena, json_deep_copy(live));
	for (size_t i = 0; i < json_array_size(operations); i++) {
		json_t *operation = json_array_get(operations, i);
		property(strcmp(json_text_or(operation, "op", ""), i < 2 ? "test" : "remove") == 0);
		property(i < 2 || remove_at(stripped, json_text(operation, "path")));
	}
	property(!diff_foreign(arena, wanted->kind, wanted->document, stripped));
}

/* Nothing of the Secret's values, neither ours nor those that are live: not even how they begin. Metadata are public.
 */
static void keeps_secret(struct arena *arena, const struct difference *difference, const json_t *secret) {
	const char *key;
	json_t *value;
	json_object_foreach(json_get(secret, "data"), key, value) {
		const char *text = json_string_value(value);
		if (text && strlen(text) >= SHORTEST_SECRET && !str_starts(difference->path, "metadata")) {
			property(!strstr(difference->text, arena_strndup(arena, text, SHORTEST_SECRET)));
		}
	}
}

static void closes(struct arena *arena, const struct plan *plan, const json_t *live) {
	size_t count;
	struct ybcluster *closed = closed_cluster(arena, plan->cluster, live, live, live);
	property(closed->spec.endpoints.ysql.port > 0 && closed->spec.endpoints.ysql.port < 65536);
	property(closed->spec.client_count <= plan->cluster->spec.client_count);
	struct cidr *ranges = allow_live(arena, live, &count);
	for (size_t i = 0; i < count; i++) {
		property(allow_covers(ranges, count, &ranges[i]));
	}
}

void plan_meet(struct arena *arena, const struct plan *plan, const struct wanted *wanted, const json_t *live) {
	bool self = live == wanted->document;
	const struct difference *difference = diff_find(arena, wanted->kind, wanted->document, live);
	const struct difference *rebuilt = immutable_difference(arena, wanted->kind, wanted->document, live);
	property(!self || (!difference && !rebuilt && !diff_foreign(arena, wanted->kind, wanted->document, live)));
	if (difference) {
		property(is_text(difference->path) && is_text(difference->text));
	}
	if (difference && wanted->kind == SECRET) {
		keeps_secret(arena, difference, wanted->document);
		keeps_secret(arena, difference, live);
	}
	strip(arena, wanted, live);
	closes(arena, plan, live);
	char *beside = labels_beside(live);
	struct child pod = {.kind = POD, .name = "db-tserver-0", .labels = beside ? beside : ""};
	struct children children = {&pod, 1};
	struct pod_labels pods = labels_of_pods(arena, plan->cluster, &children);
	selector_reaches(&pods, json_get(live, "spec.podSelector"));
	free(beside);
	volumes_judge(plan->cluster, live);
}
