/* What may come in from outside: the union of the assigned allow lists, and what applies while that is not whole. */
#ifndef PURE_ALLOW_H
#define PURE_ALLOW_H
#include "crds/allowlist.h"
#include "crds/ybcluster.h"

/* Ranges that no packet comes from (RFC 5737, RFC 6666): what a source range says to close a family. */
#define NOWHERE_IPV4 "192.0.2.0/32"
#define NOWHERE_IPV6 "100::/128"

struct allowed {
	struct cidr *ranges; /* sorted, without doubles */
	size_t count;
	bool whole;         /* every list was there, valid, and the union within the limit */
	const char *reason; /* for the condition: Applied, NoneAssigned, or what is wrong */
	const char *message;
	int64_t next_expiry; /* the earliest moment at which an entry stops counting; 0: none */
};

/* An assigned list as it was found. */
struct assigned {
	const char *name;
	const struct allowlist *list; /* NULL: missing, being deleted, or invalid */
	const char *problem;          /* why, for a person; NULL when it is there */
};

/* `frozen`: nothing may open, even when all is whole. Fail closed: while a list is missing or invalid, or the union is
 * too large, what applies is what is live now and still wanted by the lists that are there. `live` are the ranges of
 * the live C-clients; NULL and 0: nobody. */
struct allowed allow_union(struct arena *arena, const struct assigned *lists, size_t count, const struct cidr *live,
	size_t live_count, bool frozen, int64_t now);

/* The ranges of a live C-clients policy; exceptions do not count. */
struct cidr *allow_live(struct arena *arena, const json_t *policy, size_t *count);
/* The ranges from which the live Service for clients takes connections, but for those that stand for nobody. */
struct cidr *allow_sources(struct arena *arena, const json_t *service, size_t *count);
/* True when no range of `live` is open because of the list `own` alone: each that has addresses of it is covered by
 * what the others want. NULL: what the list holds is not known, and each range may be its own. */
bool allow_closed(
	const struct cidr *live, size_t count, const struct allowlist *own, const struct cidr *others, size_t other_count);
/* True when every address of `range` is in one of `ranges`. */
bool allow_covers(const struct cidr *ranges, size_t count, const struct cidr *range);

#endif
