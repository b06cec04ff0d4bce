/* kubeconfig files: reference/config-api/kubeconfig.v1, concepts/configuration/organize-cluster-access-kubeconfig. */
#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/str.h"
#include "base/yaml.h"
#include "kube/exec_plugin.h"
#include "kube/source.h"

enum { LARGEST_FILE = 4 * 1024 * 1024, MOST_FILES = 16 };

struct document {
	char *path;
	json_t *root;
};

struct documents {
	struct document list[MOST_FILES];
	size_t count;
};

/* The inner object of a named entry, and what errors about it say. */
struct entry {
	const struct document *document;
	const char *list, *name, *inner;
	const json_t *fields;
};

enum form { TEXT, PATH, DATA };

struct field {
	const char *name;
	enum form form;
	size_t offset; /* of a char * in struct kube_source */
};

#define INTO(member) offsetof(struct kube_source, member)
static const struct field cluster_fields[] = {
	{"server", TEXT, INTO(server)},
	{"tls-server-name", TEXT, INTO(server_name)},
	{"proxy-url", TEXT, INTO(proxy)},
	{"certificate-authority", PATH, INTO(ca.path)},
	{"certificate-authority-data", DATA, INTO(ca.text)},
	{0},
};
static const struct field user_fields[] = {
	{"token", TEXT, INTO(token.text)},
	{"tokenFile", PATH, INTO(token.path)},
	{"client-certificate", PATH, INTO(certificate.path)},
	{"client-certificate-data", DATA, INTO(certificate.text)},
	{"client-key", PATH, INTO(key.path)},
	{"client-key-data", DATA, INTO(key.text)},
	{0},
};
static const struct field context_fields[] = {{"namespace", TEXT, INTO(namespace)}, {0}};

/* What would make us somebody else than the file says, were it left out in silence. */
static const struct {
	const char *name, *why;
} refused_fields[] = {
	{"username", "passwords were removed from Kubernetes 1.19; use a client certificate, a token or an exec plugin"},
	{"password", "passwords were removed from Kubernetes 1.19; use a client certificate, a token or an exec plugin"},
	{"auth-provider", "auth providers were removed from Kubernetes 1.26; use an exec plugin"},
	{"as", "impersonation is not supported"},
	{"as-uid", "impersonation is not supported"},
	{"as-groups", "impersonation is not supported"},
	{"as-user-extra", "impersonation is not supported"},
};

static bool refuse(const struct entry *entry, const char *field, const char *why, struct error *err) {
	return fail(err, ERR_INVALID, "%s: %s[%s].%s.%s: %s", entry->document->path, entry->list, entry->name, entry->inner,
		field, why);
}

static void documents_done(struct documents *documents) {
	for (size_t i = 0; i < documents->count; i++) {
		free(documents->list[i].path);
		json_decref(documents->list[i].root);
	}
}

static bool read_document(struct documents *documents, const char *path, struct error *err) {
	cleanup_str struct str text = {0};
	if (!str_read_file(&text, path, LARGEST_FILE, err)) {
		return false;
	}
	json_t *root = yaml_parse(text.text ? text.text : "", text.length, err);
	if (!root) {
		return fail_in(err, "%s", path);
	}
	documents->list[documents->count++] = (struct document){xstrdup(path), root};
	return json_is_object(root) || fail(err, ERR_INVALID, "%s: not a kubeconfig: a mapping is expected", path);
}

static bool read_documents(struct documents *documents, const char *paths, struct error *err) {
	for (const char *at = paths; *at;) {
		size_t length = strcspn(at, ":");
		char *path = xstrndup(at, length);
		bool skip = length == 0 || (access(path, F_OK) && errno == ENOENT);
		bool ok =
			skip || (documents->count < MOST_FILES ? read_document(documents, path, err)
												   : fail(err, ERR_INVALID, "more than %d kubeconfigs", MOST_FILES));
		free(path);
		if (!ok) {
			return false;
		}
		at += length;
		at += *at == ':';
	}
	if (documents->count == 0) {
		fail(err, ERR_INVALID, "%s: no such kubeconfig", paths);
		return false;
	}
	return true;
}

/* The first entry of that name in any file. */
static bool find(const struct documents *documents, struct entry *entry, const char *wanted_by, struct error *err) {
	for (size_t i = 0; i < documents->count; i++) {
		size_t index;
		json_t *each;
		json_array_foreach(json_object_get(documents->list[i].root, entry->list), index, each) {
			if (str_equal(json_text(each, "name"), entry->name)) {
				entry->document = &documents->list[i];
				entry->fields = json_object_get(each, entry->inner);
				return json_is_object(entry->fields) ||
				       fail(err, ERR_INVALID, "%s: %s[%s].%s: a mapping is expected", entry->document->path,
						   entry->list, entry->name, entry->inner);
			}
		}
	}
	return fail(err, ERR_INVALID, "%s: %s: there is no entry \"%s\", which %s names", entry->document->path,
		entry->list, entry->name, wanted_by);
}

static char *beside(const char *file, const char *path) {
	const char *slash = strrchr(file, '/');
	if (path[0] == '/' || !slash) {
		return xstrdup(path);
	}
	struct str whole = {0};
	str_add(&whole, file, (size_t)(slash - file) + 1);
	str_adds(&whole, path);
	return str_steal(&whole);
}

static bool take_text(const struct entry *entry, const char *field, const char **text, struct error *err) {
	const json_t *value = json_object_get(entry->fields, field);
	*text = NULL;
	if (!value || json_is_null(value)) {
		return true;
	}
	if (!json_is_string(value)) {
		return refuse(entry, field, "a string is expected (in quotes, if it looks like a number)", err);
	}
	*text = json_string_length(value) ? json_string_value(value) : NULL;
	return true;
}

static bool take_data(const struct entry *entry, const char *field, const char *text, char **into, struct error *err) {
	cleanup_str struct str bytes = {0};
	cleanup_str struct str joined = {0};
	for (; *text; text++) { /* YAML folds lines into blanks */
		if (!strchr(" \r\n", *text)) {
			str_add(&joined, text, 1);
		}
	}
	if (!joined.text || !base64_decode(&bytes, joined.text) || !bytes.text) {
		return refuse(entry, field, "not base64", err);
	}
	*into = str_steal(&bytes);
	return true;
}

static bool take_fields(
	struct kube_source *source, const struct entry *entry, const struct field *field, struct error *err) {
	for (; field->name; field++) {
		char **into = (char **)(void *)((char *)source + field->offset);
		const char *text;
		if (!take_text(entry, field->name, &text, err)) {
			return false;
		}
		if (!text) {
			continue;
		}
		if (field->form == DATA && !take_data(entry, field->name, text, into, err)) {
			return false;
		}
		if (field->form != DATA) {
			*into = field->form == PATH ? beside(entry->document->path, text) : xstrdup(text);
		}
	}
	return true;
}

static bool one_of(const char *url, const char *const *schemes) {
	while (*schemes && !str_starts(url, *schemes)) {
		schemes++;
	}
	return *schemes;
}

static bool check_server(
	struct kube_source *source, const struct entry *entry, bool allow_insecure, struct error *err) {
	char *server = source->server;
	if (!server) {
		return refuse(entry, "server", "is missing", err);
	}
	if (str_starts(server, "http://") && !allow_insecure) {
		return refuse(entry, "server", "has no TLS (http://), which must be allowed explicitly", err);
	}
	const char *host = strstr(server, "://");
	bool known = one_of(server, (const char *const[]){"https://", "http://", NULL});
	if (!known || strchr("/:", host[3]) || strpbrk(server, "?#@ \t")) {
		return refuse(
			entry, "server", "a URL like https://host:port is expected, without user, query or fragment", err);
	}
	for (size_t length = strlen(server); length && server[length - 1] == '/'; length--) {
		server[length - 1] = '\0';
	}
	return true;
}

static bool check_cluster(
	struct kube_source *source, const struct entry *entry, bool allow_insecure, struct error *err) {
	const json_t *insecure = json_object_get(entry->fields, "insecure-skip-tls-verify");
	if (insecure && !json_is_boolean(insecure) && !json_is_null(insecure)) {
		return refuse(entry, "insecure-skip-tls-verify", "true or false is expected", err);
	}
	source->insecure = json_is_true(insecure);
	if (source->insecure && !allow_insecure) {
		return refuse(entry, "insecure-skip-tls-verify",
			"is refused: anybody could answer for the API server. Give "
			"certificate-authority-data instead, or allow it explicitly",
			err);
	}
	if (source->insecure && (source->ca.text || source->ca.path)) {
		return refuse(entry, "insecure-skip-tls-verify", "contradicts certificate-authority", err);
	}
	if (source->proxy && !one_of(source->proxy, (const char *const[]){"http://", "https://", "socks5://", NULL})) {
		return refuse(entry, "proxy-url", "an http://, https:// or socks5:// URL is expected", err);
	}
	return check_server(source, entry, allow_insecure, err);
}

/* ExecCredentialSpec.cluster, for plugins that ask for it. */
static json_t *cluster_info(const struct kube_source *source, const struct entry *cluster) {
	static const char *const same[] = {"server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url",
		"certificate-authority-data", "disable-compression"};
	json_t *info = json_object();
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		json_object_set(info, same[i], json_object_get(cluster->fields, same[i]));
	}
	if (source->ca.path && !source->ca.text) {
		cleanup_str struct str pem = {0};
		struct error ignored;
		struct arena *arena = arena_create();
		if (str_read_file(&pem, source->ca.path, LARGEST_FILE, &ignored) && pem.text) {
			json_object_set_new(
				info, "certificate-authority-data", json_string(base64_encode(arena, pem.text, pem.length)));
		}
		arena_destroy(arena);
	}
	size_t index;
	json_t *each;
	json_array_foreach(json_object_get(cluster->fields, "extensions"), index, each) {
		if (str_equal(json_text(each, "name"), "client.authentication.k8s.io/exec")) {
			json_object_set(info, "config", json_object_get(each, "extension"));
		}
	}
	return info;
}

static bool take_exec(
	struct kube_source *source, const struct entry *user, const struct entry *cluster, struct error *err) {
	const json_t *exec = json_object_get(user->fields, "exec");
	if (!exec || json_is_null(exec)) {
		return true;
	}
	char *folder = beside(user->document->path, ".");
	source->exec = exec_plugin_create(exec, cluster_info(source, cluster), folder, err);
	free(folder);
	return source->exec || fail_in(err, "%s: users[%s].user.exec", user->document->path, user->name);
}

static bool check_user(struct kube_source *source, const struct entry *user, struct error *err) {
	bool certificate = source->certificate.text || source->certificate.path;
	bool key = source->key.text || source->key.path;
	for (size_t i = 0; i < sizeof refused_fields / sizeof refused_fields[0]; i++) {
		const json_t *value = json_object_get(user->fields, refused_fields[i].name);
		if (value && !json_is_null(value)) {
			return refuse(user, refused_fields[i].name, refused_fields[i].why, err);
		}
	}
	if (certificate && !key) {
		return refuse(user, "client-key", "is missing beside client-certificate", err);
	}
	if (key && !certificate) {
		return refuse(user, "client-certificate", "is missing beside client-key", err);
	}
	return true;
}

static const char *current_context(const struct documents *documents) {
	for (size_t i = 0; i < documents->count; i++) {
		const char *name = json_text_or(documents->list[i].root, "current-context", "");
		if (*name) {
			return name;
		}
	}
	return NULL;
}

static bool resolve(struct kube_source *source, const struct documents *documents, const char *context_name,
	bool allow_insecure, struct error *err) {
	const struct document *first = documents->list;
	struct entry context = {first, .list = "contexts", .inner = "context"};
	struct entry cluster = {first, .list = "clusters", .inner = "cluster"};
	struct entry user = {first, .list = "users", .inner = "user"};
	context.name = context_name ? context_name : current_context(documents);
	if (!context.name) {
		return fail(err, ERR_INVALID, "%s: current-context: is missing", first->path);
	}
	if (!find(documents, &context, context_name ? "the given context" : "current-context", err) ||
		!take_fields(source, &context, context_fields, err) || !take_text(&context, "cluster", &cluster.name, err) ||
		!take_text(&context, "user", &user.name, err)) {
		return false;
	}
	if (!cluster.name) {
		return refuse(&context, "cluster", "is missing", err);
	}
	source->origin = xstrdup(context.document->path);
	if (!find(documents, &cluster, "the context", err) || !take_fields(source, &cluster, cluster_fields, err) ||
		!check_cluster(source, &cluster, allow_insecure, err)) {
		return false;
	}
	return !user.name || (find(documents, &user, "the context", err) && take_fields(source, &user, user_fields, err) &&
							 check_user(source, &user, err) && take_exec(source, &user, &cluster, err));
}

bool source_from_files(
	struct kube_source *source, const char *paths, const char *context, bool allow_insecure, struct error *err) {
	struct documents documents = {0};
	*source = (struct kube_source){0};
	bool ok = read_documents(&documents, paths, err) && resolve(source, &documents, context, allow_insecure, err);
	documents_done(&documents);
	if (!ok) {
		source_done(source);
	} else if (!source->namespace) {
		source->namespace = xstrdup("default");
	}
	return ok;
}
