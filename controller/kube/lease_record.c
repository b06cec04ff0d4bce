#include "kube/lease_record.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"

enum { LONGEST_SECONDS = 3600 }; /* a lease that says more was not written by an elector */

const char *lease_holder(const json_t *lease) {
	return json_text_or(lease, "spec.holderIdentity", "");
}

/* Labels and the like may change without the holder being alive: only its own words count. */
static bool same_words(const json_t *a, const json_t *b) {
	return a && b && !strcmp(lease_holder(a), lease_holder(b)) &&
	       !strcmp(json_text_or(a, "spec.renewTime", ""), json_text_or(b, "spec.renewTime", "")) &&
	       !strcmp(json_text_or(a, "metadata.uid", ""), json_text_or(b, "metadata.uid", ""));
}

void lease_see(struct lease_view *view, json_t *lease, int64_t now) {
	if (!same_words(view->lease, lease)) {
		view->seen = now;
	}
	json_decref(view->lease);
	view->lease = lease;
}

void lease_view_done(struct lease_view *view) {
	json_decref(view->lease);
	view->lease = NULL;
}

enum lease_step lease_decide(const struct lease_view *view, const char *identity, int64_t now) {
	if (!view->lease) {
		return LEASE_CREATE;
	}
	const char *holder = lease_holder(view->lease);
	if (!strcmp(holder, identity)) {
		return LEASE_RENEW;
	}
	int64_t seconds = json_int(view->lease, "spec.leaseDurationSeconds", LEASE_SECONDS);
	if (seconds < 1 || seconds > LONGEST_SECONDS) {
		seconds = LEASE_SECONDS;
	}
	return !holder[0] || now - view->seen >= seconds * SECONDS(1) ? LEASE_TAKE : LEASE_WAIT;
}

static json_t *body_from(const struct lease_view *view) {
	json_t *body = view->lease ? json_deep_copy(view->lease) : json_object();
	json_object_del(json_object_get(body, "metadata"), "managedFields");
	return body;
}

json_t *lease_body(const struct lease_view *view, const char *namespace, const char *name, const char *identity,
	enum lease_step step, struct microtime now) {
	json_t *body = body_from(view);
	json_put(body, "apiVersion", json_string("coordination.k8s.io/v1"));
	json_put(body, "kind", json_string("Lease"));
	json_put(body, "metadata.namespace", json_string(namespace));
	json_put(body, "metadata.name", json_string(name));
	int64_t transitions = json_int(view->lease, "spec.leaseTransitions", 0);
	transitions = transitions >= 0 && transitions < INT32_MAX ? transitions : 0; /* the API's type */
	if (step != LEASE_RENEW) {
		json_put(body, "spec.acquireTime", json_string(now.text));
		json_put(body, "spec.leaseTransitions", json_integer(step == LEASE_TAKE ? transitions + 1 : 0));
	}
	json_put(body, "spec.holderIdentity", json_string(identity));
	json_put(body, "spec.leaseDurationSeconds", json_integer(LEASE_SECONDS));
	json_put(body, "spec.renewTime", json_string(now.text));
	return body;
}

json_t *lease_body_released(const struct lease_view *view, struct microtime now) {
	json_t *body = body_from(view);
	json_put(body, "spec.holderIdentity", json_string(""));
	json_put(body, "spec.leaseDurationSeconds", json_integer(1));
	json_put(body, "spec.acquireTime", json_string(now.text));
	json_put(body, "spec.renewTime", json_string(now.text));
	return body;
}
