#include "run/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
/* cmocka comes last: it defines a macro by the name of our fail() */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Real sockets on loopback. A port that drops: its queue of connections is full, so that the kernel answers no SYN. */
enum { DEADLINE = 400, FILLERS = 8 };

struct port {
	int socket, fillers[FILLERS];
	uint16_t number;
};

static struct port answering, refusing, dropping;

static struct sockaddr_in place(uint16_t port) {
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static struct port bound(void) {
	struct sockaddr_in at = place(0);
	socklen_t size = sizeof at;
	struct port port = {.socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	assert_int_equal(bind(port.socket, (struct sockaddr *)&at, size), 0);
	assert_int_equal(getsockname(port.socket, (struct sockaddr *)&at, &size), 0);
	port.number = ntohs(at.sin_port);
	return port;
}

static int setup(void **state) {
	(void)state;
	answering = bound();
	refusing = bound();
	dropping = bound();
	assert_int_equal(listen(answering.socket, 128), 0);
	assert_int_equal(listen(dropping.socket, 0), 0);
	struct sockaddr_in at = place(dropping.number);
	for (int i = 0; i < FILLERS; i++) {
		dropping.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		connect(dropping.fillers[i], (struct sockaddr *)&at, sizeof at);
	}
	return 0;
}

static int teardown(void **state) {
	(void)state;
	for (int i = 0; i < FILLERS; i++) {
		close(dropping.fillers[i]);
	}
	close(answering.socket);
	close(refusing.socket);
	close(dropping.socket);
	return 0;
}

static struct probe probe_of(const struct port *open, const struct port *closed) {
	struct probe probe = {.open = open->number, .closed = closed->number};
	assert_int_equal(inet_pton(AF_INET6, "::ffff:127.0.0.1", probe.address), 1);
	return probe;
}

static struct probe_result ended(struct prober *prober, const char *key) {
	for (int i = 0; i < 1000; i++) {
		struct probe_result result = prober_find(prober, key);
		if (!result.pending) {
			return result;
		}
		usleep(10000);
	}
	fail_msg("no end");
	return (struct probe_result){0};
}

static void what_ports_say(void **state) {
	(void)state;
	const struct {
		const struct port *open, *closed;
		enum probe_answer open_says, closed_says;
		int least; /* milliseconds */
	} rows[] = {
		{&answering, &dropping, PROBE_CONNECTED, PROBE_SILENT, DEADLINE},
		{&refusing, &dropping, PROBE_REFUSED, PROBE_SILENT, DEADLINE},
		{&dropping, &dropping, PROBE_SILENT, PROBE_SILENT, 2 * DEADLINE},
		{&answering, &answering, PROBE_NONE, PROBE_CONNECTED, 0},
		{&answering, &refusing, PROBE_NONE, PROBE_REFUSED, 0},
	};
	struct prober *prober = prober_start(DEADLINE);
	int64_t began = clock_monotonic();
	char key[16];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct probe probe = probe_of(rows[i].open, rows[i].closed);
		snprintf(key, sizeof key, "a/%zu", i);
		prober_ask(prober, key, &probe);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(key, sizeof key, "a/%zu", i);
		struct probe_result result = ended(prober, key);
		assert_int_equal(result.closed, rows[i].closed_says);
		assert_int_equal(result.open, rows[i].open_says);
		assert_true(result.at - began >= rows[i].least * INT64_C(1000000));
		assert_true(result.at - began < (2 * DEADLINE + 2000) * INT64_C(1000000));
	}
	prober_stop(prober);
}

static void a_result_stays_until_the_next_one_and_until_it_is_forgotten(void **state) {
	(void)state;
	struct prober *prober = prober_start(DEADLINE);
	assert_int_equal(prober_find(prober, "a/b").closed, PROBE_NONE);
	struct probe silent = probe_of(&answering, &dropping), refused = probe_of(&answering, &refusing);
	prober_ask(prober, "a/b", &silent);
	assert_true(prober_find(prober, "a/b").pending);
	assert_int_equal(ended(prober, "a/b").closed, PROBE_SILENT);
	prober_ask(prober, "a/b", &silent);
	prober_ask(prober, "a/b", &refused); /* too late: one is under way */
	struct probe_result meanwhile = prober_find(prober, "a/b");
	assert_true(meanwhile.pending && meanwhile.closed == PROBE_SILENT && meanwhile.open == PROBE_CONNECTED);
	assert_int_equal(ended(prober, "a/b").closed, PROBE_SILENT);
	prober_ask(prober, "a/b", &refused);
	assert_int_equal(ended(prober, "a/b").closed, PROBE_REFUSED);
	prober_forget(prober, "a/b");
	prober_forget(prober, "a/b");
	assert_int_equal(prober_find(prober, "a/b").closed, PROBE_NONE);
	prober_stop(prober);
}

/* More than fit at once take turns; what is forgotten or stopped under way leaves nothing behind (the sanitizers see).
 */
static void many_take_turns(void **state) {
	(void)state;
	struct prober *prober = prober_start(DEADLINE);
	struct probe silent = probe_of(&answering, &dropping);
	char key[16];
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof key, "a/%d", i);
		prober_ask(prober, key, &silent);
	}
	usleep(50000);
	prober_forget(prober, "a/7");
	prober_forget(prober, "a/140");
	prober_forget(prober, "a/8");
	prober_ask(prober, "a/8", &silent);
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof key, "a/%d", i);
		assert_int_equal(ended(prober, key).closed, i == 7 || i == 140 ? PROBE_NONE : PROBE_SILENT);
	}
	for (int i = 0; i < 150; i++) {
		snprintf(key, sizeof key, "a/%d", i);
		prober_ask(prober, key, &silent);
	}
	int64_t asked = clock_monotonic();
	prober_stop(prober);
	assert_true(clock_monotonic() - asked < SECONDS(1));
	prober_stop(NULL);
}

static void an_address_of_either_family(void **state) {
	(void)state;
	struct prober *prober = prober_start(DEADLINE);
	struct probe six = probe_of(&answering, &refusing), nowhere = six;
	assert_int_equal(inet_pton(AF_INET6, "::1", six.address), 1);
	memset(nowhere.address, 0, sizeof nowhere.address);
	nowhere.address[0] = 0xff; /* nobody connects to a multicast address */
	prober_ask(prober, "six", &six);
	prober_ask(prober, "nowhere", &nowhere);
	assert_int_equal(ended(prober, "six").closed, PROBE_REFUSED);
	assert_int_equal(ended(prober, "nowhere").closed, PROBE_REFUSED);
	prober_stop(prober);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_ports_say),
		cmocka_unit_test(a_result_stays_until_the_next_one_and_until_it_is_forgotten),
		cmocka_unit_test(many_take_turns),
		cmocka_unit_test(an_address_of_either_family),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
