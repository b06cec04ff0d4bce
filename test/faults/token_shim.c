/* A PKCS#11 module that hands every call on to SoftHSM, notes it, and fails where it is told to.
 *
 * $TOKEN_SHIM is a folder. Each call's name is added to its file `calls`. A line of its file `order` is "FUNCTION NTH
 * ACTION": the NTH call of the function from when the order was first seen has the fault, once; then the line goes to
 * the file `fired`. A call that has a fault does not count for the lines behind. The action `hang` waits until somebody
 * removes `fired`.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <p11-kit/pkcs11.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GONE_SECONDS = 3, MOST_ORDERS = 16 };

struct order {
	char function[64], action[32];
	int nth, seen;
};

static struct {
	pthread_mutex_t lock;
	CK_FUNCTION_LIST *real;
	CK_FUNCTION_LIST list;
	CK_SLOT_ID slot; /* of the last session */
	char text[1024]; /* of the file `order`, as it was read last */
	struct order orders[MOST_ORDERS];
	int count;
	time_t gone_until; /* the token is away until then */
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const char *in_folder(char *room, size_t size, const char *file) {
	const char *folder = getenv("TOKEN_SHIM");
	snprintf(room, size, "%s/%s", folder ? folder : ".", file);
	return room;
}

static void note(const char *function) {
	char path[512], line[64];
	int file = open(in_folder(path, sizeof path, "calls"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	int length = snprintf(line, sizeof line, "%s\n", function);
	if (file < 0 || write(file, line, (size_t)length) != length) {
		abort();
	}
	close(file);
}

static bool read_orders(char *text, size_t size) {
	char path[512];
	int file = open(in_folder(path, sizeof path, "order"), O_RDONLY | O_CLOEXEC);
	ssize_t length = file < 0 ? -1 : read(file, text, size - 1);
	if (file >= 0) {
		close(file);
	}
	text[length > 0 ? length : 0] = '\0';
	return length > 0;
}

static void parse_orders(const char *text) {
	shim.count = 0;
	for (const char *line = text; line && *line && shim.count < MOST_ORDERS; line = strchr(line, '\n')) {
		struct order *order = &shim.orders[shim.count];
		line += *line == '\n';
		*order = (struct order){.nth = 0};
		shim.count += sscanf(line, "%63s %d %31s", order->function, &order->nth, order->action) == 3;
	}
}

static void write_line(const char *file, const struct order *order) {
	char path[512];
	FILE *out = fopen(in_folder(path, sizeof path, file), "ae");
	if (!out || fprintf(out, "%s %d %s\n", order->function, order->nth, order->action) < 0 || fclose(out) != 0) {
		abort();
	}
}

/* From the file `order` to the file `fired`. */
static void carried_out(int which) {
	char from[512], to[512];
	write_line("fired", &shim.orders[which]);
	memmove(&shim.orders[which], &shim.orders[which + 1], sizeof *shim.orders * (size_t)(--shim.count - which));
	if (shim.count == 0) {
		unlink(in_folder(from, sizeof from, "order"));
		return;
	}
	for (int i = 0; i < shim.count; i++) {
		write_line("order.new", &shim.orders[i]);
	}
	if (rename(in_folder(from, sizeof from, "order.new"), in_folder(to, sizeof to, "order")) != 0 ||
		!read_orders(shim.text, sizeof shim.text)) {
		abort();
	}
}

/* The fault of this call, or "". */
static void fault_of(const char *function, char *action, size_t size) {
	char text[sizeof shim.text];
	*action = '\0';
	if (!read_orders(text, sizeof text)) {
		return;
	}
	if (strcmp(text, shim.text) != 0) {
		strcpy(shim.text, text);
		parse_orders(text);
	}
	for (int i = 0; i < shim.count; i++) {
		struct order *order = &shim.orders[i];
		if (strcmp(order->function, function) == 0 && ++order->seen == order->nth) {
			snprintf(action, size, "%s", order->action);
			carried_out(i);
			return;
		}
	}
}

static void hang(void) {
	char path[512];
	for (in_folder(path, sizeof path, "fired"); access(path, F_OK) == 0;) {
		usleep(50000);
	}
}

/* Before a call. True: it is not to be made, and `result` is what came of it. */
static bool before(const char *function, char *action, size_t size, CK_RV *result) {
	pthread_mutex_lock(&shim.lock);
	note(function);
	fault_of(function, action, size);
	if (strcmp(action, "kill-before") == 0) {
		kill(getpid(), SIGKILL);
	}
	if (strcmp(action, "gone") == 0) {
		shim.gone_until = time(NULL) + GONE_SECONDS;
	}
	bool gone = time(NULL) < shim.gone_until, session = strcmp(action, "session") == 0;
	if (gone || session) {
		shim.real->C_CloseAllSessions(shim.slot);
	}
	pthread_mutex_unlock(&shim.lock);
	if (strcmp(action, "hang") == 0) {
		hang();
	}
	*result = gone ? CKR_DEVICE_REMOVED : session ? CKR_SESSION_HANDLE_INVALID : CKR_DEVICE_ERROR;
	return gone || session || strcmp(action, "error") == 0;
}

static CK_RV after(const char *action, CK_RV result) {
	if (strcmp(action, "kill-after") == 0) {
		kill(getpid(), SIGKILL);
	}
	return strcmp(action, "error-after") == 0 ? CKR_DEVICE_ERROR : result;
}

#define WRAP(name, parameters, arguments)                                                                              \
	static CK_RV shim_##name parameters {                                                                              \
		char action[32];                                                                                               \
		CK_RV result;                                                                                                  \
		if (before(#name, action, sizeof action, &result)) {                                                           \
			return result;                                                                                             \
		}                                                                                                              \
		return after(action, shim.real->name arguments);                                                               \
	}

typedef CK_SESSION_HANDLE session;
typedef CK_OBJECT_HANDLE object;

WRAP(C_GetSlotList, (CK_BBOOL present, CK_SLOT_ID *slots, CK_ULONG *count), (present, slots, count))
WRAP(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO *info), (slot, info))
WRAP(C_GetSessionInfo, (session s, CK_SESSION_INFO *info), (s, info))
WRAP(C_Login, (session s, CK_USER_TYPE user, CK_UTF8CHAR *pin, CK_ULONG length), (s, user, pin, length))
WRAP(C_CloseSession, (session s), (s))
WRAP(C_FindObjectsInit, (session s, CK_ATTRIBUTE *template, CK_ULONG count), (s, template, count))
WRAP(C_FindObjects, (session s, object *found, CK_ULONG most, CK_ULONG *count), (s, found, most, count))
WRAP(C_FindObjectsFinal, (session s), (s))
WRAP(C_GetAttributeValue, (session s, object o, CK_ATTRIBUTE *template, CK_ULONG count), (s, o, template, count))
WRAP(C_SetAttributeValue, (session s, object o, CK_ATTRIBUTE *template, CK_ULONG count), (s, o, template, count))
WRAP(C_CopyObject, (session s, object o, CK_ATTRIBUTE *template, CK_ULONG count, object *copy),
	(s, o, template, count, copy))
WRAP(C_DestroyObject, (session s, object o), (s, o))
WRAP(C_GenerateKey, (session s, CK_MECHANISM *mechanism, CK_ATTRIBUTE *template, CK_ULONG count, object *key),
	(s, mechanism, template, count, key))
WRAP(C_GenerateKeyPair,
	(session s, CK_MECHANISM *mechanism, CK_ATTRIBUTE *public, CK_ULONG public_count, CK_ATTRIBUTE *private,
		CK_ULONG private_count, object *public_key, object *private_key),
	(s, mechanism, public, public_count, private, private_count, public_key, private_key))
WRAP(C_SignInit, (session s, CK_MECHANISM *mechanism, object key), (s, mechanism, key))
WRAP(C_Sign, (session s, CK_BYTE *data, CK_ULONG length, CK_BYTE *signature, CK_ULONG *signature_length),
	(s, data, length, signature, signature_length))
WRAP(C_WrapKey, (session s, CK_MECHANISM *mechanism, object wrapping, object key, CK_BYTE *wrapped, CK_ULONG *length),
	(s, mechanism, wrapping, key, wrapped, length))

static CK_RV shim_C_OpenSession(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify, session *opened) {
	char action[32];
	CK_RV result;
	shim.slot = slot;
	if (before("C_OpenSession", action, sizeof action, &result)) {
		return result;
	}
	return after(action, shim.real->C_OpenSession(slot, flags, application, notify, opened));
}

static bool load(void) {
	void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW | RTLD_LOCAL);
	CK_C_GetFunctionList get_list = NULL;
	if (library) {
		*(void **)&get_list = dlsym(library, "C_GetFunctionList");
	}
	if (!get_list || get_list(&shim.real) != CKR_OK) {
		return false;
	}
	shim.list = *shim.real;
	return true;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list) {
	if (!shim.real && !load()) {
		return CKR_GENERAL_ERROR;
	}
#define USE(name) shim.list.name = shim_##name
	USE(C_GetSlotList);
	USE(C_GetTokenInfo);
	USE(C_GetSessionInfo);
	USE(C_OpenSession);
	USE(C_CloseSession);
	USE(C_Login);
	USE(C_FindObjectsInit);
	USE(C_FindObjects);
	USE(C_FindObjectsFinal);
	USE(C_GetAttributeValue);
	USE(C_SetAttributeValue);
	USE(C_CopyObject);
	USE(C_DestroyObject);
	USE(C_GenerateKey);
	USE(C_GenerateKeyPair);
	USE(C_SignInit);
	USE(C_Sign);
	USE(C_WrapKey);
	*list = &shim.list;
	return CKR_OK;
}
