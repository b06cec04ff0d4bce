#include "run/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "metrics_page.h"
#include "run/metrics_table.h"

static int set_up(void **state) {
	*state = metrics_create();
	return 0;
}

static int tear_down(void **state) {
	metrics_destroy(*state);
	return 0;
}

static void test_the_table_is_sorted_and_well_formed(void **state) {
	(void)state;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metric_table[i];
		assert_true(i == 0 || strcmp(metric_table[i - 1].name, metric->name) < 0);
		assert_int_equal(strspn(metric->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(metric->name));
		assert_null(strpbrk(metric->help, "\\\n"));
		assert_int_equal(str_ends(metric->name, "_total"), metric->type == COUNTER);
		assert_int_equal(metric->bounds != NULL, metric->type == HISTOGRAM);
		for (size_t j = 1; j < metric->bound_count; j++) {
			assert_true(metric->bounds[j - 1] < metric->bounds[j]);
		}
	}
}

static void test_counters_and_gauges(void **state) {
	struct metrics *metrics = *state;
	metrics_add(metrics, "rest_client_requests_total", "code=\"200\",method=\"GET\"", 1);
	metrics_add(metrics, "rest_client_requests_total", "code=\"200\",method=\"GET\"", 2);
	metrics_set(metrics, "ybcluster_store_documents", "", 0.1);
	expect_line(metrics, "rest_client_requests_total{code=\"200\",method=\"GET\"} 3", true);
	expect_line(metrics, "# TYPE rest_client_requests_total counter", true);
	expect_line(metrics, "ybcluster_store_documents 0.1", true);
	metrics_set(metrics, "ybcluster_store_documents", "", 123456789012);
	expect_line(metrics, "ybcluster_store_documents 123456789012", true);
	expect_line(metrics, "# TYPE workqueue_depth gauge", false);
}

static void test_requests_are_counted(void **state) {
#define HOST "host=\"[fd00::1]:6443\","
	metrics_request(*state, "[fd00::1]:6443", "GET", 200, 0.1);
	metrics_request(*state, "[fd00::1]:6443", "PATCH", 0, 31);
	expect_line(*state, "rest_client_requests_total{code=\"200\"," HOST "method=\"GET\"} 1", true);
	expect_line(*state, "rest_client_requests_total{code=\"<error>\"," HOST "method=\"PATCH\"} 1", true);
	expect_line(*state, "rest_client_request_duration_seconds_bucket{" HOST "verb=\"PATCH\",le=\"30\"} 0", true);
	expect_line(*state, "rest_client_request_duration_seconds_bucket{" HOST "verb=\"PATCH\",le=\"60\"} 1", true);
}

static void test_histogram_is_cumulative(void **state) {
	struct metrics *metrics = *state;
	const char *name = "rest_client_request_duration_seconds";
	metrics_observe(metrics, name, "method=\"GET\"", 0.005);
	metrics_observe(metrics, name, "method=\"GET\"", 0.3);
	metrics_observe(metrics, name, "method=\"GET\"", 100);
	expect_line(metrics, "rest_client_request_duration_seconds_bucket{method=\"GET\",le=\"0.005\"} 1", true);
	expect_line(metrics, "rest_client_request_duration_seconds_bucket{method=\"GET\",le=\"0.25\"} 1", true);
	expect_line(metrics, "rest_client_request_duration_seconds_bucket{method=\"GET\",le=\"0.5\"} 2", true);
	expect_line(metrics, "rest_client_request_duration_seconds_bucket{method=\"GET\",le=\"60\"} 2", true);
	expect_line(metrics, "rest_client_request_duration_seconds_bucket{method=\"GET\",le=\"+Inf\"} 3", true);
	expect_line(metrics, "rest_client_request_duration_seconds_count{method=\"GET\"} 3", true);
	expect_line(metrics, "rest_client_request_duration_seconds_sum{method=\"GET\"} 100.305", true);
	metrics_observe(metrics, "workqueue_work_duration_seconds", "", 1e-9);
	expect_line(metrics, "workqueue_work_duration_seconds_bucket{le=\"1e-08\"} 1", true);
}

static void test_many_series_are_found_again(void **state) {
	struct metrics *metrics = *state;
	char labels[32];
	for (int i = 0; i < 200; i++) {
		snprintf(labels, sizeof labels, "name=\"c%d\"", i % 100);
		metrics_set(metrics, "ybcluster_store_objects", labels, i);
	}
	expect_line(metrics, "ybcluster_store_objects{name=\"c0\"} 100", true);
	expect_line(metrics, "ybcluster_store_objects{name=\"c99\"} 199", true);
	expect_line(metrics, "ybcluster_store_objects{name=\"c99\"} 99", false);
}

static void sample(void *context, const char *name, struct samples *samples) {
	int *rounds = context;
	assert_string_equal(name, "ybcluster_nodes_ready");
	for (int i = 0; i < *rounds; i++) {
		samples_add(samples, i ? "name=\"b\"" : "name=\"a\"", i + 5);
	}
}

static void test_samples_are_made_for_each_page(void **state) {
	struct metrics *metrics = *state;
	int rounds = 2;
	metrics_sample(metrics, "ybcluster_nodes_ready", sample, &rounds);
	expect_line(metrics, "# TYPE ybcluster_nodes_ready gauge", true);
	expect_line(metrics, "ybcluster_nodes_ready{name=\"a\"} 5", true);
	expect_line(metrics, "ybcluster_nodes_ready{name=\"b\"} 6", true);
	rounds = 1;
	expect_line(metrics, "ybcluster_nodes_ready{name=\"b\"} 6", false);
	rounds = 0;
	expect_line(metrics, "# TYPE ybcluster_nodes_ready gauge", false);
}

static void collect(void *context) {
	metrics_set(context, "workqueue_depth", "", 7);
}

static void test_collectors_run_before_the_page(void **state) {
	struct metrics *metrics = *state;
	metrics_collect(metrics, collect, metrics);
	expect_line(metrics, "workqueue_depth 7", true);
	metrics_uncollect(metrics, metrics);
	metrics_set(metrics, "workqueue_depth", "", 1);
	expect_line(metrics, "workqueue_depth 1", true);
}

static void test_unknown_names_and_wrong_types_change_nothing(void **state) {
	struct metrics *metrics = *state;
	metrics_add(metrics, "no_such_total", "", 1);
	metrics_observe(metrics, "workqueue_depth", "", 1);
	metrics_set(metrics, "workqueue_work_duration_seconds", "", 1);
	cleanup_str struct str page = {0};
	metrics_write(metrics, &page);
	assert_null(strstr(page.text, "no_such"));
	assert_null(strstr(page.text, "workqueue"));
}

static void test_the_process_is_measured(void **state) {
	cleanup_str struct str page = {0};
	metrics_write(*state, &page);
	double value = 0;
	const char *line = strstr(page.text, "\nprocess_resident_memory_bytes ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, " process_resident_memory_bytes %lf", &value), 1);
	assert_true(value > 100000);
	line = strstr(page.text, "\nprocess_start_time_seconds ");
	assert_int_equal(sscanf(line, " process_start_time_seconds %lf", &value), 1);
	assert_true(value > 1.6e9);
	line = strstr(page.text, "\nprocess_open_fds ");
	assert_int_equal(sscanf(line, " process_open_fds %lf", &value), 1);
	assert_true(value >= 1 && value < 100);
}

static void *count(void *metrics) {
	for (int i = 0; i < 1000; i++) {
		metrics_add(metrics, "workqueue_adds_total", "", 1);
		metrics_observe(metrics, "workqueue_work_duration_seconds", "", 1);
	}
	return NULL;
}

static void test_threads_lose_no_count(void **state) {
	pthread_t threads[4];
	for (int i = 0; i < 4; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, count, *state), 0);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
	}
	expect_line(*state, "workqueue_adds_total 4000", true);
	expect_line(*state, "workqueue_work_duration_seconds_count 4000", true);
}

int main(void) {
	log_setup(LOG_FORMAT_CONSOLE, LOG_ERROR);
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_the_table_is_sorted_and_well_formed),
		TEST(test_counters_and_gauges),
		TEST(test_requests_are_counted),
		TEST(test_histogram_is_cumulative),
		TEST(test_many_series_are_found_again),
		TEST(test_samples_are_made_for_each_page),
		TEST(test_collectors_run_before_the_page),
		TEST(test_unknown_names_and_wrong_types_change_nothing),
		TEST(test_the_process_is_measured),
		TEST(test_threads_lose_no_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
