/* Who may come in: closing waits for nothing else. */
#ifndef YBCLUSTER_CLOSING_H
#define YBCLUSTER_CLOSING_H
#include "ybcluster/work.h"

/* Wants policies and Services, and writes those that say who may come in, as far as they are there: what closes waits
 * for nothing that comes after. Names are taken later, all at once. */
must_check bool access_ensure(struct work *work, struct error *err);
/* Nothing is written but what must close: what was computed is live now and still wanted. */
must_check bool only_close(struct work *work, struct error *err);
/* The same behind a failure of the rest, which is what counts. */
void close_after(struct work *work, const struct error *failure);
/* The same of a cluster that cannot be decoded, which is reported. Always false, with what is wrong. */
must_check bool close_unreadable(struct work *work, struct error *err);

#endif
