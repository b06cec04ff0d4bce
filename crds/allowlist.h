/* The AllowList as the reconcilers see it; see ybcluster.h for how values are kept. */
#ifndef CRDS_ALLOWLIST_H
#define CRDS_ALLOWLIST_H
#include "base/arena.h"
#include "base/cidr.h"
#include "crds/object.h"

#define ALLOWLIST_RULES_MAX 100 /* entries of one list, and of the union that one cluster applies */

struct allowlist_entry {
	const char *cidr; /* as written */
	const char *description;
	int64_t expires_at; /* stops counting at this second; 0: never */
	struct cidr range;  /* filled in when decoded */
};

struct allowlist_spec {
	const char *description;
	struct allowlist_entry *entries;
	size_t entry_count;
	bool ysql; /* from endpoints[] */
	bool allow_all;
};

struct allowlist_status {
	int64_t observed_generation;
	int rules;
	const char **clusters;
	size_t cluster_count;
	struct condition *conditions;
	size_t condition_count;
};

struct allowlist {
	struct object_meta metadata;
	struct allowlist_spec spec;
	struct allowlist_status status;
};

/* Decodes an object from the API server and checks it: whatever is wrong is ERR_INVALID with the path of the field
 * and reason InvalidSpec. The list then counts as invalid as a whole: fail closed. */
must_check struct allowlist *allowlist_decode(struct arena *arena, const json_t *object, struct error *err);
/* The rules between fields; fills every entry's range. */
must_check bool allowlist_check(struct allowlist *list, struct error *err);
/* True when the entry counts at `now`. */
bool allowlist_entry_counts(const struct allowlist_entry *entry, int64_t now);

#endif
