#include "reconcilers/finalizer.h"

#include <string.h>

#include "base/json.h"

static json_t *patch_of(struct arena *arena, const json_t *object, const char *finalizer, size_t place) {
	const char *path = arena_printf(arena, "/metadata/finalizers/%zu", place);
	return arena_own_json(arena, json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s}]", "op", "test", "path",
									 "/metadata/uid", "value", json_text_or(object, "metadata.uid", ""), "op", "test",
									 "path", path, "value", finalizer, "op", "remove", "path", path));
}

bool finalizer_remove(
	struct pass *pass, const struct kind *kind, const json_t *object, const char *finalizer, struct error *err) {
	json_t *finalizers = json_get(object, "metadata.finalizers");
	for (size_t i = 0; i < json_array_size(finalizers); i++) {
		const char *name = json_string_value(json_array_get(finalizers, i));
		if (!name || strcmp(name, finalizer) != 0) {
			continue;
		}
		struct kube_call call = {.verb = KUBE_PATCH_JSON,
			.kind = kind,
			.namespace = pass->namespace,
			.name = pass->name,
			.body = patch_of(pass->arena, object, finalizer, i)};
		kube_do(pass->client, pass->arena, &call, 1);
		if (call.ok) {
			store_wrote(pass->store, kind, call.answer, NULL);
		} else if (call.err.kind != ERR_NOT_FOUND) {
			*err = call.err;
			return fail_in(err, "take off the finalizer");
		}
		return true;
	}
	return true;
}
