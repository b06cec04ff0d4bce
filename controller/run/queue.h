/* The work queue: keys, each at most once in it and never handed out twice at once (client-go's workqueue semantics).
 * Failing keys come back after 5 ms x 2^n, at most 60 s. Two priorities: the initial list runs behind real changes, of
 * which at most seven pass it by in turn. */
#ifndef RUN_QUEUE_H
#define RUN_QUEUE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;
struct queue *queue_create(void);
void queue_destroy(struct queue *queue);
/* At once. A key that is being worked on runs again after it is done. */
void queue_add(struct queue *queue, const char *key, bool low);
/* After `seconds`; the earlier of several wins; an add at once leaves it standing. */
void queue_add_after(struct queue *queue, const char *key, double seconds);
/* Blocks; the caller's to free. NULL: stopped and drained of nothing more than what was handed out. */
char *queue_get(struct queue *queue);
/* The key's work has ended, and its count of failures is forgotten. */
void queue_done(struct queue *queue, const char *key);
/* It has ended, and the key comes back with backoff, not before `at_least` seconds. */
void queue_failed(struct queue *queue, const char *key, double at_least);
void queue_stop(struct queue *queue);
/* Seconds that a key which is being worked on had waited in the queue; for metrics. */
double queue_waited(struct queue *queue, const char *key);

/* For metrics (names as client-go's workqueue provider has them). */
struct queue_stats {
	size_t depth, delayed, working;
	uint64_t adds, retries;
	double longest_running_seconds, unfinished_seconds;
};
struct queue_stats queue_stats(struct queue *queue);

#endif
