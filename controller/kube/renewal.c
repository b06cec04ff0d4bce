#include "kube/renewal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"

enum { LOOK_MICROSECONDS = 10000 };

struct renewal {
	const struct exec_plugin *plugin;
	pthread_t thread;
	bool begun;        /* the thread is to be joined */
	atomic_bool ended; /* all below is the thread's own until then */
	atomic_bool stop;
	bool ok;
	struct exec_answer answer;
	struct error err;
};

static void *run(void *context) {
	struct renewal *renewal = context;
	renewal->ok = exec_plugin_run(renewal->plugin, &renewal->stop, &renewal->answer, &renewal->err);
	atomic_store(&renewal->ended, true);
	return NULL;
}

struct renewal *renewal_create(const struct exec_plugin *plugin) {
	struct renewal *renewal = xcalloc(1, sizeof *renewal);
	renewal->plugin = plugin;
	atomic_init(&renewal->ended, false);
	atomic_init(&renewal->stop, false);
	return renewal;
}

void renewal_destroy(struct renewal *renewal) {
	if (!renewal) {
		return;
	}
	atomic_store(&renewal->stop, true);
	if (renewal->begun) {
		pthread_join(renewal->thread, NULL);
		exec_answer_done(&renewal->answer);
	}
	free(renewal);
}

bool renewal_begin(struct renewal *renewal, struct error *err) {
	if (renewal->begun) {
		return true;
	}
	atomic_store(&renewal->ended, false);
	int problem = pthread_create(&renewal->thread, NULL, run, renewal);
	renewal->begun = problem == 0;
	return renewal->begun || fail(err, ERR_UNAVAILABLE, "a thread for the exec plugin: %s", strerror(problem));
}

bool renewal_ended(const struct renewal *renewal) {
	return renewal->begun && atomic_load(&renewal->ended);
}

bool renewal_take(struct renewal *renewal, const atomic_bool *stop, struct exec_answer *answer, struct error *err) {
	while (!atomic_load(&renewal->ended)) {
		if (stop && atomic_load(stop)) {
			return fail(err, ERR_CANCELLED, "interrupted");
		}
		usleep(LOOK_MICROSECONDS);
	}
	pthread_join(renewal->thread, NULL);
	renewal->begun = false;
	*answer = renewal->answer;
	renewal->answer = (struct exec_answer){0};
	if (!renewal->ok) {
		*err = renewal->err;
	}
	return renewal->ok;
}
