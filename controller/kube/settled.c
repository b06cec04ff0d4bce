#include "kube/settled.h"

#include <string.h>

#include "base/str.h"
#include "kube/state.h"

/* What stands in `compared` of an object that settled: nothing else is compared with an object of our own kinds. */
struct settlement {
	uint64_t mark;
	struct rest rest;
};
_Static_assert(sizeof(struct settlement) <= sizeof(struct digest), "a settlement fits where a digest does");

/* splitmix64 (Vigna): spreads every bit, so that sums of versions that move together do not cancel out. */
static uint64_t mix(uint64_t value) {
	value += 0x9e3779b97f4a7c15;
	value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
	value = (value ^ value >> 27) * 0x94d049bb133111eb;
	return value ^ value >> 31;
}

static struct entry *find(struct store *store, const struct watched *watched, const char *namespace, const char *name) {
	return watched ? entries_find(&store->entries, store_index(store, watched), namespace, name) : NULL;
}

static uint64_t mark_of(struct store *store, const struct entry *own, bool *documents) {
	const char *namespace = entry_namespace(own), *name = entry_name(own);
	uint64_t loose = 0, mark = mix(own->version) + own->deleting;
	for (size_t i = 0; i < store->rows; i++) {
		/* Without a selector a kind may hold what only seems to be of a group: it is judged once all of it is there. */
		bool whole = store->watched[i].selector || store_row_synced(&store->row[i], namespace);
		loose += i == own->row ? 0 : 2 * store->row[i].loose + !whole;
	}
	for (struct entry *one = entries_group(&store->entries, namespace, name); one; one = one->sibling) {
		if (!strcmp(entry_namespace(one), namespace) && str_equal(entry_group(one), name)) {
			mark += mix(one->version ^ (uint64_t)one->row << 56 ^ (uint64_t)one->deleting << 55);
			*documents |= one->document != NULL;
		}
	}
	return mark + mix(~loose);
}

uint64_t store_mark(struct store *store, const struct kind *kind, const char *namespace, const char *name) {
	bool documents = false;
	pthread_mutex_lock(&store->lock);
	const struct entry *own = find(store, store_row(store, kind), namespace, name);
	uint64_t mark = own ? mark_of(store, own, &documents) : 0;
	pthread_mutex_unlock(&store->lock);
	return mark;
}

void store_settle(struct store *store, const struct kind *kind, const char *namespace, const char *name, uint64_t mark,
	struct rest rest) {
	bool documents = false;
	struct settlement settlement = {mark, rest};
	pthread_mutex_lock(&store->lock);
	struct entry *own = find(store, store_row(store, kind), namespace, name);
	if (own && mark_of(store, own, &documents) == mark) {
		own->in_sync = true;
		memcpy(&own->compared, &settlement, sizeof settlement);
	}
	pthread_mutex_unlock(&store->lock);
}

static bool lasts(const struct rest *rest, int64_t now) {
	return now >= rest->since && (!rest->until || now < rest->until);
}

bool store_settled(struct store *store, const struct kind *kind, const char *namespace, const char *name, int64_t now,
	int64_t *until) {
	bool documents = false, settled = false;
	struct settlement settlement;
	pthread_mutex_lock(&store->lock);
	const struct entry *own = find(store, store_row(store, kind), namespace, name);
	if (own && own->in_sync) {
		memcpy(&settlement, &own->compared, sizeof settlement);
		settled = lasts(&settlement.rest, now) && mark_of(store, own, &documents) == settlement.mark && !documents;
		*until = settlement.rest.until;
	}
	pthread_mutex_unlock(&store->lock);
	return settled;
}
