#include "kube/config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/str.h"
#include "http/identity.h"
#include "kube/access.h"
#include "kube/renewal.h"
#include "kube/source.h"

enum { FRESH_SECONDS = 60, LARGEST_FILE = 1024 * 1024, LOOK_NANOSECONDS = 50000000 };
/* What expires in so many seconds is not used; a fifth of its life ahead of that, or a minute, a plugin runs anew; and
 * again when that brought nothing. */
enum { EXPIRY_MARGIN_SECONDS = 10, AHEAD_SHARE = 5, AHEAD_SECONDS = 60, AHEAD_AGAIN_SECONDS = 10 };
enum text { CA, CERTIFICATE, KEY, AUTHORIZATION };

struct kube_config {
	struct kube_source source;
	bool in_cluster;
	struct kube_config_options options; /* its texts are not used after kube_config_load() */
	char *field_manager, *agent_header;
	char *host; /* as metrics name the server */
	pthread_mutex_t lock;
	pthread_cond_t given;
	bool taken; /* by one thread, whose is all below */
	struct kube_access *access;
	int64_t read_at; /* clock_monotonic(); 0: to be read again */
	struct exec_answer answer;
	bool answered;    /* `answer` is to be used as long as it has not expired */
	int64_t renew_at; /* Unix seconds: a new one is to be had by then, without waiting for it */
	struct renewal *renewal;
};

void config_release(struct kube_access *access) {
	if (access && atomic_fetch_sub(&access->references, 1) == 1) {
		for (size_t i = 0; i < sizeof access->texts / sizeof access->texts[0]; i++) {
			secret_free(access->texts[i]);
		}
		free(access);
	}
}

/* PEM; NULL where there is none. */
static bool read_material(const struct kube_config *config, const struct material *material, const char *what,
	char **text, struct error *err) {
	cleanup_str struct str bytes = {0};
	const char *pem = material->text;
	if (!pem && !material->path) {
		return true;
	}
	if (!pem) {
		if (!str_read_file(&bytes, material->path, LARGEST_FILE, err)) {
			return fail_in(err, "%s: %s", config->source.origin, what);
		}
		pem = bytes.text ? bytes.text : "";
	}
	if (!strstr(pem, "-----BEGIN ")) {
		return fail(err, ERR_INVALID, "%s: %s%s%s: no PEM text", config->source.origin, what,
			material->path && !material->text ? ", " : "", material->path && !material->text ? material->path : "");
	}
	*text = xstrdup(pem);
	return true;
}

/* One of the two files may have been replaced and the other not yet: curl would refuse each request, and no server
 * would say 401, upon which they would be read again. */
static bool check_pair(const struct kube_config *config, const struct kube_access *access, struct error *err) {
	const struct material *certificate = &config->source.certificate, *key = &config->source.key;
	const char *first = certificate->text ? NULL : certificate->path, *second = key->text ? NULL : key->path;
	return !access->texts[CERTIFICATE] || http_identity_check(access->texts[CERTIFICATE], access->texts[KEY], err) ||
	       fail_in(err, "%s: client-certificate%s%s and client-key%s%s", config->source.origin, first ? " " : "",
			   first ? first : "", second ? " " : "", second ? second : "");
}

static bool set_token(struct kube_access *access, const char *origin, const char *token, struct error *err) {
	struct str header = {0};
	size_t length = strlen(token);
	while (length && strchr(" \t\r\n", token[length - 1])) {
		length--;
	}
	for (size_t i = 0; i < length; i++) {
		if (token[i] <= ' ' || token[i] >= 127) {
			return fail(err, ERR_INVALID, "%s: token: holds blanks or characters that no token has", origin);
		}
	}
	if (length == 0) {
		return fail(err, ERR_INVALID, "%s: token: is empty", origin);
	}
	str_addf(&header, "Authorization: Bearer %.*s", (int)length, token);
	access->texts[AUTHORIZATION] = str_steal(&header);
	return true;
}

static bool read_token(const struct kube_config *config, struct kube_access *access, struct error *err) {
	const struct material *token = &config->source.token;
	cleanup_str struct str text = {0};
	if (!token->path) {
		return !token->text || set_token(access, config->source.origin, token->text, err);
	}
	if (!str_read_file(&text, token->path, LARGEST_FILE, err)) {
		return fail_in(err, "%s: tokenFile", config->source.origin);
	}
	return set_token(access, token->path, text.text ? text.text : "", err);
}

static bool use_answer(const struct exec_answer *answer, struct kube_access *access, struct error *err) {
	if (answer->certificate) {
		secret_free(access->texts[CERTIFICATE]);
		secret_free(access->texts[KEY]);
		access->texts[CERTIFICATE] = xstrdup(answer->certificate);
		access->texts[KEY] = xstrdup(answer->key);
	}
	return !answer->token || access->texts[AUTHORIZATION] || set_token(access, "exec plugin", answer->token, err);
}

static bool answer_lasts(const struct kube_config *config) {
	int64_t expires = config->answer.expires;
	return config->answered && (expires == 0 || clock_wall() < expires - EXPIRY_MARGIN_SECONDS);
}

/* No plugin need be asked, nor has one brought something new. */
static bool answer_stands(const struct kube_config *config) {
	return !config->source.exec || (answer_lasts(config) && !renewal_ended(config->renewal));
}

static int64_t time_to_renew(int64_t expires) {
	int64_t end = expires - EXPIRY_MARGIN_SECONDS, left = end - clock_wall(), ahead = left / AHEAD_SHARE;
	ahead = ahead < AHEAD_SECONDS ? AHEAD_SECONDS : ahead;
	return end - (ahead < left / 2 ? ahead : left / 2);
}

static bool run_plugin(struct kube_config *config, const atomic_bool *stop, struct error *err) {
	struct exec_answer answer;
	if (answer_stands(config)) {
		return true;
	}
	if (!renewal_begin(config->renewal, err) || !renewal_take(config->renewal, stop, &answer, err)) {
		return fail_in(err, "%s", config->source.origin);
	}
	exec_answer_done(&config->answer);
	config->answer = answer;
	config->answered = true;
	config->renew_at = answer.expires ? time_to_renew(answer.expires) : INT64_MAX;
	return true;
}

/* A plugin may take longer than the Lease lasts: what it brought before is used meanwhile. */
static void renew_ahead(struct kube_config *config) {
	struct error ignored; /* told when there is nothing else left */
	if (config->source.exec && config->answered && clock_wall() >= config->renew_at &&
		renewal_begin(config->renewal, &ignored)) {
		config->renew_at = clock_wall() + AHEAD_AGAIN_SECONDS;
	}
}

static bool read_all(
	struct kube_config *config, struct kube_access *access, const atomic_bool *stop, struct error *err) {
	const struct kube_source *source = &config->source;
	if (!read_material(config, &source->ca, "certificate-authority", &access->texts[CA], err) ||
		!read_material(config, &source->certificate, "client-certificate", &access->texts[CERTIFICATE], err) ||
		!read_material(config, &source->key, "client-key", &access->texts[KEY], err) ||
		!check_pair(config, access, err) || !read_token(config, access, err) || !run_plugin(config, stop, err) ||
		!use_answer(&config->answer, access, err)) {
		return false;
	}
	access->authorization = access->texts[AUTHORIZATION];
	access->peer = (struct http_peer){
		.ca = access->texts[CA],
		.certificate = access->texts[CERTIFICATE],
		.key = access->texts[KEY],
		.server_name = source->server_name,
		.proxy = source->proxy,
		.insecure = source->insecure,
	};
	return true;
}

static bool same(const struct kube_access *a, const struct kube_access *b) {
	for (size_t i = 0; i < sizeof a->texts / sizeof a->texts[0]; i++) {
		if (!str_equal(a->texts[i], b->texts[i])) {
			return false;
		}
	}
	return true;
}

/* A file that is being replaced may not be there for a moment, or not fit the other one yet: what was good a minute ago
 * is used until the server refuses it. Not so an exec plugin's expired answer. */
static bool refresh(struct kube_config *config, const atomic_bool *stop, struct error *err) {
	struct kube_access *access = xcalloc(1, sizeof *access);
	atomic_init(&access->references, 1);
	if (!read_all(config, access, stop, err)) {
		config_release(access);
		if (!config->access || err->kind == ERR_CANCELLED || (config->source.exec && !answer_lasts(config))) {
			return false;
		}
		log_warn("credentials cannot be read again, the old ones are used", "error", err->text);
	} else if (config->access && same(access, config->access)) {
		config_release(access);
	} else {
		config_release(config->access);
		config->access = access;
	}
	config->read_at = clock_monotonic();
	return true;
}

/* Who has it may wait for a plugin: the others look at `stop` meanwhile, as it does. */
static bool take(struct kube_config *config, const atomic_bool *stop, struct error *err) {
	bool stopped = false;
	pthread_mutex_lock(&config->lock);
	while (config->taken && !(stopped = stop && atomic_load(stop))) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		int64_t nanoseconds = until.tv_nsec + LOOK_NANOSECONDS;
		until.tv_sec += nanoseconds / SECONDS(1);
		until.tv_nsec = nanoseconds % SECONDS(1);
		pthread_cond_timedwait(&config->given, &config->lock, &until);
	}
	config->taken = config->taken || !stopped;
	pthread_mutex_unlock(&config->lock);
	return !stopped || fail(err, ERR_CANCELLED, "interrupted");
}

static void give(struct kube_config *config) {
	pthread_mutex_lock(&config->lock);
	config->taken = false;
	pthread_cond_signal(&config->given);
	pthread_mutex_unlock(&config->lock);
}

struct kube_access *config_access(struct kube_config *config, const atomic_bool *stop, struct error *err) {
	struct error problem;
	struct kube_access *access = NULL;
	if (!take(config, stop, err)) {
		return NULL;
	}
	bool fresh = config->access && config->read_at && clock_monotonic() - config->read_at < SECONDS(FRESH_SECONDS) &&
	             answer_stands(config);
	if (fresh || refresh(config, stop, &problem)) {
		renew_ahead(config);
		access = config->access;
		atomic_fetch_add(&access->references, 1);
	} else {
		*err = problem;
	}
	give(config);
	return access;
}

void config_refused(struct kube_config *config, const struct kube_access *access, const atomic_bool *stop) {
	struct error ignored;
	if (!take(config, stop, &ignored)) {
		return;
	}
	/* Not when others have renewed them meanwhile, and not in a storm: a plugin may be slow and dear. */
	if (access == config->access && clock_monotonic() - config->read_at > SECONDS(1)) {
		config->read_at = 0;
		config->answered = false;
	}
	give(config);
}

void config_observe(const struct kube_config *config, const struct http_exchange *exchange) {
	if (config->options.observe) {
		config->options.observe(
			config->options.observe_context, config->host, exchange->method, exchange->status, exchange->seconds);
	}
}

const char *config_field_manager(const struct kube_config *config) {
	return config->field_manager;
}

const char *config_agent_header(const struct kube_config *config) {
	return config->agent_header;
}

static char *home_kubeconfig(void) {
	struct str path = {0};
	const char *home = getenv("HOME");
	str_addf(&path, "%s/.kube/config", home ? home : "");
	return str_steal(&path);
}

static bool find_source(struct kube_config *config, const struct kube_config_options *options, struct error *err) {
	const char *variable = getenv("KUBECONFIG"), *paths = options->kubeconfig;
	if (!paths && variable && *variable) {
		paths = variable;
	}
	if (!paths && source_is_in_cluster(SERVICE_ACCOUNT_FOLDER)) {
		config->in_cluster = true;
		return source_in_cluster(&config->source, SERVICE_ACCOUNT_FOLDER, err);
	}
	char *home = home_kubeconfig();
	bool ok = source_from_files(&config->source, paths ? paths : home, options->context, options->allow_insecure, err);
	free(home);
	return ok;
}

/* Host and port as the URL has them, without what a label could not hold. */
static char *host_of(const char *server) {
	const char *scheme = strstr(server, "://"), *host = scheme ? scheme + 3 : server;
	return xstrndup(host, strcspn(host, "/\"\\\n"));
}

struct kube_config *kube_config_load(const struct kube_config_options *options, struct error *err) {
	struct kube_config *config = xcalloc(1, sizeof *config);
	struct str agent = {0};
	pthread_mutex_init(&config->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&config->given, &monotonic);
	pthread_condattr_destroy(&monotonic);
	config->options = *options;
	config->field_manager = xstrdup(options->field_manager ? options->field_manager : "ybcluster-operator");
	str_addf(&agent, "User-Agent: %s", options->user_agent ? options->user_agent : config->field_manager);
	config->agent_header = str_steal(&agent);
	/* Files are read at once, so that a mistake is told at the start; a plugin runs when it is first needed. */
	struct exec_plugin *later = NULL;
	bool ok = find_source(config, options, err);
	if (ok) {
		config->host = host_of(config->source.server);
		later = config->source.exec;
		config->source.exec = NULL;
		ok = refresh(config, NULL, err);
		config->source.exec = later;
		config->read_at = later ? 0 : config->read_at;
		config->renewal = later ? renewal_create(later) : NULL;
	}
	if (!ok) {
		kube_config_destroy(config);
		return NULL;
	}
	return config;
}

void kube_config_destroy(struct kube_config *config) {
	if (!config) {
		return;
	}
	config_release(config->access);
	renewal_destroy(config->renewal);
	exec_answer_done(&config->answer);
	source_done(&config->source);
	free(config->field_manager);
	free(config->agent_header);
	free(config->host);
	pthread_cond_destroy(&config->given);
	pthread_mutex_destroy(&config->lock);
	free(config);
}

const char *kube_config_server(const struct kube_config *config) {
	return config->source.server;
}

bool kube_config_in_cluster(const struct kube_config *config) {
	return config->in_cluster;
}

const char *kube_config_namespace(const struct kube_config *config) {
	return config->source.namespace;
}
