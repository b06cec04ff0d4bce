/* The YBCluster as the reconcilers see it: decoded from JSON with every default filled in, all memory the arena's.
 * Texts that were not given are NULL, lists are counted, free-form values are borrowed JSON, times are Unix seconds
 * (0: absent), durations are seconds, quantities stay texts. What each field means stands in ybcluster.yaml. */
#ifndef CRDS_YBCLUSTER_H
#define CRDS_YBCLUSTER_H
#include "base/arena.h"
#include "crds/ybcluster_spec.h"
#include "crds/ybcluster_status.h"

struct ybcluster {
	struct object_meta metadata;
	struct ybcluster_spec spec;
	struct ybcluster_status status;
};

/* Decodes an object from the API server and checks it: whatever is wrong is ERR_INVALID with the path of the field
 * and reason InvalidSpec. `object` must outlive the result (the arena owns it, or the caller keeps it). */
must_check struct ybcluster *ybcluster_decode(struct arena *arena, const json_t *object, struct error *err);
/* The rules between fields, which ybcluster.yaml states in CEL: a stored object can be older than its schema. */
must_check bool ybcluster_check(const struct ybcluster *cluster, struct error *err);

/* Never FAULT_TOLERANCE_UNSET. */
enum fault_tolerance ybcluster_fault_tolerance(const struct ybcluster_spec *spec);
const char *fault_tolerance_name(enum fault_tolerance value); /* "None", "Node", "Zone" */
int ybcluster_replication_factor(const struct ybcluster_spec *spec);

#endif
