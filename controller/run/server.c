#include "run/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "run/authorize.h"
#include "run/surface.h"

struct server {
	struct server_config config;
	struct serving_certificate certificate;
	struct surface *health, *metrics;
	struct authorizer *authorizer;
};

static const char METRICS_TYPE[] = "text/plain; version=0.0.4; charset=utf-8";

static void answer_health(void *context, struct request *request) {
	const struct server_config *config = &((struct server *)context)->config;
	const struct {
		const char *path;
		bool (*check)(void *context);
	} probes[] = {{"/healthz", config->alive}, {"/readyz", config->ready}};
	request->status = 404;
	for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++) {
		if (!strcmp(request->path, probes[i].path)) {
			bool well = !probes[i].check || probes[i].check(config->context);
			request->status = well ? 200 : 503;
			str_adds(&request->body, well ? "ok\n" : "not ok\n");
		}
	}
}

static void answer_verdict(struct server *server, struct request *request, enum verdict verdict) {
	static const int statuses[] = {
		[VERDICT_NONE] = 0,
		[VERDICT_ALLOWED] = 200,
		[VERDICT_UNAUTHENTICATED] = 401,
		[VERDICT_FORBIDDEN] = 403,
		[VERDICT_UNAVAILABLE] = 503,
	};
	request->status = statuses[verdict];
	if (verdict == VERDICT_ALLOWED) {
		request->content_type = METRICS_TYPE;
		metrics_write(server->config.metrics, &request->body);
	}
}

/* The path is looked at first: it says nothing that the documentation does not say. */
static void answer_metrics(void *context, struct request *request) {
	struct server *server = context;
	if (strcmp(request->path, "/metrics") != 0) {
		request->status = 404;
		return;
	}
	if (strncasecmp(request->authorization, "Bearer ", 7) != 0) {
		request->status = 401;
		return;
	}
	const char *token = request->authorization + 7;
	token += strspn(token, " ");
	if (!*token) {
		request->status = 401;
		return;
	}
	answer_verdict(server, request, authorizer_ask(server->authorizer, token, &request->token));
}

static void answer_metrics_again(void *context, struct request *request) {
	struct server *server = context;
	answer_verdict(server, request, authorizer_find(server->authorizer, &request->token));
}

static void wake(void *context) {
	surface_wake(((struct server *)context)->metrics);
}

static bool start_health(struct server *server, struct error *err) {
	const struct server_config *config = &server->config;
	struct surface_config surface = {
		.bind_address = config->health_bind,
		.port = config->health_port,
		.handle = answer_health,
		.context = server,
	};
	return !config->health_port || surface_start(&surface, &server->health, err);
}

static bool start_metrics(struct server *server, struct error *err) {
	const struct server_config *config = &server->config;
	struct surface_config surface = {
		.bind_address = config->metrics_bind,
		.port = config->metrics_port,
		.certificate = &server->certificate,
		.handle = answer_metrics,
		.again = answer_metrics_again,
		.context = server,
	};
	if (!config->metrics_port) {
		return true;
	}
	server->certificate.cert_file = config->tls_cert_file;
	server->certificate.key_file = config->tls_key_file;
	server->authorizer = authorizer_create(config->config, wake, server);
	return surface_start(&surface, &server->metrics, err);
}

struct server *server_start(const struct server_config *config, struct error *err) {
	if (!config->tls_cert_file != !config->tls_key_file) {
		fail(err, ERR_INVALID, "metrics: a certificate file and a key file belong together");
		return NULL;
	}
	struct server *server = xcalloc(1, sizeof *server);
	server->config = *config;
	if (!start_health(server, err) || !start_metrics(server, err)) {
		server_stop(server);
		return NULL;
	}
	return server;
}

/* The authorizer wakes the surface and the surface asks the authorizer: it falls silent first, and goes last. Requests
 * that wait for it are cut off with the surface. */
void server_stop(struct server *server) {
	if (server) {
		authorizer_stop(server->authorizer);
		surface_stop(server->metrics);
		surface_stop(server->health);
		authorizer_destroy(server->authorizer);
		serving_certificate_release(&server->certificate);
		free(server);
	}
}
