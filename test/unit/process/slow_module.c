/* A PKCS#11 module that never answers, and whose exit handler minds that somebody is in it: the real ones free, as
 * OpenSSL does, what a call under way uses. */
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

static atomic_bool called;

__attribute__((destructor)) static void end(void) {
	if (atomic_load(&called)) {
		_exit(99);
	}
}

unsigned long C_GetFunctionList(void **list);

unsigned long C_GetFunctionList(void **list) {
	*list = NULL;
	atomic_store(&called, true);
	for (;;) {
		pause();
	}
}
