/* Passes that need not be repeated. On an object with `keep` the store remembers that a pass over it and its group
 * (which has the object's name) found nothing to do, for as long as nothing changes that such a pass can see. */
#ifndef KUBE_SETTLED_H
#define KUBE_SETTLED_H
#include "kube/store.h"

/* All that a pass sees at this moment, in one number: the versions of the object, of its group, and of what belongs to
 * no group. To be taken before the pass looks at anything. */
uint64_t store_mark(struct store *store, const struct kind *kind, const char *namespace, const char *name);
/* For how long a pass found nothing to do, in Unix seconds: from when it was made until time alone changes that (0:
 * never). A clock that was put back to before it makes it void. */
struct rest {
	int64_t since, until;
};
/* The pass that began at `mark` found nothing to do for that long. No effect when anything has changed since. */
void store_settle(struct store *store, const struct kind *kind, const char *namespace, const char *name, uint64_t mark,
	struct rest rest);
/* True: a pass would find what the settled one found, and no document waits to be compared. Sets until when. */
bool store_settled(
	struct store *store, const struct kind *kind, const char *namespace, const char *name, int64_t now, int64_t *until);

#endif
