#include "ybcluster/secret.h"

#include <string.h>

#include "base/base64.h"
#include "base/json.h"
#include "base/str.h"
#include "pure/names.h"

const char *secret_text(struct arena *arena, const json_t *secret, const char *key) {
	const char *encoded = json_string_value(json_at(secret, "data", key, NULL));
	cleanup_str struct str text = {0};
	if (!encoded || !base64_decode(&text, encoded) || !text.text) {
		return NULL;
	}
	return arena_strndup(arena, text.text, text.length);
}

const char *secret_leaf(struct arena *arena, const json_t *secret) {
	const char *key;
	json_t *value;
	json_object_foreach(json_get(secret, "data"), key, value) {
		bool node = str_starts(key, "node.") && str_ends(key, ".crt");
		if (node || strcmp(key, "yugabytedb.crt") == 0) {
			return secret_text(arena, secret, key);
		}
	}
	return NULL;
}

struct digest secret_trust(const json_t *secret) {
	json_t *annotation = json_at(secret, "metadata", "annotations", ANNOTATION_TRUST, NULL);
	const char *anchors = json_string_value(json_at(secret, "data", "ca.crt", NULL));
	cleanup_str struct str text = {0};
	str_addf(
		&text, "%s\n%s", json_string_value(annotation) ? json_string_value(annotation) : "", anchors ? anchors : "");
	return digest_bytes(text.text, text.length);
}
