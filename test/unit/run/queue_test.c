#include "run/queue.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static int set_up(void **state) {
	*state = queue_create();
	return 0;
}

static int tear_down(void **state) {
	queue_destroy(*state);
	return 0;
}

static double now(void) {
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void expect(struct queue *queue, const char *key) {
	char *got = queue_get(queue);
	assert_string_equal(got, key);
	free(got);
}

static void test_a_key_is_there_once(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "a", false);
	queue_add(queue, "b", false);
	queue_add(queue, "a", false);
	assert_int_equal(queue_stats(queue).depth, 2);
	expect(queue, "a");
	expect(queue, "b");
	assert_int_equal(queue_stats(queue).depth, 0);
	assert_int_equal(queue_stats(queue).working, 2);
	queue_done(queue, "a");
	queue_done(queue, "b");
	assert_int_equal(queue_stats(queue).working, 0);
	assert_int_equal(queue_stats(queue).adds, 2);
}

static void test_added_while_worked_on_runs_after(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "a", false);
	expect(queue, "a");
	queue_add(queue, "a", false);
	queue_add(queue, "a", true);
	assert_int_equal(queue_stats(queue).depth, 0);
	queue_add(queue, "b", false);
	expect(queue, "b");
	queue_done(queue, "a");
	assert_int_equal(queue_stats(queue).depth, 1);
	expect(queue, "a");
	queue_done(queue, "a");
	assert_int_equal(queue_stats(queue).depth, 0);
}

static void test_low_is_not_passed_over_for_ever(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "low1", true);
	queue_add(queue, "low2", true);
	for (int i = 0; i < 16; i++) {
		queue_add(queue, "busy", false);
		const char *next = i == 7 ? "low1" : i == 15 ? "low2" : "busy";
		expect(queue, next);
		queue_done(queue, next);
	}
}

static void test_low_runs_behind_and_can_rise(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "low1", true);
	queue_add(queue, "low2", true);
	queue_add(queue, "low3", true);
	queue_add(queue, "normal", false);
	queue_add(queue, "low2", false);
	queue_add(queue, "normal", true);
	assert_int_equal(queue_stats(queue).depth, 4);
	expect(queue, "normal");
	expect(queue, "low2");
	expect(queue, "low1");
	expect(queue, "low3");
}

static void test_low_wish_during_work_stays_low(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "a", false);
	expect(queue, "a");
	queue_add(queue, "a", true);
	queue_add(queue, "b", true);
	queue_done(queue, "a");
	queue_add(queue, "c", false);
	expect(queue, "c");
}

static void test_delays_end_in_order(void **state) {
	struct queue *queue = *state;
	double begin = now();
	queue_add_after(queue, "late", 0.09);
	queue_add_after(queue, "early", 0.03);
	queue_add_after(queue, "middle", 5);
	queue_add_after(queue, "middle", 0.06); /* the earlier wins */
	queue_add_after(queue, "middle", 7);
	assert_int_equal(queue_stats(queue).delayed, 3);
	expect(queue, "early");
	assert_true(now() - begin >= 0.03);
	expect(queue, "middle");
	assert_true(now() - begin >= 0.06);
	expect(queue, "late");
	assert_true(now() - begin >= 0.09);
	assert_true(now() - begin < 2);
}

static void test_a_wish_for_the_year_9999_waits(void **state) {
	struct queue *queue = *state;
	queue_add_after(queue, "far", 2.5e11);
	queue_add_after(queue, "near", 0.02);
	expect(queue, "near");
	assert_int_equal(queue_stats(queue).delayed, 1);
	assert_int_equal(queue_stats(queue).depth, 0);
}

static void test_add_at_once_leaves_the_later_wish(void **state) {
	struct queue *queue = *state;
	queue_add_after(queue, "a", 0.5);
	queue_add(queue, "a", false);
	expect(queue, "a");
	queue_done(queue, "a");
	assert_int_equal(queue_stats(queue).delayed, 1);
	expect(queue, "a");
	queue_done(queue, "a");
	assert_int_equal(queue_stats(queue).delayed, 0);
}

static void test_failures_back_off_and_are_forgotten(void **state) {
	struct queue *queue = *state;
	double begin = now();
	queue_add(queue, "a", false);
	for (int i = 0; i < 8; i++) { /* 5 + 10 + 20 + 40 + 80 + 160 + 320 ms */
		expect(queue, "a");
		if (i < 7) {
			queue_failed(queue, "a", 0);
		}
	}
	assert_true(now() - begin >= 0.635);
	assert_int_equal(queue_stats(queue).retries, 7);
	queue_done(queue, "a");
	queue_add(queue, "a", false);
	expect(queue, "a");
	begin = now();
	queue_failed(queue, "a", 0);
	expect(queue, "a");
	assert_true(now() - begin < 0.6);
}

/* Who is told to wait waits no shorter, and longer when that did not help. */
static void test_what_was_told_is_the_least(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "a", false);
	expect(queue, "a");
	double begin = now();
	queue_failed(queue, "a", 0.3);
	expect(queue, "a");
	assert_true(now() - begin >= 0.3);
	begin = now();
	for (int i = 0; i < 5; i++) { /* 10 + 20 + 40 + 80 + 160 ms */
		queue_failed(queue, "a", 0.01);
		expect(queue, "a");
	}
	assert_true(now() - begin >= 0.31);
}

static void test_many_delays_keep_their_order(void **state) {
	struct queue *queue = *state;
	enum { MANY = 500 };
	char key[16];
	double begin = now();
	for (int i = 0; i < MANY; i++) {
		int order = i * 7 % MANY;
		snprintf(key, sizeof key, "%d", order);
		queue_add_after(queue, key, 0.05 + 0.0002 * order);
	}
	/* Adding takes time as well: keys whose delays differ by less may change places. */
	double slack = (now() - begin) / 0.0002 + 1;
	bool seen[MANY] = {false};
	for (int i = 0, highest = 0; i < MANY; i++) {
		char *got = queue_get(queue);
		int order = atoi(got);
		free(got);
		assert_false(seen[order]);
		seen[order] = true;
		assert_true(order > highest - slack);
		highest = order > highest ? order : highest;
	}
	assert_true(now() - begin >= 0.05 + 0.0002 * (MANY - 1));
}

static void *get_nothing(void *queue) {
	return queue_get(queue);
}

static void test_stop_ends_the_waits(void **state) {
	struct queue *queue = *state;
	pthread_t threads[3];
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, get_nothing, queue), 0);
	}
	queue_add_after(queue, "far", 100);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	queue_stop(queue);
	for (int i = 0; i < 3; i++) {
		void *key = queue;
		pthread_join(threads[i], &key);
		assert_null(key);
	}
	queue_add(queue, "late", false);
	assert_int_equal(queue_stats(queue).depth, 0);
	assert_null(queue_get(queue));
}

static void test_times_of_work_are_measured(void **state) {
	struct queue *queue = *state;
	queue_add(queue, "a", false);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	expect(queue, "a");
	assert_true(queue_waited(queue, "a") >= 0.02);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	struct queue_stats stats = queue_stats(queue);
	assert_true(stats.longest_running_seconds >= 0.02);
	assert_true(stats.unfinished_seconds >= stats.longest_running_seconds);
}

/* Several takers: no key twice at once, and none is lost. */
enum { KEYS = 20, TAKERS = 4, ROUNDS = 2000 };

struct race {
	struct queue *queue;
	atomic_int busy[KEYS], wanted[KEYS];
	atomic_int twice;
};

static void *take(void *context) {
	struct race *race = context;
	for (char *key; (key = queue_get(race->queue));) {
		int i = atoi(key);
		if (atomic_fetch_add(&race->busy[i], 1) != 0) {
			atomic_fetch_add(&race->twice, 1);
		}
		atomic_store(&race->wanted[i], 0);
		atomic_fetch_sub(&race->busy[i], 1);
		queue_done(race->queue, key);
		free(key);
	}
	return NULL;
}

static void test_no_key_runs_twice_at_once_and_none_is_lost(void **state) {
	struct race race = {.queue = *state};
	pthread_t threads[TAKERS];
	for (int i = 0; i < TAKERS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, take, &race), 0);
	}
	char key[16];
	for (int i = 0; i < ROUNDS; i++) {
		snprintf(key, sizeof key, "%d", i % KEYS);
		atomic_store(&race.wanted[i % KEYS], 1);
		if (i % 3) {
			queue_add(race.queue, key, i % 5 == 0);
		} else {
			queue_add_after(race.queue, key, 0.0001 * (i % 10));
		}
	}
	for (int wait = 0; wait < 3000; wait++) {
		struct queue_stats stats = queue_stats(race.queue);
		if (!stats.depth && !stats.delayed && !stats.working) {
			break;
		}
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
	queue_stop(race.queue);
	for (int i = 0; i < TAKERS; i++) {
		pthread_join(threads[i], NULL);
	}
	assert_int_equal(race.twice, 0);
	for (int i = 0; i < KEYS; i++) {
		assert_int_equal(race.wanted[i], 0);
	}
}

/* One waits without a deadline, one takes the key that shortens it: the first must wake in time. When it did. */
static double seconds_to_a_delay_of_two(struct queue *queue) {
	pthread_t waiters[2];
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&waiters[i], NULL, get_nothing, queue), 0);
	}
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	double begin = now();
	queue_add_after(queue, "later", 0.05);
	queue_add(queue, "first", false);
	for (int i = 0; i < 2; i++) {
		void *key = NULL;
		pthread_join(waiters[i], &key);
		queue_done(queue, key);
		free(key);
	}
	return now() - begin;
}

static void test_a_delay_ends_in_time_while_another_worker_is_busy(void **state) {
	struct queue *queue = *state;
	pthread_t idle;
	assert_int_equal(pthread_create(&idle, NULL, get_nothing, queue), 0);
	nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	queue_add(queue, "now", false);
	void *key = NULL;
	pthread_join(idle, &key);
	assert_string_equal(key, "now");
	free(key);
	/* Late it is by a second: three times is no accident of a busy machine. */
	double least = seconds_to_a_delay_of_two(queue);
	for (int i = 1; i < 3 && least >= 0.9; i++) {
		double took = seconds_to_a_delay_of_two(queue);
		least = took < least ? took : least;
	}
	assert_true(least < 0.9);
}

int main(void) {
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_a_key_is_there_once),
		TEST(test_added_while_worked_on_runs_after),
		TEST(test_low_is_not_passed_over_for_ever),
		TEST(test_low_runs_behind_and_can_rise),
		TEST(test_low_wish_during_work_stays_low),
		TEST(test_delays_end_in_order),
		TEST(test_a_wish_for_the_year_9999_waits),
		TEST(test_add_at_once_leaves_the_later_wish),
		TEST(test_failures_back_off_and_are_forgotten),
		TEST(test_what_was_told_is_the_least),
		TEST(test_many_delays_keep_their_order),
		TEST(test_stop_ends_the_waits),
		TEST(test_times_of_work_are_measured),
		TEST(test_no_key_runs_twice_at_once_and_none_is_lost),
		TEST(test_a_delay_ends_in_time_while_another_worker_is_busy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
