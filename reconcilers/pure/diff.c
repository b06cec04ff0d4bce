#include "pure/diff.h"

#include <string.h>

#include "base/json.h"
#include "base/quantity.h"
#include "base/str.h"
#include "base/utf8.h"

/* Lists whose elements have a key (x-kubernetes-list-map-keys in the API's own schema), by the member that holds them.
 */
static const struct keyed {
	const char *member, *key;
} keyed_lists[] = {
	{"containers", "name"},
	{"initContainers", "name"},
	{"volumes", "name"},
	{"env", "name"},
	{"volumeMounts", "mountPath"},
	{"imagePullSecrets", "name"},
	{"ownerReferences", "uid"},
	{"conditions", "type"},
	{"ports", "name"},
};

/* Structs that the API treats as one value: an extra member in them changes what they mean. */
static const char *const atomic_maps[] = {
	"podSelector", "namespaceSelector", "labelSelector", "selector", "nodeSelector", "ingress", "egress"};

/* Maps of quantities, by names of which anybody may make up more. */
static const char *const amounts[] = {"requests", "limits"};

struct walk {
	struct arena *arena;
	struct str path;
	bool secret;
	struct difference *found;
};

static bool among(const char *name, const char *const *names, size_t count) {
	for (size_t i = 0; i < count; i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}
#define AMONG(name, list) among(name, list, sizeof list / sizeof *list)

static bool is_zero(const json_t *value) {
	switch (json_typeof(value)) {
	case JSON_NULL:
	case JSON_FALSE:
		return true;
	case JSON_INTEGER:
		return json_integer_value(value) == 0;
	case JSON_STRING:
		return json_string_length(value) == 0;
	case JSON_ARRAY:
		return json_array_size(value) == 0;
	case JSON_OBJECT:
		return json_object_size(value) == 0;
	default:
		return false;
	}
}

static const char *show(struct walk *walk, const json_t *value) {
	/* "data" itself is shown as little as what is in it: that is where they differ when one of them has none. */
	if (walk->secret && !str_starts(walk->path.text, "metadata")) {
		return "(not shown)";
	}
	if (!value) {
		return "(none)";
	}
	const char *text = json_is_string(value) ? json_string_value(value) : json_print(walk->arena, value);
	if (strlen(text) <= 60) {
		return text;
	}
	char *cut = arena_strndup(walk->arena, text, 57);
	utf8_keep(cut);
	return arena_printf(walk->arena, "%s...", cut);
}

static bool differs(struct walk *walk, const json_t *desired, const json_t *live) {
	walk->found = arena_new(walk->arena, struct difference);
	walk->found->path = arena_strdup(walk->arena, walk->path.text);
	walk->found->text =
		arena_printf(walk->arena, "%s %s -> %s", walk->found->path, show(walk, live), show(walk, desired));
	return false;
}

static bool same(struct walk *walk, const char *member, const json_t *desired, const json_t *live, bool exact);

static bool same_at(struct walk *walk, const char *member, const json_t *desired, const json_t *live, bool exact) {
	size_t length = walk->path.length;
	str_adds(&walk->path, length ? "." : "");
	str_adds(&walk->path, member);
	bool ok = same(walk, member, desired, live, exact);
	if (ok) {
		walk->path.length = length;
		walk->path.text[length] = '\0';
	}
	return ok;
}

/* NULL: compared whole. A policy's ports have no names, and are one value together. */
static const struct keyed *keyed_by(const char *member, const json_t *desired, const json_t *live) {
	const json_t *first = json_array_size(desired) ? json_array_get(desired, 0) : json_array_get(live, 0);
	for (size_t i = 0; i < sizeof keyed_lists / sizeof *keyed_lists; i++) {
		bool has_key = json_object_get(first, keyed_lists[i].key) != NULL;
		if (has_key && strcmp(member, keyed_lists[i].member) == 0) {
			return &keyed_lists[i];
		}
	}
	return NULL;
}

json_t *list_entry(const json_t *list, const char *key, const char *value) {
	for (size_t i = 0; value && i < json_array_size(list); i++) {
		const char *text = json_string_value(json_object_get(json_array_get(list, i), key));
		if (text && strcmp(text, value) == 0) {
			return json_array_get(list, i);
		}
	}
	return NULL;
}

static bool same_list(struct walk *walk, const char *member, const json_t *desired, const json_t *live, bool exact) {
	const struct keyed *keyed = keyed_by(member, desired, live);
	if (!keyed && json_array_size(desired) != json_array_size(live)) {
		return differs(walk, desired, live);
	}
	for (size_t i = 0; i < json_array_size(desired); i++) {
		json_t *wanted = json_array_get(desired, i);
		const char *name = keyed ? json_string_value(json_object_get(wanted, keyed->key)) : NULL;
		json_t *is = keyed ? list_entry(live, keyed->key, name) : json_array_get(live, i);
		const char *step = name ? name : arena_printf(walk->arena, "%zu", i);
		if (!same_at(walk, step, wanted, is, exact)) {
			return false;
		}
	}
	return true;
}

static bool same_object(struct walk *walk, const json_t *desired, const json_t *live, bool exact) {
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)desired, key, value) {
		if (!same_at(walk, key, value, json_object_get(live, key), exact || AMONG(key, atomic_maps))) {
			return false;
		}
	}
	if (!exact) {
		return true;
	}
	json_object_foreach((json_t *)(uintptr_t)live, key, value) {
		/* even an empty one: an empty selector selects everything */
		if (!json_object_get(desired, key) && !json_is_null(value)) {
			str_addf(&walk->path, ".%s", key);
			return differs(walk, NULL, value);
		}
	}
	return true;
}

static bool same_quantity(struct walk *walk, const json_t *desired, const json_t *live) {
	int64_t a, b;
	bool equal = json_equal(desired, live) || (quantity_read(desired, &a) && quantity_read(live, &b) && a == b);
	return equal || differs(walk, desired, live);
}

static bool same_amounts(struct walk *walk, const json_t *desired, const json_t *live) {
	size_t length = walk->path.length;
	const char *name;
	json_t *amount;
	json_object_foreach((json_t *)(uintptr_t)desired, name, amount) {
		json_t *is = json_object_get(live, name);
		str_addf(&walk->path, ".%s", name);
		if (!(is ? same_quantity(walk, amount, is) : differs(walk, amount, NULL))) {
			return false;
		}
		walk->path.length = length;
		walk->path.text[length] = '\0';
	}
	return true;
}

static bool same(struct walk *walk, const char *member, const json_t *desired, const json_t *live, bool exact) {
	if (!live || json_is_null(live)) {
		return is_zero(desired) || differs(walk, desired, live);
	}
	if (is_zero(desired) && is_zero(live)) {
		return true;
	}
	if (AMONG(member, amounts) && json_is_object(desired)) {
		return same_amounts(walk, desired, live);
	}
	if (strcmp(member, "sizeLimit") == 0) {
		return same_quantity(walk, desired, live);
	}
	if (json_typeof(desired) != json_typeof(live)) {
		return differs(walk, desired, live);
	}
	if (json_is_object(desired)) {
		return same_object(walk, desired, live, exact);
	}
	if (json_is_array(desired)) {
		return same_list(walk, member, desired, live, exact);
	}
	return json_equal(desired, live) || differs(walk, desired, live);
}

const struct difference *diff_find(
	struct arena *arena, enum child_kind kind, const json_t *desired, const json_t *live) {
	struct walk walk = {.arena = arena, .secret = kind == SECRET};
	str_adds(&walk.path, "");
	same_object(&walk, desired, live, false);
	str_done(&walk.path);
	return walk.found;
}
