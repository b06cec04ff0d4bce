/* The spec of a YBCluster; how values are kept stands in ybcluster.h. */
#ifndef CRDS_YBCLUSTER_SPEC_H
#define CRDS_YBCLUSTER_SPEC_H
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum tier { TIER_DEDICATED, TIER_SANDBOX };
enum fault_tolerance { FAULT_TOLERANCE_UNSET, FAULT_TOLERANCE_NONE, FAULT_TOLERANCE_NODE, FAULT_TOLERANCE_ZONE };
enum desired_state { DESIRED_STATE_RUNNING, DESIRED_STATE_PAUSED };
enum deletion_policy { DELETION_POLICY_RETAIN, DELETION_POLICY_DELETE };
enum exposure { EXPOSURE_CLUSTER, EXPOSURE_INTERNAL, EXPOSURE_PUBLIC };
enum tls_algorithm { TLS_ALGORITHM_ECDSA_P256, TLS_ALGORITHM_RSA_3072 };
enum weekday { DAY_ANY, DAY_SUNDAY, DAY_MONDAY, DAY_TUESDAY, DAY_WEDNESDAY, DAY_THURSDAY, DAY_FRIDAY, DAY_SATURDAY };
/* spec.masters, spec.tservers */
struct ybcluster_processes {
	json_t *resources; /* as in a container; NULL: none given */
	struct {
		const char *size, *class; /* class NULL: the default StorageClass */
		int volumes;
	} storage;
	json_t *flags; /* name -> text; NULL: none */
};

/* LabelSelectors; at least one of them is there. */
struct ybcluster_client {
	json_t *namespace_selector, *pod_selector;
};

struct ybcluster_spec {
	enum tier tier;
	const char *version;
	struct {
		const char *repository, *pull_policy;
		const char **pull_secrets;
		size_t pull_secret_count;
	} image;
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
		struct {
			int port;
		} ysql;
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
	struct {
		const char *admin_user;
	} auth;
	struct {
		bool given;
		enum weekday day;
		int start; /* minute of the day, UTC */
		int64_t duration;
	} maintenance_window;
};

#endif
