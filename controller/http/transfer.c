#include "http/transfer.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"

enum {
	CONNECT_SECONDS = 10,
	REQUEST_SECONDS = 60,
	KEEPALIVE_SECONDS = 30,
	LONGEST_RETRY_AFTER = 3600,
	LARGEST_REFUSAL = 64 * 1024, /* body of a stream that was refused */
	LARGEST_ANSWER = 64 * 1024 * 1024,
	/* An object takes 1.5 MiB in etcd, and each of its bytes up to six in JSON ("\u003c"). */
	LONGEST_LINE = 16 * 1024 * 1024,
};

static bool stop(struct http_transfer *transfer) {
	transfer->stopped = true;
	return false;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context) {
	(void)bytes;
	struct http_transfer *transfer = context;
	transfer->last_byte = clock_monotonic();
	return size * count;
}

static bool each_line(void *context, const char *line, size_t length, struct error *err) {
	struct http_exchange *exchange = context;
	return exchange->line(exchange, line, length, err);
}

static bool collect(struct http_transfer *transfer, const char *bytes, size_t length, size_t limit) {
	struct http_exchange *exchange = transfer->exchange;
	if (length > limit - exchange->answer.length) {
		exchange->too_large = true;
		fail(&exchange->err, ERR_UNAVAILABLE, "the answer is larger than %zu bytes", limit);
		return stop(transfer);
	}
	str_add(&exchange->answer, bytes, length);
	return true;
}

static bool take(struct http_transfer *transfer, const char *bytes, size_t length) {
	struct http_exchange *exchange = transfer->exchange;
	if (!exchange->line) {
		return collect(transfer, bytes, length, exchange->limit ? exchange->limit : LARGEST_ANSWER);
	}
	long status = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status / 100 != 2) {
		return collect(transfer, bytes, length, LARGEST_REFUSAL);
	}
	exchange->status = (int)status;
	return lines_feed(&transfer->lines, bytes, length, each_line, exchange, &exchange->err) || stop(transfer);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context) {
	struct http_transfer *transfer = context;
	if (transfer->exchange->full && transfer->exchange->full(transfer->exchange)) {
		transfer->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	transfer->received += size * count;
	bool more = take(transfer, bytes, size * count);
	/* A stream's buffer lives as long as the stream, and may hold a Secret. */
	explicit_bzero(bytes, size * count);
	/* After the callback: it may have taken its time. */
	transfer->last_byte = clock_monotonic();
	return more ? size * count : CURL_WRITEFUNC_ERROR;
}

/* Called when a connection is there and before each attempt to send: curl tries again by itself when a connection that
 * had been idle turns out to be dead before any byte of an answer, or when the server refused the HTTP/2 stream. */
static int on_send(void *context, char *to, char *from, int to_port, int from_port) {
	(void)to, (void)from, (void)to_port, (void)from_port;
	struct http_transfer *transfer = context;
	if (!transfer_may_go_on(transfer)) {
		return CURL_PREREQFUNC_ABORT;
	}
	int most = transfer->exchange->once ? 1 : 2;
	if (transfer->sent++ >= most) {
		fail(&transfer->exchange->err, ERR_UNAVAILABLE, "the connection ended before an answer came");
		stop(transfer);
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

/* A process that was stopped between a request's head and its body does not send the rest when it wakes without its
 * fence. */
static size_t on_request_body(char *room, size_t size, size_t count, void *context) {
	struct http_transfer *transfer = context;
	const struct http_exchange *exchange = transfer->exchange;
	size_t left = exchange->body_length - transfer->given, most = size * count;
	size_t length = left < most ? left : most;
	if (!transfer_may_go_on(transfer)) {
		return CURL_READFUNC_ABORT;
	}
	memcpy(room, exchange->body + transfer->given, length);
	transfer->given += length;
	return length;
}

static int on_rewind(void *context, curl_off_t offset, int origin) {
	struct http_transfer *transfer = context;
	if (origin != SEEK_SET || offset < 0 || (size_t)offset > transfer->exchange->body_length) {
		return CURL_SEEKFUNC_FAIL;
	}
	transfer->given = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void set_body(CURL *easy, struct http_transfer *transfer) {
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->exchange->body_length);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L); /* the least that curl allows; most bodies are smaller */
	curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_request_body);
	curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
	curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
}

/* Sockets must not reach the programs that are started (exec plugins). */
static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
	(void)context, (void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Data that nobody acknowledges ends the connection: a peer that vanished is noticed before the request's own timeout.
 */
static int on_connected_socket(void *context, curl_socket_t fd, curlsocktype purpose) {
	(void)context, (void)purpose;
	unsigned int milliseconds = KEEPALIVE_SECONDS * 1000;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
	return CURL_SOCKOPT_OK;
}

static void set_blob(CURL *easy, CURLoption option, const char *pem) {
	if (pem) {
		struct curl_blob blob = {(void *)(uintptr_t)pem, strlen(pem), CURL_BLOB_NOCOPY};
		curl_easy_setopt(easy, option, &blob);
	}
}

/* What was decrypted is overwritten once it was read. */
static CURLcode on_tls(CURL *easy, void *tls, void *context) {
	(void)easy, (void)context;
	SSL_CTX_set_options(tls, SSL_OP_CLEANSE_PLAINTEXT);
	return CURLE_OK;
}

/* By "socks5://" everybody else means a proxy that is told the host's name: often we cannot resolve it. To curl that is
 * "socks5h://". */
static void set_proxy(CURL *easy, const char *proxy) {
	static const char socks[] = "socks5://";
	cleanup_str struct str url = {0};
	bool by_name = str_starts(proxy, socks);
	str_addf(&url, "%s%s", by_name ? "socks5h://" : "", by_name ? proxy + strlen(socks) : proxy);
	curl_easy_setopt(easy, CURLOPT_PROXY, url.text);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* a proxy that was asked for counts for every host */
}

static void set_peer(CURL *easy, const struct http_peer *peer) {
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, peer->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, peer->insecure ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	if (peer->ca) {
		/* Or the system's folder of trust anchors would count as well. */
		curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
	set_blob(easy, CURLOPT_CAINFO_BLOB, peer->ca);
	set_blob(easy, CURLOPT_SSLCERT_BLOB, peer->certificate);
	set_blob(easy, CURLOPT_SSLKEY_BLOB, peer->key);
	if (peer->proxy) {
		set_proxy(easy, peer->proxy);
	}
}

static void set_transport(CURL *easy) {
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_SECONDS);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 10L);
	/* A name server that does not answer must not hold up an interrupt. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_connected_socket);
}

static void set_callbacks(CURL *easy, struct http_transfer *transfer) {
	curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->problem);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_send);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
}

static void add_header(struct http_transfer *transfer, const char *header) {
	struct curl_slist *headers = curl_slist_append(transfer->headers, header);
	if (!headers) {
		abort();
	}
	transfer->headers = headers;
}

static void set_request(CURL *easy, struct http_transfer *transfer) {
	const struct http_exchange *exchange = transfer->exchange;
	if (exchange->body) {
		set_body(easy, transfer);
		add_header(transfer, "Expect:"); /* or curl waits for a 100 before a large body */
	}
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, exchange->method);
	if (exchange->alone) {
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	}
	for (const char *const *header = exchange->headers; header && *header; header++) {
		add_header(transfer, *header);
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
	if (exchange->compressed) {
		curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
	}
	int timeout = exchange->timeout || exchange->line ? exchange->timeout : REQUEST_SECONDS;
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, (long)timeout);
}

/* Connects to the URL's host, but asks for and verifies another name: that name goes into the URL, the host into
 * CONNECT_TO and into the Host header. */
static bool rename_host(struct http_transfer *transfer, CURLU *url, const char *name) {
	char *host = NULL, *port = NULL;
	bool ok = !curl_url_get(url, CURLUPART_HOST, &host, 0) &&
	          !curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) &&
	          !curl_url_set(url, CURLUPART_HOST, name, 0);
	if (ok) {
		cleanup_str struct str text = {0};
		str_addf(&text, "Host: %s:%s", host, port);
		add_header(transfer, text.text);
		str_clear(&text);
		str_addf(&text, "::%s:%s", host, port);
		transfer->connect_to = curl_slist_append(NULL, text.text);
		curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	}
	curl_free(host);
	curl_free(port);
	return ok;
}

static bool set_url(struct http_transfer *transfer) {
	const struct http_exchange *exchange = transfer->exchange;
	const char *name = exchange->peer ? exchange->peer->server_name : NULL;
	char *whole = NULL;
	CURLU *url = curl_url();
	if (!url) {
		abort();
	}
	bool ok = exchange->url && !curl_url_set(url, CURLUPART_URL, exchange->url, CURLU_PATH_AS_IS) &&
	          (!name || rename_host(transfer, url, name)) && !curl_url_get(url, CURLUPART_URL, &whole, 0);
	if (ok) {
		curl_easy_setopt(transfer->easy, CURLOPT_URL, whole);
		/* Wait for a connection that may turn out to be HTTP/2. Without TLS none does, and curl would wait for the end
		 * of the stream that holds it. */
		curl_easy_setopt(transfer->easy, CURLOPT_PIPEWAIT, str_starts(whole, "https:") ? 1L : 0L);
	}
	curl_free(whole);
	curl_url_cleanup(url);
	return ok;
}

bool transfer_prepare(struct http_transfer *transfer) {
	static const struct http_peer anybody = {0};
	struct http_exchange *exchange = transfer->exchange;
	CURL *easy = curl_easy_init();
	if (!easy) {
		abort();
	}
	transfer->easy = easy;
	transfer->lines.limit = exchange->limit ? exchange->limit : LONGEST_LINE;
	transfer->last_byte = clock_monotonic();
	set_transport(easy);
	set_peer(easy, exchange->peer ? exchange->peer : &anybody);
	set_callbacks(easy, transfer);
	if (!set_url(transfer)) {
		return fail(&exchange->err, ERR_INVALID, "not a URL: %.200s", exchange->url ? exchange->url : "(none)");
	}
	set_request(easy, transfer);
	return true;
}

static bool conclude(struct http_transfer *transfer, CURLcode code) {
	struct http_exchange *exchange = transfer->exchange;
	if (transfer->stopped) {
		return false;
	}
	if (code != CURLE_OK) {
		const char *why = transfer->problem[0] ? transfer->problem : curl_easy_strerror(code);
		return fail(&exchange->err, ERR_UNAVAILABLE, "%s", why);
	}
	return lines_end(&transfer->lines, &exchange->err);
}

void transfer_conclude(struct http_transfer *transfer, CURLcode code) {
	struct http_exchange *exchange = transfer->exchange;
	curl_off_t wait = 0, total = 0;
	long status = 0;
	curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(transfer->easy, CURLINFO_RETRY_AFTER, &wait);
	curl_easy_getinfo(transfer->easy, CURLINFO_TOTAL_TIME_T, &total);
	exchange->status = (int)status;
	exchange->retry_after = (int)(wait < LONGEST_RETRY_AFTER ? wait : LONGEST_RETRY_AFTER);
	exchange->seconds = (double)total / 1e6;
	exchange->ok = conclude(transfer, code);
	if (exchange->ok) {
		str_add(&exchange->answer, "", 0); /* never a NULL text */
	}
}

void transfer_release(struct http_transfer *transfer) {
	curl_easy_cleanup(transfer->easy);
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	lines_done(&transfer->lines);
	free(transfer);
}
