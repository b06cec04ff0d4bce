#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/json.h"
#include "kube/watch_event.h"

static const struct kind pod = {"Pod", "v1", "pods", false};
static const struct kind class = {"StorageClass", "storage.k8s.io/v1", "storageclasses", true};

#define OBJECT(kind, metadata) "{\"kind\":\"" kind "\",\"apiVersion\":\"v1\",\"metadata\":{" metadata "}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}"
#define GOOD "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"17\""

static bool parse(struct watch_event *event, const char *line, struct error *err) {
	*err = (struct error){0};
	return event_parse(event, line, strlen(line), &pod, "n", err);
}

static void objects_are_taken(void **state) {
	(void)state;
	static const struct {
		const char *line;
		enum event_type type;
	} lines[] = {
		{EVENT("ADDED", OBJECT("Pod", GOOD ",\"managedFields\":[{}]")), EVENT_ADDED},
		{EVENT("MODIFIED", OBJECT("Pod", GOOD)), EVENT_MODIFIED},
		{EVENT("DELETED", OBJECT("Pod", GOOD)), EVENT_DELETED},
	};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		struct watch_event event;
		struct error err;
		assert_true(parse(&event, lines[i].line, &err));
		assert_int_equal(event.type, lines[i].type);
		assert_string_equal(event.name, "p");
		assert_string_equal(event.namespace, "n");
		assert_string_equal(event.uid, "u");
		assert_int_equal(event.version, 17);
		assert_null(json_get(event.object, "metadata.managedFields"));
		assert_false(event.initial_end);
		json_decref(event.object);
	}
}

/* As in a Pod's volumeAttributes. A backslash that is escaped itself begins nothing. */
static void keys_with_a_nul_do_not_end_the_watch(void **state) {
	(void)state;
	struct watch_event event;
	struct error err;
	assert_true(parse(&event,
		"{\"type\":\"ADDED\",\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{" GOOD
		"},\"spec\":{\"a\\u0000b\":\"c\\u0000\",\"\\\\u0000\":\"d\",\"\\\\\\u0000\":\"\\\"\"}}}",
		&err));
	const json_t *spec = json_get(event.object, "spec");
	assert_int_equal(json_object_size(spec), 3);
	assert_string_equal(json_text(spec, "a\uFFFDb"), "c\uFFFD");
	assert_string_equal(json_text(spec, "\\u0000"), "d");
	assert_string_equal(json_text(spec, "\\\uFFFD"), "\"");
	json_decref(event.object);
}

static void bookmarks_are_taken(void **state) {
	(void)state;
	struct watch_event event;
	struct error err;
	assert_true(parse(&event, EVENT("BOOKMARK", OBJECT("Pod", "\"resourceVersion\":\"20\"")), &err));
	assert_int_equal(event.version, 20);
	assert_false(event.initial_end);
	json_decref(event.object);
	assert_true(parse(&event,
		EVENT("BOOKMARK", OBJECT("Pod", "\"resourceVersion\":\"21\",\"annotations\":"
										"{\"k8s.io/initial-events-end\":\"true\"}")),
		&err));
	assert_true(event.initial_end);
	json_decref(event.object);
}

static void cluster_scoped_kinds_have_no_namespace(void **state) {
	(void)state;
	struct watch_event event;
	struct error err;
	const char *good = "{\"type\":\"ADDED\",\"object\":{\"kind\":\"StorageClass\",\"apiVersion\":\"storage.k8s.io/v1\","
					   "\"metadata\":{\"name\":\"c\",\"uid\":\"u\",\"resourceVersion\":\"3\"}}}";
	assert_true(event_parse(&event, good, strlen(good), &class, NULL, &err));
	assert_null(event.namespace);
	json_decref(event.object);
}

static void errors_have_kinds(void **state) {
	(void)state;
	static const struct {
		const char *status;
		enum error_kind kind;
	} cases[] = {
		{"{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"too old resource version: 1 (9)\"}",
			ERR_GONE},
		{"{\"code\":500,\"message\":\"x\"}", ERR_UNAVAILABLE},
		{"{\"code\":403}", ERR_FORBIDDEN},
		{"{\"code\":429,\"details\":{\"retryAfterSeconds\":3}}", ERR_THROTTLED},
		{"{}", ERR_UNAVAILABLE},
		{"{\"code\":-7}", ERR_UNAVAILABLE},
		{"{\"code\":\"410\"}", ERR_UNAVAILABLE},
		{"{\"code\":99999999999}", ERR_UNAVAILABLE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char line[300] = "{\"type\":\"ERROR\",\"object\":";
		struct watch_event event;
		struct error err;
		strcat(line, cases[i].status);
		strcat(line, "}");
		assert_false(parse(&event, line, &err));
		assert_int_equal(err.kind, cases[i].kind);
		assert_null(event.object);
	}
}

static const char *const hostile[] = {
	"",
	"{",
	"null",
	"[]",
	"\"ADDED\"",
	"\xff\xfe",
	"{}",
	"{\"type\":\"ADDED\"}",
	"{\"type\":7,\"object\":{}}",
	EVENT("ADDED", "null"),
	EVENT("ADDED", "[]"),
	EVENT("ADDED", "\"x\""),
	EVENT("ADDED", "{}"),
	EVENT("SURPRISE", OBJECT("Pod", GOOD)),
	EVENT("added", OBJECT("Pod", GOOD)),
	EVENT("ADDED", OBJECT("Secret", GOOD)),
	EVENT("ADDED", "{\"kind\":\"Pod\",\"apiVersion\":\"v2\",\"metadata\":{" GOOD "}}"),
	EVENT("ADDED", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":[]}"),
	EVENT("ADDED", "{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}"),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":17")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"0\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"-1\"")),
	EVENT("ADDED",
		OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"99999999999999999999\"")),
	EVENT("ADDED", OBJECT("Pod", "\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"1\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":{},\"namespace\":\"n\",\"uid\":\"u\",\"resourceVersion\":\"1\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"n\",\"uid\":\"\",\"resourceVersion\":\"1\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"namespace\":\"other\",\"uid\":\"u\",\"resourceVersion\":\"1\"")),
	EVENT("ADDED", OBJECT("Pod", "\"name\":\"p\",\"uid\":\"u\",\"resourceVersion\":\"1\"")),
	EVENT("BOOKMARK", OBJECT("Pod", "")),
	EVENT("BOOKMARK", OBJECT("Pod", "\"resourceVersion\":\"x\"")),
	EVENT("BOOKMARK", "{\"metadata\":7}"),
};

static void hostile_lines_are_errors(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		struct watch_event event;
		struct error err;
		assert_false(parse(&event, hostile[i], &err));
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_null(event.object);
	}
	struct watch_event event;
	struct error err;
	const char *namespaced =
		EVENT("ADDED", "{\"kind\":\"StorageClass\",\"apiVersion\":\"storage.k8s.io/v1\",\"metadata\":{" GOOD "}}");
	assert_false(event_parse(&event, namespaced, strlen(namespaced), &class, NULL, &err));
}

/* Every beginning of a good line is an error, never a crash. */
static void truncated_lines_are_errors(void **state) {
	(void)state;
	const char *line = EVENT("ADDED", OBJECT("Pod", GOOD ",\"labels\":{\"a\":\"\\u00e4\xc3\xa4\"}"));
	for (size_t length = 0; length < strlen(line); length++) {
		struct watch_event event;
		struct error err;
		assert_false(event_parse(&event, line, length, &pod, "n", &err));
	}
}

static void deep_nesting_is_an_error(void **state) {
	(void)state;
	static char line[200000];
	memset(line, '[', sizeof line);
	struct watch_event event;
	struct error err;
	assert_false(event_parse(&event, line, sizeof line, &pod, "n", &err));
}

static void items_of_lists_get_their_kind(void **state) {
	(void)state;
	struct watch_event event;
	struct error err;
	json_t *item = json_loads("{\"metadata\":{" GOOD ",\"managedFields\":[]}}", 0, NULL);
	assert_true(event_from_item(&event, item, &pod, NULL, &err));
	assert_string_equal(json_text(event.object, "kind"), "Pod");
	assert_string_equal(json_text(event.object, "apiVersion"), "v1");
	assert_null(json_get(event.object, "metadata.managedFields"));
	json_decref(event.object);
	assert_false(event_from_item(&event, json_string("x"), &pod, NULL, &err));
	assert_false(event_from_item(&event, json_object(), &pod, NULL, &err));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_are_taken),
		cmocka_unit_test(keys_with_a_nul_do_not_end_the_watch),
		cmocka_unit_test(bookmarks_are_taken),
		cmocka_unit_test(cluster_scoped_kinds_have_no_namespace),
		cmocka_unit_test(errors_have_kinds),
		cmocka_unit_test(hostile_lines_are_errors),
		cmocka_unit_test(truncated_lines_are_errors),
		cmocka_unit_test(deep_nesting_is_an_error),
		cmocka_unit_test(items_of_lists_get_their_kind),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
