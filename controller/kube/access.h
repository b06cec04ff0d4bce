/* The credentials of one moment, shared by the requests that use them. Private to controller/kube. */
#ifndef KUBE_ACCESS_H
#define KUBE_ACCESS_H
#include <stdatomic.h>

#include "http/http.h"
#include "kube/config.h"

struct kube_access {
	atomic_int references;
	struct http_peer peer;
	const char *authorization; /* a header line, or NULL */
	char *texts[4];            /* what the above point to: ca, certificate, key, authorization */
};

/* The credentials to use now: what was read in the last minute, or read or run again. The caller releases it. May wait
 * for an exec plugin, but no longer than until `stop` (may be NULL) gets true. */
must_check struct kube_access *config_access(struct kube_config *config, const atomic_bool *stop, struct error *err);
void config_release(struct kube_access *access);
/* The server answered 401 to these: the next config_access() reads and runs everything again. */
void config_refused(struct kube_config *config, const struct kube_access *access, const atomic_bool *stop);
/* Reports a finished exchange to the one who asked for it in the options. */
void config_observe(const struct kube_config *config, const struct http_exchange *exchange);
const char *config_field_manager(const struct kube_config *config);
/* "User-Agent: ..." */
const char *config_agent_header(const struct kube_config *config);

#endif
