/* A real server on the loopback for tests: a thread that accepts, and one for each connection. */
#ifndef TEST_LOOPBACK_H
#define TEST_LOOPBACK_H
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* At which nobody listens on any address; another one each time, and none that the kernel gives to outgoing connections
 * meanwhile (32768 and above). */
int loopback_free_port(void);

struct loopback {
	void (*serve)(int fd); /* one connection; the server closes it afterwards */
	bool ipv6;             /* listens on [::1] alone, else on 127.0.0.1 */
	int port, listener;
	atomic_int connections;
	struct loopback_connection *first; /* its own */
	pthread_t thread;
};

/* `serve` and `ipv6` are set. Stopping waits for every connection: the clients must be gone. 0: `port` is open, -1: it
 * is not; as cmocka's group functions return. */
int loopback_start(struct loopback *server);
int loopback_stop(struct loopback *server);

/* Reads the head of an HTTP/1.1 request. False: none came. */
bool loopback_read_head(int fd, char *head, size_t size);
void loopback_say(int fd, const char *text);
/* Until the other side has closed. */
void loopback_wait_for_end(int fd);

#endif
