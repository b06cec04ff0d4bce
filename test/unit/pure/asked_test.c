/* What counts as a restart that the spec asked for: it does not wait for the maintenance window. */
#include "base/json.h"
#include "pure/flags.h"
#include "pure/manifests.h"
#include "world.h"

#include "manifests_group.h"

struct scene {
	const char *spec, *trust, *ca_asked;
	int64_t ends;
};

static const char *annotation(const struct scene *scene, const char *key) {
	struct error err = {0};
	struct ybcluster *cluster = cluster_of(arena, arena_printf(arena, HEAD "spec: %s", scene->spec));
	struct trust trust[] = {{"db-master", scene->trust, scene->ends - 60, scene->ends},
		{"db-tserver", scene->trust, scene->ends - 60, scene->ends}, {0}};
	struct inputs inputs = {.cluster = cluster, .settings = &settings, .trust = trust, .ca_asked = scene->ca_asked};
	struct wanted_list list = wanted_list_make(arena);
	assert_true(desired_data_plane(arena, &inputs, &list, &err));
	json_t *set = list.items[list.count - 1].document;
	return json_string_value(json_object_get(json_get(set, "spec.template.metadata.annotations"), key));
}

#define TRUST "0123456789abcdef0123456789abcdef"
#define RENEWED "fedcba9876543210fedcba9876543210"

static void expect(struct scene before, struct scene after, bool asked) {
	assert_string_not_equal(annotation(&before, ANNOTATION_DIGEST), annotation(&after, ANNOTATION_DIGEST));
	assert_int_equal(strcmp(annotation(&before, ANNOTATION_ASKED), annotation(&after, ANNOTATION_ASKED)) != 0, asked);
}

static void edits_of_the_spec_ask(void **state) {
	(void)state;
	struct scene plain = {"{}", TRUST, NULL, 0};
	expect(plain, (struct scene){"{endpoints: {ysql: {port: 6000}}}", TRUST, NULL, 0}, true);
	expect(plain, (struct scene){"{tservers: {flags: {a: b}}}", TRUST, NULL, 0}, true);
	/* a new leaf comes with each of these */
	expect(plain, (struct scene){"{tls: {rotate: x}}", RENEWED, NULL, 0}, true);
	expect(plain, (struct scene){"{tls: {algorithm: RSA-3072}}", RENEWED, NULL, 0}, true);
}

static void renewals_do_not(void **state) {
	(void)state;
	expect((struct scene){"{}", TRUST, NULL, 0}, (struct scene){"{}", RENEWED, NULL, 0}, false);
}

/* By the trust annotation a pod is outdated or not; this one only says until when it may be. */
static void how_long_a_leaf_is_valid_restarts_nobody(void **state) {
	(void)state;
	struct scene before = {.spec = "{}", .trust = TRUST}, after = {.spec = "{}", .trust = TRUST, .ends = 1000000000};
	assert_null(annotation(&before, ANNOTATION_VALIDITY));
	assert_string_equal(annotation(&after, ANNOTATION_VALIDITY), "2001-09-09T01:45:40Z/2001-09-09T01:46:40Z");
	assert_string_equal(annotation(&before, ANNOTATION_DIGEST), annotation(&after, ANNOTATION_DIGEST));
	assert_string_equal(annotation(&before, ANNOTATION_ASKED), annotation(&after, ANNOTATION_ASKED));
}

static void a_rotation_asks_when_it_was_wished(void **state) {
	(void)state;
	const char *wish = "{tls: {rotateCA: x}}";
	expect((struct scene){wish, TRUST, NULL, 0}, (struct scene){wish, RENEWED, "first", 0}, true);
	expect((struct scene){wish, TRUST, "first", 0}, (struct scene){wish, RENEWED, "second", 0}, true);
	/* one that only time began, long after a wish was followed */
	expect((struct scene){wish, TRUST, "second", 0}, (struct scene){wish, RENEWED, "second", 0}, false);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edits_of_the_spec_ask),
		cmocka_unit_test(renewals_do_not),
		cmocka_unit_test(how_long_a_leaf_is_valid_restarts_nobody),
		cmocka_unit_test(a_rotation_asks_when_it_was_wished),
	};
	return cmocka_run_group_tests(tests, manifests_begin, manifests_end);
}
