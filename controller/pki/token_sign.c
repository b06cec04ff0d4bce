#include <limits.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "pki/token_session.h"

enum { SIGNATURE_LIMIT = 1024 };

struct signing {
	const char *label;
	const void *message;
	size_t length;
	unsigned char *signature;
	size_t signature_length;
};

/* Tokens give r and s side by side; X.509 wants DER. */
static bool signature_to_der(const unsigned char *raw, size_t length, struct signing *signing, struct error *err) {
	int half = (int)(length / 2);
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, half, NULL), *s = BN_bin2bn(raw + half, half, NULL);
	unsigned char *der = NULL;
	int size = 0;
	if (pair && r && s && length == 64 && ECDSA_SIG_set0(pair, r, s) == 1) {
		size = i2d_ECDSA_SIG(pair, &der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(pair);
	if (size <= 0) {
		return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "a token's signature has %zu bytes", length);
	}
	signing->signature = xmalloc((size_t)size);
	signing->signature_length = (size_t)size;
	memcpy(signing->signature, der, (size_t)size);
	OPENSSL_free(der);
	return true;
}

static bool sign(struct session *session, void *data, struct error *err) {
	struct signing *signing = data;
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	enum key_algorithm algorithm = KEY_ECDSA_P256;
	if (!key_find(session, signing->label, &key, &algorithm, err)) {
		return false;
	}
	bool ec = algorithm == KEY_ECDSA_P256;
	CK_MECHANISM mechanism = {ec ? CKM_ECDSA : CKM_SHA256_RSA_PKCS, NULL, 0};
	if (!session_ok(session, session->call->C_SignInit(session->handle, &mechanism, key), "signing", err)) {
		return false;
	}
	struct digest digest = digest_bytes(signing->message, signing->length);
	unsigned char raw[SIGNATURE_LIMIT];
	CK_ULONG length = sizeof raw;
	CK_RV result = session->call->C_Sign(session->handle, ec ? digest.bytes : (unsigned char *)signing->message,
		ec ? sizeof digest.bytes : signing->length, raw, &length);
	result = result == CKR_OK && length > sizeof raw ? CKR_GENERAL_ERROR : result;
	if (!session_ok(session, result, "signing", err)) {
		return false;
	}
	if (ec) {
		return signature_to_der(raw, length, signing, err);
	}
	signing->signature = xmalloc(length);
	signing->signature_length = length;
	memcpy(signing->signature, raw, length);
	return true;
}

bool token_sign(struct token *token, const char *label, const void *message, size_t length, unsigned char **signature,
	size_t *signature_length, struct error *err) {
	struct signing signing = {.label = label, .message = message, .length = length};
	if (!session_run(token, sign, &signing, err)) {
		return false;
	}
	*signature = signing.signature;
	*signature_length = signing.signature_length;
	return true;
}
