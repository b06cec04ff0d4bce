/* The names and labels of what one cluster owns (part of the API: design of the custom resources, "What one cluster
 * owns"). */
#ifndef PURE_NAMES_H
#define PURE_NAMES_H
#include "base/arena.h"
#include "crds/ybcluster.h"

#define LABEL_CLUSTER "yugabyte.com/cluster"
#define LABEL_CLUSTER_UID "yugabyte.com/cluster-uid"
#define LABEL_MANAGED_BY "app.kubernetes.io/managed-by"
#define LABEL_COMPONENT "app.kubernetes.io/component"
#define ANNOTATION_DIGEST "yugabyte.com/digest"           /* of all that a pod runs with */
#define ANNOTATION_ASKED "yugabyte.com/asked"             /* of the part of it that somebody asked for by the spec */
#define ANNOTATION_ANNOTATIONS "yugabyte.com/annotations" /* of spec.endpoints.annotations, on the Service */
#define ANNOTATION_TRUST "yugabyte.com/trust"             /* of the certificates in it */
#define ANNOTATION_NAMES "yugabyte.com/hostnames"         /* that stood in the certificate when the pod was made */
/* From/to: of the certificate that the pod was made with. */
#define ANNOTATION_VALIDITY "yugabyte.com/certificate-validity"
#define FINALIZER "yugabyte.com/ybcluster"
#define OPERATOR_NAME "ybcluster-operator"

enum role { MASTER, TSERVER };

/* What the operator was started with, as far as it shows in objects. */
struct settings {
	const char *cluster_domain; /* "cluster.local" */
	const char *operator_namespace;
	const char *default_version; /* the release this operator was tested with */
	/* NULL-terminated; checked at start. metrics_from: peers, see pure/peer.h */
	const char *const *dns_cidrs, *const *pod_cidrs, *const *metrics_from;
	bool load_balancer_node_ports; /* the provider's load balancers send to node ports */
};

/* One StatefulSet: its place in the cluster. */
struct group {
	enum role role;
	const char *zone;        /* NULL: no zones */
	const char *name;        /* "db-master-z1" */
	const char *certificate; /* "db-master-z1-tls" */
	int replicas;            /* while running */
};

struct groups {
	struct group *items;
	size_t count;
};

const char *role_name(enum role role);    /* "master" */
const char *role_process(enum role role); /* "yb-master" */
bool is_server(const char *container);    /* by its name one of role_process() */
const char *role_service(struct arena *arena, const struct ybcluster *cluster, enum role role); /* "db-masters" */
/* Masters first, zones in sorted order; masters stand in the first (replication factor) zones. */
struct groups groups_of(struct arena *arena, const struct ybcluster *cluster);
const char *admin_certificate(struct arena *arena, const struct ybcluster *cluster); /* "db-admin-tls" */

enum policy { POLICY_DENY, POLICY_INTERNAL, POLICY_CLIENTS, POLICY_OPERATOR, POLICY_COUNT };
const char *policy_name(struct arena *arena, const char *cluster, enum policy policy); /* "db-clients" */
/* Is it one of the cluster's own four? No other is ours: an ownerReference is easily written. */
bool policy_is_of(const char *cluster, const char *policy);

/* All labels of a child; component NULL: of the whole cluster. The arena's. */
json_t *labels_of(struct arena *arena, const struct ybcluster *cluster, const char *component);
/* What selects the pods of the cluster (role_name() of one role, or NULL for both). The arena's. */
json_t *selector_of(struct arena *arena, const struct ybcluster *cluster, const char *component);
/* Puts namespace, labels and the controller reference into a document's metadata. */
void own(struct arena *arena, const struct ybcluster *cluster, const char *component, json_t *document);

/* "db-masters.shop.svc.cluster.local" */
const char *service_host(
	struct arena *arena, const struct ybcluster *cluster, const struct settings *settings, const char *service);
/* "db-master-0.db-masters.shop.svc.cluster.local:7100,..." */
const char *master_addresses(struct arena *arena, const struct ybcluster *cluster, const struct settings *settings);
/* Names that a group's certificate must have: pods, Services, hostnames, localhost. NULL-terminated. */
const char *const *certificate_names(
	struct arena *arena, const struct ybcluster *cluster, const struct settings *settings, const struct group *group);

#endif
