/* Kinds of the Kubernetes API, as the paths of requests need them (reference/using-api/api-concepts, "Resource URIs").
 */
#ifndef KUBE_KIND_H
#define KUBE_KIND_H
#include <stdbool.h>

struct kind {
	const char *name;        /* "StatefulSet" */
	const char *api_version; /* "apps/v1", "v1" */
	const char *plural;      /* "statefulsets" */
	bool cluster_scoped;
};

#endif
