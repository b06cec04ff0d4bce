#include "kube/source.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/secret.h"
#include "base/str.h"
#include "kube/exec_plugin.h"

static void material_done(struct material *material) {
	secret_free(material->text);
	free(material->path);
}

void source_done(struct kube_source *source) {
	free(source->origin);
	free(source->server);
	free(source->server_name);
	secret_free(source->proxy); /* may hold a password */
	free(source->namespace);
	material_done(&source->ca);
	material_done(&source->certificate);
	material_done(&source->key);
	material_done(&source->token);
	exec_plugin_destroy(source->exec);
	*source = (struct kube_source){0};
}

static char *path_in(const char *folder, const char *name) {
	struct str path = {0};
	str_addf(&path, "%s/%s", folder, name);
	return str_steal(&path);
}

bool source_is_in_cluster(const char *folder) {
	if (!getenv("KUBERNETES_SERVICE_HOST") || !getenv("KUBERNETES_SERVICE_PORT")) {
		return false;
	}
	char *token = path_in(folder, "token");
	bool there = access(token, F_OK) == 0;
	free(token);
	return there;
}

static char *namespace_of(const char *folder) {
	cleanup_str struct str text = {0};
	struct error ignored;
	char *path = path_in(folder, "namespace");
	bool ok = str_read_file(&text, path, 256, &ignored);
	free(path);
	if (ok && text.text) {
		text.text[strcspn(text.text, " \r\n")] = '\0';
	}
	return xstrdup(ok && text.text && text.text[0] ? text.text : "default");
}

bool source_in_cluster(struct kube_source *source, const char *folder, struct error *err) {
	const char *host = getenv("KUBERNETES_SERVICE_HOST"), *port = getenv("KUBERNETES_SERVICE_PORT");
	if (!host || !port || !*host || !*port) {
		return fail(err, ERR_INVALID, "in-cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set");
	}
	struct str server = {0};
	str_addf(&server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	*source = (struct kube_source){
		.origin = xstrdup("in-cluster"),
		.server = str_steal(&server),
		.namespace = namespace_of(folder),
		.ca.path = path_in(folder, "ca.crt"),
		.token.path = path_in(folder, "token"),
	};
	return true;
}
