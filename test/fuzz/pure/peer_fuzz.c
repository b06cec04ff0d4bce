/* A peer of the command line, or an error: it selects by label in any case, and never everybody. */
#include "pure/peer.h"

#include "../property.h"
#include "base/arena.h"
#include "base/json.h"
#include "pure/selection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	char *text = xstrndup((const char *)data, size);
	json_t *peer = peer_parse(text, &err), *nobody = json_object();
	if (peer) {
		property(json_object_size(json_get(peer, "namespaceSelector.matchLabels")) == 1);
		property(!selector_matches(json_object_get(peer, "namespaceSelector"), nobody));
		property(
			!json_object_get(peer, "podSelector") || !selector_matches(json_object_get(peer, "podSelector"), nobody));
	} else {
		property(err.kind == ERR_INVALID && err.text[0]);
	}
	json_decref(nobody);
	json_decref(peer);
	free(text);
	return 0;
}
