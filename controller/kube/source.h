/* Where the API server is and where each credential comes from, before any of it is read: one context of a kubeconfig,
 * or the pod's service account. Private to controller/kube. */
#ifndef KUBE_SOURCE_H
#define KUBE_SOURCE_H
#include <stdbool.h>

#include "base/error.h"

struct exec_plugin;

/* A text that stands in the configuration, or the path of a file that is read again now and then. */
struct material {
	char *text, *path;
};

struct kube_source {
	char *origin; /* for errors: the file, or "in-cluster" */
	char *server; /* "https://host:port/prefix", without a final '/' */
	char *server_name, *proxy;
	char *namespace; /* never NULL */
	bool insecure;
	struct material ca, certificate, key; /* texts are PEM; `text` wins over `path` */
	struct material token;                /* `path` wins over `text` */
	struct exec_plugin *exec;             /* NULL: none */
};

/* `paths`: kubeconfig files with ':' between them; of several that name the same thing the first wins, missing ones are
 * skipped as long as one is there. `context` NULL: current-context. Errors name the file and the field. */
must_check bool source_from_files(
	struct kube_source *source, const char *paths, const char *context, bool allow_insecure, struct error *err);
/* The service account that is mounted at `folder`, and $KUBERNETES_SERVICE_HOST and _PORT. */
must_check bool source_in_cluster(struct kube_source *source, const char *folder, struct error *err);
/* True when source_in_cluster() may be tried. */
bool source_is_in_cluster(const char *folder);
void source_done(struct kube_source *source);

#define SERVICE_ACCOUNT_FOLDER "/var/run/secrets/kubernetes.io/serviceaccount"

#endif
