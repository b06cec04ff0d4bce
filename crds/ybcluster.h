/* The YBCluster as the reconcilers see it: decoded from JSON with every default filled in, all memory the arena's.
 * Texts that were not given are NULL, lists are counted, free-form values are borrowed JSON, times are Unix seconds
 * (0: absent), durations are seconds, quantities stay texts. What each field means stands in ybcluster.yaml. */
#ifndef CRDS_YBCLUSTER_H
#define CRDS_YBCLUSTER_H
#include "base/arena.h"
#include "crds/ybcluster_status.h"

enum tier { TIER_DEDICATED, TIER_SANDBOX };
enum fault_tolerance { FAULT_TOLERANCE_UNSET, FAULT_TOLERANCE_NONE, FAULT_TOLERANCE_NODE, FAULT_TOLERANCE_ZONE };
enum desired_state { DESIRED_STATE_RUNNING, DESIRED_STATE_PAUSED };
enum deletion_policy { DELETION_POLICY_RETAIN, DELETION_POLICY_DELETE };
enum exposure { EXPOSURE_CLUSTER, EXPOSURE_INTERNAL, EXPOSURE_PUBLIC };
enum tls_algorithm { TLS_ALGORITHM_ECDSA_P256, TLS_ALGORITHM_RSA_3072 };
enum weekday { DAY_ANY, DAY_SUNDAY, DAY_MONDAY, DAY_TUESDAY, DAY_WEDNESDAY, DAY_THURSDAY, DAY_FRIDAY, DAY_SATURDAY };

struct ybcluster_processes { /* spec.masters, spec.tservers */
	json_t *resources;       /* as in a container */
	struct { const char *size, *class; int volumes; } storage; /* class NULL: the default StorageClass */
	json_t *flags;           /* name -> text; NULL: none */
};

struct ybcluster_client { json_t *namespace_selector, *pod_selector; }; /* LabelSelectors; at least one is there */

struct ybcluster_spec {
	enum tier tier;
	const char *version;
	struct { const char *repository, *pull_policy; const char **pull_secrets; size_t pull_secret_count; } image;
	enum fault_tolerance fault_tolerance; /* as written; see ybcluster_fault_tolerance() */
	int faults_to_tolerate;
	const char **zones;
	size_t zone_count;
	int nodes;
	enum desired_state desired_state;
	enum deletion_policy deletion_policy;
	bool deletion_protection;
	struct ybcluster_processes masters, tservers;
	struct {
		json_t *labels, *annotations, *node_selector, *tolerations;
		const char *priority_class_name, *runtime_class_name;
	} pod;
	struct {
		struct { int port; } ysql;
		enum exposure exposure;
		const char **hostnames;
		size_t hostname_count;
		json_t *annotations;
	} endpoints;
	const char **allow_lists;
	size_t allow_list_count;
	struct ybcluster_client *clients;
	size_t client_count;
	struct {
		enum tls_algorithm algorithm;
		int64_t duration, renew_before, ca_duration, ca_overlap;
		const char *min_version, *rotate, *rotate_ca; /* "1.2", "1.3"; rotate: NULL when not given */
	} tls;
	struct { const char *admin_user; } auth;
	struct { bool given; enum weekday day; int start; int64_t duration; } maintenance_window; /* start: minute, UTC */
};

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
