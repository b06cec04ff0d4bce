#include "reconcilers/listing.h"

#include "base/json.h"

struct kube_call list_call(struct pass *pass, const struct kind *kind, const char *query) {
	return (struct kube_call){.verb = KUBE_GET, .kind = kind, .namespace = pass->namespace, .query = query};
}

const char *query_of_name(struct arena *arena, const char *name) {
	return arena_printf(arena, "fieldSelector=metadata.name%%3D%s", name);
}

bool listed(const struct kube_call *call, const json_t **items, struct error *err) {
	*items = json_object_get(call->answer, "items");
	if (!call->ok) {
		*err = call->err;
		return fail_in(err, "list %s", call->kind->plural);
	}
	return json_is_array(*items) || fail(err, ERR_UNAVAILABLE, "list %s: the answer is no list", call->kind->plural);
}
