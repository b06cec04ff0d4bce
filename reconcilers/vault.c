#include "reconcilers/vault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/json.h"
#include "reconcilers/world.h"

enum { RETRY_SECONDS = 5 };

struct vault {
	struct token_config config;
	atomic_bool ending;
	const char *namespace;
	pthread_mutex_t lock; /* protects all below */
	struct token *token;
	struct error refused;     /* why the last try failed */
	int64_t tried;            /* clock_monotonic(), 0: never */
	struct timespec pin_file; /* when it was last changed, at that try */
	struct pki pki;
	struct arena *arena; /* holds the certificates */
};

struct vault *vault_create(const struct token_config *config, const char *operator_namespace) {
	struct vault *vault = xcalloc(1, sizeof *vault);
	vault->config = *config;
	vault->namespace = operator_namespace;
	vault->arena = arena_create();
	pthread_mutex_init(&vault->lock, NULL);
	return vault;
}

void vault_destroy(struct vault *vault) {
	if (!vault) {
		return;
	}
	token_close(vault->token);
	arena_destroy(vault->arena);
	pthread_mutex_destroy(&vault->lock);
	free(vault);
}

/* True when another try could end differently. */
static bool worth_trying(struct vault *vault) {
	struct stat file = {0};
	if (stat(vault->config.pin_file, &file) == 0 && memcmp(&file.st_mtim, &vault->pin_file, sizeof file.st_mtim) != 0) {
		vault->pin_file = file.st_mtim;
		return true;
	}
	bool passing = strcmp(vault->refused.reason, "TokenUnavailable") == 0;
	return vault->tried == 0 || (passing && clock_monotonic() - vault->tried > SECONDS(RETRY_SECONDS));
}

static void try_open(struct vault *vault) {
	vault->tried = clock_monotonic();
	struct token *token = token_open(&vault->config, &vault->refused);
	if (token && !token_self_test(token, &vault->ending, &vault->refused)) {
		token_close(token);
		token = NULL;
	}
	vault->token = token;
}

void vault_end(struct vault *vault) {
	atomic_store(&vault->ending, true);
}

struct token *vault_token(struct vault *vault, struct error *err) {
	pthread_mutex_lock(&vault->lock);
	if (!vault->token && !vault->config.module) {
		fail_because(
			&vault->refused, ERR_BLOCKED, "TokenUnavailable", "the operator was started without --token-module");
	} else if (!vault->token && !atomic_load(&vault->ending) && worth_trying(vault)) {
		try_open(vault);
	}
	struct token *token = vault->token;
	if (!token) {
		*err = vault->refused;
		err->kind = err->kind == ERR_CANCELLED ? ERR_CANCELLED : ERR_BLOCKED;
	}
	pthread_mutex_unlock(&vault->lock);
	return token;
}

long vault_sessions(struct vault *vault) {
	if (pthread_mutex_trylock(&vault->lock) != 0) {
		return -1;
	}
	long sessions = vault->token ? (long)token_sessions(vault->token) : 0;
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
	if (!ok) {
		struct arena *arena = arena_create();
		struct pki pki = {0};
		ok = stored(vault, client, arena, &pki, err);
		if (ok && (!pki.root || !pki.intermediate)) {
			ok = fail_because(err, ERR_BLOCKED, "PKINotInitialised",
				"there is no root and intermediate certificate yet: run `ybcluster-operator pki init`");
		}
		ok = ok && remember(vault, &pki, err);
		arena_destroy(arena);
	}
	pthread_mutex_unlock(&vault->lock);
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
	struct pki_config config = {.token = vault_token(vault, err), .algorithm = KEY_ECDSA_P256, .now = clock_wall()};
	bool ok = config.token && stored(vault, client, arena, &pki, err);
	if (ok && root_token) {
		config.root_token = token_open(root_token, err);
		ok = config.root_token && token_self_test(config.root_token, &vault->ending, err);
	}
	ok = ok && pki_ensure(arena, &config, &pki, err) &&
	     (!pki.changed || store_certificates(vault, client, arena, &pki, err)) && remember(vault, &pki, err);
	token_close(config.root_token);
	arena_destroy(arena);
	return ok;
}
