#include "run/surface.h"

#include <libwebsockets.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	CONNECTIONS = 64,
	OWN_FILES = 4, /* the listener, the event pipe, and what lws wants to spare */
	HEADERS = 8192,
	HEADER_ROOM = 16384, /* beyond it lws cuts the connection without a word */
	IDLE_SECONDS = 10,
	CHUNK = 16384,
	LONGEST_PATH = 256,
};
static const int64_t CHECK_CERTIFICATE = SECONDS(5);

/* lws keeps one of these for each connection, zeroed. */
struct connection {
	struct request request;
	bool waits;
	bool head; /* no body is to be sent */
	bool last; /* the connection ends with this answer */
	size_t sent;
};

struct surface {
	struct surface_config config;
	struct lws_context *context;
	const struct lws_protocols *protocol;
	SSL_CTX *ssl;
	int64_t checked; /* when the certificate was last looked at */
	struct error load_error;
	pthread_t thread;
	atomic_bool stopping;
};

static int start_answer(struct lws *wsi, struct connection *connection) {
	struct request *request = &connection->request;
	unsigned char buffer[LWS_PRE + 1024], *start = buffer + LWS_PRE, *at = start, *end = buffer + sizeof buffer - 1;
	if (!request->body.length && request->status != 200) {
		str_addf(&request->body, "%d\n", request->status);
	}
	if (lws_add_http_common_headers(
			wsi, (unsigned)request->status, request->content_type, request->body.length, &at, end)) {
		return -1;
	}
	if (request->status == 401 && lws_add_http_header_by_token(wsi, WSI_TOKEN_HTTP_WWW_AUTHENTICATE,
									  (const unsigned char *)"Bearer", 6, &at, end)) {
		return -1;
	}
	if (request->status == 405 && lws_add_http_header_by_name(wsi, (const unsigned char *)"allow:",
									  (const unsigned char *)"GET, HEAD", 9, &at, end)) {
		return -1;
	}
	if (lws_finalize_write_http_header(wsi, start, &at, end)) {
		return -1;
	}
	connection->sent = 0;
	lws_callback_on_writable(wsi);
	return 0;
}

static int end_answer(struct lws *wsi, struct connection *connection) {
	bool last = connection->last;
	str_done(&connection->request.body);
	*connection = (struct connection){0};
	return last || lws_http_transaction_completed(wsi) ? -1 : 0;
}

static int send_chunk(struct lws *wsi, struct connection *connection) {
	const struct str *body = &connection->request.body;
	if (connection->head || !body->length) {
		return end_answer(wsi, connection);
	}
	unsigned char buffer[LWS_PRE + CHUNK];
	size_t length = body->length - connection->sent;
	length = length < CHUNK ? length : CHUNK;
	memcpy(buffer + LWS_PRE, body->text + connection->sent, length);
	connection->sent += length;
	bool final = connection->sent == body->length;
	if (lws_write(wsi, buffer + LWS_PRE, length, final ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < (int)length) {
		return -1;
	}
	if (final) {
		return end_answer(wsi, connection);
	}
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, IDLE_SECONDS);
	lws_callback_on_writable(wsi);
	return 0;
}

static int answer_or_wait(struct lws *wsi, struct connection *connection) {
	if (connection->request.status) {
		connection->waits = false;
		connection->last |= connection->request.status >= 400;
		return start_answer(wsi, connection);
	}
	connection->waits = true;
	lws_set_timeout(wsi, PENDING_TIMEOUT_HTTP_CONTENT, IDLE_SECONDS);
	return 0;
}

/* lws has the path in the token of the method. */
static int receive(struct surface *surface, struct lws *wsi, struct connection *connection) {
	*connection = (struct connection){.request.content_type = "text/plain"};
	struct request *request = &connection->request;
	char path[LONGEST_PATH], authorization[HEADERS];
	connection->head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	if (!connection->head && lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0) {
		request->status = 405;
	} else if (lws_hdr_copy(wsi, path, sizeof path, connection->head ? WSI_TOKEN_HEAD_URI : WSI_TOKEN_GET_URI) < 0) {
		request->status = 404;
	} else if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_AUTHORIZATION) >= (int)sizeof authorization) {
		request->status = 431;
	} else {
		if (lws_hdr_copy(wsi, authorization, sizeof authorization, WSI_TOKEN_HTTP_AUTHORIZATION) <= 0) {
			authorization[0] = '\0';
		}
		request->path = path;
		request->authorization = authorization;
		surface->config.handle(surface->config.context, request);
		request->path = request->authorization = NULL;
		OPENSSL_cleanse(authorization, sizeof authorization);
	}
	return answer_or_wait(wsi, connection);
}

static int writable(struct surface *surface, struct lws *wsi, struct connection *connection) {
	if (!connection->waits) {
		return connection->request.status ? send_chunk(wsi, connection) : 0;
	}
	surface->config.again(surface->config.context, &connection->request);
	return answer_or_wait(wsi, connection);
}

/* lws grants what is not refused, on any path, and what was granted knows no bound on silence. `in` of the callback is
 * not for reading: where lws has answered by itself, with an upgrade it does not know, that may be freed already, and
 * the header is gone. */
static int refuse_upgrade(struct lws *wsi) {
	if (lws_hdr_total_length(wsi, WSI_TOKEN_UPGRADE) > 0) {
		(void)lws_return_http_status(wsi, 403, NULL);
	}
	return -1;
}

/* Before a connection is taken: new files count from the next handshake on. */
static void check_certificate(struct surface *surface) {
	struct serving_certificate *certificate = surface->config.certificate;
	int64_t now = clock_monotonic();
	if (!certificate || !surface->ssl || now - surface->checked < CHECK_CERTIFICATE) {
		return;
	}
	surface->checked = now;
	struct error err;
	if (serving_certificate_stale(certificate) && !serving_certificate_load(certificate, surface->ssl, &err)) {
		log_error("the certificate of the metrics port stays the old one", "error", err.text);
	}
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t length) {
	(void)in, (void)length;
	if (!wsi) {
		return 0;
	}
	struct surface *surface = lws_context_user(lws_get_context(wsi));
	struct connection *connection = user;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		surface->ssl = user;
		surface->checked = clock_monotonic();
		return !serving_certificate_load(surface->config.certificate, surface->ssl, &surface->load_error);
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		check_certificate(surface);
		return 0;
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return refuse_upgrade(wsi);
	case LWS_CALLBACK_RAW_ADOPT:
		return -1; /* CONNECT: lws would leave HTTP for it without asking */
	case LWS_CALLBACK_HTTP:
		return receive(surface, wsi, connection);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return writable(surface, wsi, connection);
	case LWS_CALLBACK_CLOSED_HTTP:
		if (connection) {
			str_done(&connection->request.body);
		}
		return 0;
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		lws_callback_on_writable_all_protocol(surface->context, surface->protocol);
		return 0;
	default:
		return 0; /* not lws_callback_http_dummy(): that serves what is not ours */
	}
}

static const struct lws_protocols protocols[] = {
	{"http", on_event, sizeof(struct connection), 0, 0, NULL, 0},
	{NULL, NULL, 0, 0, 0, NULL, 0},
};

static void log_text(int level, const char *line) {
	(void)level;
	char text[256];
	size_t length = strcspn(line, "\n");
	length = length < sizeof text ? length : sizeof text - 1;
	memcpy(text, line, length);
	text[length] = '\0';
	log_debug("libwebsockets", "text", text);
}

static void *serve(void *context) {
	struct surface *surface = context;
	while (!atomic_load(&surface->stopping) && lws_service(surface->context, 0) >= 0) {
	}
	return NULL;
}

static bool listen_on(struct surface *surface, struct error *err) {
	const struct surface_config *config = &surface->config;
	bool any = !strcmp(config->bind_address, "0.0.0.0") || !strcmp(config->bind_address, "::");
	struct lws_context_creation_info info = {
		.port = config->port,
		.iface = any ? NULL : config->bind_address,
		.alpn = "http/1.1", /* one request at a time on a connection: the limits below are meant so */
		.protocols = protocols,
		.user = surface,
		.fd_limit_per_thread = CONNECTIONS + OWN_FILES,
		.max_http_header_data = HEADER_ROOM,
		.max_http_header_pool = CONNECTIONS,
		.keepalive_timeout = IDLE_SECONDS,
		.timeout_secs = IDLE_SECONDS,
		/* no client certificate is asked for: the system's CAs, a few MiB, need not be read */
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
	               LWS_SERVER_OPTION_DISABLE_OS_CA_CERTS,
	};
	if (!any && !strchr(config->bind_address, ':')) {
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6; /* or lws takes an IPv4 address for all there are */
	}
	if (config->certificate) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_CREATE_VHOST_SSL_CTX;
	}
	surface->context = lws_create_context(&info);
	struct lws_vhost *vhost = surface->context ? lws_create_vhost(surface->context, &info) : NULL;
	if (vhost) {
		surface->protocol = lws_vhost_name_to_protocol(vhost, protocols[0].name);
		return true;
	}
	if (surface->load_error.kind) {
		*err = surface->load_error;
		return false;
	}
	return fail(err, ERR_UNAVAILABLE, "cannot listen on %s port %d", config->bind_address, config->port);
}

bool surface_start(const struct surface_config *config, struct surface **started, struct error *err) {
	lws_set_log_level(LLL_ERR, log_text);
	struct surface *surface = xcalloc(1, sizeof *surface);
	surface->config = *config;
	if (!listen_on(surface, err)) {
		lws_context_destroy(surface->context);
		free(surface);
		return false;
	}
	*started = surface;
	if (pthread_create(&surface->thread, NULL, serve, surface)) {
		abort();
	}
	return true;
}

void surface_wake(struct surface *surface) {
	lws_cancel_service(surface->context);
}

void surface_stop(struct surface *surface) {
	if (!surface) {
		return;
	}
	atomic_store(&surface->stopping, true);
	lws_cancel_service(surface->context);
	pthread_join(surface->thread, NULL);
	lws_context_destroy(surface->context);
	free(surface);
}
