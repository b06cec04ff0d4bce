#include "base/str.h"
#include "pure/allow.h"
#include "world.h"

#include "arena_group.h"

enum { NOW = 1000000 };

static struct assigned list(const char *name, const char *entries) {
	struct error err = {0};
	const char *text = arena_printf(arena,
		"{apiVersion: yugabyte.com/v1beta1, kind: AllowList, metadata: {name: %s, namespace: shop, uid: u}, spec: "
		"{entries: %s}}",
		name, entries);
	struct allowlist *decoded = allowlist_decode(arena, yaml(arena, text), &err);
	if (!decoded) {
		fail_msg("%s", err.text);
	}
	return (struct assigned){name, decoded, NULL};
}

static void expect(const struct allowed *allowed, bool whole, const char *ranges) {
	cleanup_str struct str text = {0};
	for (size_t i = 0; i < allowed->count; i++) {
		str_addf(&text, "%s%s", i ? " " : "", cidr_format(arena, &allowed->ranges[i]));
	}
	assert_string_equal(text.text ? text.text : "", ranges);
	assert_int_equal(allowed->whole, whole);
}

static void nobody_without_lists(void **state) {
	(void)state;
	struct allowed allowed = allow_union(arena, NULL, 0, NULL, 0, false, NOW);
	expect(&allowed, true, "");
	assert_string_equal(allowed.reason, "NoneAssigned");
}

static void union_counts_equal_entries_once(void **state) {
	(void)state;
	struct assigned lists[] = {list("a", "[{cidr: 192.0.2.1}, {cidr: 198.51.100.0/24}]"),
		list("b", "[{cidr: 192.0.2.1/32}, {cidr: '2001:db8::/32'}]")};
	struct allowed allowed = allow_union(arena, lists, 2, NULL, 0, false, NOW);
	expect(&allowed, true, "192.0.2.1/32 198.51.100.0/24 2001:db8::/32");
}

static void expired_entries_do_not_count(void **state) {
	(void)state;
	/* NOW is 1970-01-12T13:46:40Z */
	struct assigned lists[] = {list("a", "[{cidr: 192.0.2.1, expiresAt: '1970-01-12T13:46:40Z'}, "
										 "{cidr: 192.0.2.2, expiresAt: '1970-01-12T13:46:41Z'}]")};
	struct allowed allowed = allow_union(arena, lists, 1, NULL, 0, false, NOW);
	expect(&allowed, true, "192.0.2.2/32");
	assert_int_equal(allowed.next_expiry, NOW + 1);
}

/* Whoever writes the beginning of 1970 means that it has ended, and not that it never does. */
static void what_ended_long_ago_does_not_count(void **state) {
	(void)state;
	struct assigned lists[] = {list("a", "[{cidr: 192.0.2.1, expiresAt: '1970-01-01T00:00:00Z'}, "
										 "{cidr: 192.0.2.2, expiresAt: '1970-01-01T00:00:01Z'}, "
										 "{cidr: 192.0.2.3, expiresAt: '0001-01-01T00:00:00Z'}]")};
	struct allowed allowed = allow_union(arena, lists, 1, NULL, 0, false, NOW);
	expect(&allowed, true, "");
}

/* However they nest: what is open and still wanted stays, all of it. */
static void frozen_keeps_every_wanted_range(void **state) {
	(void)state;
	cleanup_str struct str entries = {0};
	struct cidr live[84];
	str_adds(&entries, "[{cidr: 10.0.0.0/8}, {cidr: 10.1.0.0/16}, {cidr: 10.1.0.0/17}, {cidr: 10.1.0.0/18}");
	for (int i = 0; i < 60; i++) {
		str_addf(&entries, ", {cidr: 10.1.%d.0/24}", i);
	}
	for (int i = 0; i < 20; i++) {
		str_addf(&entries, ", {cidr: 203.0.113.%d}", i);
	}
	str_adds(&entries, "]");
	struct assigned lists[] = {list("a", entries.text)};
	struct allowed before = allow_union(arena, lists, 1, NULL, 0, false, NOW);
	assert_int_equal(before.count, sizeof live / sizeof *live);
	memcpy(live, before.ranges, sizeof live);
	struct allowed allowed = allow_union(arena, lists, 1, live, before.count, true, NOW);
	assert_int_equal(allowed.count, before.count);
}

static void missing_list_opens_nothing_new(void **state) {
	(void)state;
	struct error err;
	struct cidr live[2];
	assert_true(cidr_parse("192.0.2.0/24", &live[0], &err));
	assert_true(cidr_parse("203.0.113.0/24", &live[1], &err));
	struct assigned lists[] = {
		list("a", "[{cidr: 192.0.2.7}, {cidr: 198.51.100.0/24}]"), {"gone", NULL, "does not exist"}};
	struct allowed allowed = allow_union(arena, lists, 2, live, 2, false, NOW);
	expect(&allowed, false, "192.0.2.7/32");
	allowed = allow_union(arena, lists, 2, NULL, 0, false, NOW);
	expect(&allowed, false, "");
}

static void too_many_rules_keep_what_is_live(void **state) {
	(void)state;
	struct assigned lists[2];
	for (int i = 0; i < 2; i++) {
		cleanup_str struct str entries = {0};
		for (int j = 0; j < 60; j++) {
			str_addf(&entries, "%s{cidr: 10.%d.%d.0/24}", j ? ", " : "", i, j);
		}
		lists[i] = list(i ? "b" : "a", arena_printf(arena, "[%s]", entries.text));
	}
	struct error err;
	struct cidr live;
	assert_true(cidr_parse("10.1.5.0/24", &live, &err));
	struct allowed allowed = allow_union(arena, lists, 2, &live, 1, false, NOW);
	expect(&allowed, false, "10.1.5.0/24");
	assert_string_equal(allowed.reason, "TooManyRules");
}

/* What is open may be kept for another list's sake only if that list lets all of it in. */
static void a_part_does_not_cover_the_whole(void **state) {
	(void)state;
	struct error err;
	struct cidr whole, part;
	assert_true(cidr_parse("192.0.2.0/24", &whole, &err) && cidr_parse("192.0.2.128/25", &part, &err));
	assert_true(allow_covers(&whole, 1, &part));
	assert_true(allow_covers(&whole, 1, &whole));
	assert_false(allow_covers(&part, 1, &whole));
	assert_false(allow_covers(&part, 0, &part));
}

static void live_ranges_come_from_the_policy(void **state) {
	(void)state;
	size_t count;
	struct cidr *live = allow_live(arena,
		yaml(arena, "{spec: {ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}, {podSelector: {}}, {ipBlock: {cidr: "
					"nonsense}}]}]}}"),
		&count);
	assert_int_equal(count, 1);
	assert_string_equal(cidr_format(arena, &live[0]), "192.0.2.0/24");
}

static void live_sources_come_from_the_service(void **state) {
	(void)state;
	size_t count;
	struct cidr *live = allow_sources(arena,
		yaml(arena, "{spec: {loadBalancerSourceRanges: [192.0.2.0/32, 198.51.100.0/24, '100::/128', nonsense]}}"),
		&count);
	assert_int_equal(count, 1);
	assert_string_equal(cidr_format(arena, &live[0]), "198.51.100.0/24");
	allow_sources(arena, NULL, &count);
	assert_int_equal(count, 0);
}

static struct cidr range(const char *text) {
	struct cidr cidr;
	struct error err = {0};
	assert_true(cidr_parse(text, &cidr, &err));
	return cidr;
}

/* A list may go when what is open is somebody else's wish, or none of its addresses. */
static void closed_is_what_others_want_or_is_not_of_the_list(void **state) {
	(void)state;
	const struct allowlist *own = list("a", "[{cidr: 192.0.2.0/24}, {cidr: 198.51.100.7, expiresAt: "
											"'1970-01-01T00:00:00Z'}]")
	                                  .list;
	const struct cidr live[] = {range("203.0.113.0/24"), range("192.0.2.0/24")};
	const struct cidr part = range("192.0.2.128/25"), expired = range("198.51.100.7/32"), wide = range("198.0.0.0/8");
	assert_true(allow_closed(NULL, 0, own, NULL, 0));
	assert_true(allow_closed(live, 1, own, NULL, 0));
	assert_false(allow_closed(live, 1, NULL, NULL, 0));
	assert_false(allow_closed(live, 2, own, NULL, 0));
	assert_true(allow_closed(live, 2, own, &live[1], 1));
	assert_true(allow_closed(live, 2, NULL, live, 2));
	assert_false(allow_closed(&part, 1, own, NULL, 0));
	assert_false(allow_closed(live, 2, own, &part, 1));
	assert_false(allow_closed(&expired, 1, own, NULL, 0));
	assert_false(allow_closed(&wide, 1, own, NULL, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_without_lists),
		cmocka_unit_test(union_counts_equal_entries_once),
		cmocka_unit_test(expired_entries_do_not_count),
		cmocka_unit_test(what_ended_long_ago_does_not_count),
		cmocka_unit_test(frozen_keeps_every_wanted_range),
		cmocka_unit_test(missing_list_opens_nothing_new),
		cmocka_unit_test(too_many_rules_keep_what_is_live),
		cmocka_unit_test(a_part_does_not_cover_the_whole),
		cmocka_unit_test(live_ranges_come_from_the_policy),
		cmocka_unit_test(live_sources_come_from_the_service),
		cmocka_unit_test(closed_is_what_others_want_or_is_not_of_the_list),
	};
	return cmocka_run_group_tests(tests, arena_begin, arena_end);
}
