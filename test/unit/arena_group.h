/* The arena of a group of tests: cmocka_run_group_tests(tests, arena_begin, arena_end). */
#ifndef TEST_ARENA_GROUP_H
#define TEST_ARENA_GROUP_H
#include "base/arena.h"

static struct arena *arena;

static int arena_begin(void **state) {
	(void)state;
	arena = arena_create();
	return 0;
}

static int arena_end(void **state) {
	(void)state;
	arena_destroy(arena);
	return 0;
}

#endif
