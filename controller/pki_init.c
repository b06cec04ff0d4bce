/* `pki init`: root and intermediate, made once in the token and stored for all to see. Safe to repeat. */
#include <stdio.h>
#include <unistd.h>

#include "commands.h"
#include "kube/lease.h"
#include "reconcilers/vault.h"

static bool init(const struct options *options, struct kube_config *config, const char *namespace, struct error *err) {
	char identity[128];
	snprintf(identity, sizeof identity, "pki-init-%d", (int)getpid());
	struct lease *lease = lease_create(config, namespace, "ybcluster-operator-pki", identity);
	struct kube_fence fence = {lease_held, lease};
	struct kube_client *client = kube_client_create(config, &fence);
	struct vault *vault = vault_create(&options->token, namespace);
	bool ok = (lease_acquire(lease) || fail(err, ERR_CANCELLED, "the Lease could not be had")) &&
	          vault_init(vault, client, options->root_token.module ? &options->root_token : NULL, err);
	if (ok) {
		const struct pki *pki = vault_pki(vault, client, err);
		printf(
			"root          sha256:%s\nintermediate  sha256:%s\n", pki->root_fingerprint, pki->intermediate_fingerprint);
	}
	vault_destroy(vault);
	kube_client_destroy(client);
	lease_release(lease);
	lease_destroy(lease);
	return ok;
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
