/* From wanted documents to writes. */
#ifndef YBCLUSTER_APPLY_H
#define YBCLUSTER_APPLY_H
#include "ybcluster/work.h"

/* Compares all wanted documents with what is live and writes what differs, in waves. */
must_check bool apply_wanted(struct work *work, struct error *err);
/* True when the object is there and is not known to be what is wanted. */
bool apply_pending(struct work *work, struct wanted *wanted);

#endif
