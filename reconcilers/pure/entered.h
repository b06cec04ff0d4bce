/* Pods that somebody entered: with a container that no template of ours has. */
#ifndef PURE_ENTERED_H
#define PURE_ENTERED_H
#include <jansson.h>
#include <stdbool.h>

/* True when an ephemeral container mounts a volume of ours or one that our own container mounts, or reads a Secret of
 * ours. No patch takes it off, a new pod is without it. A debugger without mounts is welcome. */
bool pod_entered(const json_t *pod);

/* "container agent mounts data0, tmp; init container ...": those beside and before ours that would be taken off a
 * template (diff_foreign()). A new pod may get them again, from whoever put them in. NULL: none; else the caller's to
 * free, at most INTRUDERS_LENGTH bytes. */
enum { INTRUDERS_LENGTH = 255 };
char *pod_intruders(const json_t *pod);

#endif
