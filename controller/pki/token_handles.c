/* Where keys were found: a token compares the label of every key that it holds when it is asked for one (SoftHSM
 * decrypts each), so that a fleet's first reconcile would cost the square of its size.
 *
 * What is remembered is never believed: the object must still be a private key of this label, else it is looked for.
 * Only a second key of the same label, made by somebody else after the first was found, stays unseen until the next
 * start. */
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "pki/token_session.h"

struct known {
	char *label;
	CK_OBJECT_HANDLE key; /* CK_INVALID_HANDLE: more than one has this label */
};

static int compare(const void *a, const void *b) {
	return strcmp(((const struct known *)a)->label, ((const struct known *)b)->label);
}

static void known_free(void *node) {
	struct known *known = node;
	free(known->label);
	free(known);
}

static void keep(struct token *token, const char *label, CK_OBJECT_HANDLE key, bool twice) {
	struct known wanted = {.label = (char *)label};
	struct known **found = tfind(&wanted, &token->keys, compare);
	if (found) {
		(*found)->key = twice ? CK_INVALID_HANDLE : key;
		return;
	}
	struct known *known = xcalloc(1, sizeof *known);
	*known = (struct known){xstrdup(label), key};
	if (!tsearch(known, &token->keys, compare)) {
		abort();
	}
}

void handle_keep(struct token *token, const char *label, CK_OBJECT_HANDLE key) {
	pthread_mutex_lock(&token->lock);
	keep(token, label, key, false);
	pthread_mutex_unlock(&token->lock);
}

void handle_forget(struct token *token, const char *label) {
	struct known wanted = {.label = (char *)label};
	pthread_mutex_lock(&token->lock);
	struct known **found = tfind(&wanted, &token->keys, compare);
	struct known *known = found ? *found : NULL;
	if (known) {
		tdelete(&wanted, &token->keys, compare);
		known_free(known);
	}
	pthread_mutex_unlock(&token->lock);
}

void handles_forget(struct token *token) {
	pthread_mutex_lock(&token->lock);
	tdestroy(token->keys, known_free);
	token->keys = NULL;
	token->keys_listed = false;
	pthread_mutex_unlock(&token->lock);
}

/* One that another process destroys meanwhile has no label any more. */
static void learn(struct session *session, CK_OBJECT_HANDLE key) {
	struct error ignored;
	size_t length;
	char *label = (char *)attribute_read(session, key, CKA_LABEL, &length, &ignored);
	if (label) {
		pthread_mutex_lock(&session->token->lock);
		keep(session->token, label, key, true);
		pthread_mutex_unlock(&session->token->lock);
		free(label);
	}
}

/* Once, every key there is: from then on only new ones are looked for. What cannot be read is looked for too. */
static void list_all(struct session *session) {
	struct token *token = session->token;
	CK_OBJECT_HANDLE *keys = NULL;
	size_t count = 0;
	struct error ignored;
	pthread_mutex_lock(&token->lock);
	bool listed = token->keys_listed;
	token->keys_listed = true;
	pthread_mutex_unlock(&token->lock);
	if (listed) {
		return;
	}
	pthread_mutex_lock(&token->population_lock);
	bool found = keys_find(session, NULL, &keys, &count, &ignored);
	for (size_t i = 0; found && i < count; i++) {
		learn(session, keys[i]);
	}
	pthread_mutex_unlock(&token->population_lock);
	free(keys);
}

/* An object that is gone is no failure of the session: its handle may be anything. */
static bool is_still(struct session *session, CK_OBJECT_HANDLE key, const char *label) {
	size_t length = strlen(label);
	char *seen = xcalloc(1, length + 2);
	CK_OBJECT_CLASS class = CKO_DATA;
	CK_ATTRIBUTE attributes[] = {{CKA_CLASS, &class, sizeof class}, {CKA_LABEL, seen, length + 1}};
	bool ok = session->call->C_GetAttributeValue(session->handle, key, attributes, 2) == CKR_OK &&
	          attributes[0].ulValueLen == sizeof class && class == CKO_PRIVATE_KEY &&
	          attributes[1].ulValueLen == length && memcmp(seen, label, length) == 0;
	free(seen);
	return ok;
}

bool handle_recall(struct session *session, const char *label, CK_OBJECT_HANDLE *key) {
	struct token *token = session->token;
	struct known wanted = {.label = (char *)label};
	list_all(session);
	pthread_mutex_lock(&token->lock);
	struct known **found = tfind(&wanted, &token->keys, compare);
	*key = found ? (*found)->key : CK_INVALID_HANDLE;
	pthread_mutex_unlock(&token->lock);
	return *key != CK_INVALID_HANDLE && is_still(session, *key, label);
}
