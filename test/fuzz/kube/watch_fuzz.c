/* A line of a watch. managedFields that were cut out of the text are all that is missing from its value, and a head
 * that was read from the text says what the parsed event says. */
#include <string.h>

#include "../property.h"
#include "base/json.h"
#include "kube/event_head.h"
#include "kube/managed_fields.h"
#include "kube/request.h"
#include "kube/watch_event.h"

static const struct kind kind = {"Pod", "v1", "pods", false};

/* The member is left out wherever it stands, as from the text. */
static void drop(json_t *value) {
	const char *key;
	size_t index;
	json_t *each;
	json_object_del(value, "managedFields");
	json_object_foreach(value, key, each) {
		drop(each);
	}
	json_array_foreach(value, index, each) {
		drop(each);
	}
}

static void cut(const char *text, size_t length) {
	size_t left;
	json_t *whole = json_loadb(text, length, JSON_ALLOW_NUL, NULL);
	char *shorter = managed_fields_cut(text, length, &left);
	if (whole && shorter) {
		json_t *rest = json_loadb(shorter, left, JSON_ALLOW_NUL, NULL);
		property(rest);
		drop(whole);
		drop(rest);
		property(json_equal(whole, rest));
		json_decref(rest);
	}
	managed_fields_free(shorter, left);
	json_decref(whole);
}

/* A line whose head is understood may still be cut short behind it. */
static void head_says_the_same(const struct event_head *head, const char *text, size_t length) {
	struct watch_event event;
	struct error err = {0};
	if (event_parse(&event, text, length, &kind, NULL, &err)) {
		property(event.type == EVENT_ADDED || event.type == EVENT_MODIFIED);
		property(event.version == head->version && strcmp(event.name, head->name) == 0);
		property(strcmp(event.uid, head->uid) == 0 && strcmp(event.namespace, head->namespace) == 0);
		json_decref(event.object);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data;
	struct watch_event event;
	struct event_head head;
	struct error err = {0};
	cut(text, size);
	/* A member that stands twice is read from its first place by one and from its last by the other. */
	json_t *plain = json_loadb(text, size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);
	if (plain && event_head_read(&head, text, size)) {
		head_says_the_same(&head, text, size);
	}
	json_decref(plain);
	if (event_parse(&event, text, size, &kind, "shop", &err)) {
		property(json_is_object(event.object) && event.version > 0);
		property(event.type == EVENT_BOOKMARK || strcmp(event.namespace, "shop") == 0);
		json_decref(event.object);
	} else {
		property(err.kind != ERR_NONE && err.text[0] && !event.object);
	}
	return 0;
}
