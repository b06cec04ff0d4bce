/* How long to wait after failures in a row: 0.8 s, doubled each time up to 30 s, and of that a random part (full
 * jitter), so that many clients do not come back together. Private to controller/kube. */
#ifndef KUBE_BACKOFF_H
#define KUBE_BACKOFF_H

struct backoff {
	int failures;
};

/* The delay in seconds before the next attempt. `chance` is random, 0 <= chance < 1; `asked` is what the server asked
 * for (Retry-After, 0: nothing), which is kept to and never shortened. */
double backoff_next(struct backoff *backoff, double chance, int asked);
/* The attempt lasted so many seconds before it ended: after two minutes of health the failures before it are forgotten.
 */
void backoff_lasted(struct backoff *backoff, double seconds);

#endif
