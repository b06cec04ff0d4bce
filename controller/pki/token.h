/* A PKCS#11 token (v2.40, docs.oasis-open.org/pkcs11): every CA key is made, kept and used there. token*.c alone
 * include pkcs11.h.
 *
 * Keys are made in the token: CKA_TOKEN, CKA_PRIVATE, CKA_SENSITIVE, not CKA_EXTRACTABLE, CKA_SIGN. A key is found by
 * its label. No public-key objects are kept: CKA_ID of an EC key is its SEC 1 compressed point, and an RSA private key
 * tells its modulus. Attributes are read back before each use; a key that could leave is refused. All functions are
 * safe from any thread; a lost session is opened and logged in again once per call. The process must not fork after
 * token_open(). */
#ifndef PKI_TOKEN_H
#define PKI_TOKEN_H
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stddef.h>

#include "base/error.h"

enum key_algorithm { KEY_ECDSA_P256, KEY_RSA_3072 };

struct token_config {
	const char *module;   /* path of the PKCS#11 module */
	const char *label;    /* the token's label */
	const char *pin_file; /* path; a final newline is cut off */
};

struct token;

/* Loads the module, finds the token, logs in. Reasons: TokenUnavailable, TokenPinIncorrect. */
struct token *token_open(const struct token_config *config, struct error *err) must_check;
void token_close(struct token *token);
/* How many sessions are open, whether a thread uses them or not. */
size_t token_sessions(const struct token *token);
/* Makes keys of each algorithm, signs and verifies, then tries to read, wrap and copy the private key out, which must
 * fail. Leaves nothing behind. Reason: TokenLetsKeysOut. `stop`, once true, ends it between two calls of the token
 * (ERR_CANCELLED), since making RSA keys takes seconds; NULL: nothing does. */
must_check bool token_self_test(struct token *token, const atomic_bool *stop, struct error *err);

/* From now on `holds` is asked before a new key gets its label: a leader that was stopped while a key was made, and
 * wakes after another one took over, makes no second key of one label. The context must outlive the token. */
void token_fence(struct token *token, bool (*holds)(void *context), void *context);
/* Makes a key unless one of this label is there: then it is kept, so that a crash after this call loses nothing.
 * ERR_CANCELLED: the fence holds no more. */
must_check bool token_key_make(struct token *token, const char *label, enum key_algorithm algorithm, struct error *err);
/* The public half, the caller's to EVP_PKEY_free(). ERR_NOT_FOUND with reason TokenLacksCA when there is no such key.
 */
must_check EVP_PKEY *token_key_public(struct token *token, const char *label, struct error *err);
/* Signs `message`: ECDSA with SHA-256 as DER ECDSA-Sig-Value, or RSASSA-PKCS1-v1_5 with SHA-256. The caller's to
 * free(). */
must_check bool token_sign(struct token *token, const char *label, const void *message, size_t length,
	unsigned char **signature, size_t *signature_length, struct error *err);
/* Success when it is not there. */
must_check bool token_key_destroy(struct token *token, const char *label, struct error *err);
/* Destroys every key whose label starts with `prefix`; a prefix must end with '/'. */
must_check bool token_keys_destroy(struct token *token, const char *prefix, struct error *err);

#endif
