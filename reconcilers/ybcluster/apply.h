/* From wanted documents to writes. */
#ifndef YBCLUSTER_APPLY_H
#define YBCLUSTER_APPLY_H
#include "ybcluster/work.h"

/* Compares all wanted documents with what is live and writes what differs, in waves. */
must_check bool apply_wanted(struct work *work, struct error *err);

#endif
