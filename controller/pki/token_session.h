/* Inside the token: modules, sessions and attributes. Included by the token's own files alone. */
#ifndef PKI_TOKEN_SESSION_H
#define PKI_TOKEN_SESSION_H
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "pki/token.h"

enum { IDLE_SESSIONS = 16 };

struct token {
	CK_FUNCTION_LIST *call;
	CK_SLOT_ID slot;
	char *label, *pin_file;
	bool (*holds)(void *context); /* see token_fence(); NULL: no fence */
	void *fence;
	atomic_size_t sessions; /* open ones, idle or taken */
	pthread_mutex_t lock;   /* of what follows */
	CK_SESSION_HANDLE idle[IDLE_SESSIONS];
	size_t idle_count;
	void *keys; /* where keys were found: of tsearch(), see token_handles.c */
	bool keys_listed;
	/* Held while keys are destroyed, and while the labels of all are read: no key goes while it is being read, for
	 * which modules have all sorts of words (and SoftHSM forgets its memory). */
	pthread_mutex_t population_lock;
	pthread_mutex_t login_lock; /* of what follows; one login at a time */
	uint64_t refused_pin;       /* stamp of the PIN file that the token refused; 0: none */
};

/* A session that one thread has taken. */
struct session {
	struct token *token;
	CK_FUNCTION_LIST *call;
	CK_SESSION_HANDLE handle;
	bool failed; /* a call failed: an operation may still be open in it, so nobody takes it again */
	bool lost;   /* the token forgot it, or nobody is logged in */
};

/* Loads and initializes a module; once a process however many tokens use it. */
must_check CK_FUNCTION_LIST *module_open(const char *path, struct error *err);
void module_close(CK_FUNCTION_LIST *functions);

/* True for CKR_OK; else the error says what was tried, and the session is marked. */
must_check bool session_ok(struct session *session, CK_RV result, const char *what, struct error *err);
/* Runs `step` in a session that is logged in; once more in a new one when the session was lost. */
must_check bool session_run(struct token *token, bool (*step)(struct session *session, void *data, struct error *err),
	void *data, struct error *err);

void session_close(struct token *token, CK_SESSION_HANDLE handle);

/* Logs in; being logged in already is success. */
must_check bool token_login(struct token *token, CK_SESSION_HANDLE handle, struct error *err);
/* The slot whose token has this label. */
must_check bool token_find_slot(CK_FUNCTION_LIST *call, const char *label, CK_SLOT_ID *slot, struct error *err);
const char *result_name(CK_RV result, char *room, size_t size);

/* Private keys of a label; NULL: all. Says when nobody is logged in, since private keys are then invisible. */
must_check bool keys_find(
	struct session *session, const char *label, CK_OBJECT_HANDLE **keys, size_t *count, struct error *err);
/* The one key of a label, after its attributes were read back. */
must_check bool key_find(struct session *session, const char *label, CK_OBJECT_HANDLE *key,
	enum key_algorithm *algorithm, struct error *err);
/* Where the key of this label was found before, and still is. False: it must be looked for. */
bool handle_recall(struct session *session, const char *label, CK_OBJECT_HANDLE *key);
void handle_keep(struct token *token, const char *label, CK_OBJECT_HANDLE key);
void handle_forget(struct token *token, const char *label);
void handles_forget(struct token *token);
/* One attribute's bytes, the caller's to free(). */
must_check unsigned char *attribute_read(
	struct session *session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, size_t *length, struct error *err);

#endif
