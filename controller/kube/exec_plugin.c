#include "kube/exec_plugin.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "http/identity.h"
#include "kube/source.h"

enum { LONGEST_SECONDS = 60, POLL_MILLISECONDS = 100, END_MICROSECONDS = 10000, LARGEST_ANSWER = 1024 * 1024 };

extern char **environ;

struct exec_plugin {
	struct arena *arena;
	const char *api_version;
	char **arguments; /* NULL-terminated; the first one is the command */
	char **variables; /* "NAME=value", NULL-terminated */
};

struct child {
	pid_t pid;
	int out; /* its standard output */
};

static const char *command_path(struct arena *arena, const char *folder, const char *command) {
	bool relative = command[0] != '/' && strchr(command, '/');
	return relative ? arena_printf(arena, "%s/%s", folder, command) : arena_strdup(arena, command);
}

static bool take_arguments(struct exec_plugin *plugin, const json_t *list, const char *command, struct error *err) {
	size_t count = json_array_size(list), index;
	json_t *each;
	if (list && !json_is_array(list) && !json_is_null(list)) {
		return fail(err, ERR_INVALID, "args: a list is expected");
	}
	plugin->arguments = arena_array(plugin->arena, char *, count + 2);
	plugin->arguments[0] = arena_strdup(plugin->arena, command);
	json_array_foreach(list, index, each) {
		if (!json_is_string(each)) {
			return fail(err, ERR_INVALID, "args[%zu]: a string is expected", index);
		}
		plugin->arguments[index + 1] = arena_strdup(plugin->arena, json_string_value(each));
	}
	return true;
}

static bool take_variables(struct exec_plugin *plugin, const json_t *list, const char *info, struct error *err) {
	size_t count = json_array_size(list), index;
	json_t *each;
	if (list && !json_is_array(list) && !json_is_null(list)) {
		return fail(err, ERR_INVALID, "env: a list is expected");
	}
	plugin->variables = arena_array(plugin->arena, char *, count + 2);
	json_array_foreach(list, index, each) {
		const char *name = json_text(each, "name"), *value = json_text(each, "value");
		if (!name || !value || !*name || strchr(name, '=')) {
			return fail(err, ERR_INVALID, "env[%zu]: name and value are expected", index);
		}
		plugin->variables[index] = arena_printf(plugin->arena, "%s=%s", name, value);
	}
	plugin->variables[count] = arena_printf(plugin->arena, "KUBERNETES_EXEC_INFO=%s", info);
	return true;
}

/* What the plugin is told: an ExecCredential without status. */
static const char *exec_info(struct exec_plugin *plugin, const json_t *exec, json_t *cluster) {
	json_t *info = json_object();
	json_put(info, "apiVersion", json_string(plugin->api_version));
	json_put(info, "kind", json_string("ExecCredential"));
	json_put(info, "spec.interactive", json_false());
	if (json_bool(exec, "provideClusterInfo", false)) {
		json_put(info, "spec.cluster", json_incref(cluster));
	}
	return json_print(plugin->arena, arena_own_json(plugin->arena, info));
}

static bool take(
	struct exec_plugin *plugin, const json_t *exec, json_t *cluster, const char *folder, struct error *err) {
	const char *version = json_text_or(exec, "apiVersion", ""), *command = json_text_or(exec, "command", "");
	if (!json_is_object(exec)) {
		return fail(err, ERR_INVALID, "a mapping is expected");
	}
	if (!str_equal(version, "client.authentication.k8s.io/v1") &&
		!str_equal(version, "client.authentication.k8s.io/v1beta1")) {
		return fail(err, ERR_INVALID, "apiVersion: client.authentication.k8s.io/v1 or /v1beta1 is expected");
	}
	if (!*command) {
		return fail(err, ERR_INVALID, "command: is missing");
	}
	if (str_equal(json_text(exec, "interactiveMode"), "Always")) {
		return fail(err, ERR_INVALID, "interactiveMode: Always needs a terminal, which is not there");
	}
	plugin->api_version = arena_strdup(plugin->arena, version);
	return take_arguments(plugin, json_get(exec, "args"), command_path(plugin->arena, folder, command), err) &&
	       take_variables(plugin, json_get(exec, "env"), exec_info(plugin, exec, cluster), err);
}

struct exec_plugin *exec_plugin_create(const json_t *exec, json_t *cluster, const char *folder, struct error *err) {
	struct exec_plugin *plugin = xcalloc(1, sizeof *plugin);
	plugin->arena = arena_create();
	arena_own_json(plugin->arena, cluster);
	if (!take(plugin, exec, cluster, folder, err)) {
		exec_plugin_destroy(plugin);
		return NULL;
	}
	return plugin;
}

void exec_plugin_destroy(struct exec_plugin *plugin) {
	if (plugin) {
		arena_destroy(plugin->arena);
		free(plugin);
	}
}

static bool replaced(char *const *variables, const char *variable) {
	size_t length = strcspn(variable, "=") + 1;
	for (; *variables; variables++) {
		if (strncmp(*variables, variable, length) == 0) {
			return true;
		}
	}
	return false;
}

/* Ours, with the plugin's over it. The caller's to free(), not its elements. */
static char **environment_for(const struct exec_plugin *plugin) {
	size_t count = 0, used = 0;
	for (char **each = environ; each && *each; each++) {
		count++;
	}
	for (char **each = plugin->variables; *each; each++) {
		count++;
	}
	char **all = xcalloc(count + 1, sizeof *all);
	for (char **each = environ; each && *each; each++) {
		if (!replaced(plugin->variables, *each)) {
			all[used++] = *each;
		}
	}
	for (char **each = plugin->variables; *each; each++) {
		all[used++] = *each;
	}
	return all;
}

static int spawn(const struct exec_plugin *plugin, int out, pid_t *pid) {
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	posix_spawnattr_init(&attributes);
	/* Neither our signal mask nor our handlers, and a group of its own, so that its children end with it. */
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	char **environment = environment_for(plugin);
	int problem = posix_spawnp(pid, plugin->arguments[0], &actions, &attributes, plugin->arguments, environment);
	free(environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return problem;
}

static bool start(const struct exec_plugin *plugin, struct child *child, struct error *err) {
	int ends[2];
	if (pipe2(ends, O_CLOEXEC)) {
		return fail(err, ERR_UNAVAILABLE, "pipe: %s", strerror(errno));
	}
	int problem = spawn(plugin, ends[1], &child->pid);
	close(ends[1]);
	child->out = ends[0];
	if (problem) {
		close(ends[0]);
		return fail(err, ERR_UNAVAILABLE, "cannot be started: %s", strerror(problem));
	}
	return true;
}

static bool goes_on(int64_t deadline, const atomic_bool *stop, struct error *err) {
	if (stop && atomic_load(stop)) {
		return fail(err, ERR_CANCELLED, "interrupted");
	}
	return clock_monotonic() <= deadline ||
	       fail(err, ERR_UNAVAILABLE, "did not end within %d seconds", LONGEST_SECONDS);
}

static bool read_output(
	const struct child *child, int64_t deadline, const atomic_bool *stop, struct str *text, struct error *err) {
	char bytes[4096];
	while (goes_on(deadline, stop, err)) {
		struct pollfd ready = {.fd = child->out, .events = POLLIN};
		if (poll(&ready, 1, POLL_MILLISECONDS) <= 0) {
			continue;
		}
		ssize_t got = read(child->out, bytes, sizeof bytes);
		if (got == 0) {
			return true;
		}
		if (got > 0 && text->length + (size_t)got > LARGEST_ANSWER) {
			return fail(err, ERR_UNAVAILABLE, "printed more than %d bytes", LARGEST_ANSWER);
		}
		str_add(text, bytes, got > 0 ? (size_t)got : 0);
	}
	return false;
}

/* The end of its output is not its own: it may have closed it and live on. */
static bool await_end(
	const struct child *child, int64_t deadline, const atomic_bool *stop, int *status, struct error *err) {
	while (waitpid(child->pid, status, WNOHANG) == 0) {
		if (!goes_on(deadline, stop, err)) {
			return false;
		}
		usleep(END_MICROSECONDS);
	}
	return true;
}

static void end(const struct child *child) {
	kill(-child->pid, SIGKILL);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR) {
	}
}

/* Until it has ended well, with what it printed in `text`. */
static bool outlast(const struct child *child, const atomic_bool *stop, struct str *text, struct error *err) {
	int status = 0;
	int64_t deadline = clock_monotonic() + SECONDS(LONGEST_SECONDS);
	bool ended = read_output(child, deadline, stop, text, err) && await_end(child, deadline, stop, &status, err);
	close(child->out);
	if (!ended) {
		end(child);
		return false;
	}
	if (WIFSIGNALED(status)) {
		return fail(err, ERR_UNAVAILABLE, "was ended by signal %d", WTERMSIG(status));
	}
	return WEXITSTATUS(status) == 0 || fail(err, ERR_UNAVAILABLE, "ended with exit status %d", WEXITSTATUS(status));
}

static char *copy(const json_t *status, const char *field) {
	const char *text = json_text_or(status, field, "");
	return *text ? xstrdup(text) : NULL;
}

static bool take_answer(const char *api_version, const json_t *root, struct exec_answer *answer, struct error *err) {
	const json_t *status = json_get(root, "status");
	const char *expires = json_text(status, "expirationTimestamp");
	if (!str_equal(json_text(root, "kind"), "ExecCredential") ||
		!str_equal(json_text(root, "apiVersion"), api_version)) {
		return fail(err, ERR_UNAVAILABLE, "did not print an ExecCredential of %s", api_version);
	}
	if (expires && !clock_parse(expires, &answer->expires, err)) {
		return fail_in(err, "status.expirationTimestamp");
	}
	answer->expires -= expires && answer->expires == 0; /* which would be never */
	answer->token = copy(status, "token");
	answer->certificate = copy(status, "clientCertificateData");
	answer->key = copy(status, "clientKeyData");
	if (!answer->certificate != !answer->key) {
		return fail(err, ERR_UNAVAILABLE, "printed one of clientCertificateData and clientKeyData without the other");
	}
	return answer->token || answer->certificate || fail(err, ERR_UNAVAILABLE, "printed no credentials");
}

bool exec_answer_parse(
	const char *api_version, const char *text, size_t length, struct exec_answer *answer, struct error *err) {
	struct error ignored;
	*answer = (struct exec_answer){0};
	/* The parser's own message could quote what it read. */
	json_t *root = json_parse(text, length, &ignored);
	bool ok = root ? take_answer(api_version, root, answer, err) : fail(err, ERR_UNAVAILABLE, "did not print JSON");
	json_decref(root);
	if (!ok) {
		exec_answer_done(answer);
	}
	return ok;
}

static bool check_pair(struct exec_answer *answer, struct error *err) {
	if (!answer->certificate || http_identity_check(answer->certificate, answer->key, err)) {
		return true;
	}
	exec_answer_done(answer);
	return fail_in(err, "clientCertificateData and clientKeyData");
}

static bool run(
	const struct exec_plugin *plugin, const atomic_bool *stop, struct exec_answer *answer, struct error *err) {
	cleanup_str struct str text = {0};
	struct child child = {.out = -1};
	return start(plugin, &child, err) && outlast(&child, stop, &text, err) &&
	       exec_answer_parse(plugin->api_version, text.text ? text.text : "", text.length, answer, err) &&
	       check_pair(answer, err);
}

bool exec_plugin_run(
	const struct exec_plugin *plugin, const atomic_bool *stop, struct exec_answer *answer, struct error *err) {
	*answer = (struct exec_answer){0};
	return run(plugin, stop, answer, err) || fail_in(err, "exec plugin %s", plugin->arguments[0]);
}

void exec_answer_done(struct exec_answer *answer) {
	secret_free(answer->token);
	secret_free(answer->certificate);
	secret_free(answer->key);
	*answer = (struct exec_answer){0};
}
