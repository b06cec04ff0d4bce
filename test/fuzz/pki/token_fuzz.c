/* The first byte says what is asked of a token, the rest is what its module answers. A key that it says may leave is
 * never used, and what comes out is a key or a signature that OpenSSL takes. */
#include "pki/token_session.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <string.h>

#include "../property.h"
#include "hostile_token.h"

static bool public_half(struct token *token, struct error *err) {
	EVP_PKEY *key = token_key_public(token, "root", err);
	property(!key || (EVP_PKEY_get_bits(key) > 0 && !hostile.let_out));
	EVP_PKEY_free(key);
	return key != NULL;
}

static bool signature(struct token *token, struct error *err) {
	unsigned char *bytes = NULL;
	size_t length = 0;
	if (!token_sign(token, "root", "message", 7, &bytes, &length, err)) {
		return false;
	}
	property(!hostile.let_out && bytes && length <= 1024);
	/* Reads all of it, for ASan. */
	const unsigned char *at = bytes;
	ECDSA_SIG_free(d2i_ECDSA_SIG(NULL, &at, (long)length));
	free(bytes);
	return true;
}

static bool make_ec(struct token *token, struct error *err) {
	return token_key_make(token, "root", KEY_ECDSA_P256, err);
}

static bool make_rsa(struct token *token, struct error *err) {
	return token_key_make(token, "root", KEY_RSA_3072, err);
}

static bool destroy(struct token *token, struct error *err) {
	return token_key_destroy(token, "root", err);
}

static bool destroy_all(struct token *token, struct error *err) {
	return token_keys_destroy(token, "cluster/", err);
}

static bool find_slot(struct token *token, struct error *err) {
	CK_SLOT_ID slot;
	return token_find_slot(token->call, token->label, &slot, err);
}

static bool (*const requests[])(struct token *token, struct error *err) = {
	public_half, signature, make_ec, make_rsa, destroy, destroy_all, find_slot};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size == 0) {
		return 0;
	}
	char label[] = "ybcluster", pin_file[] = "/dev/null";
	struct token token = {
		.call = &hostile_functions, .label = label, .pin_file = pin_file, .keys_listed = data[0] < 128};
	struct error err = {0};
	pthread_mutex_init(&token.lock, NULL);
	pthread_mutex_init(&token.login_lock, NULL);
	hostile = (struct hostile){.bytes = data + 1, .left = size - 1};
	bool ok = requests[data[0] % (sizeof requests / sizeof *requests)](&token, &err);
	property(ok || (err.kind != ERR_NONE && err.text[0]));
	handles_forget(&token);
	pthread_mutex_destroy(&token.login_lock);
	pthread_mutex_destroy(&token.lock);
	ERR_clear_error();
	return 0;
}
