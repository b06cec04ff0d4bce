#include "reconcilers/fleet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/json.h"
#include "metrics_page.h"

static struct world world;

static int set_up(void **state) {
	*state = metrics_create();
	world = (struct world){.reconciling = true};
	world.store = store_create(watched_table, watched_count, NULL, NULL);
	fleet_export(*state, &world);
	return 0;
}

static int tear_down(void **state) {
	metrics_destroy(*state);
	store_destroy(world.store);
	return 0;
}

static const struct watched *clusters(void) {
	const struct watched *row = watched_table;
	while (row->kind != &kind_ybcluster) {
		row++;
	}
	return row;
}

static void put(const char *name, const char *version, const char *status) {
	json_t *cluster = json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:o}", "apiVersion", kind_ybcluster.api_version,
		"kind", kind_ybcluster.name, "metadata", "name", name, "namespace", "shop", "uid", name, "resourceVersion",
		version, "status", json_loads(status, JSON_DECODE_ANY, NULL));
	store_put(world.store, clusters(), cluster, false);
}

#define OF "namespace=\"shop\",name=\"db\""

static void test_a_page_says_what_statuses_say(void **state) {
	put("db", "4",
		"{\"nodes\": {\"desired\": 3, \"ready\": 0}, \"allowList\": {\"rules\": 2}, "
		"\"certificates\": {\"notAfter\": \"2027-01-01T00:00:00Z\"}, \"conditions\": ["
		"{\"type\": \"Ready\", \"status\": \"False\"}, {\"type\": \"NetworkIsolated\", \"status\": \"Unknown\"}]}");
	expect_line(*state, "ybcluster_nodes_desired{" OF "} 3", true);
	expect_line(*state, "ybcluster_nodes_ready{" OF "} 0", true);
	expect_line(*state, "ybcluster_allow_list_rules{" OF "} 2", true);
	expect_line(*state, "ybcluster_certificate_not_after_seconds{" OF "} 1.7987616e+09", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"Ready\",status=\"True\"} 0", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"Ready\",status=\"False\"} 1", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"Ready\",status=\"Unknown\"} 0", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"NetworkIsolated\",status=\"Unknown\"} 1", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"Stalled\",status=\"False\"} 0", false);
}

static void test_a_newer_status_and_a_deletion_count_at_once(void **state) {
	put("db", "4",
		"{\"nodes\": {\"desired\": 3, \"ready\": 1}, \"conditions\": [{\"type\": \"Paused\", \"status\": \"True\"}]}");
	put("db", "5", "{\"nodes\": {\"desired\": 3, \"ready\": 2}}");
	expect_line(*state, "ybcluster_nodes_ready{" OF "} 2", true);
	expect_line(*state, "ybcluster_condition{" OF ",type=\"Paused\",status=\"True\"} 1", false);
	store_remove(world.store, clusters(), "shop", "db", NULL, 9);
	expect_line(*state, "ybcluster_nodes_ready{" OF "} 2", false);
}

/* A status is written by whoever may: what is not there, or of another type, is not made up. */
static void test_what_a_status_does_not_say_has_no_sample(void **state) {
	static const char *const statuses[] = {"null", "3", "{}", "{\"conditions\": {\"type\": \"Ready\"}}",
		"{\"conditions\": [3, {\"type\": 3}, {\"type\": \"Other\", \"status\": \"True\"}, {\"type\": \"Ready\"},"
		" {\"type\": \"Paused\", \"status\": \"Maybe\"}], \"nodes\": {\"desired\": \"3\"},"
		" \"certificates\": {\"notAfter\": \"soon\"}, \"allowList\": []}"};
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		put("db", (const char *[]){"1", "2", "3", "4", "5"}[i], statuses[i]);
		cleanup_str struct str page = {0};
		metrics_write(*state, &page);
		assert_null(strstr(page.text, "name=\"db\""));
	}
}

static void test_a_standby_exports_nothing(void **state) {
	put("db", "4", "{\"nodes\": {\"desired\": 3, \"ready\": 1}}");
	world.reconciling = false;
	expect_line(*state, "ybcluster_nodes_ready{" OF "} 1", false);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_page_says_what_statuses_say),
		TEST(test_a_newer_status_and_a_deletion_count_at_once),
		TEST(test_what_a_status_does_not_say_has_no_sample),
		TEST(test_a_standby_exports_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
