#include "base/json.h"
#include "pure/peer.h"
#include "world.h"

#include "arena_group.h"

static void peers(void **state) {
	(void)state;
	static const struct {
		const char *text, *json;
	} rows[] = {
		{"team=ops", "{\"namespaceSelector\":{\"matchLabels\":{\"team\":\"ops\"}}}"},
		{"kubernetes.io/metadata.name=monitoring:app=x_1.y",
			"{\"namespaceSelector\":{\"matchLabels\":{\"kubernetes.io/metadata.name\":\"monitoring\"}},"
			"\"podSelector\":{\"matchLabels\":{\"app\":\"x_1.y\"}}}"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct error err = {0};
		json_t *peer = arena_own_json(arena, peer_parse(rows[i].text, &err));
		assert_non_null(peer);
		assert_string_equal(json_print(arena, peer), rows[i].json);
	}
}

/* What the API server would refuse is refused at start; and nothing that selects more than its words say. */
static void no_peers(void **state) {
	(void)state;
	static const char *const texts[] = {"", "team", "team=", "=ops", ":app=x", "team=ops:", "team=ops:app",
		"team=ops:=x", "team=ops:app=x:b=c", "team=-ops", "team=ops-", "te am=ops", "team=o ps", "/team=ops",
		"A.B/team=ops", "a.b/=ops", "a/b/c=ops", "team=a=b",
		"team=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct error err = {0};
		if (peer_parse(texts[i], &err) || err.kind != ERR_INVALID) {
			fail_msg("'%s' was taken", texts[i]);
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(peers), cmocka_unit_test(no_peers)};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
