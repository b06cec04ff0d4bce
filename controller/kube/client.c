#include "kube/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/str.h"
#include "kube/access.h"
#include "kube/request.h"

enum { MOST_LIST_STARTS = 3 };

struct kube_client {
	struct kube_config *config;
	struct http_pool *pool;
	struct kube_fence fence;
	atomic_bool interrupted;
};

/* A call on its way: one or more exchanges, one after the other. */
struct flight {
	struct kube_client *client;
	struct kube_call *call;
	struct arena *arena;
	struct http_exchange exchange;
	struct kube_access *access;
	struct str url, body;
	const char *headers[6];
	json_t *list;   /* the chunks of a list so far */
	int starts;     /* how often the list was begun */
	bool refreshed; /* the credentials were, after a 401 */
};

struct kube_client *kube_client_create(struct kube_config *config, const struct kube_fence *fence) {
	struct kube_client *client = xcalloc(1, sizeof *client);
	client->config = config;
	client->pool = http_create();
	if (fence) {
		client->fence = *fence;
		http_fence(client->pool, fence->holds, fence->context);
	}
	return client;
}

void kube_client_destroy(struct kube_client *client) {
	if (client) {
		http_destroy(client->pool);
		free(client);
	}
}

void kube_client_interrupt(struct kube_client *client) {
	atomic_store(&client->interrupted, true);
	http_interrupt(client->pool);
}

static bool is_list(const struct kube_call *call) {
	return call->verb == KUBE_GET && !call->name;
}

static void land(struct flight *flight, bool ok) {
	flight->call->ok = ok;
	config_release(flight->access);
	http_forget(&flight->exchange);
	json_decref(flight->list);
	str_done(&flight->url);
	str_done(&flight->body);
}

static void set_headers(struct flight *flight) {
	const char **header = flight->headers, *content_type = request_content_type(flight->call->verb);
	*header++ = "Accept: application/json";
	*header++ = config_agent_header(flight->client->config);
	if (content_type) {
		*header++ = content_type;
	}
	if (flight->access->authorization) {
		*header++ = flight->access->authorization;
	}
	*header = NULL;
}

static void arrived(struct http_exchange *exchange);

static void set_exchange(struct flight *flight) {
	const struct kube_call *call = flight->call;
	flight->exchange.method = request_method(call->verb);
	flight->exchange.url = flight->url.text;
	flight->exchange.headers = flight->headers;
	flight->exchange.body = request_is_write(call->verb) ? flight->body.text : NULL;
	flight->exchange.body_length = flight->body.length;
	flight->exchange.peer = &flight->access->peer;
	flight->exchange.fenced = request_is_write(call->verb);
	flight->exchange.once = call->verb == KUBE_CREATE;
	flight->exchange.compressed = is_list(call);
	flight->exchange.done = arrived;
	flight->exchange.context = flight;
}

/* Sends the next request of the call. `next`: a list's continue token. */
static bool send(struct flight *flight, const char *next) {
	struct kube_client *client = flight->client;
	struct error *err = &flight->call->err;
	struct str url = {0};
	str_adds(&url, kube_config_server(client->config));
	bool ok = request_url(&url, flight->call, config_field_manager(client->config), next, err);
	str_done(&flight->url);
	flight->url = url;
	str_done(&flight->body);
	if (!ok || !request_body(&flight->body, flight->call, err)) {
		return false;
	}
	config_release(flight->access);
	flight->access = config_access(client->config, &client->interrupted, err);
	if (!flight->access) {
		return false;
	}
	set_headers(flight);
	set_exchange(flight);
	http_start(client->pool, &flight->exchange);
	return true;
}

static void give(struct flight *flight, json_t *answer) {
	if (flight->arena) {
		flight->call->answer = arena_own_json(flight->arena, answer);
	} else {
		json_decref(answer);
	}
}

/* The items of a list do not say what they are; those of a watch do. */
static void name_items(const json_t *items, const struct kind *kind) {
	size_t index;
	json_t *item;
	json_array_foreach(items, index, item) {
		if (json_is_object(item) && !json_object_get(item, "kind")) {
			json_object_set_new(item, "apiVersion", json_string(kind->api_version));
			json_object_set_new(item, "kind", json_string(kind->name));
		}
	}
}

/* Joins a chunk with those before; takes it over. True when `*landed` was decided, false: the error is the call's. */
static bool join(struct flight *flight, json_t *chunk, bool *landed) {
	json_t *items = json_object_get(chunk, "items");
	const char *next = json_text_or(chunk, "metadata.continue", "");
	if (json_is_null(items)) {
		json_object_set_new(chunk, "items", items = json_array());
	}
	if (!json_is_array(items)) {
		json_decref(chunk);
		return fail(&flight->call->err, ERR_UNAVAILABLE, "GET %s: the answer is no list", flight->call->kind->name);
	}
	name_items(items, flight->call->kind);
	if (flight->list) {
		json_array_extend(json_object_get(flight->list, "items"), items);
		json_object_set(flight->list, "metadata", json_object_get(chunk, "metadata"));
	} else {
		flight->list = json_incref(chunk);
	}
	*landed = !*next;
	bool ok = *landed || send(flight, next);
	if (*landed) {
		give(flight, flight->list);
		flight->list = NULL;
	}
	json_decref(chunk);
	return ok;
}

static bool take_answer(struct flight *flight, bool *landed) {
	const struct str *text = &flight->exchange.answer;
	struct error *err = &flight->call->err;
	json_t *answer = text->length ? answer_parse(text->text, text->length, err) : NULL;
	*landed = true;
	if (text->length && !answer) {
		return fail_in(err, "%s %s", flight->exchange.method, flight->call->kind->name);
	}
	if (is_list(flight->call)) {
		return join(flight, answer, landed);
	}
	give(flight, answer);
	return true;
}

/* Another attempt with other credentials, or a list from its start, where that helps; else the error. */
static bool take_refusal(struct flight *flight, bool *landed) {
	struct kube_call *call = flight->call;
	int status = flight->exchange.status;
	*landed = false;
	if (status == 401 && !flight->refreshed) {
		flight->refreshed = true;
		config_refused(flight->client->config, flight->access, &flight->client->interrupted);
		const char *next = json_text(flight->list, "metadata.continue");
		return send(flight, next);
	}
	if (status == 410 && is_list(call) && flight->list && ++flight->starts < MOST_LIST_STARTS) {
		json_decref(flight->list);
		flight->list = NULL;
		return send(flight, NULL);
	}
	*landed = true;
	if (status == 404 && call->verb == KUBE_DELETE) {
		return true;
	}
	return answer_error(
		&flight->exchange, flight->exchange.method, call->kind, call->namespace, call->name, &call->err);
}

static void arrived(struct http_exchange *exchange) {
	struct flight *flight = exchange->context;
	struct kube_call *call = flight->call;
	bool landed = true, ok;
	config_observe(flight->client->config, exchange);
	if (!exchange->ok) {
		call->err = exchange->err;
		ok = fail_in(&call->err, "%s %s", exchange->method, call->kind->name);
	} else if (exchange->status / 100 == 2) {
		ok = take_answer(flight, &landed);
	} else {
		ok = take_refusal(flight, &landed);
	}
	if (landed || !ok) {
		land(flight, ok);
	}
}

void kube_do(struct kube_client *client, struct arena *arena, struct kube_call *calls, size_t count) {
	struct flight *flights = xcalloc(count, sizeof *flights);
	for (size_t i = 0; i < count; i++) {
		struct flight *flight = &flights[i];
		calls[i].ok = false;
		calls[i].answer = NULL;
		calls[i].err = (struct error){0};
		*flight = (struct flight){.client = client, .call = &calls[i], .arena = arena};
		if (!send(flight, NULL)) {
			land(flight, false);
		}
	}
	/* a turn without anything under way would only wait */
	for (size_t left = http_turn(client->pool, 0); left;) {
		left = http_turn(client->pool, 1000);
	}
	free(flights);
}
