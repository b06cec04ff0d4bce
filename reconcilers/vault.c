#include "reconcilers/vault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "reconcilers/world.h"

enum { WAIT_SECONDS = 10, RETRY_SECONDS = 5, RETRY_REFUSED_SECONDS = 600, A_YEAR = 31536000, END_SECONDS = 1 };

struct vault {
	struct token_config config;
	const struct kube_fence *fence;
	atomic_bool ending;
	const char *namespace;
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t news;  /* a try has ended, or the process is ending */
	pthread_t opener;
	bool trying, has_opener;
	struct token *token;
	struct error refused; /* why the last try failed */
	int64_t tried;        /* clock_monotonic() when it began, 0: never */
	uint64_t pin_file;    /* stamp, at that try */
	struct pki pki;
	struct arena *arena; /* holds the certificates */
};

struct vault *vault_create(
	const struct token_config *config, const char *operator_namespace, const struct kube_fence *fence) {
	struct vault *vault = xcalloc(1, sizeof *vault);
	vault->config = *config;
	vault->fence = fence;
	vault->namespace = operator_namespace;
	vault->arena = arena_create();
	pthread_mutex_init(&vault->lock, NULL);
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&vault->news, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return vault;
}

/* Until no try is under way, at most to that moment of clock_monotonic(); but for the end itself, no longer than the
 * process goes on. The caller holds the lock. */
static void wait_for_news(struct vault *vault, int64_t moment, bool at_end) {
	int64_t left;
	while (vault->trying && (at_end || !atomic_load(&vault->ending)) && (left = moment - clock_monotonic()) > 0) {
		struct timespec until;
		clock_gettime(CLOCK_MONOTONIC, &until);
		left += until.tv_nsec;
		until.tv_sec += left / SECONDS(1);
		until.tv_nsec = left % SECONDS(1);
		pthread_cond_timedwait(&vault->news, &vault->lock, &until);
	}
}

static bool hangs(struct vault *vault) {
	pthread_mutex_lock(&vault->lock);
	wait_for_news(vault, clock_monotonic() + SECONDS(END_SECONDS), true);
	bool trying = vault->trying;
	pthread_mutex_unlock(&vault->lock);
	return trying;
}

bool vault_destroy(struct vault *vault) {
	if (!vault) {
		return true;
	}
	vault_end(vault);
	if (hangs(vault)) {
		return false;
	}
	if (vault->has_opener) {
		pthread_join(vault->opener, NULL);
	}
	token_close(vault->token);
	arena_destroy(vault->arena);
	pthread_cond_destroy(&vault->news);
	pthread_mutex_destroy(&vault->lock);
	free(vault);
	return true;
}

/* How long the same is not tried again; a wrong PIN is never, for tokens count. */
static int64_t pause_after(const char *reason) {
	if (strcmp(reason, "TokenPinIncorrect") == 0) {
		return INT64_MAX;
	}
	return SECONDS(strcmp(reason, "TokenUnavailable") == 0 ? RETRY_SECONDS : RETRY_REFUSED_SECONDS);
}

/* True when another try could end differently. */
static bool worth_trying(struct vault *vault) {
	uint64_t pin_file = file_stamp(vault->config.pin_file);
	bool news = vault->tried == 0 || pin_file != vault->pin_file;
	vault->pin_file = pin_file;
	return news || clock_monotonic() - vault->tried > pause_after(vault->refused.reason);
}

/* After the test: `pki init` makes that before it has the Lease. */
static void put_fence(struct vault *vault, struct token *token) {
	if (token && vault->fence) {
		token_fence(token, vault->fence->holds, vault->fence->context);
	}
}

static void *open_and_test(void *context) {
	struct vault *vault = context;
	struct error refused = {0};
	struct token *token = token_open(&vault->config, &refused);
	if (token && !token_self_test(token, &vault->ending, &refused)) {
		token_close(token);
		token = NULL;
	}
	put_fence(vault, token);
	pthread_mutex_lock(&vault->lock);
	vault->token = token;
	vault->refused = refused;
	vault->trying = false;
	pthread_cond_broadcast(&vault->news);
	pthread_mutex_unlock(&vault->lock);
	return NULL;
}

/* On a thread of its own: a token may hang, and no worker shall hang with it. */
static void start_trying(struct vault *vault) {
	if (vault->has_opener) {
		pthread_join(vault->opener, NULL);
	}
	vault->tried = clock_monotonic();
	vault->trying = vault->has_opener = true;
	if (pthread_create(&vault->opener, NULL, open_and_test, vault)) {
		abort();
	}
}

void vault_end(struct vault *vault) {
	pthread_mutex_lock(&vault->lock);
	atomic_store(&vault->ending, true);
	pthread_cond_broadcast(&vault->news);
	pthread_mutex_unlock(&vault->lock);
}

static bool token_missing(struct vault *vault, struct error *err) {
	if (atomic_load(&vault->ending)) {
		return fail(err, ERR_CANCELLED, "the process is ending");
	}
	if (vault->trying) {
		return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable",
			"token %s is being opened and tested, and does not answer yet", vault->config.label);
	}
	*err = vault->refused;
	err->kind = ERR_BLOCKED;
	return false;
}

static struct token *token_within(struct vault *vault, int64_t seconds, struct error *err) {
	if (!vault->config.module) {
		fail_because(err, ERR_BLOCKED, "TokenUnavailable", "the operator was started without --token-module");
		return NULL;
	}
	pthread_mutex_lock(&vault->lock);
	if (!vault->token && !vault->trying && !atomic_load(&vault->ending) && worth_trying(vault)) {
		start_trying(vault);
	}
	/* Opening and testing takes seconds, and is worth waiting for; who comes when it has taken long does not wait. */
	wait_for_news(vault, vault->tried + SECONDS(seconds), false);
	struct token *token = vault->token;
	if (!token) {
		token_missing(vault, err);
	}
	pthread_mutex_unlock(&vault->lock);
	return token;
}

void vault_begin(struct vault *vault) {
	struct error not_yet;
	(void)!token_within(vault, 0, &not_yet);
}

struct token *vault_token(struct vault *vault, struct error *err) {
	return token_within(vault, WAIT_SECONDS, err);
}

struct token *vault_open(struct vault *vault, struct error *err) {
	return token_within(vault, A_YEAR, err);
}

long vault_sessions(struct vault *vault) {
	if (pthread_mutex_trylock(&vault->lock) != 0) {
		return -1;
	}
	long sessions = vault->token ? (long)token_sessions(vault->token) : vault->trying ? -1 : 0;
	pthread_mutex_unlock(&vault->lock);
	return sessions;
}

static struct kube_call config_map_call(const struct vault *vault, enum kube_verb verb) {
	return (struct kube_call){
		.verb = verb, .kind = kind_of_child(CONFIG_MAP), .namespace = vault->namespace, .name = PKI_CONFIG_MAP};
}

/* Reads what is stored into `pki`; a ConfigMap that is not there leaves it empty. */
static bool stored(
	struct vault *vault, struct kube_client *client, struct arena *arena, struct pki *pki, struct error *err) {
	struct kube_call call = config_map_call(vault, KUBE_GET);
	kube_do(client, arena, &call, 1);
	if (!call.ok && call.err.kind != ERR_NOT_FOUND) {
		*err = call.err;
		return fail_in(err, "read ConfigMap %s/" PKI_CONFIG_MAP, vault->namespace);
	}
	pki->root = json_string_value(json_at(call.answer, "data", "root.crt", NULL));
	pki->intermediate = json_string_value(json_at(call.answer, "data", "intermediate.crt", NULL));
	return true;
}

static bool remember(struct vault *vault, const struct pki *pki, struct error *err) {
	struct certificate_facts root, intermediate;
	if (!certificate_read(vault->arena, pki->root, &root, err) ||
		!certificate_read(vault->arena, pki->intermediate, &intermediate, err)) {
		return fail_in(err, "ConfigMap %s/" PKI_CONFIG_MAP, vault->namespace);
	}
	vault->pki = (struct pki){.root = arena_strdup(vault->arena, pki->root),
		.intermediate = arena_strdup(vault->arena, pki->intermediate),
		.root_fingerprint = root.fingerprint,
		.intermediate_fingerprint = intermediate.fingerprint};
	return true;
}

const struct pki *vault_pki(struct vault *vault, struct kube_client *client, struct error *err) {
	pthread_mutex_lock(&vault->lock);
	bool ok = vault->pki.intermediate != NULL;
	pthread_mutex_unlock(&vault->lock);
	if (ok) {
		return &vault->pki;
	}
	/* Not under the lock: an API server that is silent would hold up those who wait for the token, and the end. */
	struct arena *arena = arena_create();
	struct pki pki = {0};
	ok = stored(vault, client, arena, &pki, err);
	if (ok && (!pki.root || !pki.intermediate)) {
		ok = fail_because(err, ERR_BLOCKED, "PKINotInitialised",
			"there is no root and intermediate certificate yet: run `ybcluster-operator pki init`");
	}
	pthread_mutex_lock(&vault->lock);
	ok = ok && (vault->pki.intermediate || remember(vault, &pki, err));
	pthread_mutex_unlock(&vault->lock);
	arena_destroy(arena);
	return ok ? &vault->pki : NULL;
}

static bool store_certificates(
	struct vault *vault, struct kube_client *client, struct arena *arena, const struct pki *pki, struct error *err) {
	struct kube_call call = config_map_call(vault, KUBE_APPLY);
	call.force = true;
	call.body =
		arena_own_json(arena, json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s}}", "apiVersion", "v1", "kind",
								  "ConfigMap", "metadata", "name", PKI_CONFIG_MAP, "namespace", vault->namespace,
								  "data", "root.crt", pki->root, "intermediate.crt", pki->intermediate));
	kube_do(client, arena, &call, 1);
	if (!call.ok) {
		*err = call.err;
		return fail_in(err, "write ConfigMap %s/" PKI_CONFIG_MAP, vault->namespace);
	}
	return true;
}

bool vault_init(
	struct vault *vault, struct kube_client *client, const struct token_config *root_token, struct error *err) {
	struct arena *arena = arena_create();
	struct pki pki = {0};
	struct pki_config config = {.token = vault_open(vault, err), .algorithm = KEY_ECDSA_P256, .now = clock_wall()};
	bool ok = config.token && stored(vault, client, arena, &pki, err);
	if (ok && root_token) {
		config.root_token = token_open(root_token, err);
		ok = config.root_token && token_self_test(config.root_token, &vault->ending, err);
		put_fence(vault, ok ? config.root_token : NULL);
	}
	ok = ok && pki_ensure(arena, &config, &pki, err) &&
	     (!pki.changed || store_certificates(vault, client, arena, &pki, err)) && remember(vault, &pki, err);
	token_close(config.root_token);
	arena_destroy(arena);
	return ok;
}
