#include "pure/rotation.h"
#include "world.h"

enum { NOW = 1000000, OVERLAP = 3600, LIFE = 600000 };

static const struct ybcluster_spec spec = {.tls = {.ca_duration = LIFE, .ca_overlap = OVERLAP}};

static enum ca_step next(enum ca_step step, int64_t age, bool served, bool wished, int64_t left) {
	struct ca_progress progress = {
		.step = step, .since = NOW - age, .served = served, .wished = wished, .not_after = NOW + left};
	return ca_next(&progress, &spec, NOW);
}

static void stable_until_wished_or_due(void **state) {
	(void)state;
	assert_int_equal(next(CA_STABLE, 0, true, false, LIFE), CA_STABLE);
	assert_int_equal(next(CA_STABLE, 0, true, true, LIFE), CA_TRUST_BOTH);
	assert_int_equal(next(CA_STABLE, 0, true, false, LIFE / 6 + 1), CA_STABLE);
	assert_int_equal(next(CA_STABLE, 0, true, false, LIFE / 6), CA_TRUST_BOTH);
	assert_int_equal(next(CA_STABLE, 0, true, false, -1), CA_TRUST_BOTH);
}

static void new_leaves_only_when_all_trust_both_for_the_overlap(void **state) {
	(void)state;
	assert_int_equal(next(CA_TRUST_BOTH, OVERLAP - 1, true, false, LIFE), CA_TRUST_BOTH);
	assert_int_equal(next(CA_TRUST_BOTH, OVERLAP, true, false, LIFE), CA_NEW_LEAVES);
	assert_int_equal(next(CA_TRUST_BOTH, 0, true, true, LIFE), CA_TRUST_BOTH);
}

static void the_old_one_goes_only_after_new_leaves_and_the_overlap(void **state) {
	(void)state;
	assert_int_equal(next(CA_NEW_LEAVES, 0, true, false, LIFE), CA_KEEP_OLD);
	assert_int_equal(next(CA_KEEP_OLD, OVERLAP - 1, true, false, LIFE), CA_KEEP_OLD);
	assert_int_equal(next(CA_KEEP_OLD, OVERLAP, true, false, LIFE), CA_DROP_OLD);
	assert_int_equal(next(CA_DROP_OLD, 0, true, false, LIFE), CA_STABLE);
}

static void nothing_moves_while_a_pod_does_not_serve_it(void **state) {
	(void)state;
	for (enum ca_step step = CA_STABLE; step < CA_STEPS; step++) {
		assert_int_equal(next(step, 100 * OVERLAP, false, true, 1), step);
	}
}

/* Nothing can be issued under it, so that nothing would ever be served. */
static void a_ca_that_has_ended_is_waited_for_by_nobody(void **state) {
	(void)state;
	for (enum ca_step step = CA_STABLE; step < CA_STEPS; step++) {
		assert_int_equal(next(step, 0, false, false, 0), (step + 1) % CA_STEPS);
	}
}

static void the_cas_tell_the_step_whatever_the_record_says(void **state) {
	(void)state;
	static const struct {
		enum ca_step recorded;
		int beside;
		enum ca_step told;
	} cases[] = {
		{CA_STABLE, 0, CA_STABLE},
		{CA_TRUST_BOTH, 0, CA_STABLE},
		{CA_NEW_LEAVES, 0, CA_DROP_OLD},
		{CA_KEEP_OLD, 0, CA_DROP_OLD},
		{CA_DROP_OLD, 0, CA_DROP_OLD},
		{CA_STABLE, 1, CA_TRUST_BOTH},
		{CA_TRUST_BOTH, 1, CA_TRUST_BOTH},
		{CA_NEW_LEAVES, 1, CA_TRUST_BOTH},
		{CA_KEEP_OLD, 1, CA_TRUST_BOTH},
		{CA_DROP_OLD, 1, CA_TRUST_BOTH},
		{CA_STABLE, -1, CA_NEW_LEAVES},
		{CA_TRUST_BOTH, -1, CA_NEW_LEAVES},
		{CA_NEW_LEAVES, -1, CA_NEW_LEAVES},
		{CA_KEEP_OLD, -1, CA_KEEP_OLD},
		{CA_DROP_OLD, -1, CA_NEW_LEAVES},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ca_progress progress = {.step = cases[i].recorded, .since = NOW - 1};
		ca_confirm(&progress, cases[i].beside, NOW - 10 * OVERLAP, &spec, NOW);
		assert_int_equal(progress.step, cases[i].told);
		assert_int_equal(progress.since, cases[i].recorded == cases[i].told ? NOW - 1 : NOW);
	}
}

static int64_t since(enum ca_step step, int beside, int64_t recorded, int64_t born) {
	struct ca_progress progress = {.step = step, .since = recorded};
	ca_confirm(&progress, beside, born, &spec, NOW);
	return progress.since;
}

static void no_step_began_before_the_new_ca_allowed_it(void **state) {
	(void)state;
	int64_t born = NOW - 100;
	assert_int_equal(since(CA_TRUST_BOTH, 1, 0, born), born);
	assert_int_equal(since(CA_TRUST_BOTH, 1, born, born), born);
	assert_int_equal(since(CA_TRUST_BOTH, 1, born + 50, born), born + 50);
	assert_int_equal(since(CA_KEEP_OLD, -1, 0, born), born + OVERLAP);
	assert_int_equal(since(CA_KEEP_OLD, -1, born + OVERLAP, born), born + OVERLAP);
	assert_int_equal(since(CA_KEEP_OLD, -1, born + 50, born - OVERLAP), born + 50);
	/* Nor does one begin in the future, but where the overlap was made longer on the way. */
	assert_int_equal(since(CA_TRUST_BOTH, 1, NOW + 9 * OVERLAP, born), NOW);
	assert_int_equal(since(CA_KEEP_OLD, -1, NOW + 9 * OVERLAP, born - OVERLAP), NOW);
	/* Time says nothing in these. */
	assert_int_equal(since(CA_NEW_LEAVES, -1, 7, born), 7);
	assert_int_equal(since(CA_DROP_OLD, 0, 7, born), 7);
	assert_int_equal(since(CA_STABLE, 0, 7, born), 7);
}

static void wakes_when_time_alone_leads_on(void **state) {
	(void)state;
	struct ca_progress progress = {.step = CA_STABLE, .since = NOW, .not_after = NOW + LIFE};
	assert_int_equal(ca_wake(&progress, &spec), NOW + LIFE - LIFE / 6);
	progress.step = CA_TRUST_BOTH;
	assert_int_equal(ca_wake(&progress, &spec), NOW + OVERLAP);
	progress.step = CA_KEEP_OLD;
	assert_int_equal(ca_wake(&progress, &spec), NOW + OVERLAP);
	progress.step = CA_NEW_LEAVES;
	assert_int_equal(ca_wake(&progress, &spec), 0);
	progress.step = CA_DROP_OLD;
	assert_int_equal(ca_wake(&progress, &spec), 0);
}

static void names_there_and_back(void **state) {
	(void)state;
	static const char *const none[] = {NULL, "", "0", "-3", "x", "99999999999999999999"};
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_int_equal(ca_generation_of(none[i]), 1);
	}
	assert_int_equal(ca_generation_of("12"), 12);
	for (enum ca_step step = CA_STABLE; step < CA_STEPS; step++) {
		assert_int_equal(ca_step_of(ca_step_name(step)), step);
	}
	assert_string_equal(ca_step_name(CA_TRUST_BOTH), "TrustBoth");
	for (enum ca_step step = CA_TRUST_BOTH; step < CA_STEPS; step++) {
		assert_non_null(ca_step_awaits(step));
	}
	assert_null(ca_step_awaits(CA_STABLE));
	assert_string_equal(ca_step_shown(CA_KEEP_OLD), ca_step_name(CA_NEW_LEAVES));
	assert_string_equal(ca_step_shown(CA_DROP_OLD), "DropOld");
	assert_int_equal(ca_step_of("nonsense"), CA_STABLE);
	assert_int_equal(ca_step_of(NULL), CA_STABLE);
}

enum { LEAF_LIFE = 90 * 86400, RENEW_BEFORE = 30 * 86400, CLUSTERS = 100 };

static int64_t renewed_before_its_end(int cluster, const char *secret, int64_t life, int64_t renew_before) {
	char uid[40];
	snprintf(uid, sizeof uid, "00000000-0000-4000-8000-%012d", cluster);
	struct ybcluster one = {.metadata.uid = uid, .spec.tls.renew_before = renew_before};
	int64_t due = leaf_renewal(&one, secret, NOW, NOW + life);
	assert_int_equal(leaf_renewal(&one, secret, NOW, NOW + life), due);
	return NOW + life - due;
}

static void leaves_are_renewed_ahead_and_not_all_at_once(void **state) {
	(void)state;
	int64_t first = RENEW_BEFORE, last = 2 * RENEW_BEFORE;
	int alike = 0;
	for (int i = 0; i < CLUSTERS; i++) {
		int64_t ahead = renewed_before_its_end(i, "c-tserver-tls", LEAF_LIFE, RENEW_BEFORE);
		assert_in_range(ahead, RENEW_BEFORE, RENEW_BEFORE + RENEW_BEFORE / 10);
		first = ahead > first ? ahead : first;
		last = ahead < last ? ahead : last;
		alike += ahead == renewed_before_its_end(i, "c-master-tls", LEAF_LIFE, RENEW_BEFORE);
	}
	/* Spread over most of the tenth, which is three days. */
	assert_true(first - last > 2 * 86400);
	assert_true(alike < CLUSTERS / 10);
}

static void a_short_life_is_renewed_at_its_half(void **state) {
	(void)state;
	for (int i = 0; i < CLUSTERS; i++) {
		assert_int_equal(renewed_before_its_end(i, "c-tserver-tls", 600, 590), 300);
		assert_in_range(renewed_before_its_end(i, "c-tserver-tls", 600, 60), 60, 66);
	}
}

static void an_old_leaf_is_urgent_when_half_of_what_was_left_is_over(void **state) {
	(void)state;
	struct ybcluster cluster = {.metadata.uid = "u", .spec.tls = {.duration = 600, .renew_before = RENEW_BEFORE}};
	assert_int_equal(leaf_urgency(&cluster, NOW, NOW + LEAF_LIFE), NOW + LEAF_LIFE - RENEW_BEFORE / 2);
	cluster.spec.tls.renew_before = LEAF_LIFE - 1;
	assert_int_equal(leaf_urgency(&cluster, NOW, NOW + LEAF_LIFE), NOW + LEAF_LIFE - LEAF_LIFE / 4);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stable_until_wished_or_due),
		cmocka_unit_test(new_leaves_only_when_all_trust_both_for_the_overlap),
		cmocka_unit_test(the_old_one_goes_only_after_new_leaves_and_the_overlap),
		cmocka_unit_test(nothing_moves_while_a_pod_does_not_serve_it),
		cmocka_unit_test(a_ca_that_has_ended_is_waited_for_by_nobody),
		cmocka_unit_test(the_cas_tell_the_step_whatever_the_record_says),
		cmocka_unit_test(no_step_began_before_the_new_ca_allowed_it),
		cmocka_unit_test(wakes_when_time_alone_leads_on),
		cmocka_unit_test(names_there_and_back),
		cmocka_unit_test(leaves_are_renewed_ahead_and_not_all_at_once),
		cmocka_unit_test(a_short_life_is_renewed_at_its_half),
		cmocka_unit_test(an_old_leaf_is_urgent_when_half_of_what_was_left_is_over),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
