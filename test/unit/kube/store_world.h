/* A store of three kinds, what it told, and objects to put into it. */
#ifndef TEST_KUBE_STORE_WORLD_H
#define TEST_KUBE_STORE_WORLD_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include "base/json.h"
#include "base/log.h"
#include "kube/store.h"

extern const struct kind cluster_kind, set_kind, class_kind, unknown_kind;

enum { CLUSTER, SET, CLASS, ROWS };
extern const struct watched rows[ROWS];

struct world {
	struct store *store;
	struct arena *arena;
	int changes;
	char last[128]; /* kind namespace/name group */
	bool last_initial;
};

int store_world_begin(void **state);
int store_world_end(void **state);
#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, store_world_begin, store_world_end)

/* In namespace ns and group c, with managedFields. */
json_t *object(const char *name, const char *uid, int version);
/* As the watch does. */
void put(struct world *world, int row, const char *name, const char *uid, int version);
/* As the answer to a write does; with `compared` as one that is known to be what was wanted. */
void wrote(struct world *world, int row, const char *name, const char *uid, int version, bool compared);
/* Of namespace ns; NULL when it is unknown. */
struct object *get(struct world *world, int row, const char *name);

#endif
