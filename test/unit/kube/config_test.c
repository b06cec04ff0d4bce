#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "kube/access.h"
#include "loopback/tls.h"

static char folder[] = "/tmp/config-test-XXXXXX";
static const char *const files[] = {"config", "token", "plugin", "count", "tls.crt", "tls.key"};

static char *path_of(const char *name) {
	static char paths[4][200];
	static int next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static void put(const char *name, const char *text) {
	FILE *file = fopen(path_of(name), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_folder(void **state) {
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int drop_folder(void **state) {
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		unlink(path_of(files[i]));
	}
	return rmdir(folder);
}

static struct kube_config *load(const char *user, struct error *err) {
	cleanup_str struct str text = {0};
	str_addf(&text,
		"contexts: [{name: c, context: {cluster: k, user: u}}]\ncurrent-context: c\n"
		"clusters: [{name: k, cluster: {server: 'https://h'}}]\nusers: [{name: u, user: {%s}}]\n",
		user);
	put("config", text.text);
	struct kube_config_options options = {.kubeconfig = path_of("config")};
	return kube_config_load(&options, err);
}

static void check_authorization(struct kube_config *config, const char *want) {
	struct error err = {0};
	struct kube_access *access = config_access(config, NULL, &err);
	if (!access) {
		assert_string_equal(err.text, "");
	}
	assert_string_equal(access->authorization, want);
	config_release(access);
}

static void refuse(struct kube_config *config) {
	struct error err;
	struct kube_access *access = config_access(config, NULL, &err);
	assert_non_null(access);
	config_refused(config, access, NULL);
	config_release(access);
}

static void a_token_file_is_read_again_when_refused(void **state) {
	(void)state;
	struct error err = {0};
	put("token", "one\n");
	struct kube_config *config = load("tokenFile: token", &err);
	assert_non_null(config);
	assert_string_equal(kube_config_server(config), "https://h");
	assert_string_equal(kube_config_namespace(config), "default");
	check_authorization(config, "Authorization: Bearer one");
	put("token", "two");
	check_authorization(config, "Authorization: Bearer one");
	usleep(1100000);
	refuse(config);
	check_authorization(config, "Authorization: Bearer two");
	usleep(1100000);
	unlink(path_of("token"));
	refuse(config);
	check_authorization(config, "Authorization: Bearer two");
	kube_config_destroy(config);
}

static void bad_credentials_are_told_at_the_start(void **state) {
	(void)state;
	static const char *const users[][2] = {
		{"tokenFile: nothing-there", "tokenFile"},
		{"token: 'a b'", "token: holds blanks"},
		{"token: \"a\\r\\nX: y\"", "token: holds blanks"},
		{"client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=", "client-certificate: no PEM text"},
		{"client-certificate: nothing-there, client-key: x", "client-certificate"},
	};
	for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
		struct error err = {0};
		assert_null(load(users[i][0], &err));
		if (!strstr(err.text, users[i][1])) {
			assert_string_equal(err.text, users[i][1]);
		}
	}
}

static void check_identity(struct kube_config *config, const struct tls_identity *want) {
	struct error err = {0};
	struct kube_access *access = config_access(config, NULL, &err);
	assert_non_null(access);
	assert_string_equal(access->peer.certificate, tls_identity_pem(want));
	assert_string_equal(access->peer.key, tls_identity_key_pem(want));
	config_release(access);
}

static void put_half(const char *name, const char *text) {
	cleanup_str struct str half = {0};
	str_add(&half, text, strlen(text) / 2);
	put(name, half.text);
}

/* As after a minute. */
static void read_again(struct kube_config *config) {
	usleep(1100000);
	refuse(config);
}

#define FILES "client-certificate: tls.crt, client-key: tls.key"

static void a_certificate_waits_for_its_key(void **state) {
	(void)state;
	struct error err = {0};
	struct tls_identity *old = tls_identity_create(0), *new = tls_identity_create(0);
	put("tls.crt", tls_identity_pem(old));
	put("tls.key", tls_identity_key_pem(old));
	struct kube_config *config = load(FILES, &err);
	assert_non_null(config);
	check_identity(config, old);
	put("tls.crt", tls_identity_pem(new));
	read_again(config);
	check_identity(config, old);
	put_half("tls.key", tls_identity_key_pem(new));
	read_again(config);
	check_identity(config, old);
	put("tls.key", tls_identity_key_pem(new));
	read_again(config);
	check_identity(config, new);
	kube_config_destroy(config);
	tls_identity_destroy(old);
	tls_identity_destroy(new);
}

static void check_refused(const char *why) {
	struct error err = {0};
	assert_null(load(FILES, &err));
	assert_non_null(strstr(err.text, path_of("tls.crt")));
	assert_non_null(strstr(err.text, path_of("tls.key")));
	if (!strstr(err.text, why)) {
		assert_string_equal(err.text, why);
	}
}

static void what_is_no_pair_is_told_at_the_start(void **state) {
	(void)state;
	struct tls_identity *one = tls_identity_create(0), *other = tls_identity_create(0);
	cleanup_str struct str chain = {0};
	put("tls.crt", tls_identity_pem(one));
	put("tls.key", tls_identity_key_pem(other));
	check_refused("the key is not the certificate's");
	put_half("tls.key", tls_identity_key_pem(one));
	check_refused("the key is encrypted, or its PEM text is cut off");
	put("tls.key", tls_identity_key_pem(one));
	put_half("tls.crt", tls_identity_pem(one));
	check_refused("the certificate cannot be used, or its PEM text is cut off");
	str_addf(&chain, "%s%.100s", tls_identity_pem(one), tls_identity_pem(other));
	put("tls.crt", chain.text);
	check_refused("the certificate cannot be used, or its PEM text is cut off");
	tls_identity_destroy(one);
	tls_identity_destroy(other);
}

static void a_chain_and_its_key_may_be_in_one_file(void **state) {
	(void)state;
	struct error err = {0};
	struct tls_identity *one = tls_identity_create(0), *other = tls_identity_create(0);
	cleanup_str struct str all = {0};
	str_addf(&all, "%s%s%s", tls_identity_key_pem(one), tls_identity_pem(one), tls_identity_pem(other));
	put("tls.crt", all.text);
	struct kube_config *config = load("client-certificate: tls.crt, client-key: tls.crt", &err);
	assert_non_null(config);
	kube_config_destroy(config);
	tls_identity_destroy(one);
	tls_identity_destroy(other);
}

#define PLUGIN                                                                                                         \
	"exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, args: [x], provideClusterInfo: true,"      \
	" env: [{name: GREETING, value: hi}]}"

static struct kube_config *load_plugin(const char *script) {
	struct error err = {0};
	put("plugin", script);
	chmod(path_of("plugin"), 0700);
	struct kube_config *config = load(PLUGIN, &err);
	assert_non_null(config);
	return config;
}

#define ANSWER "{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":"

static void a_plugin_runs_once_until_it_is_refused(void **state) {
	(void)state;
	struct kube_config *config =
		load_plugin("#!/bin/sh\n"
					"echo run >>\"$(dirname \"$0\")/count\"\n"
					"case $KUBERNETES_EXEC_INFO in *'\"server\":\"https://h\"'*) ;; *) exit 3 ;; esac\n"
					"n=$(wc -l <\"$(dirname \"$0\")/count\")\n"
					"echo '" ANSWER "{\"token\":\"'$GREETING-$1-$n'\"}}'\n");
	check_authorization(config, "Authorization: Bearer hi-x-1");
	check_authorization(config, "Authorization: Bearer hi-x-1");
	usleep(1100000);
	refuse(config);
	check_authorization(config, "Authorization: Bearer hi-x-2");
	kube_config_destroy(config);
	unlink(path_of("count"));
}

static void an_expired_answer_is_not_used(void **state) {
	(void)state;
	struct kube_config *config =
		load_plugin("#!/bin/sh\n"
					"echo run >>\"$(dirname \"$0\")/count\"\n"
					"n=$(wc -l <\"$(dirname \"$0\")/count\")\n"
					"echo '" ANSWER "{\"token\":\"'$n'\",\"expirationTimestamp\":\"2020-01-01T00:00:00Z\"}}'\n");
	check_authorization(config, "Authorization: Bearer 1");
	check_authorization(config, "Authorization: Bearer 2");
	kube_config_destroy(config);
	unlink(path_of("count"));
}

static char *seconds_ahead(int64_t seconds) {
	static char text[40];
	time_t end = (time_t)(clock_wall() + seconds);
	struct tm parts;
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&end, &parts));
	return text;
}

/* The longest that anybody waits for credentials until there are new ones. */
static int64_t longest_wait(struct kube_config *config, const char *want) {
	int64_t longest = 0, deadline = clock_monotonic() + SECONDS(60);
	bool there = false;
	while (!there && clock_monotonic() < deadline) {
		struct error err = {0};
		int64_t start = clock_monotonic();
		struct kube_access *access = config_access(config, NULL, &err);
		assert_non_null(access);
		int64_t took = clock_monotonic() - start;
		longest = took > longest ? took : longest;
		there = strcmp(access->authorization, want) == 0;
		config_release(access);
		usleep(20000);
	}
	assert_true(there);
	return longest;
}

/* The first answer can be used for 10 s, of which 5 are left when the plugin runs again, for 2 s. */
static void a_slow_plugin_runs_ahead_and_nobody_waits(void **state) {
	(void)state;
	cleanup_str struct str script = {0};
	str_addf(&script,
		"#!/bin/sh\n"
		"echo run >>\"$(dirname \"$0\")/count\"\n"
		"n=$(wc -l <\"$(dirname \"$0\")/count\")\n"
		"[ $n = 1 ] || sleep 2\n"
		"[ $n != 1 ] || echo '" ANSWER "{\"token\":\"'$n'\",\"expirationTimestamp\":\"%s\"}}'\n"
		"[ $n = 1 ] || echo '" ANSWER "{\"token\":\"'$n'\"}}'\n",
		seconds_ahead(20));
	struct kube_config *config = load_plugin(script.text);
	check_authorization(config, "Authorization: Bearer 1");
	assert_true(longest_wait(config, "Authorization: Bearer 2") < SECONDS(1));
	kube_config_destroy(config);
	unlink(path_of("count"));
}

/* Whatever a plugin is doing. */
static void destroy_at_once(struct kube_config *config) {
	int64_t start = clock_monotonic();
	kube_config_destroy(config);
	assert_true(clock_monotonic() - start < SECONDS(2));
}

/* As the plugin has counted them. */
static int runs(void) {
	FILE *file = fopen(path_of("count"), "r");
	int lines = 0;
	for (int c; file && (c = fgetc(file)) != EOF;) {
		lines += c == '\n';
	}
	if (file) {
		fclose(file);
	}
	return lines;
}

/* The first answer can be used for 8 s; the plugin runs again when 4 are left. */
static void a_plugin_that_runs_ahead_ends_with_us(void **state) {
	(void)state;
	cleanup_str struct str script = {0};
	str_addf(&script,
		"#!/bin/sh\n"
		"echo run >>\"$(dirname \"$0\")/count\"\n"
		"[ $(wc -l <\"$(dirname \"$0\")/count\") = 1 ] || sleep 100\n"
		"echo '" ANSWER "{\"token\":\"1\",\"expirationTimestamp\":\"%s\"}}'\n",
		seconds_ahead(18));
	struct kube_config *config = load_plugin(script.text);
	for (int64_t deadline = clock_monotonic() + SECONDS(60); runs() < 2 && clock_monotonic() < deadline;) {
		check_authorization(config, "Authorization: Bearer 1");
		usleep(20000);
	}
	assert_int_equal(runs(), 2);
	destroy_at_once(config);
	unlink(path_of("count"));
}

static void a_plugin_that_fails_is_told(void **state) {
	(void)state;
	static const char *const plugins[][2] = {
		{"#!/bin/sh\nexit 7\n", "exit status 7"},
		{"#!/bin/sh\nkill -9 $$\n", "signal 9"},
		{"#!/bin/sh\necho secret-word\n", "did not print JSON"},
		{"#!/bin/sh\necho '{}'\n", "did not print an ExecCredential"},
		{"#!/bin/sh\necho '" ANSWER "{}}'\n", "printed no credentials"},
		{"#!/bin/sh\necho '" ANSWER "{\"clientKeyData\":\"x\"}}'\n", "without the other"},
		{"#!/bin/sh\necho '" ANSWER "{\"clientCertificateData\":\"x\",\"clientKeyData\":\"x\"}}'\n",
			"clientCertificateData and clientKeyData: the certificate cannot be used"},
		{"#!/bin/sh\necho '" ANSWER "{\"token\":\"x\",\"expirationTimestamp\":\"soon\"}}'\n", "expirationTimestamp"},
		{"#!/bin/sh\nyes | head -c 3000000\n", "printed more than"},
		{"#!/nonexistent/interpreter\n", "cannot be started"},
	};
	for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
		struct error err = {0};
		struct kube_config *config = load_plugin(plugins[i][0]);
		assert_null(config_access(config, NULL, &err));
		if (!strstr(err.text, plugins[i][1])) {
			assert_string_equal(err.text, plugins[i][1]);
		}
		assert_non_null(strstr(err.text, "exec plugin"));
		assert_null(strstr(err.text, "secret-word"));
		kube_config_destroy(config);
	}
}

static void *set_soon(void *flag) {
	usleep(300000);
	atomic_store((atomic_bool *)flag, true);
	return NULL;
}

static void check_interrupted(struct kube_config *config) {
	struct error err = {0};
	atomic_bool stop = false;
	pthread_t thread;
	pthread_create(&thread, NULL, set_soon, &stop);
	int64_t start = clock_monotonic();
	assert_null(config_access(config, &stop, &err));
	assert_int_equal(err.kind, ERR_CANCELLED);
	assert_true(clock_monotonic() - start < SECONDS(2));
	pthread_join(thread, NULL);
}

static void a_plugin_that_hangs_can_be_interrupted(void **state) {
	(void)state;
	static const char *const plugins[] = {
		"#!/bin/sh\nsleep 100\n",
		"#!/bin/sh\necho '" ANSWER "{\"token\":\"x\"}}'\nexec >&-\nsleep 100\n",
	};
	for (size_t i = 0; i < sizeof plugins / sizeof plugins[0]; i++) {
		struct kube_config *config = load_plugin(plugins[i]);
		check_interrupted(config);
		destroy_at_once(config);
	}
}

static struct {
	struct kube_config *config;
	atomic_bool stop;
} waiting;

static void *wait_for_the_plugin(void *nothing) {
	struct error err = {0};
	struct kube_access *access = config_access(waiting.config, &waiting.stop, &err);
	return access ? access : nothing;
}

/* Those who wait for the one that runs it end when they are told to, not when it ends. */
static void who_waits_for_a_plugin_can_be_interrupted(void **state) {
	(void)state;
	pthread_t thread;
	void *access;
	waiting.config = load_plugin("#!/bin/sh\nsleep 100\n");
	pthread_create(&thread, NULL, wait_for_the_plugin, NULL);
	usleep(200000);
	check_interrupted(waiting.config);
	atomic_store(&waiting.stop, true);
	pthread_join(thread, &access);
	assert_null(access);
	kube_config_destroy(waiting.config);
}

static char seen_host[64];

static void note_host(void *context, const char *host, const char *method, int status, double seconds) {
	(void)context, (void)method, (void)status, (void)seconds;
	snprintf(seen_host, sizeof seen_host, "%s", host);
}

static void the_host_is_the_urls(void **state) {
	(void)state;
	static const char *const cases[][2] = {
		{"https://h", "h"},
		{"https://h:6443/prefix", "h:6443"},
		{"https://[::1]:6443", "[::1]:6443"},
		{"https://h\"x", "h"},
	};
	struct http_exchange exchange = {.method = "GET"};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct error err;
		cleanup_str struct str text = {0};
		str_addf(&text,
			"contexts: [{name: c, context: {cluster: k}}]\ncurrent-context: c\n"
			"clusters: [{name: k, cluster: {server: '%s'}}]\n",
			cases[i][0]);
		put("config", text.text);
		struct kube_config_options options = {.kubeconfig = path_of("config"), .observe = note_host};
		struct kube_config *config = kube_config_load(&options, &err);
		assert_non_null(config);
		config_observe(config, &exchange);
		assert_string_equal(seen_host, cases[i][1]);
		kube_config_destroy(config);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_host_is_the_urls),
		cmocka_unit_test(a_token_file_is_read_again_when_refused),
		cmocka_unit_test(bad_credentials_are_told_at_the_start),
		cmocka_unit_test(a_certificate_waits_for_its_key),
		cmocka_unit_test(what_is_no_pair_is_told_at_the_start),
		cmocka_unit_test(a_chain_and_its_key_may_be_in_one_file),
		cmocka_unit_test(a_plugin_runs_once_until_it_is_refused),
		cmocka_unit_test(an_expired_answer_is_not_used),
		cmocka_unit_test(a_slow_plugin_runs_ahead_and_nobody_waits),
		cmocka_unit_test(a_plugin_that_runs_ahead_ends_with_us),
		cmocka_unit_test(a_plugin_that_fails_is_told),
		cmocka_unit_test(a_plugin_that_hangs_can_be_interrupted),
		cmocka_unit_test(who_waits_for_a_plugin_can_be_interrupted),
	};
	return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
