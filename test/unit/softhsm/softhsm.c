#include "softhsm/softhsm.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void hsm_require(bool ok, const char *what) {
	if (!ok) {
		fprintf(stderr, "test token: %s failed\n", what);
		abort();
	}
}

void hsm_write(const char *path, const char *text) {
	FILE *file = fopen(path, "w");
	hsm_require(file && fputs(text, file) >= 0 && fclose(file) == 0, path);
}

/* Runs a shell command; its output goes to `out` or nowhere. */
static void hsm_shell(const char *command, struct str *out) {
	FILE *pipe = popen(command, "r");
	char block[1024];
	hsm_require(pipe != NULL, command);
	for (size_t n; (n = fread(block, 1, sizeof block, pipe)) > 0;) {
		if (out) {
			str_add(out, block, n);
		}
	}
	hsm_require(pclose(pipe) == 0, command);
}

static const char *const softhsm_modules[] = {
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib64/softhsm/libsofthsm2.so",
	"/usr/lib64/libsofthsm2.so",
	NULL,
};
static const char *const nss_modules[] = {
	"/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
	"/usr/lib/aarch64-linux-gnu/libsoftokn3.so",
	"/usr/lib64/libsoftokn3.so",
	NULL,
};

static const char *hsm_find(const char *const *paths) {
	for (; *paths; paths++) {
		if (access(*paths, R_OK) == 0) {
			return *paths;
		}
	}
	hsm_require(false, "finding a PKCS#11 module (softhsm2, libnss3)");
	return NULL;
}

static void softhsm_add_token(const char *pin, const char *label) {
	struct str cleanup_str command = {0};
	str_addf(&command, "softhsm2-util --init-token --free --label %s --so-pin 4321 --pin %s >/dev/null", label, pin);
	hsm_shell(command.text, NULL);
}

void softhsm_create(struct softhsm *hsm) {
	struct str cleanup_str path = {0}, text = {0};
	*hsm = (struct softhsm){.folder = "/tmp/ybc-token-XXXXXX"};
	hsm_require(mkdtemp(hsm->folder) != NULL, "mkdtemp");
	str_addf(&path, "%s/softhsm2.conf", hsm->folder);
	str_addf(&text, "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n", hsm->folder);
	hsm_write(path.text, text.text);
	setenv("SOFTHSM2_CONF", path.text, 1);
	snprintf(hsm->pin_file, sizeof hsm->pin_file, "%s/pin", hsm->folder);
	hsm_write(hsm->pin_file, SOFTHSM_PIN "\n");
	hsm->config = (struct token_config){hsm_find(softhsm_modules), "test", hsm->pin_file};
	softhsm_add_token(SOFTHSM_PIN, "test");
	/* Tokens made after the module's start are not seen. */
	softhsm_add_token("5678", "second");
}

static int hsm_remove(const char *path, const struct stat *info, int kind, struct FTW *place) {
	(void)info, (void)kind, (void)place;
	return remove(path);
}

void softhsm_destroy(struct softhsm *hsm) {
	nftw(hsm->folder, hsm_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* What another program sees in the token. */
void softhsm_list(const struct softhsm *hsm, const char *type, struct str *out) {
	struct str cleanup_str command = {0};
	str_addf(&command, "pkcs11-tool --module %s --token-label test --login --pin " SOFTHSM_PIN " -O --type %s 2>&1",
		hsm->config.module, type);
	hsm_shell(command.text, out);
}

/* A key made by another program. */
void softhsm_keygen(const struct softhsm *hsm, const char *label, const char *option) {
	struct str cleanup_str command = {0};
	str_addf(&command,
		"pkcs11-tool --module %s --token-label test --login --pin " SOFTHSM_PIN
		" --keypairgen --key-type EC:prime256v1 --usage-sign --label %s %s >/dev/null 2>&1",
		hsm->config.module, label, option);
	hsm_shell(command.text, NULL);
}

/* Faults: what happens to all sessions when a token is logged out or pulled. */
static void *softhsm_function(const struct softhsm *hsm, const char *name) {
	void *library = dlopen(hsm->config.module, RTLD_NOW);
	hsm_require(library != NULL, "dlopen");
	void *function = dlsym(library, name);
	hsm_require(function != NULL, name);
	return function;
}

static unsigned long softhsm_slots(const struct softhsm *hsm, unsigned long slots[16]) {
	unsigned long (*list)(unsigned char, unsigned long *, unsigned long *);
	unsigned long count = 16;
	*(void **)&list = softhsm_function(hsm, "C_GetSlotList");
	hsm_require(list(1, slots, &count) == 0, "C_GetSlotList");
	return count;
}

void softhsm_log_out(const struct softhsm *hsm) {
	unsigned long (*open)(unsigned long, unsigned long, void *, void *, unsigned long *);
	unsigned long (*log_out)(unsigned long);
	unsigned long (*close_session)(unsigned long);
	unsigned long slots[16], count = softhsm_slots(hsm, slots), done = 0;
	*(void **)&open = softhsm_function(hsm, "C_OpenSession");
	*(void **)&log_out = softhsm_function(hsm, "C_Logout");
	*(void **)&close_session = softhsm_function(hsm, "C_CloseSession");
	for (unsigned long i = 0; i < count; i++) {
		unsigned long session;
		if (open(slots[i], 6, NULL, NULL, &session) == 0) {
			done += log_out(session) == 0;
			close_session(session);
		}
	}
	hsm_require(done > 0, "logging out");
}

void softhsm_close_sessions(const struct softhsm *hsm) {
	unsigned long (*close_all)(unsigned long);
	unsigned long slots[16], count = softhsm_slots(hsm, slots);
	*(void **)&close_all = softhsm_function(hsm, "C_CloseAllSessions");
	for (unsigned long i = 0; i < count; i++) {
		close_all(slots[i]);
	}
}

/* What C_Initialize of NSS takes: the standard's arguments with one more in their midst. */
struct nss_arguments {
	void *locks[4];
	unsigned long flags;
	char *parameters;
	void *reserved;
};

/* The begin of every PKCS#11 function list. */
struct nss_functions {
	unsigned char version[8];
	unsigned long (*initialize)(void *arguments);
};

/* NSS's software token wraps keys that are marked as not extractable. It wants parameters when it starts, which no
 * other module does, so the test starts it. */
struct token *nss_token_open(const struct softhsm *hsm, struct error *err) {
	struct str cleanup_str command = {0}, text = {0};
	struct token_config config = {hsm_find(nss_modules), "NSS Certificate DB", hsm->pin_file};
	unsigned long (*functions_of)(struct nss_functions **);
	struct nss_functions *functions = NULL;
	str_addf(&command, "certutil -N -d sql:%s -f %s", hsm->folder, hsm->pin_file);
	hsm_shell(command.text, NULL);
	str_addf(&text, "configdir='sql:%s' certPrefix='' keyPrefix='' secmod='secmod.db'", hsm->folder);
	void *library = dlopen(config.module, RTLD_NOW);
	hsm_require(library != NULL, config.module);
	*(void **)&functions_of = dlsym(library, "C_GetFunctionList");
	hsm_require(functions_of && functions_of(&functions) == 0, "C_GetFunctionList of NSS");
	struct nss_arguments arguments = {.flags = 2, .parameters = text.text};
	hsm_require(functions->initialize(&arguments) == 0, "C_Initialize of NSS");
	return token_open(&config, err);
}
