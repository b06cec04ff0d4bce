/* The reconciler of AllowList. */
#ifndef ALLOWLIST_ALLOWLIST_H
#define ALLOWLIST_ALLOWLIST_H
#include "run/reconcile.h"

extern const struct reconciler allowlist_reconciler;

#endif
