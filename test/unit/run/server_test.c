#include "run/server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "kube/config.h"
#include "loopback/loopback.h"

static struct kube_config *config;
static struct metrics *metrics;

static int set_up(void **state) {
	(void)state;
	char path[] = "/tmp/server_test.XXXXXX";
	int file = mkstemp(path);
	static const char text[] = "{apiVersion: v1, kind: Config, current-context: a,\n"
							   "clusters: [{name: a, cluster: {server: \"https://127.0.0.1:1\"}}],\n"
							   "contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {}}]}\n";
	ssize_t written = write(file, text, sizeof text - 1);
	close(file);
	struct error err;
	config = kube_config_load(
		&(struct kube_config_options){.kubeconfig = path, .field_manager = "test", .user_agent = "test"}, &err);
	metrics = metrics_create();
	unlink(path);
	return written > 0 && config ? 0 : -1;
}

static int tear_down(void **state) {
	(void)state;
	metrics_destroy(metrics);
	kube_config_destroy(config);
	return 0;
}

static struct sockaddr_in at(const char *host, int port) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	inet_pton(AF_INET, host, &address.sin_addr);
	return address;
}

static bool listens_on_ipv6(int port) {
	int file = socket(AF_INET6, SOCK_STREAM, 0);
	struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool connected = connect(file, (struct sockaddr *)&address, sizeof address) == 0;
	close(file);
	return connected;
}

static bool listens(const char *host, int port) {
	int file = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in address = at(host, port);
	bool connected = connect(file, (struct sockaddr *)&address, sizeof address) == 0;
	close(file);
	return connected;
}

static void each_port_has_its_own_address(void **state) {
	(void)state;
	struct error err = {.kind = ERR_NONE};
	struct server_config wanted = {.health_bind = "127.0.0.2",
		.metrics_bind = "127.0.0.3",
		.health_port = loopback_free_port(),
		.metrics_port = loopback_free_port(),
		.config = config,
		.metrics = metrics};
	struct server *server = server_start(&wanted, &err);
	assert_string_equal(err.text, "");
	assert_non_null(server);
	assert_true(listens("127.0.0.2", wanted.health_port));
	assert_false(listens("127.0.0.3", wanted.health_port));
	assert_true(listens("127.0.0.3", wanted.metrics_port));
	assert_false(listens("127.0.0.2", wanted.metrics_port));
	assert_false(listens_on_ipv6(wanted.health_port));
	server_stop(server);
}

static void an_ipv6_address_is_one_too(void **state) {
	(void)state;
	struct error err = {.kind = ERR_NONE};
	struct server_config wanted = {.health_bind = "::1", .health_port = loopback_free_port()};
	struct server *server = server_start(&wanted, &err);
	assert_string_equal(err.text, "");
	assert_true(listens_on_ipv6(wanted.health_port));
	assert_false(listens("127.0.0.1", wanted.health_port));
	server_stop(server);
}

static void half_a_pair_is_an_error(void **state) {
	(void)state;
	struct error err = {.kind = ERR_NONE};
	struct server_config wanted = {.health_bind = "127.0.0.1",
		.metrics_bind = "127.0.0.1",
		.metrics_port = loopback_free_port(),
		.tls_cert_file = "/nowhere",
		.config = config,
		.metrics = metrics};
	assert_null(server_start(&wanted, &err));
	assert_int_equal(err.kind, ERR_INVALID);
}

int main(void) {
	log_setup(LOG_FORMAT_JSON, LOG_ERROR + 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_port_has_its_own_address),
		cmocka_unit_test(an_ipv6_address_is_one_too),
		cmocka_unit_test(half_a_pair_is_an_error),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
