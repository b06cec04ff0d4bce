/* ybcluster-operator: the command line, and what must hold for the whole process. */
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/json.h"
#include "commands.h"

/* Keys pass through this process: it leaves no core behind, no other process of this user may look into it, and
 * what was freed is gone. */
static void keep_secrets(void) {
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	prctl(PR_SET_DUMPABLE, 0);
	json_keep_secrets();
}

/* A heap for each thread would keep what each of them once needed. */
static void keep_heaps_few(void) {
	mallopt(M_ARENA_MAX, 2);
}

int main(int argc, char **argv) {
	static struct options options;
	int status;
	if (!options_parse(&options, argc, argv, &status)) {
		return status;
	}
	keep_secrets();
	keep_heaps_few();
	signal(SIGPIPE, SIG_IGN);
	log_setup(options.log_format, options.log_level);
	return options.command == COMMAND_PKI_INIT ? command_pki_init(&options) : command_run(&options);
}
