/* What TCP connections to two ports of one address meet: measured on a thread of its own, many at once, each answer
 * under a deadline. Results stay until they are forgotten.
 *
 * The closed port comes first, and has the whole deadline to answer: three SYNs are sent meanwhile (Linux: at 0, 1 and
 * 3 s). Only when it was silent the open port is tried: if that answers afterwards, silence was not the peer's end. */
#ifndef RUN_PROBE_H
#define RUN_PROBE_H
#include <stdbool.h>
#include <stdint.h>

enum { PROBE_MILLISECONDS = 4000 };

enum probe_answer {
	PROBE_NONE,      /* not tried */
	PROBE_CONNECTED, /* somebody listens, and nothing is between */
	PROBE_REFUSED,   /* a reset, or a word that it cannot be reached */
	PROBE_SILENT,    /* nothing within the deadline */
};

struct probe {
	uint8_t address[16]; /* IPv6; IPv4 mapped into it (RFC 4291, 2.5.5.2) */
	uint16_t open, closed;
};

struct probe_result {
	enum probe_answer open, closed; /* of the last measurement that ended; closed PROBE_NONE: none has */
	int64_t at;                     /* clock_monotonic() when it ended */
	bool pending;                   /* another one is under way, or waits for its turn */
};

struct prober;
struct prober *prober_start(int milliseconds);
/* Ends what is under way. NULL is fine. */
void prober_stop(struct prober *prober);
/* All from any thread. Has no effect while a measurement of this key is under way. */
void prober_ask(struct prober *prober, const char *key, const struct probe *probe);
/* All zero when the key is not known. */
struct probe_result prober_find(struct prober *prober, const char *key);
void prober_forget(struct prober *prober, const char *key);

#endif
