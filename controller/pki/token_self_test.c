/* Does the token keep what it was given? Attributes are promises: this tries to break them. */
#include <stdlib.h>
#include <unistd.h>

#include "base/str.h"
#include "pki/token_session.h"

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

struct trial {
	const char *label;
	CK_OBJECT_HANDLE key;
	enum key_algorithm algorithm;
	const atomic_bool *stop;
};

static bool leaks(const struct session *session, const char *how, struct error *err) {
	return fail_because(err, ERR_BLOCKED, "TokenLetsKeysOut",
		"token %s must not be used: a private key that must stay in it came out by %s", session->token->label, how);
}

static bool reading_fails(struct session *session, const struct trial *trial, struct error *err) {
	static const CK_ATTRIBUTE_TYPE secrets[] = {CKA_VALUE, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_EXPONENT_1};
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
		unsigned char value[1024];
		CK_ATTRIBUTE attribute = {secrets[i], value, sizeof value};
		CK_RV result = session->call->C_GetAttributeValue(session->handle, trial->key, &attribute, 1);
		if (result == CKR_OK && attribute.ulValueLen != CK_UNAVAILABLE_INFORMATION && attribute.ulValueLen > 0) {
			return leaks(session, "reading an attribute", err);
		}
	}
	return true;
}

static bool wrapping_by(struct session *session, CK_OBJECT_HANDLE wrapper, CK_MECHANISM *mechanism,
	const struct trial *trial, struct error *err) {
	unsigned char out[8192];
	CK_ULONG length = sizeof out;
	CK_RV result = session->call->C_WrapKey(session->handle, mechanism, wrapper, trial->key, out, &length);
	return result != CKR_OK || leaks(session, "wrapping", err);
}

/* A token may refuse keys that have more than one purpose, or such as have only one: 1, then 2. */
enum { MOST_PURPOSES = 2 };

static bool make_aes_wrapper(struct session *session, CK_OBJECT_HANDLE *wrapper) {
	CK_ULONG size = 32;
	CK_ATTRIBUTE template[] = {
		{CKA_TOKEN, &no, sizeof no},
		{CKA_VALUE_LEN, &size, sizeof size},
		{CKA_WRAP, &yes, sizeof yes},
		{CKA_ENCRYPT, &yes, sizeof yes},
	};
	CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
	CK_RV result = CKR_GENERAL_ERROR;
	for (CK_ULONG purposes = 1; result != CKR_OK && purposes <= MOST_PURPOSES; purposes++) {
		result = session->call->C_GenerateKey(session->handle, &generate, template, 2 + purposes, wrapper);
	}
	return result == CKR_OK;
}

static bool aes_wrapping_fails(struct session *session, const struct trial *trial, struct error *err) {
	CK_OBJECT_HANDLE wrapper = CK_INVALID_HANDLE;
	if (!make_aes_wrapper(session, &wrapper)) {
		return true; /* no AES key, no wrapping with one */
	}
	unsigned char iv[16] = {0};
	CK_MECHANISM mechanisms[] = {
		{CKM_AES_KEY_WRAP, NULL, 0},
		{CKM_AES_KEY_WRAP_PAD, NULL, 0},
		{CKM_AES_CBC_PAD, iv, sizeof iv},
		{CKM_AES_CBC, iv, sizeof iv},
		{CKM_AES_ECB, NULL, 0},
	};
	bool ok = true;
	for (size_t i = 0; ok && i < sizeof mechanisms / sizeof *mechanisms; i++) {
		ok = wrapping_by(session, wrapper, &mechanisms[i], trial, err);
	}
	session->call->C_DestroyObject(session->handle, wrapper);
	return ok;
}

static bool make_rsa_wrapper(struct session *session, CK_OBJECT_HANDLE *wrapper, CK_OBJECT_HANDLE *unwrapper) {
	CK_ULONG bits = 2048;
	unsigned char exponent[] = {0x01, 0x00, 0x01};
	CK_ATTRIBUTE public[] = {
		{CKA_TOKEN, &no, sizeof no},
		{CKA_MODULUS_BITS, &bits, sizeof bits},
		{CKA_PUBLIC_EXPONENT, exponent, sizeof exponent},
		{CKA_WRAP, &yes, sizeof yes},
		{CKA_ENCRYPT, &yes, sizeof yes},
	};
	CK_ATTRIBUTE private[] = {
		{CKA_TOKEN, &no, sizeof no},
		{CKA_UNWRAP, &yes, sizeof yes},
		{CKA_DECRYPT, &yes, sizeof yes},
	};
	CK_MECHANISM generate = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_RV result = CKR_GENERAL_ERROR;
	for (CK_ULONG purposes = 1; result != CKR_OK && purposes <= MOST_PURPOSES; purposes++) {
		result = session->call->C_GenerateKeyPair(
			session->handle, &generate, public, 3 + purposes, private, 1 + purposes, wrapper, unwrapper);
	}
	return result == CKR_OK;
}

static bool rsa_wrapping_fails(struct session *session, const struct trial *trial, struct error *err) {
	CK_OBJECT_HANDLE wrapper = CK_INVALID_HANDLE, unwrapper = CK_INVALID_HANDLE;
	if (!make_rsa_wrapper(session, &wrapper, &unwrapper)) {
		return true;
	}
	CK_RSA_PKCS_OAEP_PARAMS oaep = {CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	struct {
		CK_ULONG aes_bits;
		CK_RSA_PKCS_OAEP_PARAMS *oaep;
	} hybrid = {256, &oaep};
	CK_MECHANISM mechanisms[] = {
		{CKM_RSA_PKCS, NULL, 0},
		{CKM_RSA_PKCS_OAEP, &oaep, sizeof oaep},
		{CKM_RSA_AES_KEY_WRAP, &hybrid, sizeof hybrid},
	};
	bool ok = true;
	for (size_t i = 0; ok && i < sizeof mechanisms / sizeof *mechanisms; i++) {
		ok = wrapping_by(session, wrapper, &mechanisms[i], trial, err);
	}
	session->call->C_DestroyObject(session->handle, wrapper);
	session->call->C_DestroyObject(session->handle, unwrapper);
	return ok;
}

/* The two ways to make a key loose, alone and together. */
static CK_ATTRIBUTE loose[] = {{CKA_EXTRACTABLE, &yes, sizeof yes}, {CKA_SENSITIVE, &no, sizeof no}};
static const struct {
	size_t first;
	CK_ULONG count;
} loosenings[] = {{0, 1}, {1, 1}, {0, 2}};

static bool copying_fails(struct session *session, const struct trial *trial, struct error *err) {
	for (size_t i = 0; i < sizeof loosenings / sizeof *loosenings; i++) {
		CK_ATTRIBUTE template[3] = {{CKA_TOKEN, &no, sizeof no}};
		for (CK_ULONG j = 0; j < loosenings[i].count; j++) {
			template[j + 1] = loose[loosenings[i].first + j];
		}
		CK_OBJECT_HANDLE copy = CK_INVALID_HANDLE;
		if (session->call->C_CopyObject(session->handle, trial->key, template, loosenings[i].count + 1, &copy) ==
			CKR_OK) {
			session->call->C_DestroyObject(session->handle, copy);
			return leaks(session, "a copy with looser attributes", err);
		}
	}
	return true;
}

static bool loosening_fails(struct session *session, const struct trial *trial, struct error *err) {
	for (size_t i = 0; i < sizeof loosenings / sizeof *loosenings; i++) {
		if (session->call->C_SetAttributeValue(
				session->handle, trial->key, &loose[loosenings[i].first], loosenings[i].count) == CKR_OK) {
			return leaks(session, "looser attributes", err);
		}
	}
	return true;
}

static bool goes_on(const atomic_bool *stop, struct error *err) {
	return !stop || !atomic_load(stop) || fail(err, ERR_CANCELLED, "the self-test of the token was stopped");
}

static bool (*const attacks[])(struct session *session, const struct trial *trial, struct error *err) = {
	reading_fails,
	aes_wrapping_fails,
	rsa_wrapping_fails,
	copying_fails,
	loosening_fails,
};

static bool attack(struct session *session, void *data, struct error *err) {
	struct trial *trial = data;
	if (!key_find(session, trial->label, &trial->key, &trial->algorithm, err)) {
		return false;
	}
	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		if (!goes_on(trial->stop, err) || !attacks[i](session, trial, err)) {
			return false;
		}
	}
	return true;
}

static bool signs(struct token *token, const char *label, struct error *err) {
	static const unsigned char message[] = "ybcluster-operator self-test";
	EVP_PKEY *key = token_key_public(token, label, err);
	unsigned char *signature = NULL;
	size_t length = 0;
	if (!key || !token_sign(token, label, message, sizeof message, &signature, &length, err)) {
		EVP_PKEY_free(key);
		return false;
	}
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	          EVP_DigestVerify(context, signature, length, message, sizeof message) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	free(signature);
	return ok || fail_because(err, ERR_BLOCKED, "TokenUnavailable", "a signature of the token does not verify");
}

static bool test_algorithm(
	struct token *token, const char *label, enum key_algorithm algorithm, const atomic_bool *stop, struct error *err) {
	struct trial trial = {.label = label, .stop = stop};
	bool ok = goes_on(stop, err) && token_key_make(token, label, algorithm, err) && signs(token, label, err) &&
	          session_run(token, attack, &trial, err);
	struct error later = {0};
	if (!token_key_destroy(token, label, &later) && ok) {
		*err = later;
		return false;
	}
	return ok;
}

bool token_self_test(struct token *token, const atomic_bool *stop, struct error *err) {
	/* Replicas may test one token at once: each has its own names, and sweeps only what it left behind itself. */
	char host[65] = "";
	if (gethostname(host, sizeof host - 1) != 0) {
		return fail(err, ERR_INTERNAL, "this machine has no name");
	}
	struct str cleanup_str folder = {0}, ec = {0}, rsa = {0};
	str_addf(&folder, "ybcluster-operator/self-test/%s/", host);
	str_addf(&ec, "%secdsa", folder.text);
	str_addf(&rsa, "%srsa", folder.text);
	return token_keys_destroy(token, folder.text, err) && test_algorithm(token, ec.text, KEY_ECDSA_P256, stop, err) &&
	       test_algorithm(token, rsa.text, KEY_RSA_3072, stop, err);
}
