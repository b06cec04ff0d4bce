/* The operator's own HTTP surface, by libwebsockets: /healthz and /readyz on a plain port, /metrics over TLS behind
 * TokenReview and SubjectAccessReview (verb get, nonResourceURL /metrics), answers cached for at most a minute. Each
 * port has a thread of its own; connections, header sizes and times are bounded. Nothing else is served, and nobody
 * goes on in another protocol. */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H
#include "kube/client.h"
#include "run/metrics.h"

struct server;

struct server_config {
	const char *health_bind, *metrics_bind; /* "0.0.0.0", "127.0.0.1" */
	int health_port, metrics_port;          /* 0: none */
	const char *tls_cert_file,
		*tls_key_file; /* NULL: a self-signed certificate made at start, as controller-runtime does */
	struct kube_config *config;
	struct metrics *metrics;
	bool (*ready)(void *context); /* /readyz: 200 or 503 */
	bool (*alive)(void *context); /* /healthz */
	void *context;
};

struct server *server_start(const struct server_config *config, struct error *err) must_check;
void server_stop(struct server *server);

#endif
