/* Keys that are held back, each once, until something lets them go. Nothing here locks. */
#ifndef RUN_HELD_H
#define RUN_HELD_H
#include <stdbool.h>
#include <stddef.h>

struct held {
	char **keys; /* sorted */
	size_t count, room;
};

void held_add(struct held *held, const char *key);
/* Asks of each key, in their order; those of which `goes` says so are held no longer. */
void held_release(struct held *held, bool (*goes)(void *context, const char *key), void *context);
void held_done(struct held *held);

#endif
