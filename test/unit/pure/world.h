/* A cluster and its settings for the tests of the pure part, decoded from YAML as the API server would give it. */
#ifndef TEST_PURE_WORLD_H
#define TEST_PURE_WORLD_H
#include <string.h>

#include "base/yaml.h"
#include "pure/desired.h"
/* cmocka comes last: it defines a macro by the name of our fail() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HEAD                                                                                                           \
	"apiVersion: yugabyte.com/v1beta1\nkind: YBCluster\n"                                                              \
	"metadata: {name: db, namespace: shop, uid: 11111111-2222-3333-4444-555555555555, generation: 1, "                 \
	"resourceVersion: '7'}\n"

static const struct settings settings = {
	.cluster_domain = "cluster.local", .operator_namespace = "yb-system", .default_version = "2025.2.2.1-b1"};

static inline json_t *yaml(struct arena *arena, const char *text) {
	struct error err = {0};
	json_t *value = yaml_parse(text, strlen(text), &err);
	if (!value) {
		fail_msg("%s", err.text);
	}
	return arena_own_json(arena, value);
}

static inline struct ybcluster *cluster_of(struct arena *arena, const char *text) {
	struct error err = {0};
	struct ybcluster *cluster = ybcluster_decode(arena, yaml(arena, text), &err);
	if (!cluster) {
		fail_msg("%s", err.text);
	}
	return cluster;
}

#endif
