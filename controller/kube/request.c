#include "kube/request.h"

#include <string.h>

#include "base/json.h"

/* By enum kube_verb. */
static const struct verb {
	const char *method, *content_type, *subresource;
	bool write, named;
} verbs[] = {
	[KUBE_GET] = {"GET", NULL, NULL, false, false},
	[KUBE_CREATE] = {"POST", "Content-Type: application/json", NULL, true, false},
	[KUBE_APPLY] = {"PATCH", "Content-Type: application/apply-patch+yaml", NULL, true, true},
	[KUBE_APPLY_STATUS] = {"PATCH", "Content-Type: application/apply-patch+yaml", "status", true, true},
	[KUBE_UPDATE] = {"PUT", "Content-Type: application/json", NULL, true, true},
	[KUBE_PATCH_JSON] = {"PATCH", "Content-Type: application/json-patch+json", NULL, true, true},
	[KUBE_PATCH_MERGE] = {"PATCH", "Content-Type: application/merge-patch+json", NULL, true, true},
	[KUBE_DELETE] = {"DELETE", "Content-Type: application/json", NULL, true, true},
	[KUBE_EVICT] = {"POST", "Content-Type: application/json", "eviction", true, true},
};

const char *request_method(enum kube_verb verb) {
	return verbs[verb].method;
}

const char *request_content_type(enum kube_verb verb) {
	return verbs[verb].content_type;
}

bool request_is_write(enum kube_verb verb) {
	return verbs[verb].write;
}

/* The API server forbids these too (apimachinery's path segment names); here they would lead to another object. */
static bool add_segment(struct str *url, const char *what, const char *name, struct error *err) {
	if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strpbrk(name, "/%")) {
		return fail(err, ERR_INVALID, "\"%.64s\" cannot be a %s", name, what);
	}
	str_adds(url, "/");
	http_escape(url, name);
	return true;
}

bool request_path(struct str *url, const struct kind *kind, const char *namespace, const char *name,
	const char *subresource, struct error *err) {
	str_addf(url, "%s/%s", strchr(kind->api_version, '/') ? "/apis" : "/api", kind->api_version);
	if (namespace && !kind->cluster_scoped) {
		str_adds(url, "/namespaces");
		if (!add_segment(url, "namespace", namespace, err)) {
			return false;
		}
	} else if (name && !kind->cluster_scoped) {
		return fail(err, ERR_INTERNAL, "%s %s: has no namespace", kind->name, name);
	}
	str_addf(url, "/%s", kind->plural);
	return (!name || add_segment(url, "name", name, err)) &&
	       (!subresource || add_segment(url, "subresource", subresource, err));
}

static void add_query(struct str *url, const char *name, const char *value) {
	str_adds(url, strchr(url->text, '?') ? "&" : "?");
	str_adds(url, name);
	if (value) {
		str_adds(url, "=");
		http_escape(url, value);
	}
}

bool request_url(
	struct str *url, const struct kube_call *call, const char *field_manager, const char *next, struct error *err) {
	const struct verb *verb = &verbs[call->verb];
	const char *subresource = call->subresource ? call->subresource : verb->subresource;
	const char *name = call->verb == KUBE_CREATE && !call->subresource ? NULL : call->name;
	bool patch = strcmp(verb->method, "PATCH") == 0;
	if (!call->kind || (verb->named && !call->name)) {
		return fail(err, ERR_INTERNAL, "a %s needs a kind and a name", verb->method);
	}
	if (!request_path(url, call->kind, call->namespace, name, subresource, err)) {
		return false;
	}
	if (call->query && *call->query) {
		add_query(url, call->query, NULL);
	}
	if (call->verb == KUBE_GET && !name) {
		str_addf(url, "%slimit=%d", strchr(url->text, '?') ? "&" : "?", LIST_CHUNK);
	}
	if (next) {
		add_query(url, "continue", next);
	}
	if (patch || call->verb == KUBE_CREATE || call->verb == KUBE_UPDATE) {
		add_query(url, "fieldManager", field_manager);
	}
	if (call->verb == KUBE_APPLY || call->verb == KUBE_APPLY_STATUS) {
		add_query(url, "force", call->force || call->verb == KUBE_APPLY_STATUS ? "true" : "false");
	}
	return true;
}

static json_t *delete_options(const struct kube_call *call) {
	json_t *options = json_object();
	json_put(options, "apiVersion", json_string("v1"));
	json_put(options, "kind", json_string("DeleteOptions"));
	json_put(options, "preconditions.uid", json_string(call->uid));
	if (call->resource_version) {
		json_put(options, "preconditions.resourceVersion", json_string(call->resource_version));
	}
	if (call->verb == KUBE_DELETE) {
		json_put(options, "propagationPolicy", json_string(call->propagation ? call->propagation : "Background"));
	}
	return options;
}

static json_t *eviction(const struct kube_call *call) {
	json_t *body = json_object();
	json_t *options = delete_options(call);
	json_object_del(options, "apiVersion");
	json_object_del(options, "kind");
	json_put(body, "apiVersion", json_string("policy/v1"));
	json_put(body, "kind", json_string("Eviction"));
	json_put(body, "metadata.name", json_string(call->name));
	json_put(body, "metadata.namespace", json_string(call->namespace));
	json_put(body, "deleteOptions", options);
	return body;
}

bool request_body(struct str *body, const struct kube_call *call, struct error *err) {
	bool made = call->verb == KUBE_DELETE || call->verb == KUBE_EVICT;
	if (made && (!call->uid || !*call->uid)) {
		return fail(err, ERR_INTERNAL, "%s %s: deleting needs a uid", call->kind->name, call->name);
	}
	if (made) {
		json_t *options = call->verb == KUBE_EVICT ? eviction(call) : delete_options(call);
		json_write_unsorted(body, options);
		json_decref(options);
	} else if (request_is_write(call->verb) && !call->body) {
		return fail(err, ERR_INTERNAL, "%s: a %s needs a body", call->kind->name, request_method(call->verb));
	} else if (call->body && request_is_write(call->verb)) {
		json_write_unsorted(body, call->body);
	}
	return true;
}
