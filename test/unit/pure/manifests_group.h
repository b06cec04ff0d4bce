/* A group of tests that fill manifests: cmocka_run_group_tests(tests, manifests_begin, manifests_end). */
#ifndef TEST_PURE_MANIFESTS_GROUP_H
#define TEST_PURE_MANIFESTS_GROUP_H
#include "arena_group.h"
#include "pure/manifests.h"

static int manifests_begin(void **state) {
	struct error err = {0};
	return arena_begin(state) || !manifests_load(&err);
}

static int manifests_end(void **state) {
	manifests_unload();
	return arena_end(state);
}

#endif
