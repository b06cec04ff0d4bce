/* The token and the PKI's two certificates, opened when they are first needed and tried again when they were not to be
 * had, so that a token that comes late or a PIN that is mended heals without a restart. All functions are safe from any
 * thread. */
#ifndef RECONCILERS_VAULT_H
#define RECONCILERS_VAULT_H
#include "kube/client.h"
#include "pki/pki.h"

#define PKI_CONFIG_MAP "ybcluster-operator-pki" /* in the operator's namespace: root.crt, intermediate.crt */

struct vault;

/* `fence` is asked before a key gets its name, once the self-test is over, and must outlive the vault; NULL: none. */
struct vault *vault_create(
	const struct token_config *config, const char *operator_namespace, const struct kube_fence *fence);
/* Does not wait for a token that hangs while it is opened. False: one does, and its thread still has the vault. */
bool vault_destroy(struct vault *vault);
void vault_begin(struct vault *vault); /* opens and tests the token in the background, while the first lists come in */
void vault_end(struct vault *vault);   /* from any thread: a self-test under way is given up */
/* The token, after its self-test; borrowed. NULL: reasons as token.h has them. A wrong PIN is not tried again before
 * its file has changed: tokens lock themselves after a few tries. A token that hangs while it is opened holds nobody
 * up for more than 10 s: ERR_UNAVAILABLE. */
must_check struct token *vault_token(struct vault *vault, struct error *err);
/* The same, however long it takes. */
must_check struct token *vault_open(struct vault *vault, struct error *err);
/* Open sessions of the token, 0 without one. -1: not known now, the token is being opened or tested. Does not wait. */
long vault_sessions(struct vault *vault);
/* The certificates that `pki init` stored; borrowed for the vault's life. Reason: PKINotInitialised. */
must_check const struct pki *vault_pki(struct vault *vault, struct kube_client *client, struct error *err);
/* Makes root and intermediate and stores them, unless both are there: `pki init`. The caller holds the Lease. */
must_check bool vault_init(
	struct vault *vault, struct kube_client *client, const struct token_config *root_token, struct error *err);

#endif
