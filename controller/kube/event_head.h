/* The head of a watch's line: of which object it is, and of which version. It is read from the text as the API server
 * writes it for built-in kinds (members of ObjectMeta in the order of its Go struct), so that an event which only
 * repeats what a write of ours was answered need not be parsed. A line of any other form is not understood here, and
 * parsed. */
#ifndef KUBE_EVENT_HEAD_H
#define KUBE_EVENT_HEAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_head {
	char name[254], namespace[64], uid[64];
	uint64_t version;
};

/* True: an ADDED or MODIFIED event, and all four members were found. */
bool event_head_read(struct event_head *head, const char *line, size_t length);

#endif
