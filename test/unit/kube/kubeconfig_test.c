#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kube/source.h"

static char folder[] = "/tmp/kubeconfig-test-XXXXXX";

static const char *put(const char *name, const char *text) {
	static char path[200];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	return path;
}

static int make_folder(void **state) {
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state) {
	(void)state;
	static const char *const names[] = {"config", "other", "token", "ca.crt", "namespace"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[200];
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

#define CONTEXT "contexts: [{name: c, context: {cluster: k, user: u, namespace: team}}]\ncurrent-context: c\n"
#define CLUSTER "clusters: [{name: k, cluster: {server: 'https://h:6443/'}}]\n"
#define USER(fields) "users: [{name: u, user: {" fields "}}]\n"
#define SERVER(fields) "clusters: [{name: k, cluster: {" fields "}}]\n"

static void all_forms_are_read(void **state) {
	(void)state;
	struct kube_source source;
	struct error err;
	const char *path = put("config", CONTEXT
		"clusters: [{name: k, cluster: {server: 'https://h:6443/prefix//', tls-server-name: api,"
		" proxy-url: 'socks5://p:1', certificate-authority: ca.crt, certificate-authority-data: aGVsbG8=}}]\n" USER(
			"token: t, tokenFile: /abs/token, client-certificate: sub/c.pem, client-key-data: a2V5"));
	assert_true(source_from_files(&source, path, NULL, false, &err));
	char beside[200];
	snprintf(beside, sizeof beside, "%s/ca.crt", folder);
	assert_string_equal(source.server, "https://h:6443/prefix");
	assert_string_equal(source.server_name, "api");
	assert_string_equal(source.proxy, "socks5://p:1");
	assert_string_equal(source.namespace, "team");
	assert_string_equal(source.ca.path, beside);
	assert_string_equal(source.ca.text, "hello");
	assert_string_equal(source.token.text, "t");
	assert_string_equal(source.token.path, "/abs/token");
	assert_string_equal(source.key.text, "key");
	assert_true(strstr(source.certificate.path, "/sub/c.pem") != NULL);
	assert_null(source.exec);
	source_done(&source);
}

static void a_user_and_a_namespace_may_be_absent(void **state) {
	(void)state;
	struct kube_source source;
	struct error err;
	const char *path = put("config", CLUSTER "contexts: [{name: c, context: {cluster: k}}]\n");
	assert_true(source_from_files(&source, path, "c", false, &err));
	assert_string_equal(source.namespace, "default");
	assert_null(source.token.text);
	source_done(&source);
}

static void insecure_is_refused_unless_allowed(void **state) {
	(void)state;
	static const char *const fields[] = {
		CONTEXT USER("token: t") SERVER("server: 'https://h', insecure-skip-tls-verify: true"),
		CONTEXT USER("token: t") SERVER("server: 'http://h'"),
	};
	for (size_t i = 0; i < 2; i++) {
		struct kube_source source;
		struct error err = {0};
		const char *path = put("config", fields[i]);
		assert_false(source_from_files(&source, path, NULL, false, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_true(source_from_files(&source, path, NULL, true, &err));
		assert_int_equal(source.insecure, i == 0);
		source_done(&source);
	}
}

static void the_first_of_several_files_wins(void **state) {
	(void)state;
	struct kube_source source;
	struct error err;
	char paths[500];
	snprintf(paths, sizeof paths, "%s", put("config", CONTEXT SERVER("server: 'https://first'")));
	snprintf(paths + strlen(paths), sizeof paths - strlen(paths), ":/nonexistent/file::%s",
		put("other", CLUSTER USER("token: second")));
	assert_true(source_from_files(&source, paths, NULL, false, &err));
	assert_string_equal(source.server, "https://first");
	assert_string_equal(source.token.text, "second");
	source_done(&source);
}

static const struct {
	const char *text, *error; /* what the error names */
} mistakes[] = {
	{"", "one document is wanted"},
	{"- a\n", "not a kubeconfig"},
	{"a: [", "YAML, line"},
	{CLUSTER, "current-context: is missing"},
	{"current-context: x\n", "contexts: there is no entry \"x\", which current-context names"},
	{"current-context: c\ncontexts: [{name: c, context: {user: u}}]\n", "contexts[c].context.cluster: is missing"},
	{"current-context: c\ncontexts: [{name: c, context: 7}]\n", "contexts[c].context: a mapping is expected"},
	{"current-context: c\ncontexts: [{name: c, context: {cluster: [1]}}]\n", "contexts[c].context.cluster: a string"},
	{CONTEXT USER("token: t"), "clusters: there is no entry \"k\""},
	{CONTEXT CLUSTER, "users: there is no entry \"u\""},
	{CONTEXT USER("token: t") SERVER("x: 1"), "clusters[k].cluster.server: is missing"},
	{CONTEXT USER("token: t") SERVER("server: 'ftp://h'"), "clusters[k].cluster.server: a URL"},
	{CONTEXT USER("token: t") SERVER("server: 'https://user:pw@h'"), "clusters[k].cluster.server: a URL"},
	{CONTEXT USER("token: t") SERVER("server: 'https://'"), "clusters[k].cluster.server: a URL"},
	{CONTEXT USER("token: t") SERVER("server: 'https:///prefix'"), "clusters[k].cluster.server: a URL"},
	{CONTEXT USER("token: t") SERVER("server: 'https://:6443'"), "clusters[k].cluster.server: a URL"},
	{CONTEXT USER("token: t") SERVER("server: 'https://h', proxy-url: 'gopher://x'"), "cluster.proxy-url"},
	/* client-go refuses it: "socks5" means the same to it. */
	{CONTEXT USER("token: t") SERVER("server: 'https://h', proxy-url: 'socks5h://x'"), "cluster.proxy-url"},
	{CONTEXT USER("token: t") SERVER("server: 'https://h', insecure-skip-tls-verify: 'yes'"), "true or false"},
	{CONTEXT USER("token: t") SERVER("server: 'https://h', certificate-authority-data: '%%%'"),
		"clusters[k].cluster.certificate-authority-data: not base64"},
	{CONTEXT CLUSTER USER("token: 12345"), "users[u].user.token: a string is expected (in quotes"},
	{CONTEXT CLUSTER USER("username: a, password: secret-word"), "users[u].user.username: passwords were removed"},
	{CONTEXT CLUSTER USER("auth-provider: {name: gcp}"), "users[u].user.auth-provider"},
	{CONTEXT CLUSTER USER("token: t, as: root"), "users[u].user.as: impersonation"},
	{CONTEXT CLUSTER USER("client-certificate: a"), "users[u].user.client-key: is missing"},
	{CONTEXT CLUSTER USER("client-key: a"), "users[u].user.client-certificate: is missing"},
	{CONTEXT CLUSTER USER("exec: {command: x}"), "users[u].user.exec: apiVersion"},
	{CONTEXT CLUSTER USER("exec: 3"), "users[u].user.exec: a mapping"},
	{CONTEXT CLUSTER USER("exec: {apiVersion: client.authentication.k8s.io/v1}"), "user.exec: command: is missing"},
	{CONTEXT CLUSTER USER("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}"), "exec: apiVersion"},
	{CONTEXT CLUSTER USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}"),
		"exec: interactiveMode"},
	{CONTEXT CLUSTER USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, args: [1]}"),
		"exec: args[0]"},
	{CONTEXT CLUSTER USER("exec: {apiVersion: client.authentication.k8s.io/v1, command: x, env: [{name: a}]}"),
		"env[0]"},
};

static void mistakes_name_file_and_field(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
		struct kube_source source;
		struct error err = {0};
		const char *path = put("config", mistakes[i].text);
		assert_false(source_from_files(&source, path, NULL, false, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_non_null(strstr(err.text, path));
		if (!strstr(err.text, mistakes[i].error)) {
			assert_string_equal(err.text, mistakes[i].error);
		}
		assert_null(strstr(err.text, "secret-word"));
		assert_null(source.server);
	}
	struct kube_source source;
	struct error err = {0};
	assert_false(source_from_files(&source, "/nonexistent/kubeconfig", NULL, false, &err));
	assert_non_null(strstr(err.text, "/nonexistent/kubeconfig"));
}

static void the_service_account_is_read(void **state) {
	(void)state;
	struct kube_source source;
	struct error err = {0};
	unsetenv("KUBERNETES_SERVICE_HOST");
	assert_false(source_is_in_cluster(folder));
	assert_false(source_in_cluster(&source, folder, &err));
	setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1);
	setenv("KUBERNETES_SERVICE_PORT", "443", 1);
	assert_false(source_is_in_cluster(folder));
	put("token", "t");
	put("namespace", "team-a\n");
	assert_true(source_is_in_cluster(folder));
	assert_true(source_in_cluster(&source, folder, &err));
	assert_string_equal(source.server, "https://[fd00::1]:443");
	assert_string_equal(source.namespace, "team-a");
	/* As files, which are read again. */
	assert_null(source.ca.text);
	assert_string_equal(source.ca.path + strlen(folder), "/ca.crt");
	assert_null(source.token.text);
	assert_string_equal(source.token.path + strlen(folder), "/token");
	source_done(&source);
	setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1);
	assert_true(source_in_cluster(&source, folder, &err));
	assert_string_equal(source.server, "https://10.0.0.1:443");
	source_done(&source);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_forms_are_read),
		cmocka_unit_test(a_user_and_a_namespace_may_be_absent),
		cmocka_unit_test(insecure_is_refused_unless_allowed),
		cmocka_unit_test(the_first_of_several_files_wins),
		cmocka_unit_test(mistakes_name_file_and_field),
		cmocka_unit_test(the_service_account_is_read),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
