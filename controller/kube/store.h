/* What is known of the watched objects, kept small.
 *
 * Of most objects only identity, resourceVersion, a digest of what was compared and a few numbers stay; the document is
 * there from the moment it arrives until a reconcile has taken it to compare it (store_group moves it out). No more
 * than 64 MiB of them wait: what comes then is known without its document, and who compares it reads it. Kinds with
 * `keep` (our own custom resources) keep their JSON as compact text. metadata.managedFields never gets here.
 *
 * Objects of one YBCluster form a group: (namespace, group name). All functions are safe from any thread. */
#ifndef KUBE_STORE_H
#define KUBE_STORE_H
#include "kube/object.h"

struct store;
/* Called after an entry changed, without any lock; `group` may be NULL, `initial` while the first list comes in. */
typedef void store_changed(void *context, const struct watched *watched, const char *namespace, const char *name,
	const char *group, bool initial);

struct store *store_create(const struct watched *watched, size_t count, store_changed *changed, void *context);
void store_destroy(struct store *store);

/* The watch's side. put() takes the reference of `object`; an older version than the known one is ignored. */
void store_put(struct store *store, const struct watched *watched, json_t *object, bool initial);
void store_remove(struct store *store, const struct watched *watched, const char *namespace, const char *name,
	const char *uid, uint64_t version);
/* An event with just this version would say nothing new: it was delivered already, or it is what a write of ours was
 * answered. It counts as seen. */
bool store_heard(struct store *store, const struct watched *watched, const char *namespace, const char *name,
	const char *uid, uint64_t version);
/* After a complete list of one namespace (NULL: of all) at `version`: forgets that namespace's objects that were not in
 * it and are not newer. A second begin of the same namespace starts it anew. Lists of several namespaces run side by
 * side: the watch begins all of them before it lists the first. */
void store_replace_begin(struct store *store, const struct watched *watched, const char *namespace);
void store_replace_end(struct store *store, const struct watched *watched, const char *namespace, uint64_t version);
/* The server's versions went back (its etcd was restored): what is known of that namespace (NULL: of all) may be of a
 * future that never was. Each entry stays until something is told of its object, which is believed whatever its
 * version, or until the end of the next list, which forgets the others. */
void store_went_back(struct store *store, const struct watched *watched, const char *namespace);
/* Every kind, or every kind with `first`, had its first complete list of this namespace (NULL: of all that are
 * watched); it stays so. One namespace that cannot be listed holds up no other. */
bool store_synced(struct store *store, const char *namespace);
bool store_first_synced(struct store *store, const char *namespace);
/* How many documents of the kind wait to be compared, and how many of any kind ever ceased to: the watch reads no more
 * of a kind of which too many wait, as long as somebody compares. */
size_t store_waiting(struct store *store, const struct watched *watched, uint64_t *ceased);

/* The reconcilers' side. Copies live in the arena. */
/* One object; NULL when it is unknown. Kinds with `keep`: with its document, else without touching the document. */
struct object *store_get(
	struct store *store, struct arena *arena, const struct kind *kind, const char *namespace, const char *name);
/* Whether it is there; costs next to nothing. */
bool store_has(struct store *store, const struct kind *kind, const char *namespace, const char *name);
/* All of a group, in no order; documents move to the arena. */
struct object **store_group(
	struct store *store, struct arena *arena, const char *namespace, const char *group, size_t *count);
/* All of a kind in a namespace ("" for cluster-scoped kinds) that belong to no group, without documents. */
struct object **store_loose(
	struct store *store, struct arena *arena, const struct kind *kind, const char *namespace, size_t *count);
/* All of a kind, without documents. */
struct object **store_all(struct store *store, struct arena *arena, const struct kind *kind, size_t *count);
/* After a write: what the server answered. Nothing older is believed from now on. With `compared`, the answer is known
 * to satisfy that desired document. Does not call changed(). */
void store_wrote(struct store *store, const struct kind *kind, const json_t *answer, const struct digest *compared);
/* The known version was compared and satisfies the document with this digest. No effect when it has changed since. */
void store_compared(struct store *store, const struct object *object, const struct digest *digest);
/* After a delete that the server took: the entry counts as deleting until the watch says it is gone. */
void store_deleted(
	struct store *store, const struct kind *kind, const char *namespace, const char *name, const char *uid);
/* Counts for metrics: objects by watched row, and documents that wait. */
size_t store_count(struct store *store, size_t row);
const struct watched *store_watched(struct store *store, size_t *rows);
size_t store_documents(struct store *store);

#endif
