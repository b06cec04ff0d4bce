#include "reconcilers/owner.h"

#include <string.h>

#include "base/json.h"
#include "pure/names.h"

const char *controller_of(const json_t *live) {
	json_t *owners = json_get(live, "metadata.ownerReferences");
	for (size_t i = 0; i < json_array_size(owners); i++) {
		json_t *owner = json_array_get(owners, i);
		if (json_bool(owner, "controller", false)) {
			return json_text_or(owner, "uid", "");
		}
	}
	return "";
}

bool belongs_to(const json_t *live, const char *uid) {
	const char *label = json_string_value(json_at(live, "metadata", "labels", LABEL_CLUSTER_UID, NULL));
	bool unowned = json_array_size(json_get(live, "metadata.ownerReferences")) == 0;
	return live && (strcmp(controller_of(live), uid) == 0 || (unowned && label && strcmp(label, uid) == 0));
}
