/* Keys in the token: found, and read back before each use. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "pki/token_session.h"

enum { FIND_BATCH = 64, LARGEST_ATTRIBUTE = 65536 };

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS private_class = CKO_PRIVATE_KEY;

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
		{CKA_CLASS, &private_class, sizeof private_class},
		{CKA_TOKEN, &yes, sizeof yes},
		{CKA_LABEL, (void *)label, label ? strlen(label) : 0},
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
		/* What a module says of itself is checked before it is believed. */
		result = result == CKR_OK && got > FIND_BATCH ? CKR_GENERAL_ERROR : result;
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
	CK_ULONG room = attribute.ulValueLen;
	result = result == CKR_OK && room > LARGEST_ATTRIBUTE ? CKR_GENERAL_ERROR : result;
	if (!session_ok(session, result, "reading an attribute", err)) {
		return NULL;
	}
	attribute.pValue = xcalloc(1, room + 1);
	result = session->call->C_GetAttributeValue(session->handle, object, &attribute, 1);
	result = result == CKR_OK && attribute.ulValueLen > room ? CKR_GENERAL_ERROR : result;
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
	{CKA_TOKEN, "CKA_TOKEN", CK_TRUE, false},
	{CKA_PRIVATE, "CKA_PRIVATE", CK_TRUE, false},
	{CKA_SENSITIVE, "CKA_SENSITIVE", CK_TRUE, false},
	{CKA_EXTRACTABLE, "CKA_EXTRACTABLE", CK_FALSE, false},
	{CKA_SIGN, "CKA_SIGN", CK_TRUE, false},
	{CKA_ALWAYS_SENSITIVE, "CKA_ALWAYS_SENSITIVE", CK_TRUE, true},
	{CKA_NEVER_EXTRACTABLE, "CKA_NEVER_EXTRACTABLE", CK_TRUE, true},
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
		if (value != promises[i].want || attribute.ulValueLen != sizeof value) {
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
	if (attribute.ulValueLen != sizeof type || (type != CKK_EC && type != CKK_RSA)) {
		return fail(err, ERR_BLOCKED, "a key of token %s is neither EC nor RSA", session->token->label);
	}
	*algorithm = type == CKK_EC ? KEY_ECDSA_P256 : KEY_RSA_3072;
	return true;
}

static bool look(struct session *session, const char *label, CK_OBJECT_HANDLE *key, struct error *err) {
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
	handle_keep(session->token, label, *key);
	return true;
}

bool key_find(struct session *session, const char *label, CK_OBJECT_HANDLE *key, enum key_algorithm *algorithm,
	struct error *err) {
	return (handle_recall(session, label, key) || look(session, label, key, err)) &&
	       keeps_promises(session, *key, label, err) && key_algorithm_read(session, *key, algorithm, err);
}
