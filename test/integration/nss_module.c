/* NSS's software token as a PKCS#11 module like others: it wants parameters when it starts, which this gives it from
 * $NSS_PARAMETERS. NSS wraps keys that are marked as not extractable. */
#include <dlfcn.h>
#include <stddef.h>
#include <stdlib.h>

/* What C_Initialize of NSS takes: the standard's arguments with one more in their midst. */
struct arguments {
	void *locks[4];
	unsigned long flags;
	char *parameters;
	void *reserved;
};

/* The begin of every PKCS#11 function list. */
struct functions {
	unsigned char version[8];
	unsigned long (*initialize)(void *arguments);
};

enum { GENERAL_ERROR = 5, ALREADY_INITIALIZED = 0x191 };

unsigned long C_GetFunctionList(struct functions **functions) {
	void *library = dlopen("libsoftokn3.so", RTLD_NOW);
	unsigned long (*list)(struct functions **) = NULL;
	if (library) {
		*(void **)&list = dlsym(library, "C_GetFunctionList");
	}
	if (!list || list(functions) != 0) {
		return GENERAL_ERROR;
	}
	struct arguments arguments = {.flags = 2, .parameters = getenv("NSS_PARAMETERS")};
	unsigned long result = (*functions)->initialize(&arguments);
	return result == ALREADY_INITIALIZED ? 0 : result;
}
