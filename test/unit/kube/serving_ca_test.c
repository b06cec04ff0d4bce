/* The API server's certificate comes to be of another CA, and the CA's file with it, while we run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#undef fail /* ours is base/error.h's */

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "kube/client.h"
#include "kube/config.h"
#include "loopback/loopback.h"
#include "loopback/tls.h"

#define ANSWER "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"

enum { OLD, NEW };

static const struct kind maps = {"ConfigMap", "v1", "configmaps", false};
static char ca[] = "/tmp/serving-ca-test-XXXXXX", kubeconfig[] = "/tmp/serving-ca-test-XXXXXX";
static struct tls_identity *identities[2];
static atomic_int serving;
static _Atomic int64_t later;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);

int64_t __wrap_clock_monotonic(void) {
	return __real_clock_monotonic() + atomic_load(&later);
}

static void serve(int fd) {
	tls_serve(identities[atomic_load(&serving)], fd, ANSWER);
}

static struct loopback server = {.serve = serve};

static void put(const char *path, const char *text) {
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int begin(void **state) {
	(void)state;
	identities[OLD] = tls_identity_create(0);
	identities[NEW] = tls_identity_create(0);
	int files[] = {mkstemp(ca), mkstemp(kubeconfig)};
	close(files[0]);
	close(files[1]);
	return loopback_start(&server);
}

static int end(void **state) {
	(void)state;
	loopback_stop(&server);
	tls_identity_destroy(identities[OLD]);
	tls_identity_destroy(identities[NEW]);
	return unlink(ca) | unlink(kubeconfig);
}

static struct kube_config *load(void) {
	char text[400];
	struct error err = {0};
	snprintf(text, sizeof text,
		"contexts: [{name: c, context: {cluster: k}}]\ncurrent-context: c\n"
		"clusters: [{name: k, cluster: {server: 'https://127.0.0.1:%d', certificate-authority: %s}}]\n",
		server.port, ca);
	put(kubeconfig, text);
	struct kube_config_options options = {.kubeconfig = kubeconfig};
	struct kube_config *config = kube_config_load(&options, &err);
	assert_string_equal(err.text, "");
	return config;
}

static void check_answers(struct kube_client *client, bool want) {
	struct arena *arena = arena_create();
	struct kube_call call = {.verb = KUBE_GET, .kind = &maps, .namespace = "n", .name = "m"};
	kube_do(client, arena, &call, 1);
	assert_int_equal(call.ok, want);
	assert_true(want || (call.err.kind == ERR_UNAVAILABLE && strstr(call.err.text, "certificate")));
	arena_destroy(arena);
}

static void a_new_ca_is_trusted_and_the_old_one_is_not_within_a_minute(void **state) {
	(void)state;
	put(ca, tls_identity_pem(identities[OLD]));
	struct kube_config *config = load();
	struct kube_client *client = kube_client_create(config, NULL);
	check_answers(client, true);
	atomic_store(&serving, NEW);
	atomic_fetch_add(&later, SECONDS(61));
	check_answers(client, false); /* not before its file says so */
	put(ca, tls_identity_pem(identities[NEW]));
	atomic_fetch_add(&later, SECONDS(61));
	check_answers(client, true);
	atomic_store(&serving, OLD);
	check_answers(client, false);
	kube_client_destroy(client);
	kube_config_destroy(config);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_ca_is_trusted_and_the_old_one_is_not_within_a_minute),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
