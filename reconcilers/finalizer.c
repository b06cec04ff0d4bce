#include "reconcilers/finalizer.h"

#include "base/json.h"
#include "base/str.h"

/* Where it stands among the others; past the last: it is not there. */
static size_t place_of(const json_t *object, const char *finalizer) {
	json_t *finalizers = json_get(object, "metadata.finalizers");
	size_t i = 0;
	while (i < json_array_size(finalizers) && !str_equal(json_string_value(json_array_get(finalizers, i)), finalizer)) {
		i++;
	}
	return i;
}

bool finalizer_is_on(const json_t *object, const char *finalizer) {
	return place_of(object, finalizer) < json_array_size(json_get(object, "metadata.finalizers"));
}

static json_t *patch_of(struct arena *arena, const json_t *object, const char *finalizer, size_t place) {
	const char *path = arena_printf(arena, "/metadata/finalizers/%zu", place);
	return arena_own_json(arena, json_pack("[{s:s, s:s, s:s}, {s:s, s:s, s:s}, {s:s, s:s}]", "op", "test", "path",
									 "/metadata/uid", "value", json_text_or(object, "metadata.uid", ""), "op", "test",
									 "path", path, "value", finalizer, "op", "remove", "path", path));
}

bool finalizer_remove(
	struct pass *pass, const struct kind *kind, const json_t *object, const char *finalizer, struct error *err) {
	size_t place = place_of(object, finalizer);
	if (place == json_array_size(json_get(object, "metadata.finalizers"))) {
		return true;
	}
	struct kube_call call = {.verb = KUBE_PATCH_JSON,
		.kind = kind,
		.namespace = pass->namespace,
		.name = pass->name,
		.body = patch_of(pass->arena, object, finalizer, place)};
	kube_do(pass->client, pass->arena, &call, 1);
	if (call.ok) {
		store_wrote(pass->store, kind, call.answer, NULL);
	} else if (call.err.kind != ERR_NOT_FOUND) {
		*err = call.err;
		return fail_in(err, "take off the finalizer");
	}
	return true;
}
