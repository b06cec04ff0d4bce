/* The documents that a cluster should have. Pure: the same cluster, settings and world give the same documents. */
#ifndef PURE_DESIRED_H
#define PURE_DESIRED_H
#include "pure/allow.h"
#include "pure/child.h"
#include "pure/names.h"

/* What a cluster's documents depend on besides its spec. */
struct inputs {
	const struct ybcluster *cluster;
	const struct settings *settings;
	const struct allowed *allowed; /* what may come in from outside */
	bool ipv4, ipv6;               /* the families of the live client Service; both false: not known yet */
	bool node_ports; /* of a load balancer: the settings say so and, while nothing may open, the live one has them */
	const struct trust *trust; /* a row a group: what its certificate Secret is to hold */
	const char *ca_asked;      /* changes with each step of a rotation that spec.tls.rotateCA began; NULL: none yet */
};

/* What a pod runs with of a certificate Secret; when it changes the pod restarts. */
struct trust {
	const char *group;
	const char *digest;            /* hexadecimal; NULL: no certificate yet, so no StatefulSet either */
	int64_t not_before, not_after; /* of the leaf; 0: not known */
};

struct wanted_list {
	struct wanted *items;
	size_t count;
};

/* Appends all of them. C-ca, certificate and admin Secrets are not here: their content is made, not derived
 * (certificates.c, accounts.c). */
must_check bool desired_documents(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err);

/* The parts, each appending to the list; for tests and for closing alone. */
must_check bool desired_policies(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err);
must_check bool desired_services(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err);
must_check bool desired_account(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err);
must_check bool desired_data_plane(
	struct arena *arena, const struct inputs *inputs, struct wanted_list *list, struct error *err);

/* The cluster as it may look while nothing may open: exposure and clients are those of the live policy and Service if
 * the spec still wants them, the port is the one that two of policy, Service and the tservers' headless Service have.
 * Each may be NULL. `service` NULL or not a load balancer: exposure Cluster. */
struct ybcluster *closed_cluster(struct arena *arena, const struct ybcluster *cluster, const json_t *policy,
	const json_t *service, const json_t *servers);
/* Of a cluster that does not decode: metadata, status, and what of allowLists, clients and endpoints decodes alone, so
 * that what must close can be told. Else defaults. NULL: not even its metadata decodes. */
struct ybcluster *readable_cluster(struct arena *arena, const json_t *object);
/* True when the annotation says internal or internet-facing to some vendor. */
bool network_is_scheme(const char *annotation);
/* True when the Service says internal to every vendor. */
bool network_is_internal(const json_t *service);

struct wanted_list wanted_list_make(struct arena *arena);
/* Fills a manifest, owns it, and appends it. `values` is taken over. */
must_check bool want(struct arena *arena, const struct ybcluster *cluster, struct wanted_list *list,
	enum child_kind kind, const char *component, const char *manifest, json_t *values, struct error *err);

#endif
