/* What of ours a container reaches, in a StatefulSet's template or in a pod in the shape of one. */
#ifndef PURE_REACH_H
#define PURE_REACH_H
#include <jansson.h>
#include <stdbool.h>

#define POD_SPEC "spec.template.spec."

/* What is ours, and what is there. */
struct pair {
	const json_t *desired, *live;
};

/* Where a container names the volumes that it mounts. */
enum { MOUNT_LISTS = 2 };
extern const char *const mount_lists[MOUNT_LISTS];

/* A volume that holds our certificates, flags or data, or is the host's. */
bool touches_ours(const json_t *volume, const struct pair *pair);
/* A volume by its name: ours, or one of theirs that touches_ours(). */
bool volume_is_ours(const char *name, const struct pair *pair);
bool mounts_ours(const json_t *container, const struct pair *pair);
/* A Secret of ours, into its environment. */
bool reads_ours(const json_t *container, const struct pair *pair);
/* A container that mounts or reads what is ours, takes a port of the host, or may do more than Pod Security
 * `restricted`. */
bool intrudes(const json_t *container, const struct pair *pair);

#endif
