/* A Lease as anybody may have written it: there is always a step, and a body to write that names us. */
#include <string.h>

#include "../property.h"
#include "base/clock.h"
#include "base/json.h"
#include "kube/lease_record.h"

static void body(const struct lease_view *view, enum lease_step step) {
	struct microtime now = microtime_of((struct timespec){.tv_sec = 1800000000});
	json_t *lease = lease_body(view, "yb-system", "operator", "me", step, now);
	property(strcmp(lease_holder(lease), "me") == 0);
	struct lease_view ours = {0};
	lease_see(&ours, lease, SECONDS(1));
	property(lease_decide(&ours, "me", SECONDS(2)) == LEASE_RENEW);
	property(lease_decide(&ours, "other", SECONDS(2)) == LEASE_WAIT);
	json_t *released = lease_body_released(&ours, now);
	property(*lease_holder(released) == '\0');
	json_decref(released);
	lease_view_done(&ours);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	json_t *lease = json_loadb((const char *)data, size, 0, NULL);
	if (lease && !json_is_object(lease)) { /* as request.h promises of any answer */
		json_decref(lease);
		lease = NULL;
	}
	struct lease_view view = {0};
	lease_see(&view, lease, SECONDS(1));
	enum lease_step step = lease_decide(&view, "me", SECONDS(2));
	property(lease || step == LEASE_CREATE);
	/* Whoever waits long enough may take it. */
	enum lease_step later = lease_decide(&view, "me", SECONDS(1000000000));
	property(later != LEASE_WAIT);
	body(&view, later);
	lease_view_done(&view);
	return 0;
}
