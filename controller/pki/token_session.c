#include "pki/token_session.h"

#include <stdio.h>

static const struct {
	CK_RV result;
	const char *name;
	bool lost; /* a new session with a new login may help */
} results[] = {
	{CKR_GENERAL_ERROR, "general error", false},
	{CKR_FUNCTION_FAILED, "function failed", false},
	{CKR_ATTRIBUTE_READ_ONLY, "attribute is read-only", false},
	{CKR_ATTRIBUTE_SENSITIVE, "attribute is sensitive", false},
	{CKR_ATTRIBUTE_TYPE_INVALID, "attribute type is not known", false},
	{CKR_ATTRIBUTE_VALUE_INVALID, "attribute value is not accepted", false},
	{CKR_TEMPLATE_INCONSISTENT, "template is inconsistent", false},
	{CKR_TEMPLATE_INCOMPLETE, "template is incomplete", false},
	{CKR_MECHANISM_INVALID, "mechanism is not known", false},
	{CKR_DEVICE_ERROR, "device error", false},
	{CKR_DEVICE_MEMORY, "device is full", false},
	{CKR_DEVICE_REMOVED, "device was removed", true},
	{CKR_TOKEN_NOT_PRESENT, "token is not present", true},
	{CKR_OBJECT_HANDLE_INVALID, "object is not there", false},
	{CKR_SESSION_CLOSED, "session was closed", true},
	{CKR_SESSION_HANDLE_INVALID, "session is not known", true},
	{CKR_SESSION_COUNT, "too many sessions", false},
	{CKR_USER_NOT_LOGGED_IN, "nobody is logged in", true},
	{CKR_PIN_INCORRECT, "PIN is wrong", false},
	{CKR_PIN_LOCKED, "PIN is locked", false},
	{CKR_PIN_EXPIRED, "PIN has expired", false},
	{CKR_PIN_INVALID, "PIN is invalid", false},
	{CKR_PIN_LEN_RANGE, "PIN is too short or too long", false},
	{CKR_KEY_FUNCTION_NOT_PERMITTED, "key may not be used for this", false},
	{CKR_CRYPTOKI_NOT_INITIALIZED, "module is not initialized", false},
};

const char *result_name(CK_RV result, char *room, size_t size) {
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		if (results[i].result == result) {
			return results[i].name;
		}
	}
	snprintf(room, size, "PKCS#11 result 0x%lx", (unsigned long)result);
	return room;
}

static bool is_lost(CK_RV result) {
	for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
		if (results[i].result == result) {
			return results[i].lost;
		}
	}
	return false;
}

bool session_ok(struct session *session, CK_RV result, const char *what, struct error *err) {
	if (result == CKR_OK) {
		return true;
	}
	char room[40];
	session->failed = true;
	session->lost = session->lost || is_lost(result);
	return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "token %s: %s: %s", session->token->label, what,
		result_name(result, room, sizeof room));
}

void session_close(struct token *token, CK_SESSION_HANDLE handle) {
	token->call->C_CloseSession(handle);
	token->sessions--;
}

static bool session_open(struct session *session, struct error *err) {
	struct token *token = session->token;
	CK_RV result =
		token->call->C_OpenSession(token->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session->handle);
	if (!session_ok(session, result, "opening a session", err)) {
		return false;
	}
	token->sessions++;
	if (!token_login(token, session->handle, err)) {
		session_close(token, session->handle);
		return false;
	}
	return true;
}

static bool session_take(struct token *token, struct session *session, struct error *err) {
	*session = (struct session){.token = token, .call = token->call};
	pthread_mutex_lock(&token->lock);
	bool idle = token->idle_count > 0;
	if (idle) {
		session->handle = token->idle[--token->idle_count];
	}
	pthread_mutex_unlock(&token->lock);
	return idle || session_open(session, err);
}

static void session_give(struct session *session) {
	struct token *token = session->token;
	pthread_mutex_lock(&token->lock);
	bool kept = !session->failed && token->idle_count < IDLE_SESSIONS;
	if (kept) {
		token->idle[token->idle_count++] = session->handle;
	}
	pthread_mutex_unlock(&token->lock);
	if (!kept) {
		session_close(token, session->handle);
	}
}

/* The idle sessions were most likely lost with this one. Sessions that other threads use are theirs to lose. */
static void session_drop(struct session *session) {
	struct token *token = session->token;
	session_close(token, session->handle);
	pthread_mutex_lock(&token->lock);
	while (token->idle_count > 0) {
		session_close(token, token->idle[--token->idle_count]);
	}
	pthread_mutex_unlock(&token->lock);
	handles_forget(token);
}

bool session_run(struct token *token, bool (*step)(struct session *session, void *data, struct error *err), void *data,
	struct error *err) {
	struct error problem = {0};
	for (int attempt = 0; attempt < 2; attempt++) {
		struct session session;
		problem = (struct error){0};
		if (!session_take(token, &session, err)) {
			return false;
		}
		bool ok = step(&session, data, &problem);
		if (session.lost) {
			session_drop(&session);
		} else {
			session_give(&session);
		}
		if (ok) {
			return true;
		}
		if (!session.lost) {
			break;
		}
	}
	*err = problem;
	return false;
}
