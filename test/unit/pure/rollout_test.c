#include "base/json.h"
#include "pure/rollout.h"
#include "world.h"

#include "arena_group.h"

/* A cluster of three masters and three tservers; a letter a pod tells how it is:
 * r ready and current, o ready and outdated because it was asked, w ready and outdated by what nobody asked for,
 * b like o and its container does not run, s like o and only its probe fails, i like s because of a container that
 * somebody put beside ours, u like w and its probe fails, e ready and current and entered by an ephemeral container, f
 * like e and its probe fails,
 * t ready with older certificates, x like t and on its way out,
 * l like w because of a renewal, and its certificate lasts, h like l and it ends soon, z like l and it has ended, y
 * like z and its probe fails, v like y and it is not valid yet,
 * n not ready and current, - missing, d on its way out. Masters first. */

static const char *text_of(char how) {
	const char *current = "11111111111111111111111111111111", *old = "00000000000000000000000000000000";
	bool outdated = strchr("owbsiulhzyv", how) != NULL, asked = strchr("obsi", how) != NULL;
	return arena_printf(arena, "%s %s %s %s", outdated ? old : current, asked ? old : current,
		strchr("txlhzyv", how) ? old : current,
		how == 'b'   ? "CrashLoopBackOff"
		: how == 'i' ? "container injected: CrashLoopBackOff"
					 : "");
}

enum { NOW = 1000000000, DAY_LONG = 86400 };

/* Of leaves for 90 days that are renewed 30 days ahead; 0: it does not stand there. */
static int64_t end_of(char how) {
	switch (how) {
	case 'l':
		return NOW + 15 * DAY_LONG + 1;
	case 'h':
		return NOW + 15 * DAY_LONG;
	case 'z':
	case 'y':
		return NOW;
	case 'v':
		return NOW + 90 * DAY_LONG + 1;
	default:
		return 0;
	}
}

#define READY_BEFORE "status: {phase: Ready}\n"

/* How many StatefulSets are wanted, the last ones, and how many pods the first of these is to have. */
static size_t sets_wanted = 2;
static bool sets_go;
static int pods_wanted = 3;

static struct rollout next(const char *pods, const char *cluster_text, bool may_disturb) {
	struct ybcluster *cluster = cluster_of(arena, cluster_text);
	struct groups groups = groups_of(arena, cluster);
	struct wanted wanted[2];
	struct child children[8] = {0};
	size_t count = 0;
	for (size_t i = 0; i < 2; i++) {
		wanted[i] = (struct wanted){.kind = STATEFUL_SET,
			.name = groups.items[i].name,
			.document = yaml(arena, "{spec: {replicas: 3, template: {metadata: {annotations: {"
									"yugabyte.com/digest: '11111111111111111111111111111111', "
									"yugabyte.com/asked: '11111111111111111111111111111111', "
									"yugabyte.com/trust: '11111111111111111111111111111111'}}}}}")};
		children[count++] =
			(struct child){.kind = STATEFUL_SET, .name = groups.items[i].name, .deleting = sets_go, .number = {3, 1}};
	}
	for (int i = 0; i < 6; i++) {
		if (pods[i] != '-') {
			children[count++] = (struct child){.kind = POD,
				.uid = "u",
				.name = arena_printf(arena, "%s-%d", groups.items[i / 3].name, i % 3),
				.text = text_of(pods[i]),
				.deleting = strchr("dx", pods[i]) != NULL,
				.number = {strchr("rowetlhz", pods[i]) != NULL, pods[i] == 'b', strchr("ef", pods[i]) != NULL,
					end_of(pods[i]) ? end_of(pods[i]) - 90 * DAY_LONG : 0, end_of(pods[i])}};
		}
	}
	struct child *kept = arena_array(arena, struct child, count);
	memcpy(kept, children, count * sizeof *kept);
	struct children all = {kept, count};
	struct wanted *first = &wanted[2 - sets_wanted];
	json_put(first->document, "spec.replicas", json_integer(pods_wanted));
	struct wanted_list list = {first, sets_wanted};
	return rollout_next(arena, cluster, &groups, &list, &all, NOW, may_disturb);
}

static void expect(const char *pods, enum rollout_move move, const char *pod) {
	struct rollout rollout = next(pods, HEAD "spec: {nodes: 3}\n" READY_BEFORE, false);
	assert_int_equal(rollout.move, move);
	if (pod) {
		assert_string_equal(rollout.pod->name, pod);
	} else {
		assert_null(rollout.pod);
	}
}

static void healthy_and_current_is_done(void **state) {
	(void)state;
	expect("rrrrrr", ROLLOUT_DONE, NULL);
}

static int untrusted(const char *pods) {
	return next(pods, HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).untrusted;
}

static void older_certificates_count_until_their_pod_is_gone(void **state) {
	(void)state;
	assert_int_equal(untrusted("rrrrrr"), 0);
	assert_int_equal(untrusted("rrtrrt"), 2);
	assert_int_equal(untrusted("rrxrrr"), 1);
	assert_int_equal(untrusted("rr-rrd"), 0);
}

static void a_leaf_that_ends_soon_waits_for_no_window(void **state) {
	(void)state;
	expect("rrrrll", ROLLOUT_WINDOW, NULL);
	expect("rrrrlh", ROLLOUT_EVICT, "db-tserver-2");
	expect("rrrhll", ROLLOUT_EVICT, "db-tserver-0");
	expect("rrrlnh", ROLLOUT_WAIT, NULL);
	expect("lllzzz", ROLLOUT_EVICT, "db-tserver-2");
	struct rollout rollout = next("rrrlhl", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false);
	assert_string_equal(rollout.why, "its template is outdated, and the certificate that it serves ends soon");
}

static void a_pod_whose_leaf_is_not_valid_is_as_good_as_stuck(void **state) {
	(void)state;
	expect("yyynnn", ROLLOUT_DELETE, "db-master-2");
	expect("rrrvnn", ROLLOUT_DELETE, "db-tserver-0");
	expect("ryyyrr", ROLLOUT_DELETE, "db-master-2");
	expect("ryy-rr", ROLLOUT_WAIT, NULL);
	struct rollout rollout = next("rrrrry", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false);
	assert_string_equal(rollout.why, "not ready, and the certificate that it serves is not valid now");
}

static void a_rollout_looks_again_when_a_leaf_becomes_urgent(void **state) {
	(void)state;
	assert_int_equal(next("rrrrrr", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).wake, 0);
	assert_int_equal(next("rrrrrw", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).wake, 0);
	assert_int_equal(next("rrrlrl", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).wake, NOW + 1);
	assert_int_equal(next("rrrhrr", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).wake, NOW + 15 * DAY_LONG);
	assert_int_equal(next("rrrzrr", HEAD "spec: {nodes: 3}\n" READY_BEFORE, false).wake, 0);
}

/* Nobody would make its pod again. */
static void no_pod_goes_while_its_set_is_on_its_way_out(void **state) {
	(void)state;
	sets_go = true;
	expect("rrrooo", ROLLOUT_WAIT, NULL);
	expect("rrrrob", ROLLOUT_WAIT, NULL);
	sets_go = false;
}

static void masters_go_first_one_at_a_time(void **state) {
	(void)state;
	expect("ooorro", ROLLOUT_EVICT, "db-master-2");
	expect("oornnn", ROLLOUT_WAIT, NULL);
	expect("rrrooo", ROLLOUT_EVICT, "db-tserver-2");
}

static void an_unready_pod_holds_everything(void **state) {
	(void)state;
	expect("ooonrr", ROLLOUT_WAIT, NULL);
	expect("ooo-rr", ROLLOUT_WAIT, NULL);
}

static void a_stuck_outdated_pod_is_replaced_at_once(void **state) {
	(void)state;
	expect("obonrr", ROLLOUT_DELETE, "db-master-1");
	expect("rrrbbb", ROLLOUT_DELETE, "db-tserver-2");
}

static void a_slow_pod_goes_only_when_no_other_is_down(void **state) {
	(void)state;
	expect("rrroso", ROLLOUT_DELETE, "db-tserver-1");
	/* its probe fails, and it still counts for the quorum */
	expect("rrrosn", ROLLOUT_WAIT, NULL);
	expect("rrrsss", ROLLOUT_WAIT, NULL);
	expect("rrrusr", ROLLOUT_WAIT, NULL);
	expect("rrruoo", ROLLOUT_WAIT, NULL);
	expect("rrroio", ROLLOUT_DELETE, "db-tserver-1");
	expect("rrroin", ROLLOUT_WAIT, NULL);
}

static void no_pod_goes_while_another_is_being_replaced(void **state) {
	(void)state;
	expect("rrrsor", ROLLOUT_DELETE, "db-tserver-0");
	for (const char *gone = "-d"; *gone; gone++) {
		expect(arena_printf(arena, "rrrbo%c", *gone), ROLLOUT_WAIT, NULL);
		expect(arena_printf(arena, "rrrso%c", *gone), ROLLOUT_WAIT, NULL);
		expect(arena_printf(arena, "%crrrbb", *gone), ROLLOUT_WAIT, NULL);
	}
}

static void a_cluster_that_never_was_ready_heals_too(void **state) {
	(void)state;
	const char *new = HEAD "spec: {nodes: 3}\nstatus: {phase: Creating}\n";
	assert_string_equal(next("rrrsss", new, false).pod->name, "db-tserver-2");
	assert_string_equal(next("rrrssn", new, false).pod->name, "db-tserver-1");
	assert_int_equal(next("rrrss-", new, false).move, ROLLOUT_WAIT);
	/* What nobody asked for takes nothing from a cluster that never served. */
	assert_string_equal(next("rrruun", new, false).pod->name, "db-tserver-1");
	assert_string_equal(next("rrrusu", new, false).pod->name, "db-tserver-1");
}

/* Their StatefulSet may not be made, or not with all of them: those that are there are the last majority. */
static void masters_that_may_not_be_made_are_missing(void **state) {
	(void)state;
	expect("roorrr", ROLLOUT_EVICT, "db-master-2");
	pods_wanted = 2;
	expect("oo-rrr", ROLLOUT_WAIT, NULL);
	expect("oo-rro", ROLLOUT_WAIT, NULL);
	pods_wanted = 3;
	sets_wanted = 1;
	expect("---rro", ROLLOUT_WAIT, NULL);
	expect("rr-rro", ROLLOUT_WAIT, NULL);
	expect("rrorro", ROLLOUT_EVICT, "db-tserver-2");
	pods_wanted = 2;
	sets_wanted = 2;
	expect("rrrrrr", ROLLOUT_DONE, NULL);
	pods_wanted = 3;
}

static void unasked_restarts_wait(void **state) {
	(void)state;
	expect("rrrrww", ROLLOUT_WINDOW, NULL);
	struct rollout rollout = next("rrrrww", HEAD "spec: {nodes: 3}\n" READY_BEFORE, true);
	assert_int_equal(rollout.move, ROLLOUT_EVICT);
}

static void what_was_asked_does_not_wait_for_what_was_not(void **state) {
	(void)state;
	expect("rrwrro", ROLLOUT_EVICT, "db-tserver-2");
	expect("wwwooo", ROLLOUT_EVICT, "db-tserver-2");
	expect("wwowwo", ROLLOUT_EVICT, "db-master-2");
	expect("wwwrrr", ROLLOUT_WINDOW, NULL);
}

static void whom_somebody_entered_goes_as_one_that_is_outdated(void **state) {
	(void)state;
	expect("rrrrer", ROLLOUT_EVICT, "db-tserver-1");
	expect("rrrrew", ROLLOUT_EVICT, "db-tserver-1");
	expect("rrrree", ROLLOUT_EVICT, "db-tserver-2");
	expect("rrrenr", ROLLOUT_WAIT, NULL);
	expect("rrre-r", ROLLOUT_WAIT, NULL);
	expect("rrrfrr", ROLLOUT_DELETE, "db-tserver-0");
	expect("rrrfnr", ROLLOUT_WAIT, NULL);
	struct rollout rollout = next("errrrr", HEAD "spec: {nodes: 3, faultTolerance: None}\n" READY_BEFORE, false);
	assert_int_equal(rollout.move, ROLLOUT_DELETE);
	assert_non_null(strstr(rollout.why, "ephemeral container"));
}

static void the_only_pod_is_deleted_not_evicted(void **state) {
	(void)state;
	struct rollout rollout = next("orrrrr", HEAD "spec: {nodes: 3, faultTolerance: None}\n" READY_BEFORE, false);
	assert_int_equal(rollout.move, ROLLOUT_DELETE);
}

static struct child tserver(const char *name, const char *hostnames) {
	return (struct child){.kind = POD, .name = name, .hostnames = hostnames, .text = ""};
}

static void names_that_no_running_leaf_has(void **state) {
	(void)state;
	struct ybcluster *cluster =
		cluster_of(arena, HEAD "spec: {endpoints: {hostnames: [a.example.com, b.example.com]}}\n");
	struct groups groups = groups_of(arena, cluster);
	struct child items[] = {tserver("db-tserver-0", "a.example.com b.example.com "),
		tserver("db-tserver-1", "b.example.com "),
		tserver("db-tserver-2", "c.example.com aa.example.com b.example.co "), tserver("db-tserver-3", "")};
	struct children children = {items, 1};
	int pods;
	assert_null(hostnames_unserved(arena, cluster, &groups, &children, &pods));
	assert_int_equal(pods, 0);
	children.count = 2;
	assert_string_equal(hostnames_unserved(arena, cluster, &groups, &children, &pods), "a.example.com");
	assert_int_equal(pods, 1);
	children.count = 4; /* the last is none of the three that there should be */
	assert_string_equal(hostnames_unserved(arena, cluster, &groups, &children, &pods), "a.example.com, b.example.com");
	assert_int_equal(pods, 2);
	items[1].deleting = items[2].deleting = true;
	assert_null(hostnames_unserved(arena, cluster, &groups, &children, &pods));
	struct ybcluster *nameless = cluster_of(arena, HEAD "spec: {}\n");
	items[1].deleting = false;
	assert_null(hostnames_unserved(arena, nameless, &groups, &children, &pods));
}

static void windows_open_and_close(void **state) {
	(void)state;
	struct ybcluster *cluster =
		cluster_of(arena, HEAD "spec: {nodes: 3, maintenanceWindow: {day: Sunday, start: '02:00', duration: 2h}}\n");
	int64_t sunday = 1795312800; /* 2026-11-22T02:00:00Z, a Sunday */
	assert_true(window_open(cluster, sunday));
	assert_true(window_open(cluster, sunday + 7199));
	assert_false(window_open(cluster, sunday + 7200));
	assert_false(window_open(cluster, sunday - 1));
	assert_int_equal(window_wait(cluster, sunday - 60), 60);
	assert_int_equal(window_wait(cluster, sunday), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy_and_current_is_done),
		cmocka_unit_test(older_certificates_count_until_their_pod_is_gone),
		cmocka_unit_test(a_leaf_that_ends_soon_waits_for_no_window),
		cmocka_unit_test(a_pod_whose_leaf_is_not_valid_is_as_good_as_stuck),
		cmocka_unit_test(a_rollout_looks_again_when_a_leaf_becomes_urgent),
		cmocka_unit_test(no_pod_goes_while_its_set_is_on_its_way_out),
		cmocka_unit_test(masters_go_first_one_at_a_time),
		cmocka_unit_test(an_unready_pod_holds_everything),
		cmocka_unit_test(a_stuck_outdated_pod_is_replaced_at_once),
		cmocka_unit_test(a_slow_pod_goes_only_when_no_other_is_down),
		cmocka_unit_test(no_pod_goes_while_another_is_being_replaced),
		cmocka_unit_test(a_cluster_that_never_was_ready_heals_too),
		cmocka_unit_test(masters_that_may_not_be_made_are_missing),
		cmocka_unit_test(unasked_restarts_wait),
		cmocka_unit_test(what_was_asked_does_not_wait_for_what_was_not),
		cmocka_unit_test(whom_somebody_entered_goes_as_one_that_is_outdated),
		cmocka_unit_test(the_only_pod_is_deleted_not_evicted),
		cmocka_unit_test(names_that_no_running_leaf_has),
		cmocka_unit_test(windows_open_and_close),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
