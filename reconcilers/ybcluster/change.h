/* What a pass writes: the wanted documents, each beside what is there of it. */
#ifndef YBCLUSTER_CHANGE_H
#define YBCLUSTER_CHANGE_H
#include "ybcluster/work.h"

/* One document on its way. */
struct change {
	const struct wanted *wanted;
	struct child *child; /* NULL: not in the store */
	json_t *live;        /* NULL: not there, or not at hand */
	const char *why;     /* NULL: in sync */
	json_t *foreign;     /* patch that takes foreign entries off, or NULL */
	bool skip, failed;
	bool waits; /* what is there is on its way out */
};

/* Is it to be written? */
bool change_is_due(const struct change *change);

#endif
