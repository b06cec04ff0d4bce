/* Live objects, one JSON text a line, as the watch of each kind would put them into the store. */
#include <string.h>

#include "../property.h"
#include "base/json.h"
#include "pure/child.h"
#include "reconcilers/world.h"

enum { LONGEST = 253 }; /* a longer name is nobody's: such a group counts as none, like one that is empty */

static void changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial) {
	(void)context, (void)watched, (void)initial;
	property(namespace && name && *name && (!group || *group));
}

/* What is kept of an object ends up in conditions and events. */
static void is_readable(const struct object *object) {
	const char *text = object->summary.text ? object->summary.text : "";
	json_t *valid = json_string(text);
	property(valid);
	property(object->watched->kind != kind_of_child(POD) || strlen(text) >= POD_TROUBLE);
	json_decref(valid);
}

static struct object *known(
	struct store *store, struct arena *arena, const struct watched *watched, const json_t *object) {
	return store_get(store, arena, watched->kind, json_text_or(object, "metadata.namespace", ""),
		json_text_or(object, "metadata.name", ""));
}

/* What is no newer than the known one is not put, whatever it says. */
static bool was_put(const struct object *before, const struct object *after) {
	return !before || strcmp(before->uid, after->uid) != 0 || before->version != after->version;
}

static void read_back(struct store *store, struct arena *arena, const struct watched *watched, const json_t *object,
	const struct object *before) {
	struct object *copy = known(store, arena, watched, object);
	size_t count = 0;
	if (!copy) {
		return;
	}
	is_readable(copy);
	property(copy->version > 0 && *copy->uid);
	const char *namespace = json_text_or(object, "metadata.namespace", "");
	const char *group = watched->group && was_put(before, copy) ? watched->group(object) : NULL;
	if (group && *group && strlen(group) <= LONGEST) {
		store_group(store, arena, namespace, group, &count);
		property(count > 0);
	}
}

static void put(struct store *store, const char *line, size_t length) {
	struct error ignored;
	json_t *object = json_parse(line, length, &ignored);
	struct arena *arena = arena_create();
	for (size_t i = 0; json_is_object(object) && i < watched_count; i++) {
		const struct object *before = known(store, arena, &watched_table[i], object);
		store_put(store, &watched_table[i], json_incref(object), false);
		read_back(store, arena, &watched_table[i], object, before);
	}
	arena_destroy(arena);
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct store *store = store_create(watched_table, watched_count, changed, NULL);
	const char *at = (const char *)data, *end = at + size;
	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		put(store, at, (size_t)((stop ? stop : end) - at));
		at = stop ? stop + 1 : end;
	}
	store_destroy(store);
	return 0;
}
