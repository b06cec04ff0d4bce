#include "options.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cidr.h"
#include "base/str.h"
#include "crds/form.h"
#include "pure/peer.h"

enum option_type { TEXT, DOMAIN, NUMBER, SWITCH, LIST, CIDRS, PEERS, LEVEL, FORMAT };

static const struct option_row {
	const char *name;
	enum option_type type;
	int most; /* LIST, CIDRS, PEERS: entries; NUMBER: the largest */
	size_t offset;
	const char *help;
} rows[] = {
	{"kubeconfig", TEXT, 0, offsetof(struct options, kube.kubeconfig),
		"FILE; else $KUBECONFIG, the pod's service account, ~/.kube/config"},
	{"context", TEXT, 0, offsetof(struct options, kube.context), "NAME of the kubeconfig's context"},
	{"insecure-skip-tls-verify", SWITCH, 0, offsetof(struct options, kube.allow_insecure),
		"accept a kubeconfig that says so"},
	{"operator-namespace", TEXT, 0, offsetof(struct options, operator_namespace),
		"NAME: where the Lease and the PKI's ConfigMap are"},
	{"namespaces", LIST, MOST_NAMESPACES, offsetof(struct options, namespaces), "A,B: watch these only"},
	{"cluster-domain", DOMAIN, 0, offsetof(struct options, cluster_domain),
		"DOMAIN of the cluster's DNS (cluster.local)"},
	{"dns-cidr", CIDRS, MOST_CIDRS, offsetof(struct options, dns_cidrs), "CIDR,...: resolvers outside kube-system"},
	{"pod-cidr", CIDRS, MOST_CIDRS, offsetof(struct options, pod_cidrs),
		"CIDR,...: pods' addresses, never let in by an allow list"},
	{"metrics-from", PEERS, MOST_CIDRS, offsetof(struct options, metrics_from),
		"NAMESPACE-LABEL=VALUE[:POD-LABEL=VALUE],...: who may read the servers' metrics"},
	{"load-balancer-node-ports", SWITCH, 0, offsetof(struct options, load_balancer_node_ports),
		"load balancers send to a port of the nodes, not to pods: Services get one"},
	{"token-module", TEXT, 0, offsetof(struct options, token.module), "FILE: the PKCS#11 module"},
	{"token-label", TEXT, 0, offsetof(struct options, token.label), "LABEL of the token"},
	{"token-pin-file", TEXT, 0, offsetof(struct options, token.pin_file), "FILE with the token's PIN"},
	{"root-token-module", TEXT, 0, offsetof(struct options, root_token.module),
		"pki init: FILE, when the root lives in another token"},
	{"root-token-label", TEXT, 0, offsetof(struct options, root_token.label), "pki init: its LABEL"},
	{"root-token-pin-file", TEXT, 0, offsetof(struct options, root_token.pin_file), "pki init: FILE with its PIN"},
	{"health-bind", TEXT, 0, offsetof(struct options, health_bind), "ADDRESS of /healthz and /readyz (0.0.0.0)"},
	{"health-port", NUMBER, 65535, offsetof(struct options, health_port), "PORT (8081; 0: none)"},
	{"metrics-bind", TEXT, 0, offsetof(struct options, metrics_bind), "ADDRESS of /metrics (0.0.0.0)"},
	{"metrics-port", NUMBER, 65535, offsetof(struct options, metrics_port), "PORT (8443; 0: none)"},
	{"tls-cert-file", TEXT, 0, offsetof(struct options, tls_cert_file), "FILE: certificate of /metrics"},
	{"tls-key-file", TEXT, 0, offsetof(struct options, tls_key_file), "FILE: its key"},
	{"workers", NUMBER, 64, offsetof(struct options, workers), "how many clusters are reconciled at once (8)"},
	{"leader-elect", SWITCH, 0, offsetof(struct options, leader_elect), "take the Lease before anything is written"},
	{"in-cluster", SWITCH, 0, offsetof(struct options, in_cluster),
		"this process is a pod of the Kubernetes cluster, though it has a kubeconfig"},
	{"log-format", FORMAT, 0, offsetof(struct options, log_format), "json or console (json)"},
	{"log-level", LEVEL, 0, offsetof(struct options, log_level), "debug, info, warn or error (info)"},
};
enum { ROWS = sizeof rows / sizeof *rows };

static void help(FILE *out) {
	fprintf(out, "usage: ybcluster-operator run [OPTIONS]       keep YBClusters and AllowLists as they are declared\n"
				 "       ybcluster-operator pki init [OPTIONS]  make root and intermediate in the token, once\n"
				 "       ybcluster-operator version\n\n");
	for (size_t i = 0; i < ROWS; i++) {
		fprintf(out, "  --%-26s %s\n", rows[i].name, rows[i].help);
	}
}

static bool wrong(const struct option_row *row, const char *value, const char *right) {
	fprintf(stderr, "ybcluster-operator: --%s %s: %s\n", row->name, value, right);
	return false;
}

static bool set_number(const struct option_row *row, int *place, const char *value) {
	char *end;
	long number = strtol(value, &end, 10);
	if (*end || end == value || number < 0 || number > row->most) {
		return wrong(row, value, "is no number in range");
	}
	*place = (int)number;
	return true;
}

static bool check_entry(const struct option_row *row, const char *entry) {
	struct cidr range;
	struct error err;
	json_t *peer = row->type == PEERS ? peer_parse(entry, &err) : NULL;
	bool ok = row->type == CIDRS ? cidr_parse(entry, &range, &err) : row->type != PEERS || peer;
	json_decref(peer);
	return ok || wrong(row, entry, err.text);
}

static bool set_domain(const struct option_row *row, const char **place, const char *value) {
	const struct form *form = &forms[FORM_SUBDOMAIN];
	if (strlen(value) > (size_t)form->longest || !form->holds(value)) {
		return wrong(row, value, "is no DNS domain: lower-case letters, digits, '-', labels apart by single dots");
	}
	*place = value;
	return true;
}

static bool set_list(const struct option_row *row, const char **place, char *value) {
	int count = 0;
	while (place[count]) {
		count++;
	}
	for (char *rest = value, *one; (one = strsep(&rest, ","));) {
		if (*one == '\0' || count == row->most) {
			return wrong(row, one, "is empty, or one too many");
		}
		if (!check_entry(row, one)) {
			return false;
		}
		place[count++] = one;
	}
	return true;
}

static bool set_word(const struct option_row *row, int *place, const char *value, const char *const *words) {
	for (int i = 0; words[i]; i++) {
		if (strcmp(words[i], value) == 0) {
			*place = i;
			return true;
		}
	}
	return wrong(row, value, "is none of the words that --help names");
}

static bool set(struct options *options, const struct option_row *row, char *value) {
	static const char *const levels[] = {"debug", "info", "warn", "error", NULL};
	static const char *const formats[] = {"json", "console", NULL};
	void *place = (char *)options + row->offset;
	switch (row->type) {
	case TEXT:
		*(const char **)place = value;
		return true;
	case DOMAIN:
		return set_domain(row, place, value);
	case SWITCH:
		*(bool *)place = true;
		return true;
	case NUMBER:
		return set_number(row, place, value);
	case LIST:
	case CIDRS:
	case PEERS:
		return set_list(row, place, value);
	case LEVEL:
		return set_word(row, place, value, levels);
	case FORMAT:
		return set_word(row, place, value, formats);
	}
	return false;
}

static bool parse_rows(struct options *options, int argc, char **argv, int *status) {
	struct option longs[ROWS + 2] = {0};
	for (int i = 0; i < ROWS; i++) {
		longs[i] = (struct option){rows[i].name, rows[i].type == SWITCH ? no_argument : required_argument, NULL, i};
	}
	longs[ROWS] = (struct option){"help", no_argument, NULL, ROWS};
	for (int which; (which = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (which == ROWS) {
			help(stdout);
			*status = 0;
			return false;
		}
		if (which < 0 || which > ROWS || !set(options, &rows[which], optarg)) {
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ybcluster-operator: what is '%s'? See --help\n", argv[optind]);
		return false;
	}
	return true;
}

static bool whole_token(const struct token_config *token, const char *prefix) {
	if (token->module && (!token->label || !token->pin_file)) {
		fprintf(stderr, "ybcluster-operator: --%stoken-module needs --%stoken-label and --%stoken-pin-file\n", prefix,
			prefix, prefix);
		return false;
	}
	return true;
}

bool options_parse(struct options *options, int argc, char **argv, int *status) {
	*status = 2;
	*options = (struct options){.cluster_domain = "cluster.local",
		.health_bind = "0.0.0.0",
		.metrics_bind = "0.0.0.0",
		.health_port = 8081,
		.metrics_port = 8443,
		.workers = 8,
		.log_format = LOG_FORMAT_JSON,
		.log_level = LOG_INFO,
		.kube = {.field_manager = "ybcluster-operator", .user_agent = "ybcluster-operator/" YBC_VERSION}};
	const char *first = argc > 1 ? argv[1] : "", *second = argc > 2 ? argv[2] : "";
	int words = 2;
	if (strcmp(first, "pki") == 0 && strcmp(second, "init") == 0) {
		options->command = COMMAND_PKI_INIT;
		words = 3;
	} else if (strcmp(first, "version") == 0) {
		puts("ybcluster-operator " YBC_VERSION);
		*status = 0;
		return false;
	} else if (strcmp(first, "run") != 0) {
		bool asked = strcmp(first, "--help") == 0 || strcmp(first, "help") == 0;
		help(asked ? stdout : stderr);
		*status = asked ? 0 : 2;
		return false;
	}
	optind = words;
	return parse_rows(options, argc, argv, status) && whole_token(&options->token, "") &&
	       whole_token(&options->root_token, "root-");
}
