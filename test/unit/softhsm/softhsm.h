/* Tokens for tests: SoftHSM's in a folder that ends with the test, and one of NSS that lets keys out. What cannot be
 * set up aborts the test. */
#ifndef SOFTHSM_H
#define SOFTHSM_H
#include "base/str.h"
#include "pki/token.h"

#define SOFTHSM_PIN "1234"

struct softhsm {
	char folder[64], pin_file[128];
	struct token_config config;
};

/* Two tokens: "test", which `config` opens, and "second" with the PIN 5678. */
void softhsm_create(struct softhsm *hsm);
void softhsm_destroy(struct softhsm *hsm);

/* What another program sees in the token. */
void softhsm_list(const struct softhsm *hsm, const char *type, struct str *out);
/* A key made by another program, with an option of pkcs11-tool. */
void softhsm_keygen(const struct softhsm *hsm, const char *label, const char *option);

/* Faults: all that this process has in the token is logged out, or its sessions are gone. */
void softhsm_log_out(const struct softhsm *hsm);
void softhsm_close_sessions(const struct softhsm *hsm);

/* NSS's software token wraps keys that are marked as not extractable. */
struct token *nss_token_open(const struct softhsm *hsm, struct error *err);

void hsm_write(const char *path, const char *text);

#endif
