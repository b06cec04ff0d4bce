#include "kube/backoff.h"

static const double FIRST_SECONDS = 0.8, MOST_SECONDS = 30, HEALTHY_SECONDS = 120;

double backoff_next(struct backoff *backoff, double chance, int asked) {
	double most = FIRST_SECONDS;
	for (int i = 0; i < backoff->failures && most < MOST_SECONDS; i++) {
		most *= 2;
	}
	backoff->failures += most < MOST_SECONDS;
	return asked + chance * (most < MOST_SECONDS ? most : MOST_SECONDS);
}

void backoff_lasted(struct backoff *backoff, double seconds) {
	if (seconds >= HEALTHY_SECONDS) {
		backoff->failures = 0;
	}
}
