/* Metrics in Prometheus' text format (prometheus.io/docs/instrumenting/exposition_formats), under the names that users
 * of controller-runtime know. A metric is a row of the table in metrics_table.c; labels are formatted by the caller. */
#ifndef RUN_METRICS_H
#define RUN_METRICS_H
#include "base/str.h"

struct metrics;
struct metrics *metrics_create(void);
void metrics_destroy(struct metrics *metrics);
/* `name` must be in the table; `labels` as in `controller="ybcluster",result="success"`, "" for none. */
void metrics_add(struct metrics *metrics, const char *name, const char *labels, double value);
void metrics_set(struct metrics *metrics, const char *name, const char *labels, double value);
void metrics_observe(struct metrics *metrics, const char *name, const char *labels, double value); /* histograms */
/* A gauge of which nothing is kept: its samples are made for each page, by calls of samples_add() in `sample`. */
struct samples;
typedef void sample_metric(void *context, const char *name, struct samples *samples);
void metrics_sample(struct metrics *metrics, const char *name, sample_metric *sample, void *context);
void samples_add(struct samples *samples, const char *labels, double value);
/* Called before each page is written, to set what is only known now (queue depth, store size). */
void metrics_collect(struct metrics *metrics, void (*collect)(void *context), void *context);
/* Returns when no collector of `context` runs any more: it may be freed. Not from within a collector. */
void metrics_uncollect(struct metrics *metrics, void *context);
/* Counts a request to the API server, with client-go's labels; fits `observe` of struct kube_config_options. */
void metrics_request(void *metrics, const char *host, const char *method, int status, double seconds);
void metrics_write(struct metrics *metrics, struct str *page);

#endif
