/* An exec plugin in a thread of its own: who only wants its answer ahead of time does not wait for it. Used by one
 * thread at a time. Private to controller/kube. */
#ifndef KUBE_RENEWAL_H
#define KUBE_RENEWAL_H
#include "kube/exec_plugin.h"

struct renewal;

/* `plugin` stays the caller's. */
struct renewal *renewal_create(const struct exec_plugin *plugin);
/* Ends the plugin if it runs. NULL is fine. */
void renewal_destroy(struct renewal *renewal);
/* Starts the plugin, unless it runs, or has ended and was not asked what it brought. */
must_check bool renewal_begin(struct renewal *renewal, struct error *err);
/* It was begun and has ended: renewal_take() will not wait. */
bool renewal_ended(const struct renewal *renewal);
/* What the plugin that was begun brought. Waits for its end, but no longer than until `stop` (may be NULL) gets true:
 * then it goes on. */
must_check bool renewal_take(
	struct renewal *renewal, const atomic_bool *stop, struct exec_answer *answer, struct error *err);

#endif
