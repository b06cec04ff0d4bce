/* The bytes are edits of what the operator itself would make: of one of its documents as if somebody had changed the
 * live object, or of the YBCluster. So a few bytes lead deep into objects that are nearly right. */
#include <string.h>

#include "base/json.h"
#include "base/yaml.h"

#include "../bytes.h"
#include "../property.h"
#include "plan.h"

enum { MOST_EDITS = 8 };

static const char *const clusters[] = {
	"{metadata: {name: db, namespace: shop, uid: u-1, generation: 1, resourceVersion: '7'}, spec: {nodes: 3}}",
	"{metadata: {name: db, namespace: shop, uid: u-1, generation: 2, resourceVersion: '7', annotations: {a: b}}, "
	"spec: {nodes: 6, faultTolerance: Zone, zones: [a, b, c], allowLists: [office], endpoints: {exposure: Public, "
	"hostnames: [db.example.com], ysql: {port: 6433}}, clients: [{podSelector: {matchLabels: {app: web}}}], "
	"masters: {flags: {log_min_seconds_to_retain: '3600'}}, pod: {labels: {team: a}, nodeSelector: {disk: fast}}, "
	"maintenanceWindow: {day: Sunday, start: '02:00', duration: 2h}}}",
	"{metadata: {name: db, namespace: shop, uid: u-1, generation: 1, resourceVersion: '7'}, spec: {tier: Sandbox, "
	"nodes: 1}}",
};

static json_t *yaml(struct arena *arena, const char *text) {
	struct error err = {0};
	json_t *value = yaml_parse(text, strlen(text), &err);
	property(value);
	return arena_own_json(arena, value);
}

/* Values that stand in the wrong place, or are the wrong one. */
static json_t *odd_value(struct bytes *bytes) {
	static const char *const odd[] = {"null", "{}", "[]", "0", "-1", "9223372036854775807", "1e300", "true", "\"\"",
		"\"\\u0000\"", "\"1Gi\"", "\"10.0.0.0/8\"", "[[]]", "[null,null]", "{\"\":{}}", "{\"name\":null}",
		"[{\"name\":\"data0\",\"secret\":{}}]", "[{\"name\":\"x\",\"volumeMounts\":[{\"name\":\"data0\"}]}]",
		"[{\"name\":\"y\",\"mountPath\":\"/a\"},{\"name\":\"y\"}]", "{\"a/b\":\"c\",\"~d\":\"e\",\"f.g\":[]}",
		"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "\"\xc3\xa4\""};
	const char *text = odd[next(bytes) % (sizeof odd / sizeof *odd)];
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	property(value);
	return value;
}

static void edit_array(struct bytes *bytes, json_t *array) {
	size_t size = json_array_size(array), index = size ? next(bytes) % size : 0;
	switch (next(bytes) % 5) {
	case 0:
		json_array_remove(array, index);
		break;
	case 1:
		json_array_append_new(array, json_deep_copy(json_array_get(array, index)));
		break;
	case 2:
		json_array_insert_new(array, index, odd_value(bytes));
		break;
	case 3: { /* a stranger before ours: what a webhook may add */
		json_t *copy = json_deep_copy(json_array_get(array, index));
		json_object_set_new(copy, "name", json_string("stranger"));
		json_array_insert_new(array, index, copy);
		break;
	}
	default:
		json_array_set_new(array, index, odd_value(bytes));
	}
}

static const char *key_at(const json_t *object, size_t index) {
	void *at = json_object_iter((json_t *)(uintptr_t)object);
	while (at && index--) {
		at = json_object_iter_next((json_t *)(uintptr_t)object, at);
	}
	return at ? json_object_iter_key(at) : "new";
}

static void edit_object(struct bytes *bytes, json_t *object) {
	size_t size = json_object_size(object);
	const char *key = key_at(object, size ? next(bytes) % size : 0);
	switch (next(bytes) % 3) {
	case 0:
		json_object_del(object, key);
		break;
	case 1:
		json_object_set_new(object, next(bytes) % 2 ? "a/b~c.d" : "stranger", odd_value(bytes));
		break;
	default:
		json_object_set_new(object, key, odd_value(bytes));
	}
}

static void edit(struct bytes *bytes, json_t *root) {
	json_t *value = root;
	for (;;) {
		size_t size = json_is_array(value) ? json_array_size(value) : json_object_size(value);
		unsigned step = next(bytes);
		json_t *inner = NULL;
		if (size && step < 200) {
			inner = json_is_array(value) ? json_array_get(value, step % size)
			                             : json_object_get(value, key_at(value, step % size));
		}
		if (!json_is_object(inner) && !json_is_array(inner)) {
			(json_is_array(value) ? edit_array : edit_object)(bytes, value);
			return;
		}
		value = inner;
	}
}

static json_t *edited(struct arena *arena, struct bytes *bytes, const json_t *value) {
	json_t *copy = arena_own_json(arena, json_deep_copy(value));
	for (unsigned i = 0; i < MOST_EDITS && bytes->left; i++) {
		edit(bytes, copy);
	}
	return copy;
}

enum { CLUSTERS = sizeof clusters / sizeof *clusters };

/* Made once: a run then costs no more than what it edits. */
static struct arena *made;
static json_t *lists, *objects[CLUSTERS];
static struct plan plans[CLUSTERS];

static void setup(void) {
	if (made) {
		return;
	}
	plan_setup();
	made = arena_create();
	lists = yaml(made, "[{metadata: {name: office}, spec: {entries: [{cidr: 192.0.2.0/24}]}}]");
	for (size_t i = 0; i < CLUSTERS; i++) {
		objects[i] = yaml(made, clusters[i]);
		property(plan_make(made, objects[i], lists, &plans[i]) && plans[i].wanted.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct bytes bytes = {data, size};
	setup();
	struct arena *arena = arena_create();
	size_t which = next(&bytes) % CLUSTERS;
	unsigned what = next(&bytes);
	if (what >= 200) {
		struct plan plan;
		plan_make(arena, edited(arena, &bytes, objects[which]), edited(arena, &bytes, lists), &plan);
	} else {
		const struct wanted *wanted = &plans[which].wanted.items[what % plans[which].wanted.count];
		plan_meet(arena, &plans[which], wanted, edited(arena, &bytes, wanted->document));
	}
	arena_destroy(arena);
	return 0;
}
