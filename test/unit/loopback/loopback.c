#include "loopback/loopback.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST_PORT = 12000, PORTS = 8000 };

int loopback_free_port(void) {
	static int given;
	for (int i = 0; i < PORTS; i++) {
		int port = FIRST_PORT + (getpid() * 31 + given++) % PORTS;
		struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
		int file = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool is_free = bind(file, (struct sockaddr *)&any, sizeof any) == 0;
		close(file);
		if (is_free) {
			return port;
		}
	}
	abort();
}

/* Kept until the server stops: a thread that outlives its test races with the libraries' own end. */
struct loopback_connection {
	struct loopback_connection *next;
	struct loopback *server;
	pthread_t thread;
	int fd;
};

static void *serve(void *context) {
	struct loopback_connection *connection = context;
	connection->server->serve(connection->fd);
	close(connection->fd);
	return NULL;
}

static void *accept_all(void *context) {
	struct loopback *server = context;
	for (int fd; (fd = accept(server->listener, NULL, NULL)) >= 0;) {
		struct loopback_connection *connection = malloc(sizeof *connection);
		*connection = (struct loopback_connection){.next = server->first, .server = server, .fd = fd};
		server->first = connection;
		atomic_fetch_add(&server->connections, 1);
		if (pthread_create(&connection->thread, NULL, serve, connection)) {
			abort();
		}
	}
	return NULL;
}

int loopback_start(struct loopback *server) {
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	void *address = server->ipv6 ? (void *)&v6 : (void *)&v4;
	socklen_t size = server->ipv6 ? sizeof v6 : sizeof v4;
	server->listener = socket(server->ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(server->listener, address, size) || listen(server->listener, 64) ||
		getsockname(server->listener, address, &size)) {
		return -1;
	}
	server->port = ntohs(server->ipv6 ? v6.sin6_port : v4.sin_port);
	return pthread_create(&server->thread, NULL, accept_all, server) ? -1 : 0;
}

int loopback_stop(struct loopback *server) {
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	/* Every client is gone by now, and with it the reason to wait. */
	for (struct loopback_connection *connection = server->first, *next; connection; connection = next) {
		next = connection->next;
		pthread_join(connection->thread, NULL);
		free(connection);
	}
	server->first = NULL;
	return 0;
}

bool loopback_read_head(int fd, char *head, size_t size) {
	size_t length = 0;
	*head = '\0';
	while (length < size - 1 && !strstr(head, "\r\n\r\n")) {
		ssize_t got = recv(fd, head + length, size - 1 - length, 0);
		if (got <= 0) {
			break;
		}
		length += (size_t)got;
		head[length] = '\0';
	}
	return length > 0;
}

void loopback_say(int fd, const char *text) {
	for (size_t length = strlen(text); length;) {
		ssize_t sent = send(fd, text, length, MSG_NOSIGNAL);
		if (sent <= 0) {
			return;
		}
		text += sent;
		length -= (size_t)sent;
	}
}

void loopback_wait_for_end(int fd) {
	for (char byte; recv(fd, &byte, 1, 0) > 0;) {
	}
}
