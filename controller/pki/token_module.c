#include <dlfcn.h>
#include <stdlib.h>

#include "base/arena.h"
#include "pki/token_session.h"

/* PKCS#11 is initialized once a process, so tokens of one module share it. */
struct module {
	CK_FUNCTION_LIST *functions;
	unsigned users;
	bool ours; /* else another part of the process started it, and ends it */
	struct module *next;
};

static pthread_mutex_t modules_lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;

static CK_FUNCTION_LIST *module_load(const char *path, struct error *err) {
	/* Never dlclose()d: modules leave exit handlers and threads' data behind. */
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		fail_because(err, ERR_BLOCKED, "TokenUnavailable", "PKCS#11 module: %s", dlerror());
		return NULL;
	}
	CK_C_GetFunctionList get_list = NULL;
	*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	CK_FUNCTION_LIST *functions = NULL;
	if (!get_list || get_list(&functions) != CKR_OK || !functions) {
		fail_because(err, ERR_BLOCKED, "TokenUnavailable", "%s is no PKCS#11 module", path);
		return NULL;
	}
	return functions;
}

static bool module_start(CK_FUNCTION_LIST *functions, const char *path, struct error *err) {
	for (struct module *module = modules; module; module = module->next) {
		if (module->functions == functions) {
			module->users++;
			return true;
		}
	}
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_RV result = functions->C_Initialize(&args);
	if (result != CKR_OK && result != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		char room[40];
		return fail_because(err, ERR_UNAVAILABLE, "TokenUnavailable", "PKCS#11 module %s does not start: %s", path,
			result_name(result, room, sizeof room));
	}
	struct module *module = xcalloc(1, sizeof *module);
	*module = (struct module){.functions = functions, .users = 1, .ours = result == CKR_OK, .next = modules};
	modules = module;
	return true;
}

CK_FUNCTION_LIST *module_open(const char *path, struct error *err) {
	CK_FUNCTION_LIST *functions = module_load(path, err);
	if (!functions) {
		return NULL;
	}
	pthread_mutex_lock(&modules_lock);
	bool ok = module_start(functions, path, err);
	pthread_mutex_unlock(&modules_lock);
	return ok ? functions : NULL;
}

void module_close(CK_FUNCTION_LIST *functions) {
	pthread_mutex_lock(&modules_lock);
	for (struct module **link = &modules; *link; link = &(*link)->next) {
		struct module *module = *link;
		if (module->functions == functions) {
			if (--module->users == 0) {
				if (module->ours) {
					functions->C_Finalize(NULL);
				}
				*link = module->next;
				free(module);
			}
			break;
		}
	}
	pthread_mutex_unlock(&modules_lock);
}
