#include "run/metrics.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "run/metrics_table.h"

enum { FIRST_SIZE = 8 };

struct series {
	struct series *next;
	double value;     /* of a histogram: the sum */
	uint64_t *counts; /* of a histogram: one a bound and one above all, not cumulative */
	char labels[];
};

/* The series of one metric, hashed by their labels; or who makes its samples. */
struct family {
	struct series **buckets;
	size_t size, count;
	sample_metric *sample; /* set before the first page */
	void *context;
};

/* Where they go. */
struct samples {
	struct str *page;
	const struct metric *metric;
	bool any;
};

struct collector {
	struct collector *next;
	void (*collect)(void *context);
	void *context;
};

struct metrics {
	pthread_mutex_t lock;       /* of the families */
	pthread_mutex_t collecting; /* of the collectors, held while they run; taken before the other */
	struct collector *collectors;
	struct family families[];
};

struct metrics *metrics_create(void) {
	struct metrics *metrics = xcalloc(1, sizeof *metrics + metric_count * sizeof metrics->families[0]);
	pthread_mutex_init(&metrics->lock, NULL);
	pthread_mutex_init(&metrics->collecting, NULL);
	return metrics;
}

static void free_series(struct series *series) {
	free(series->counts);
	free(series);
}

void metrics_destroy(struct metrics *metrics) {
	if (!metrics) {
		return;
	}
	for (size_t i = 0; i < metric_count; i++) {
		struct family *family = &metrics->families[i];
		for (size_t j = 0; j < family->size; j++) {
			for (struct series *series = family->buckets[j], *next; series; series = next) {
				next = series->next;
				free_series(series);
			}
		}
		free(family->buckets);
	}
	for (struct collector *collector = metrics->collectors, *next; collector; collector = next) {
		next = collector->next;
		free(collector);
	}
	pthread_mutex_destroy(&metrics->collecting);
	pthread_mutex_destroy(&metrics->lock);
	free(metrics);
}

static int compare_name(const void *name, const void *metric) {
	return strcmp(name, ((const struct metric *)metric)->name);
}

static const struct metric *find_metric(const char *name) {
	const struct metric *metric = bsearch(name, metric_table, metric_count, sizeof metric_table[0], compare_name);
	if (!metric) {
		log_error("a metric that is not in the table", "metric", name);
	}
	return metric;
}

/* The callers of these hold the lock. */

static struct series **find_series(const struct family *family, const char *labels) {
	struct series **at = &family->buckets[hash_text(labels) & (family->size - 1)];
	while (*at && strcmp((*at)->labels, labels) != 0) {
		at = &(*at)->next;
	}
	return at;
}

static void grow(struct family *family) {
	struct family bigger = {.size = family->size ? 2 * family->size : FIRST_SIZE, .count = family->count};
	bigger.buckets = xcalloc(bigger.size, sizeof(struct series *));
	for (size_t i = 0; i < family->size; i++) {
		for (struct series *series = family->buckets[i], *next; series; series = next) {
			next = series->next;
			struct series **at = find_series(&bigger, series->labels);
			series->next = NULL;
			*at = series;
		}
	}
	free(family->buckets);
	*family = bigger;
}

static struct series *get_or_make(struct metrics *metrics, const struct metric *metric, const char *labels) {
	struct family *family = &metrics->families[metric - metric_table];
	if (family->count >= family->size) {
		grow(family);
	}
	struct series **at = find_series(family, labels);
	if (!*at) {
		size_t length = strlen(labels) + 1;
		*at = xcalloc(1, sizeof **at + length);
		memcpy((*at)->labels, labels, length);
		(*at)->counts = metric->type == HISTOGRAM ? xcalloc(metric->bound_count + 1, sizeof(uint64_t)) : NULL;
		family->count++;
	}
	return *at;
}

void metrics_add(struct metrics *metrics, const char *name, const char *labels, double value) {
	const struct metric *metric = find_metric(name);
	if (metric && metric->type != HISTOGRAM) {
		pthread_mutex_lock(&metrics->lock);
		get_or_make(metrics, metric, labels)->value += value;
		pthread_mutex_unlock(&metrics->lock);
	}
}

void metrics_set(struct metrics *metrics, const char *name, const char *labels, double value) {
	const struct metric *metric = find_metric(name);
	if (metric && metric->type != HISTOGRAM) {
		pthread_mutex_lock(&metrics->lock);
		get_or_make(metrics, metric, labels)->value = value;
		pthread_mutex_unlock(&metrics->lock);
	}
}

void metrics_observe(struct metrics *metrics, const char *name, const char *labels, double value) {
	const struct metric *metric = find_metric(name);
	if (!metric || metric->type != HISTOGRAM) {
		return;
	}
	size_t bucket = 0;
	while (bucket < metric->bound_count && value > metric->bounds[bucket]) {
		bucket++;
	}
	pthread_mutex_lock(&metrics->lock);
	struct series *series = get_or_make(metrics, metric, labels);
	series->counts[bucket]++;
	series->value += value;
	pthread_mutex_unlock(&metrics->lock);
}

void metrics_sample(struct metrics *metrics, const char *name, sample_metric *sample, void *context) {
	const struct metric *metric = find_metric(name);
	if (metric && metric->type != HISTOGRAM) {
		struct family *family = &metrics->families[metric - metric_table];
		family->sample = sample;
		family->context = context;
	}
}

void metrics_collect(struct metrics *metrics, void (*collect)(void *context), void *context) {
	struct collector *collector = xcalloc(1, sizeof *collector);
	pthread_mutex_lock(&metrics->collecting);
	*collector = (struct collector){.next = metrics->collectors, .collect = collect, .context = context};
	metrics->collectors = collector;
	pthread_mutex_unlock(&metrics->collecting);
}

void metrics_uncollect(struct metrics *metrics, void *context) {
	pthread_mutex_lock(&metrics->collecting);
	for (struct collector **at = &metrics->collectors; *at;) {
		struct collector *collector = *at;
		if (collector->context == context) {
			*at = collector->next;
			free(collector);
		} else {
			at = &collector->next;
		}
	}
	pthread_mutex_unlock(&metrics->collecting);
}

void metrics_request(void *metrics, const char *host, const char *method, int status, double seconds) {
	cleanup_str struct str labels = {0};
	char code[16] = "<error>";
	if (status) {
		snprintf(code, sizeof code, "%d", status);
	}
	str_addf(&labels, "code=\"%s\",host=\"%s\",method=\"%s\"", code, host, method);
	metrics_add(metrics, "rest_client_requests_total", labels.text, 1);
	str_clear(&labels);
	str_addf(&labels, "host=\"%s\",verb=\"%s\"", host, method);
	metrics_observe(metrics, "rest_client_request_duration_seconds", labels.text, seconds);
}

/* The shortest text that reads back as the same number. */
static void add_number(struct str *page, double value) {
	if (isinf(value) || isnan(value)) {
		str_adds(page, isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
		return;
	}
	char text[32];
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, value);
		if (strtod(text, NULL) == value) {
			break;
		}
	}
	str_adds(page, text);
}

static void add_sample(struct str *page, const char *name, const char *suffix, const char *labels, double value) {
	str_addf(page, "%s%s", name, suffix);
	if (labels[0]) {
		str_addf(page, "{%s}", labels);
	}
	str_adds(page, " ");
	add_number(page, value);
	str_adds(page, "\n");
}

static void add_histogram(struct str *page, const struct metric *metric, const struct series *series) {
	uint64_t sum = 0;
	for (size_t i = 0; i <= metric->bound_count; i++) {
		sum += series->counts[i];
		str_addf(page, "%s_bucket{%s%sle=\"", metric->name, series->labels, series->labels[0] ? "," : "");
		add_number(page, i < metric->bound_count ? metric->bounds[i] : INFINITY);
		str_adds(page, "\"} ");
		add_number(page, (double)sum);
		str_adds(page, "\n");
	}
	add_sample(page, metric->name, "_sum", series->labels, series->value);
	add_sample(page, metric->name, "_count", series->labels, (double)sum);
}

static void add_head(struct str *page, const struct metric *metric) {
	static const char *const types[] = {[COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
	str_addf(page, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, types[metric->type]);
}

void samples_add(struct samples *samples, const char *labels, double value) {
	if (!samples->any) {
		add_head(samples->page, samples->metric);
		samples->any = true;
	}
	add_sample(samples->page, samples->metric->name, "", labels, value);
}

static void add_family(struct str *page, const struct metric *metric, const struct family *family) {
	if (!family->count) {
		return;
	}
	add_head(page, metric);
	for (size_t i = 0; i < family->size; i++) {
		for (const struct series *series = family->buckets[i]; series; series = series->next) {
			if (metric->type == HISTOGRAM) {
				add_histogram(page, metric, series);
			} else {
				add_sample(page, metric->name, "", series->labels, series->value);
			}
		}
	}
}

/* Who makes samples has locks of its own. */
static void write_metric(struct metrics *metrics, size_t index, struct str *page) {
	const struct family *family = &metrics->families[index];
	if (family->sample) {
		struct samples samples = {page, &metric_table[index], false};
		family->sample(family->context, metric_table[index].name, &samples);
		return;
	}
	pthread_mutex_lock(&metrics->lock);
	add_family(page, &metric_table[index], family);
	pthread_mutex_unlock(&metrics->lock);
}

void metrics_write(struct metrics *metrics, struct str *page) {
	metrics_set_process(metrics);
	pthread_mutex_lock(&metrics->collecting);
	for (struct collector *collector = metrics->collectors; collector; collector = collector->next) {
		collector->collect(collector->context);
	}
	pthread_mutex_unlock(&metrics->collecting);
	for (size_t i = 0; i < metric_count; i++) {
		write_metric(metrics, i, page);
	}
}
