/* Where the API server is and who we are: a kubeconfig file, or the pod's service account.
 *
 * Tokens, CA bundles and client certificates are read again when their files change; exec plugins
 * (client.authentication.k8s.io/v1, /v1beta1) run again ahead of their answer's end, beside its use, or when it was
 * refused. */
#ifndef KUBE_CONFIG_H
#define KUBE_CONFIG_H
#include "base/error.h"

struct kube_config;

struct kube_config_options {
	const char *kubeconfig;    /* path; NULL: $KUBECONFIG, then in-cluster, then ~/.kube/config */
	const char *context;       /* NULL: current-context */
	bool allow_insecure;       /* without it insecure-skip-tls-verify is refused */
	const char *field_manager; /* "ybcluster-operator" */
	const char *user_agent;
	/* Called for each finished request, from any thread: for metrics. `host`: with port, as the server's URL has them;
	 * `status` 0: no answer. May be NULL. */
	void (*observe)(void *context, const char *host, const char *method, int status, double seconds);
	void *observe_context;
};

struct kube_config *kube_config_load(const struct kube_config_options *options, struct error *err) must_check;
void kube_config_destroy(struct kube_config *config);
const char *kube_config_server(const struct kube_config *config);
/* True: by the service account of a pod of the cluster. */
bool kube_config_in_cluster(const struct kube_config *config);
/* The namespace of the context or of the service account; "default" without. */
const char *kube_config_namespace(const struct kube_config *config);

#endif
