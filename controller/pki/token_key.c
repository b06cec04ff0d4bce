/* Keys in the token: found, made, read back, destroyed. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/str.h"
#include "pki/token_session.h"

enum { POINT_LENGTH = 65, COMPRESSED_LENGTH = 33, FIND_BATCH = 64 };

/* A key has this before its label until it is whole: a crash leaves one that is never found under its own name. */
static const char unfinished[] = "ybcluster-unfinished/";

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;
static unsigned char p256[] = {0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07}; /* OID prime256v1 */
static unsigned char exponent[] = {0x01, 0x00, 0x01};
static CK_ULONG modulus_bits = 3072;

static bool logged_in(struct session *session, struct error *err) {
	CK_SESSION_INFO info;
	CK_RV result = session->call->C_GetSessionInfo(session->handle, &info);
	if (result == CKR_OK && info.state != CKS_RW_USER_FUNCTIONS) {
		result = CKR_USER_NOT_LOGGED_IN;
	}
	return session_ok(session, result, "asking for the session", err);
}

bool keys_find(struct session *session, const char *label, CK_OBJECT_HANDLE **keys, size_t *count, struct error *err) {
	CK_ATTRIBUTE template[] = {
		{CKA_CLASS, &private_class, sizeof private_class		},
		{CKA_TOKEN, &yes,			  sizeof yes				},
		{CKA_LABEL, (void *)label,  label ? strlen(label) : 0},
	};
	*keys = NULL;
	*count = 0;
	CK_RV result = session->call->C_FindObjectsInit(session->handle, template, label ? 3 : 2);
	if (!session_ok(session, result, "looking for keys", err)) {
		return false;
	}
	CK_ULONG got = 0;
	do {
		*keys = xrealloc(*keys, (*count + FIND_BATCH) * sizeof **keys);
		result = session->call->C_FindObjects(session->handle, *keys + *count, FIND_BATCH, &got);
		*count += result == CKR_OK ? got : 0;
	} while (result == CKR_OK && got > 0);
	session->call->C_FindObjectsFinal(session->handle);
	if (!session_ok(session, result, "looking for keys", err) || (*count == 0 && !logged_in(session, err))) {
		free(*keys);
		*keys = NULL;
		return false;
	}
	return true;
}

unsigned char *attribute_read(
	struct session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t *length, struct error *err) {
	CK_ATTRIBUTE attribute = {type, NULL, 0};
	CK_RV result = session->call->C_GetAttributeValue(session->handle, object, &attribute, 1);
	if (!session_ok(session, result, "reading an attribute", err)) {
		return NULL;
	}
	attribute.pValue = xcalloc(1, attribute.ulValueLen + 1);
	result = session->call->C_GetAttributeValue(session->handle, object, &attribute, 1);
	if (!session_ok(session, result, "reading an attribute", err)) {
		free(attribute.pValue);
		return NULL;
	}
	*length = attribute.ulValueLen;
	return attribute.pValue;
}

/* What a key must say of itself before each use. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	CK_BBOOL want;
	bool optional; /* some tokens do not keep it */
} promises[] = {
	{CKA_TOKEN,				"CKA_TOKEN",			 CK_TRUE,  false},
	{CKA_PRIVATE,			  "CKA_PRIVATE",			 CK_TRUE,  false},
	{CKA_SENSITIVE,			"CKA_SENSITIVE",		 CK_TRUE,  false},
	{CKA_EXTRACTABLE,		  "CKA_EXTRACTABLE",		 CK_FALSE, false},
	{CKA_SIGN,			   "CKA_SIGN",			   CK_TRUE,	false},
	{CKA_ALWAYS_SENSITIVE,  "CKA_ALWAYS_SENSITIVE",  CK_TRUE,	true },
	{CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", CK_TRUE,  true },
};

static bool keeps_promises(struct session *session, CK_OBJECT_HANDLE key, const char *label, struct error *err) {
	for (size_t i = 0; i < sizeof promises / sizeof *promises; i++) {
		CK_BBOOL value = !promises[i].want;
		CK_ATTRIBUTE attribute = {promises[i].type, &value, sizeof value};
		CK_RV result = session->call->C_GetAttributeValue(session->handle, key, &attribute, 1);
		if (result == CKR_ATTRIBUTE_TYPE_INVALID && promises[i].optional) {
			continue;
		}
		if (!session_ok(session, result, promises[i].name, err)) {
			return false;
		}
		if (value != promises[i].want) {
			return fail_because(err, ERR_BLOCKED, "TokenLetsKeysOut", "key %s of token %s: %s is %s", label,
				session->token->label, promises[i].name, value ? "true" : "false");
		}
	}
	return true;
}

static bool key_algorithm_read(
	struct session *session, CK_OBJECT_HANDLE key, enum key_algorithm *algorithm, struct error *err) {
	CK_KEY_TYPE type = 0;
	CK_ATTRIBUTE attribute = {CKA_KEY_TYPE, &type, sizeof type};
	CK_RV result = session->call->C_GetAttributeValue(session->handle, key, &attribute, 1);
	if (!session_ok(session, result, "reading a key's type", err)) {
		return false;
	}
	if (type != CKK_EC && type != CKK_RSA) {
		return fail(err, ERR_BLOCKED, "a key of token %s is neither EC nor RSA", session->token->label);
	}
	*algorithm = type == CKK_EC ? KEY_ECDSA_P256 : KEY_RSA_3072;
	return true;
}

bool key_find(struct session *session, const char *label, CK_OBJECT_HANDLE *key, enum key_algorithm *algorithm,
	struct error *err) {
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	if (!keys_find(session, label, &keys, &count, err)) {
		return false;
	}
	if (count == 1) {
		*key = keys[0];
	}
	free(keys);
	if (count == 0) {
		return fail_because(err, ERR_NOT_FOUND, "TokenLacksCA", "token %s has no key %s", session->token->label, label);
	}
	if (count > 1) {
		return fail_because(err, ERR_BLOCKED, "TokenAmbiguous", "token %s has %zu keys of the name %s",
			session->token->label, count, label);
	}
	return keeps_promises(session, *key, label, err) && key_algorithm_read(session, *key, algorithm, err);
}

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
		{CKA_TOKEN,		&no,	 sizeof no  },
		{CKA_VERIFY,	 &yes, sizeof yes },
		{CKA_EC_PARAMS, p256, sizeof p256},
	};
	CK_ATTRIBUTE rsa_public[] = {
		{CKA_TOKEN,			&no,			 sizeof no		  },
		{CKA_VERIFY,			 &yes,		   sizeof yes		 },
		{CKA_MODULUS_BITS,	   &modulus_bits, sizeof modulus_bits},
		{CKA_PUBLIC_EXPONENT, exponent,		sizeof exponent	   },
	};
	CK_ATTRIBUTE private[] = {
		{CKA_TOKEN,		&yes,		  sizeof yes	},
		{CKA_PRIVATE,	  &yes,			sizeof yes	  },
		{CKA_SENSITIVE,	&yes,		  sizeof yes	},
		{CKA_EXTRACTABLE, &no,		   sizeof no	},
		{CKA_SIGN,		   &yes,			 sizeof yes   },
		{CKA_LABEL,		(void *)label, strlen(label)},
 /* RSA keys must do nothing but sign, whatever the token's defaults are. */
		{CKA_DECRYPT,	  &no,		   sizeof no	},
		{CKA_UNWRAP,		 &no,			  sizeof no	   },
	};
	CK_RV result = session->call->C_GenerateKeyPair(session->handle, &mechanism, ec ? ec_public : rsa_public,
		ec ? 3 : 4, private, ec ? 6 : 8, public_key, private_key);
	return session_ok(session, result, "making a key", err);
}

static bool destroy_labelled(struct session *session, const char *label, struct error *err) {
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	if (!keys_find(session, label, &keys, &count, err)) {
		return false;
	}
	bool ok = true;
	for (size_t i = 0; ok && i < count; i++) {
		ok = session_ok(session, session->call->C_DestroyObject(session->handle, keys[i]), "destroying a key", err);
	}
	free(keys);
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
	CK_ATTRIBUTE name = {CKA_LABEL, (void *)wanted->label, strlen(wanted->label)};
	return session_ok(session, session->call->C_SetAttributeValue(session->handle, key, &name, 1), "naming a key", err);
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

static bool destroy_if_under(struct session *session, CK_OBJECT_HANDLE key, const char *prefix, struct error *err) {
	size_t length = 0;
	char *label = (char *)attribute_read(session, key, CKA_LABEL, &length, err);
	if (!label) {
		return false;
	}
	const char *name = str_starts(label, unfinished) ? label + strlen(unfinished) : label;
	bool ok = !str_starts(name, prefix) ||
			  session_ok(session, session->call->C_DestroyObject(session->handle, key), "destroying a key", err);
	free(label);
	return ok;
}

static bool destroy_all(struct session *session, void *data, struct error *err) {
	const struct wanted *wanted = data;
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	if (!keys_find(session, NULL, &keys, &count, err)) {
		return false;
	}
	bool ok = true;
	for (size_t i = 0; ok && i < count; i++) {
		ok = destroy_if_under(session, keys[i], wanted->label, err);
	}
	free(keys);
	return ok;
}

bool token_keys_destroy(struct token *token, const char *prefix, struct error *err) {
	if (!str_ends(prefix, "/")) {
		return fail(err, ERR_INTERNAL, "a prefix of keys must end with '/': %s", prefix);
	}
	struct wanted wanted = {.label = prefix};
	return session_run(token, destroy_all, &wanted, err);
}
