/* `pki init`: root and intermediate, made once in the token and stored for all to see. Safe to repeat. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "kube/lease.h"
#include "reconcilers/vault.h"

struct init {
	struct lease *lease;
	struct kube_client *client;
	struct vault *vault;
};

static void lost(void *context) {
	struct init *init = context;
	log_error("the lease was lost");
	vault_end(init->vault);
	kube_client_interrupt(init->client);
}

static void *renew(void *init) {
	lease_renew(((struct init *)init)->lease, lost, init);
	return NULL;
}

/* A token may take longer for a key than the Lease lasts, so it is renewed meanwhile. */
static bool init_under_lease(struct init *init, const struct token_config *root_token, struct error *err) {
	pthread_t renewing;
	if (!lease_acquire(init->lease)) {
		return fail(err, ERR_CANCELLED, "the Lease could not be had");
	}
	if (pthread_create(&renewing, NULL, renew, init)) {
		abort();
	}
	bool ok = vault_init(init->vault, init->client, root_token, err);
	lease_stop(init->lease);
	pthread_join(renewing, NULL);
	lease_release(init->lease);
	return ok;
}

static bool init(const struct options *options, struct kube_config *config, const char *namespace, struct error *err) {
	char identity[128];
	lease_identity(identity, sizeof identity);
	struct lease *lease = lease_create(config, namespace, "ybcluster-operator-pki", identity);
	struct kube_fence fence = {lease_held, lease};
	struct init init = {lease, kube_client_create(config, &fence), vault_create(&options->token, namespace, &fence)};
	/* The token's self-test first: it may take long, and needs no Lease. */
	bool ok = vault_open(init.vault, err) &&
	          init_under_lease(&init, options->root_token.module ? &options->root_token : NULL, err);
	const struct pki *pki = ok ? vault_pki(init.vault, init.client, err) : NULL;
	if (pki) {
		printf(
			"root          sha256:%s\nintermediate  sha256:%s\n", pki->root_fingerprint, pki->intermediate_fingerprint);
	}
	vault_destroy(init.vault);
	kube_client_destroy(init.client);
	lease_destroy(lease);
	return pki != NULL;
}

int command_pki_init(const struct options *options) {
	struct error err = {0};
	struct kube_config *config = kube_config_load(&options->kube, &err);
	bool ok =
		config && init(options, config,
					  options->operator_namespace ? options->operator_namespace : kube_config_namespace(config), &err);
	if (!ok) {
		log_error("pki init failed", "reason", err.reason, "error", err.text);
	}
	kube_config_destroy(config);
	return ok ? 0 : 1;
}
