/* The load balancer before the client Service, which somebody else provides. */
#ifndef PURE_ENDPOINT_H
#define PURE_ENDPOINT_H
#include "pure/status.h"

/* Seconds without an address after which nobody seems to provide it. */
enum { ENDPOINT_PATIENCE = 300 };

/* EndpointReady, when the client Service (NULL: it is not there) is a load balancer and the spec wants one; else its
 * type is NULL. Never False: Ready does not wait for it. `*due`: when time alone changes it; 0: never. */
struct finding endpoint_finding(
	struct arena *arena, const struct ybcluster *cluster, const struct child *service, int64_t now, int64_t *due);
/* What is said of the allow lists, and of what source ranges cannot do when there is a load balancer, and still less
 * when its Service has ports of the nodes. */
const char *endpoint_access(struct arena *arena, const struct ybcluster *cluster, bool node_ports, const char *message);

#endif
