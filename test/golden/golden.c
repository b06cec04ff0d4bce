/* Golden tests: golden [--bless] CASE. A case is a folder with object.yaml (a YBCluster) and, where it matters,
 * world.yaml:
 *
 *   now: "2026-11-22T10:00:00Z"    allowLists: [AllowList, ...]    live: [object, ...]    families: [IPv4, IPv6]
 *   documents: [name, ...]         which documents to show whole
 *
 * Out comes want.json: the plan (what would be created, updated or stripped, and why), the documents, and the status
 * that this world leads to. --bless writes it. A new case needs no C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/str.h"
#include "base/yaml.h"
#include "pure/diff.h"
#include "pure/flags.h"
#include "pure/manifests.h"
#include "pure/status.h"

static struct arena *arena;

static void die(const char *what, const struct error *err) {
	fprintf(stderr, "%s: %s\n", what, err->text);
	exit(2);
}

static json_t *read_yaml(const char *folder, const char *name, bool needed) {
	cleanup_str struct str text = {0};
	struct error err = {0};
	const char *path = arena_printf(arena, "%s/%s", folder, name);
	if (!str_read_file(&text, path, 1 << 20, &err)) {
		if (needed) {
			die(path, &err);
		}
		return arena_own_json(arena, json_object());
	}
	json_t *value = yaml_parse(text.text, text.length, &err);
	if (!value) {
		die(path, &err);
	}
	return arena_own_json(arena, value);
}

static const struct settings settings = {.cluster_domain = "cluster.local",
	.operator_namespace = "yb-system",
	.default_version = "2025.2.2.1-b1",
	.pod_cidrs = (const char *const[]){"10.244.0.0/16", NULL}};

static struct allowed allowed_of(const struct ybcluster *cluster, const json_t *world, int64_t now) {
	struct assigned *lists = arena_array(arena, struct assigned, cluster->spec.allow_list_count + 1);
	json_t *given = json_get(world, "allowLists");
	for (size_t i = 0; i < cluster->spec.allow_list_count; i++) {
		lists[i] = (struct assigned){cluster->spec.allow_lists[i], NULL, "does not exist in this namespace"};
		for (size_t j = 0; j < json_array_size(given); j++) {
			json_t *list = json_array_get(given, j);
			struct error err = {0};
			if (strcmp(json_text_or(list, "metadata.name", ""), lists[i].name) == 0 &&
				!(lists[i].list = allowlist_decode(arena, list, &err))) {
				lists[i].problem = arena_printf(arena, "is invalid: %s", err.text);
			}
		}
	}
	return allow_union(arena, lists, cluster->spec.allow_list_count, NULL, 0, false, now);
}

static enum child_kind kind_named(const char *name) {
	for (enum child_kind kind = 0; kind < CHILD_KINDS; kind++) {
		if (strcmp(child_kind_name(kind), name) == 0) {
			return kind;
		}
	}
	return CHILD_KINDS;
}

static const json_t *live_of(const json_t *world, const struct wanted *wanted) {
	json_t *live = json_get(world, "live");
	for (size_t i = 0; i < json_array_size(live); i++) {
		json_t *object = json_array_get(live, i);
		if (kind_named(json_text_or(object, "kind", "")) == wanted->kind &&
			strcmp(json_text_or(object, "metadata.name", ""), wanted->name) == 0) {
			return object;
		}
	}
	return NULL;
}

static void plan_line(json_t *plan, const char *action, const struct wanted *wanted, const char *why) {
	json_array_append_new(plan,
		json_string(arena_printf(arena, "%s %s/%s: %s", action, child_kind_name(wanted->kind), wanted->name, why)));
}

/* With `live` given, all that is not in it is created; without, the plan is left out: everything would be. */
static json_t *plan_of(const json_t *world, const struct wanted_list *list) {
	json_t *plan = json_array();
	for (size_t i = 0; json_get(world, "live") && i < list->count; i++) {
		const struct wanted *wanted = &list->items[i];
		const json_t *live = live_of(world, wanted);
		const struct difference *difference = live ? diff_find(arena, wanted->kind, wanted->document, live) : NULL;
		json_t *foreign = live ? diff_foreign(arena, wanted->kind, wanted->document, live) : NULL;
		if (!live) {
			plan_line(plan, "create", wanted, "it does not exist");
		}
		if (difference) {
			plan_line(plan, "update", wanted, difference->text);
		}
		for (size_t j = 2; j < json_array_size(foreign); j++) {
			plan_line(plan, "strip", wanted, json_text_or(json_array_get(foreign, j), "path", ""));
		}
	}
	return plan;
}

static json_t *documents_of(const json_t *world, const struct wanted_list *list) {
	json_t *documents = json_object(), *shown = json_get(world, "documents");
	for (size_t i = 0; i < list->count; i++) {
		const char *key = arena_printf(arena, "%s/%s", child_kind_name(list->items[i].kind), list->items[i].name);
		bool show = false;
		for (size_t j = 0; j < json_array_size(shown); j++) {
			show = show || strcmp(json_string_value(json_array_get(shown, j)), key) == 0;
		}
		json_object_set_new(documents, key, show ? json_incref(list->items[i].document) : json_null());
	}
	return documents;
}

static json_t *status_of(const struct ybcluster *cluster, const struct allowed *allowed, int64_t now) {
	struct observed observed = {.cluster = cluster,
		.version = version_of(cluster, &settings),
		.allowed = allowed,
		.now = now,
		.findings = arena_array(arena, struct finding, 16),
		.reconciling = true};
	if (allowed->whole) {
		find_true(&observed, "AllowListsApplied", allowed->reason, allowed->message);
	} else {
		find_false(&observed, "AllowListsApplied", allowed->reason, allowed->message);
	}
	return json_incref(status_build(arena, &observed));
}

static bool has_family(const json_t *world, const char *family) {
	json_t *families = json_get(world, "families");
	for (size_t i = 0; i < json_array_size(families); i++) {
		if (strcmp(json_string_value(json_array_get(families, i)), family) == 0) {
			return true;
		}
	}
	return false;
}

static json_t *outcome(const char *folder) {
	struct error err = {0};
	json_t *world = read_yaml(folder, "world.yaml", false);
	struct ybcluster *cluster = ybcluster_decode(arena, read_yaml(folder, "object.yaml", true), &err);
	if (!cluster) {
		return json_pack("{s:s}", "refused", err.text);
	}
	int64_t now;
	if (!clock_parse(json_text_or(world, "now", "2026-11-22T10:00:00Z"), &now, &err)) {
		die("now", &err);
	}
	struct allowed allowed = allowed_of(cluster, world, now);
	struct groups groups = groups_of(arena, cluster);
	struct trust *trust = arena_array(arena, struct trust, groups.count + 1);
	for (size_t i = 0; i < groups.count; i++) {
		trust[i] = (struct trust){groups.items[i].name, "00000000000000000000000000000000", 0, 0};
	}
	struct inputs inputs = {.cluster = cluster,
		.settings = &settings,
		.allowed = &allowed,
		.trust = trust,
		.ipv4 = has_family(world, "IPv4"),
		.ipv6 = has_family(world, "IPv6")};
	struct wanted_list list = wanted_list_make(arena);
	if (!desired_documents(arena, &inputs, &list, &err)) {
		return json_pack("{s:s}", "refused", err.text);
	}
	return json_pack("{s:o, s:o, s:o}", "plan", plan_of(world, &list), "documents", documents_of(world, &list),
		"status", status_of(cluster, &allowed, now));
}

static int compare(const char *path, const char *is) {
	cleanup_str struct str want = {0};
	struct error err = {0};
	if (!str_read_file(&want, path, 1 << 20, &err)) {
		die(path, &err);
	}
	if (strcmp(want.text, is) == 0) {
		return 0;
	}
	fprintf(stderr, "%s differs; --bless writes what came out:\n%s", path, is);
	return 1;
}

static int bless(const char *path, const char *is) {
	FILE *file = fopen(path, "w");
	if (!file || fputs(is, file) < 0 || fclose(file) != 0) {
		perror(path);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv) {
	bool blessing = argc > 1 && strcmp(argv[1], "--bless") == 0;
	if (argc != 2 + blessing) {
		fprintf(stderr, "usage: golden [--bless] CASE\n");
		return 2;
	}
	struct error err = {0};
	if (!manifests_load(&err)) {
		die("manifests", &err);
	}
	arena = arena_create();
	json_t *result = outcome(argv[1 + blessing]);
	char *text = json_dumps(result, JSON_INDENT(2) | JSON_SORT_KEYS);
	const char *is = arena_printf(arena, "%s\n", text), *path = arena_printf(arena, "%s/want.json", argv[1 + blessing]);
	int status = blessing ? bless(path, is) : compare(path, is);
	free(text);
	json_decref(result);
	arena_destroy(arena);
	manifests_unload();
	return status;
}
