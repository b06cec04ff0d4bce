#include "pki/token.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/str.h"
#include "pki/token_session.h"

enum { PIN_LIMIT = 256, SLOTS_LIMIT = 256 };

static bool read_pin(const char *path, struct str *pin, struct error *err) {
	struct error why;
	if (!str_read_file(pin, path, PIN_LIMIT, &why)) {
		return fail_because(err, ERR_BLOCKED, "TokenUnavailable", "PIN of the token: %s", why.text);
	}
	if (pin->length && pin->text[pin->length - 1] == '\n') {
		pin->text[--pin->length] = '\0';
	}
	if (pin->length == 0) {
		return fail_because(err, ERR_BLOCKED, "TokenPinIncorrect", "PIN file %s is empty", path);
	}
	return true;
}

/* A wrong PIN that is tried at every restart locks the token for good: the last try is left to a person. */
static bool may_try_pin(const struct token *token, struct error *err) {
	CK_TOKEN_INFO info;
	if (token->call->C_GetTokenInfo(token->slot, &info) == CKR_OK &&
		(info.flags & (CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED))) {
		return fail_because(err, ERR_BLOCKED, "TokenPinIncorrect",
			"token %s: one try is left or none; log in by hand with the right PIN, then write %s anew", token->label,
			token->pin_file);
	}
	return true;
}

static bool log_in(struct token *token, CK_SESSION_HANDLE handle, struct error *err) {
	struct str cleanup_str pin = {0};
	uint64_t file = file_stamp(token->pin_file);
	if (file && file == token->refused_pin) {
		return fail_because(err, ERR_BLOCKED, "TokenPinIncorrect",
			"token %s refused the PIN of %s, which is not tried again before that file is written anew", token->label,
			token->pin_file);
	}
	if (!may_try_pin(token, err) || !read_pin(token->pin_file, &pin, err)) {
		return false;
	}
	CK_RV result = token->call->C_Login(handle, CKU_USER, (CK_UTF8CHAR *)pin.text, pin.length);
	char room[40];
	switch (result) {
	case CKR_OK:
	case CKR_USER_ALREADY_LOGGED_IN:
		return true;
	case CKR_PIN_INCORRECT:
	case CKR_PIN_INVALID:
	case CKR_PIN_LEN_RANGE:
	case CKR_PIN_EXPIRED:
	case CKR_PIN_LOCKED:
		token->refused_pin = file;
		return fail_because(err, ERR_BLOCKED, "TokenPinIncorrect", "token %s refuses the PIN of %s: %s", token->label,
			token->pin_file, result_name(result, room, sizeof room));
	default:
		return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "token %s: logging in: %s", token->label,
			result_name(result, room, sizeof room));
	}
}

/* One at a time: many threads lose their sessions at once, and each would use up a try of a wrong PIN. */
bool token_login(struct token *token, CK_SESSION_HANDLE handle, struct error *err) {
	CK_SESSION_INFO info;
	if (token->call->C_GetSessionInfo(handle, &info) == CKR_OK && info.state == CKS_RW_USER_FUNCTIONS) {
		return true;
	}
	pthread_mutex_lock(&token->login_lock);
	bool ok = log_in(token, handle, err);
	pthread_mutex_unlock(&token->login_lock);
	return ok;
}

static bool has_label(const CK_TOKEN_INFO *info, const char *label) {
	size_t length = strlen(label), field = sizeof info->label;
	if (length > field || memcmp(info->label, label, length) != 0) {
		return false;
	}
	for (size_t i = length; i < field; i++) {
		if (info->label[i] != ' ') {
			return false;
		}
	}
	return true;
}

bool token_find_slot(CK_FUNCTION_LIST *call, const char *label, CK_SLOT_ID *slot, struct error *err) {
	CK_SLOT_ID slots[SLOTS_LIMIT];
	CK_ULONG count = SLOTS_LIMIT;
	CK_RV result = call->C_GetSlotList(CK_TRUE, slots, &count);
	result = result == CKR_OK && count > SLOTS_LIMIT ? CKR_GENERAL_ERROR : result;
	if (result != CKR_OK) {
		char room[40];
		return fail_because(
			err, ERR_UNAVAILABLE, "TokenUnavailable", "listing the slots: %s", result_name(result, room, sizeof room));
	}
	size_t found = 0;
	for (CK_ULONG i = 0; i < count; i++) {
		CK_TOKEN_INFO info;
		if (call->C_GetTokenInfo(slots[i], &info) == CKR_OK && has_label(&info, label)) {
			*slot = slots[i];
			found++;
		}
	}
	if (found != 1) {
		return fail_because(
			err, ERR_BLOCKED, "TokenUnavailable", "%zu tokens have the label %s, one is needed", found, label);
	}
	return true;
}

static bool connected(struct session *session, void *data, struct error *err) {
	(void)data;
	CK_SESSION_INFO info;
	return session_ok(session, session->call->C_GetSessionInfo(session->handle, &info), "asking for the session", err);
}

struct token *token_open(const struct token_config *config, struct error *err) {
	CK_FUNCTION_LIST *call = module_open(config->module, err);
	if (!call) {
		return NULL;
	}
	CK_SLOT_ID slot = 0;
	if (!token_find_slot(call, config->label, &slot, err)) {
		module_close(call);
		return NULL;
	}
	struct token *token = xcalloc(1, sizeof *token);
	token->call = call;
	token->slot = slot;
	token->label = xstrdup(config->label);
	token->pin_file = xstrdup(config->pin_file);
	pthread_mutex_init(&token->lock, NULL);
	pthread_mutex_init(&token->population_lock, NULL);
	pthread_mutex_init(&token->login_lock, NULL);
	if (!session_run(token, connected, NULL, err)) {
		token_close(token);
		return NULL;
	}
	return token;
}

size_t token_sessions(const struct token *token) {
	return token->sessions;
}

void token_close(struct token *token) {
	if (!token) {
		return;
	}
	while (token->idle_count > 0) {
		session_close(token, token->idle[--token->idle_count]);
	}
	handles_forget(token);
	module_close(token->call);
	pthread_mutex_destroy(&token->population_lock);
	pthread_mutex_destroy(&token->login_lock);
	pthread_mutex_destroy(&token->lock);
	free(token->label);
	free(token->pin_file);
	free(token);
}
