#include "ybcluster/observe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "reconcilers/owner.h"
#include "ybcluster/children.h"
#include "ybcluster/report.h"

static enum child_kind kind_of(const struct object *object) {
	return (enum child_kind)(object->watched - watched_table);
}

/* What stands before the next bar, which is skipped. */
static const char *until_bar(struct arena *arena, const char **text) {
	size_t length = strcspn(*text, "|");
	const char *part = arena_strndup(arena, *text, length);
	*text += length + ((*text)[length] == '|');
	return part;
}

/* Pod summaries hold uid, names, labels and intruders in the middle, see summaries.h: take them out, keep digests and
 * trouble.
 */
static void split_pod(struct arena *arena, struct child *child) {
	const char *rest = strlen(child->text) > POD_TROUBLE ? child->text + POD_TROUBLE : "";
	child->cluster_uid = until_bar(arena, &rest);
	child->hostnames = until_bar(arena, &rest);
	child->labels = until_bar(arena, &rest);
	child->intruders = until_bar(arena, &rest);
	child->text = arena_printf(arena, "%.*s%s", POD_TROUBLE, child->text, rest);
}

static struct child child_of(struct arena *arena, struct object *object) {
	struct child child = {
		.kind = kind_of(object),
		.name = object->name,
		.uid = object->uid,
		.owner_uid = object->owner_uid,
		.version = arena_printf(arena, "%llu", (unsigned long long)object->version),
		.deleting = object->deleting,
		.in_sync = object->in_sync,
		.compared = object->compared,
		.mark = object->summary.mark,
		.text = object->summary.text ? object->summary.text : "",
		.cluster_uid = "",
		.hostnames = "",
		.labels = "",
		.intruders = "",
		.asked = "",
		.document = object->document,
		.handle = object,
	};
	memcpy(child.number, object->summary.number, sizeof child.number);
	if (child.kind == POD) {
		split_pod(arena, &child);
	} else if (child.kind == VOLUME_CLAIM) {
		child.cluster_uid = child.text;
	} else if (child.kind == CONFIG_MAP) {
		child.asked = child.text;
		child.text = until_bar(arena, &child.asked);
	}
	return child;
}

/* What is an earlier cluster's of the same name, or somebody else's, says nothing of this one; whether it is in the way
 * is seen when its name is taken. Claims hold data and policies let in, whosever they are: those stay visible. */
static bool is_shown(const struct work *work, const struct child *child) {
	if (child->kind == POD) {
		return strcmp(child->cluster_uid, work->cluster->metadata.uid) == 0;
	}
	bool any = child->kind == VOLUME_CLAIM || child->kind == NETWORK_POLICY;
	return any || !is_anothers(work, child);
}

void observe_children(struct work *work) {
	size_t count;
	struct object **objects =
		store_group(work->pass->store, work->arena, work->pass->namespace, work->pass->name, &count);
	work->children = (struct children){.items = arena_array(work->arena, struct child, count)};
	for (size_t i = 0; i < count; i++) {
		struct child child = child_of(work->arena, objects[i]);
		if (is_shown(work, &child)) {
			work->children.items[work->children.count++] = child;
		} else {
			work->names_taken = work->names_taken || child.kind != POD;
		}
	}
}

struct child child_shown(struct work *work, enum child_kind kind, json_t *item) {
	struct object *object = arena_new(work->arena, struct object);
	*object = (struct object){.watched = &watched_table[kind],
		.name = json_text_or(item, "metadata.name", ""),
		.uid = json_text_or(item, "metadata.uid", ""),
		.owner_uid = controller_of(item),
		.deleting = json_get(item, "metadata.deletionTimestamp"),
		.document = item};
	object->watched->summarize(item, &object->summary);
	char *text = object->summary.text;
	object->summary.text = text ? arena_strdup(work->arena, text) : NULL;
	free(text);
	struct child child = child_of(work->arena, object);
	child.version = json_text_or(item, "metadata.resourceVersion", "");
	child.handle = NULL;
	return child;
}

bool observe_live(struct work *work, enum child_kind kind, struct error *err) {
	const char *watched = arena_printf(work->arena,
		"labelSelector=" LABEL_MANAGED_BY "%%3D" OPERATOR_NAME "%%2C" LABEL_CLUSTER "%%3D%s%%2C" LABEL_CLUSTER_UID
		"%%3D%s",
		work->cluster->metadata.name, work->cluster->metadata.uid);
	const json_t *items;
	if (!children_list(work, kind, watched, &items, err)) {
		return false;
	}
	struct children all = {
		arena_array(work->arena, struct child, work->children.count + json_array_size(items) + 1), 0};
	for (size_t i = 0; i < work->children.count; i++) {
		if (work->children.items[i].kind != kind) {
			all.items[all.count++] = work->children.items[i];
		}
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		struct child child = child_shown(work, kind, json_array_get(items, i));
		if (is_shown(work, &child)) {
			all.items[all.count++] = child;
		}
	}
	work->children = all;
	return true;
}

void drop_children(struct work *work) {
	size_t count;
	store_group(work->pass->store, work->arena, work->pass->namespace, work->pass->name, &count);
}

static bool arrived(struct work *work, enum child_kind kind, const char *name) {
	return store_has(work->pass->store, kind_of_child(kind), work->pass->namespace, name);
}

/* Of each kind what comes last in a list, which is in the order of names. */
bool children_may_be_whole(struct work *work) {
	static const struct {
		enum child_kind kind;
		const char *suffix;
	} last[] = {{CONFIG_MAP, "-ca"}, {NETWORK_POLICY, "-operator"}, {SECRET, "-admin-tls"}, {SECRET, "-tserver-flags"},
		{SERVICE, "-tservers"}, {SERVICE_ACCOUNT, ""}};
	bool all = true;
	for (size_t i = 0; all && i < sizeof last / sizeof *last; i++) {
		all = arrived(work, last[i].kind, arena_printf(work->arena, "%s%s", work->pass->name, last[i].suffix));
	}
	return all;
}

bool groups_arrived(struct work *work) {
	bool all = true;
	for (size_t i = 0; all && i < work->groups.count; i++) {
		const struct group *group = &work->groups.items[i];
		all = arrived(work, STATEFUL_SET, group->name) && arrived(work, SECRET, group->certificate);
	}
	return all;
}

static struct assigned find_list(struct work *work, const char *name) {
	struct assigned assigned = {.name = name};
	struct object *object = store_get(work->pass->store, work->arena, &kind_allowlist, work->pass->namespace, name);
	struct error problem;
	if (!object || !object->document) {
		assigned.problem = "does not exist in this namespace";
	} else if (object->deleting) {
		assigned.problem = "is being deleted: take it out of spec.allowLists";
	} else if (!(assigned.list = allowlist_decode(work->arena, object->document, &problem))) {
		assigned.problem = arena_printf(work->arena, "is invalid: %s", problem.text);
	}
	return assigned;
}

bool observe_allow_lists(struct work *work, struct error *err) {
	const struct ybcluster_spec *spec = &work->cluster->spec;
	struct assigned *lists = arena_array(work->arena, struct assigned, spec->allow_list_count + 1);
	for (size_t i = 0; i < spec->allow_list_count; i++) {
		lists[i] = find_list(work, spec->allow_lists[i]);
	}
	work->lists = lists;
	work->list_count = spec->allow_list_count;
	work->allowed = allow_union(work->arena, lists, spec->allow_list_count, NULL, 0, false, work->now);
	if (!work->allowed.whole || work->frozen) {
		json_t *policy;
		if (!own_document(
				work, NETWORK_POLICY, policy_name(work->arena, work->pass->name, POLICY_CLIENTS), &policy, err)) {
			return false;
		}
		size_t count;
		struct cidr *live = allow_live(work->arena, policy, &count);
		work->allowed = allow_union(work->arena, lists, spec->allow_list_count, live, count, work->frozen, work->now);
	}
	if (work->allowed.next_expiry) {
		wake_at(work, work->allowed.next_expiry);
	}
	work->observed.allowed = &work->allowed;
	return true;
}
