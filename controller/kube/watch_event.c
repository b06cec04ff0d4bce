#include "kube/watch_event.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "kube/request.h"

bool version_parse(const char *text, uint64_t *version) {
	if (!text || !*text || strspn(text, "0123456789") != strlen(text)) {
		return false;
	}
	errno = 0;
	*version = strtoull(text, NULL, 10);
	return errno == 0 && *version != 0;
}

static bool malformed(const struct kind *kind, const char *what, struct error *err) {
	return fail(err, ERR_UNAVAILABLE, "watch of %s: malformed: %s", kind->plural, what);
}

static bool right_namespace(const char *got, const struct kind *kind, const char *wanted) {
	if (kind->cluster_scoped) {
		return !got;
	}
	return got && *got && (!wanted || strcmp(got, wanted) == 0);
}

static bool take_object(struct watch_event *event, const struct kind *kind, const char *namespace, struct error *err) {
	json_t *metadata = json_object_get(event->object, "metadata");
	event->name = json_text(metadata, "name");
	event->uid = json_text(metadata, "uid");
	event->namespace = json_text(metadata, "namespace");
	if (!str_equal(json_text(event->object, "kind"), kind->name) ||
		!str_equal(json_text(event->object, "apiVersion"), kind->api_version)) {
		return malformed(kind, "an object of another kind", err);
	}
	if (!event->name || !*event->name || !event->uid || !*event->uid) {
		return malformed(kind, "an object without name or uid", err);
	}
	if (!right_namespace(event->namespace, kind, namespace)) {
		return malformed(kind, "an object of another namespace", err);
	}
	if (!version_parse(json_text(metadata, "resourceVersion"), &event->version)) {
		return malformed(kind, "an object without resourceVersion", err);
	}
	json_object_del(metadata, "managedFields");
	return true;
}

static bool take_bookmark(struct watch_event *event, const struct kind *kind, struct error *err) {
	const char *end =
		json_string_value(json_at(event->object, "metadata", "annotations", "k8s.io/initial-events-end", (char *)NULL));
	event->initial_end = str_equal(end, "true");
	return version_parse(json_text(event->object, "metadata.resourceVersion"), &event->version) ||
	       malformed(kind, "a bookmark without resourceVersion", err);
}

/* The event's Status says what an answer of that HTTP status would have said. */
static bool take_error(const json_t *object, const struct kind *kind, const char *namespace, struct error *err) {
	int64_t code = json_int(object, "code", 500);
	struct http_exchange exchange = {.status = code >= 400 && code <= 599 ? (int)code : 500};
	json_write(&exchange.answer, object);
	answer_error(&exchange, "watch", kind, namespace, NULL, err);
	str_done(&exchange.answer);
	return false;
}

static bool take(
	struct watch_event *event, const json_t *root, const struct kind *kind, const char *namespace, struct error *err) {
	static const char *const types[] = {
		[EVENT_ADDED] = "ADDED",
		[EVENT_MODIFIED] = "MODIFIED",
		[EVENT_DELETED] = "DELETED",
		[EVENT_BOOKMARK] = "BOOKMARK",
	};
	const char *type = json_text_or(root, "type", "");
	event->object = json_incref(json_object_get(root, "object"));
	if (!json_is_object(event->object)) {
		return malformed(kind, "an event without object", err);
	}
	if (strcmp(type, "ERROR") == 0) {
		return take_error(event->object, kind, namespace, err);
	}
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcmp(type, types[i]) == 0) {
			event->type = (enum event_type)i;
			return event->type == EVENT_BOOKMARK ? take_bookmark(event, kind, err)
			                                     : take_object(event, kind, namespace, err);
		}
	}
	return malformed(kind, "an event of unknown type", err);
}

static bool keep_if(struct watch_event *event, bool ok) {
	if (!ok) {
		json_decref(event->object);
		*event = (struct watch_event){0};
	}
	return ok;
}

bool event_parse(struct watch_event *event, const char *line, size_t length, const struct kind *kind,
	const char *namespace, struct error *err) {
	*event = (struct watch_event){0};
	json_t *root = answer_parse(line, length, err);
	if (!root) {
		return fail_in(err, "watch of %s", kind->plural);
	}
	bool ok = keep_if(event, take(event, root, kind, namespace, err));
	json_decref(root);
	return ok;
}

bool event_from_item(
	struct watch_event *event, json_t *item, const struct kind *kind, const char *namespace, struct error *err) {
	*event = (struct watch_event){.type = EVENT_ADDED, .object = item};
	if (json_is_object(item) && !json_object_get(item, "kind")) {
		json_object_set_new(item, "apiVersion", json_string(kind->api_version));
		json_object_set_new(item, "kind", json_string(kind->name));
	}
	return keep_if(event, take_object(event, kind, namespace, err));
}
