/* Metrics of all clusters, as their statuses say: of each the few facts stay in the store's summary, and a page's
 * samples are made from these. */
#ifndef RECONCILERS_FLEET_H
#define RECONCILERS_FLEET_H
#include "reconcilers/world.h"

/* Numbers and marks of a YBCluster's summary from its status, which may be anything. */
void fleet_summarize(const json_t *status, struct summary *summary);
/* `world` has its store by the time of the first page, and outlives the last one. Only the process that reconciles
 * exports: two that say the same would count twice. */
void fleet_export(struct metrics *metrics, struct world *world);

#endif
