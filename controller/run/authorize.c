#include "run/authorize.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "run/review.h"

enum { MOST_WAITING = 32 };

static const struct kind token_review = {"TokenReview", "authentication.k8s.io/v1", "tokenreviews", true};
static const struct kind access_review = {
	"SubjectAccessReview", "authorization.k8s.io/v1", "subjectaccessreviews", true};

struct waiting {
	struct waiting *next;
	struct digest digest;
	char *token;
};

struct authorizer {
	struct kube_client *client;
	struct arena *arena;
	void (*done)(void *context);
	void *context;
	pthread_t thread;
	bool failing; /* the thread's: said already */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct verdict_cache cache;
	struct waiting *first; /* the one being asked stays the first */
	size_t count;
	bool stopped;
};

static void free_waiting(struct waiting *waiting) {
	OPENSSL_cleanse(waiting->token, strlen(waiting->token));
	free(waiting->token);
	free(waiting);
}

/* The answer's body, borrowed from the arena, or NULL. */
static const json_t *review(struct authorizer *authorizer, const struct kind *kind, json_t *spec) {
	json_t *body = arena_own_json(authorizer->arena, json_object());
	json_object_set_new(body, "apiVersion", json_string(kind->api_version));
	json_object_set_new(body, "kind", json_string(kind->name));
	json_object_set_new(body, "spec", spec);
	struct kube_call call = {.verb = KUBE_CREATE, .kind = kind, .body = body};
	kube_do(authorizer->client, authorizer->arena, &call, 1);
	if (!call.ok && !authorizer->failing && call.err.kind != ERR_CANCELLED) {
		log_warn("who reads the metrics cannot be asked of the API server", "kind", kind->name, "error", call.err.text);
	}
	authorizer->failing = !call.ok;
	return call.ok ? call.answer : NULL;
}

static enum verdict ask_access(struct authorizer *authorizer, const json_t *user) {
	const json_t *answer = review(authorizer, &access_review, review_access_spec(user));
	return answer ? review_access(answer) : VERDICT_UNAVAILABLE;
}

static enum verdict ask(struct authorizer *authorizer, const char *token) {
	json_t *text = json_string(token);
	if (!text) {
		return VERDICT_UNAUTHENTICATED;
	}
	json_t *spec = json_object();
	json_object_set(spec, "token", text);
	const json_t *answer = review(authorizer, &token_review, spec);
	/* The arena would free the text as it is. */
	OPENSSL_cleanse((char *)(uintptr_t)json_string_value(text), json_string_length(text));
	json_decref(text);
	if (!answer) {
		return VERDICT_UNAVAILABLE;
	}
	const json_t *user = review_user(answer);
	return user ? ask_access(authorizer, user) : VERDICT_UNAUTHENTICATED;
}

static struct waiting *wait_for_first(struct authorizer *authorizer) {
	pthread_mutex_lock(&authorizer->lock);
	while (!authorizer->stopped && !authorizer->first) {
		pthread_cond_wait(&authorizer->changed, &authorizer->lock);
	}
	struct waiting *first = authorizer->stopped ? NULL : authorizer->first;
	pthread_mutex_unlock(&authorizer->lock);
	return first;
}

static void *run(void *context) {
	struct authorizer *authorizer = context;
	for (struct waiting *first; (first = wait_for_first(authorizer));) {
		enum verdict verdict = ask(authorizer, first->token);
		arena_reset(authorizer->arena);
		pthread_mutex_lock(&authorizer->lock);
		verdict_keep(&authorizer->cache, &first->digest, verdict, clock_monotonic());
		authorizer->first = first->next;
		authorizer->count--;
		pthread_mutex_unlock(&authorizer->lock);
		free_waiting(first);
		authorizer->done(authorizer->context);
	}
	return NULL;
}

struct authorizer *authorizer_create(struct kube_config *config, void (*done)(void *context), void *context) {
	struct authorizer *authorizer = xcalloc(1, sizeof *authorizer);
	authorizer->client = kube_client_create(config, NULL);
	authorizer->arena = arena_create();
	authorizer->done = done;
	authorizer->context = context;
	pthread_mutex_init(&authorizer->lock, NULL);
	pthread_cond_init(&authorizer->changed, NULL);
	if (pthread_create(&authorizer->thread, NULL, run, authorizer)) {
		abort();
	}
	return authorizer;
}

static struct waiting **find_waiting(struct authorizer *authorizer, const struct digest *digest) {
	struct waiting **at = &authorizer->first;
	while (*at && !digest_equal(&(*at)->digest, digest)) {
		at = &(*at)->next;
	}
	return at;
}

enum verdict authorizer_ask(struct authorizer *authorizer, const char *token, struct digest *digest) {
	*digest = digest_bytes(token, strlen(token));
	pthread_mutex_lock(&authorizer->lock);
	enum verdict verdict = verdict_find(&authorizer->cache, digest, clock_monotonic());
	struct waiting **at = find_waiting(authorizer, digest);
	if (!verdict && !*at) {
		if (authorizer->count == MOST_WAITING) {
			verdict = VERDICT_UNAVAILABLE;
		} else {
			*at = xcalloc(1, sizeof **at);
			**at = (struct waiting){.digest = *digest, .token = xstrdup(token)};
			authorizer->count++;
			pthread_cond_signal(&authorizer->changed);
		}
	}
	pthread_mutex_unlock(&authorizer->lock);
	return verdict;
}

enum verdict authorizer_find(struct authorizer *authorizer, const struct digest *digest) {
	pthread_mutex_lock(&authorizer->lock);
	enum verdict verdict = verdict_find(&authorizer->cache, digest, clock_monotonic());
	if (!verdict && !*find_waiting(authorizer, digest)) {
		verdict = VERDICT_UNAVAILABLE; /* answered and pushed out again */
	}
	pthread_mutex_unlock(&authorizer->lock);
	return verdict;
}

void authorizer_stop(struct authorizer *authorizer) {
	if (!authorizer) {
		return;
	}
	pthread_mutex_lock(&authorizer->lock);
	authorizer->stopped = true;
	pthread_cond_signal(&authorizer->changed);
	pthread_mutex_unlock(&authorizer->lock);
	kube_client_interrupt(authorizer->client);
	pthread_join(authorizer->thread, NULL);
}

void authorizer_destroy(struct authorizer *authorizer) {
	if (!authorizer) {
		return;
	}
	for (struct waiting *waiting = authorizer->first, *next; waiting; waiting = next) {
		next = waiting->next;
		free_waiting(waiting);
	}
	kube_client_destroy(authorizer->client);
	arena_destroy(authorizer->arena);
	pthread_cond_destroy(&authorizer->changed);
	pthread_mutex_destroy(&authorizer->lock);
	free(authorizer);
}
