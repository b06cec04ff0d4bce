/* Exec plugins: programs that print credentials (client.authentication.k8s.io/v1 and v1beta1;
 * reference/access-authn-authz/ authentication, "client-go credential plugins"). Private to controller/kube. */
#ifndef KUBE_EXEC_PLUGIN_H
#define KUBE_EXEC_PLUGIN_H
#include <jansson.h>
#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"

struct exec_plugin;

struct exec_answer {
	char *token, *certificate, *key; /* PEM; NULL: none. secret_free() them */
	int64_t expires;                 /* Unix seconds; 0: never */
};

/* `exec` is the user's `exec` object. `cluster`: the ExecCredential's spec.cluster, taken over; used with
 * provideClusterInfo. `folder`: where relative commands start. Errors start with the field's name below `exec`. */
must_check struct exec_plugin *exec_plugin_create(
	const json_t *exec, json_t *cluster, const char *folder, struct error *err);
void exec_plugin_destroy(struct exec_plugin *plugin);
/* Starts the program with our environment and no terminal; its standard error is ours. Waits at most 60 s, and no
 * longer than until `stop` (may be NULL) gets true. */
must_check bool exec_plugin_run(
	const struct exec_plugin *plugin, const atomic_bool *stop, struct exec_answer *answer, struct error *err);
/* What a plugin of this version has printed; errors are the same whatever the credentials in it are. */
must_check bool exec_answer_parse(
	const char *api_version, const char *text, size_t length, struct exec_answer *answer, struct error *err);
void exec_answer_done(struct exec_answer *answer);

#endif
