/* Keys in the token: made and destroyed. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "pki/token_session.h"

enum { POINT_LENGTH = 65, COMPRESSED_LENGTH = 33 };

/* A key has this before its label until it is whole: a crash leaves one that is never found under its own name. */
static const char unfinished[] = "ybcluster-unfinished/";

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}; /* OID prime256v1 */
static unsigned char exponent[] = {0x01, 0x00, 0x01};
static CK_ULONG modulus_bits = 3072;

/* The point as tokens tell it: a DER OCTET STRING by the standard, the bare point by some. */
static bool point_compress(const unsigned char *value, size_t length, unsigned char compressed[COMPRESSED_LENGTH]) {
	if (length == POINT_LENGTH + 2 && value[0] == 0x04 && value[1] == POINT_LENGTH) {
		value += 2;
		length -= 2;
	}
	if (length != POINT_LENGTH || value[0] != 0x04) {
		return false;
	}
	compressed[0] = (unsigned char)(0x02 | (value[POINT_LENGTH - 1] & 1));
	memcpy(compressed + 1, value + 1, COMPRESSED_LENGTH - 1);
	return true;
}

/* Only the public half's attributes tell the point, and it is not kept: so the private key remembers it as its id. */
static bool remember_point(
	struct session *session, CK_OBJECT_HANDLE public_key, CK_OBJECT_HANDLE private_key, struct error *err) {
	size_t length = 0;
	unsigned char compressed[COMPRESSED_LENGTH];
	unsigned char *point = attribute_read(session, public_key, CKA_EC_POINT, &length, err);
	if (!point) {
		return false;
	}
	bool ok = point_compress(point, length, compressed);
	free(point);
	if (!ok) {
		return fail_because(
			err, ERR_BLOCKED, "TokenUnavailable", "token %s made no P-256 point", session->token->label);
	}
	CK_ATTRIBUTE id = {CKA_ID, compressed, sizeof compressed};
	return session_ok(
		session, session->call->C_SetAttributeValue(session->handle, private_key, &id, 1), "setting a key's id", err);
}

static bool generate(struct session *session, enum key_algorithm algorithm, const char *label,
	CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key, struct error *err) {
	bool ec = algorithm == KEY_ECDSA_P256;
	CK_MECHANISM mechanism = {ec ? CKM_EC_KEY_PAIR_GEN : CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE ec_public[] = {
		{CKA_TOKEN, &no, sizeof no},
		{CKA_VERIFY, &yes, sizeof yes},
		{CKA_EC_PARAMS, p256, sizeof p256},
	};
	CK_ATTRIBUTE rsa_public[] = {
		{CKA_TOKEN, &no, sizeof no},
		{CKA_VERIFY, &yes, sizeof yes},
		{CKA_MODULUS_BITS, &modulus_bits, sizeof modulus_bits},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
	};
	CK_ATTRIBUTE private[] = {
		{CKA_TOKEN, &yes, sizeof yes},
		{CKA_PRIVATE, &yes, sizeof yes},
		{CKA_SENSITIVE, &yes, sizeof yes},
		{CKA_EXTRACTABLE, &no, sizeof no},
		{CKA_SIGN, &yes, sizeof yes},
		{CKA_LABEL, (void *)label, strlen(label)},
		/* RSA keys must do nothing but sign, whatever the token's defaults are. */
		{CKA_DECRYPT, &no, sizeof no},
		{CKA_UNWRAP, &no, sizeof no},
	};
	CK_RV result = session->call->C_GenerateKeyPair(session->handle, &mechanism, ec ? ec_public : rsa_public,
		ec ? 3 : 4, private, ec ? 6 : 8, public_key, private_key);
	return session_ok(session, result, "making a key", err);
}

/* Success when it is gone, whoever did it. */
static bool destroy_one(struct session *session, CK_OBJECT_HANDLE key, struct error *err) {
	CK_RV result = session->call->C_DestroyObject(session->handle, key);
	return result == CKR_OBJECT_HANDLE_INVALID || session_ok(session, result, "destroying a key", err);
}

static bool destroy_labelled(struct session *session, const char *label, struct error *err) {
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	if (!keys_find(session, label, &keys, &count, err)) {
		return false;
	}
	bool ok = true;
	pthread_mutex_lock(&session->token->population_lock);
	for (size_t i = 0; ok && i < count; i++) {
		ok = destroy_one(session, keys[i], err);
	}
	pthread_mutex_unlock(&session->token->population_lock);
	free(keys);
	handle_forget(session->token, label);
	return ok;
}

struct wanted {
	const char *label;
	enum key_algorithm algorithm;
};

static bool make_unfinished(
	struct session *session, const struct wanted *wanted, const char *draft, CK_OBJECT_HANDLE *key, struct error *err) {
	CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
	if (!destroy_labelled(session, draft, err) || !generate(session, wanted->algorithm, draft, &public_key, key, err)) {
		return false;
	}
	bool ok = wanted->algorithm != KEY_ECDSA_P256 || remember_point(session, public_key, *key, err);
	session->call->C_DestroyObject(session->handle, public_key);
	return ok;
}

static bool make(struct session *session, void *data, struct error *err) {
	const struct wanted *wanted = data;
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	if (!keys_find(session, wanted->label, &keys, &count, err)) {
		return false;
	}
	free(keys);
	if (count > 0) {
		CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
		enum key_algorithm algorithm = wanted->algorithm;
		if (!key_find(session, wanted->label, &key, &algorithm, err)) {
			return false;
		}
		return algorithm == wanted->algorithm ||
		       fail(err, ERR_INVALID, "key %s is there with another algorithm", wanted->label);
	}
	CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
	struct str cleanup_str draft = {0};
	str_addf(&draft, "%s%s", unfinished, wanted->label);
	if (!make_unfinished(session, wanted, draft.text, &key, err)) {
		return false;
	}
	const struct token *token = session->token;
	if (token->holds && !token->holds(token->fence)) {
		return fail(err, ERR_CANCELLED, "the Lease was lost while key %s was made", wanted->label);
	}
	CK_ATTRIBUTE name = {CKA_LABEL, (void *)wanted->label, strlen(wanted->label)};
	if (!session_ok(session, session->call->C_SetAttributeValue(session->handle, key, &name, 1), "naming a key", err)) {
		return false;
	}
	handle_keep(session->token, wanted->label, key);
	return true;
}

void token_fence(struct token *token, bool (*holds)(void *context), void *context) {
	token->holds = holds;
	token->fence = context;
}

bool token_key_make(struct token *token, const char *label, enum key_algorithm algorithm, struct error *err) {
	struct wanted wanted = {.label = label, .algorithm = algorithm};
	return session_run(token, make, &wanted, err);
}

static bool destroy(struct session *session, void *data, struct error *err) {
	const struct wanted *wanted = data;
	struct str cleanup_str draft = {0};
	str_addf(&draft, "%s%s", unfinished, wanted->label);
	return destroy_labelled(session, wanted->label, err) && destroy_labelled(session, draft.text, err);
}

bool token_key_destroy(struct token *token, const char *label, struct error *err) {
	struct wanted wanted = {.label = label};
	return session_run(token, destroy, &wanted, err);
}

static bool is_gone(struct session *session, CK_OBJECT_HANDLE key) {
	CK_ATTRIBUTE label = {CKA_LABEL, NULL, 0};
	return session->call->C_GetAttributeValue(session->handle, key, &label, 1) == CKR_OBJECT_HANDLE_INVALID;
}

/* What another process destroys meanwhile is not ours to destroy. */
static bool destroy_if_under(struct session *session, CK_OBJECT_HANDLE key, const char *prefix, struct error *err) {
	size_t length = 0;
	char *label = (char *)attribute_read(session, key, CKA_LABEL, &length, err);
	if (!label) {
		return is_gone(session, key);
	}
	const char *name = str_starts(label, unfinished) ? label + strlen(unfinished) : label;
	bool under = str_starts(name, prefix), ok = !under || destroy_one(session, key, err);
	if (under) {
		handle_forget(session->token, label);
	}
	free(label);
	return ok;
}

static bool destroy_under(struct session *session, const char *prefix, struct error *err) {
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	bool ok = keys_find(session, NULL, &keys, &count, err);
	for (size_t i = 0; ok && i < count; i++) {
		ok = destroy_if_under(session, keys[i], prefix, err);
	}
	free(keys);
	return ok;
}

static bool destroy_all(struct session *session, void *data, struct error *err) {
	const struct wanted *wanted = data;
	pthread_mutex_lock(&session->token->population_lock);
	bool ok = destroy_under(session, wanted->label, err);
	pthread_mutex_unlock(&session->token->population_lock);
	return ok;
}

bool token_keys_destroy(struct token *token, const char *prefix, struct error *err) {
	if (!str_ends(prefix, "/")) {
		return fail(err, ERR_INTERNAL, "a prefix of keys must end with '/': %s", prefix);
	}
	struct wanted wanted = {.label = prefix};
	return session_run(token, destroy_all, &wanted, err);
}
