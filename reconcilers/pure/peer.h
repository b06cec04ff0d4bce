/* A peer of NetworkPolicies as the command line names it: pods of namespaces that carry a label, or those of them that
 * carry a label of their own: "NAMESPACE-LABEL=VALUE" or "NAMESPACE-LABEL=VALUE:POD-LABEL=VALUE". Labels as in
 * concepts/overview/working-with-objects/labels; a value may not be empty, for a label without one is easily had. */
#ifndef PURE_PEER_H
#define PURE_PEER_H
#include <jansson.h>

#include "base/error.h"

/* {namespaceSelector, podSelector}, the caller's. */
must_check json_t *peer_parse(const char *text, struct error *err);

#endif
