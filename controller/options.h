/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H
#include "base/log.h"
#include "kube/config.h"
#include "pki/token.h"

enum { MOST_CIDRS = 32, MOST_NAMESPACES = 256 };

enum command { COMMAND_RUN, COMMAND_PKI_INIT };

struct options {
	enum command command;
	struct kube_config_options kube;
	struct token_config token, root_token;       /* root_token.module NULL: the root lives in `token` */
	const char *operator_namespace;              /* NULL: the kubeconfig's or the service account's */
	const char *namespaces[MOST_NAMESPACES + 1]; /* NULL-terminated; none: all */
	const char *cluster_domain;
	const char *dns_cidrs[MOST_CIDRS + 1], *pod_cidrs[MOST_CIDRS + 1], *metrics_from[MOST_CIDRS + 1];
	const char *metrics_bind, *health_bind;
	const char *tls_cert_file, *tls_key_file;
	int health_port, metrics_port, workers;
	bool leader_elect, in_cluster, load_balancer_node_ports;
	enum log_format log_format;
	enum log_level log_level;
};

/* Texts are borrowed from argv, which is changed (lists are cut at their commas). False: what is wrong was printed, or
 * the help that was asked for; `*status` is the exit status. */
bool options_parse(struct options *options, int argc, char **argv, int *status);

#endif
