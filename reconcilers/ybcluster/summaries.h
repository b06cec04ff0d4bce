/* The few facts that are kept of each child after its document is gone; numbers as pure/child.h names them. */
#ifndef YBCLUSTER_SUMMARIES_H
#define YBCLUSTER_SUMMARIES_H
#include "kube/store.h"

/* The cluster's name by our label, or NULL. */
const char *group_of_object(const json_t *object);

/* The same for NetworkPolicies, and only for those that are the cluster's own by name, owner and podSelector: any other
 * one may open what is closed, whatever label it carries, and concerns every cluster of the namespace. */
const char *group_of_policy(const json_t *object);

/* Pod: ready, stuck, entered, begin and end of its leaf; mark: its address; text: digests (all, asked, trust) with
 * blanks behind, then uid of the cluster, hostnames, labels, intruders and what it waits for, with a bar between. */
void summarize_pod(const json_t *object, struct summary *summary);
/* Claim: bytes requested and there; text: uid of the cluster. */
void summarize_claim(const json_t *object, struct summary *summary);
/* StatefulSet: replicas, seen by its controller; text: ANNOTATION_TRUST of its template. */
void summarize_stateful_set(const json_t *object, struct summary *summary);
/* ConfigMap C-ca: times of the CA that signs, step of a rotation; mark: of root.crt; text: the CA's fingerprint. */
void summarize_config_map(const json_t *object, struct summary *summary);
/* Certificate Secrets: times of the leaf; mark: of what pods run with; text: the serial. */
void summarize_secret(const json_t *object, struct summary *summary);
/* Service: families, balanced; text: host of the load balancer, or "". */
void summarize_service(const json_t *object, struct summary *summary);
/* YBCluster: numbers and marks: fleet_summarize(); text: the names of its AllowLists, a line end before and behind
 * each. */
void summarize_cluster(const json_t *object, struct summary *summary);
/* NetworkPolicy: number 0: 1 when it allows anything; text: its podSelector as JSON. */
void summarize_network_policy(const json_t *object, struct summary *summary);

#endif
