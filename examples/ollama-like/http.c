/* SPDX-License-Identifier: Apache-2.0 */
/* As much HTTP as one question needs, on the loopback only. */
#include "examples/ollama-like/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/ollama-like/process.h"
#include "examples/ollama-like/text.h"

static struct sockaddr_in loopback(int port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poller = { .fd = fd, .events = events };
	int left_ms, n;

	do {
		left_ms = clock_left_ms(deadline_ns);
		n = left_ms ? poll(&poller, 1, left_ms) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n < 0 ? -errno : -ETIMEDOUT;
}

static int connect_to(int port, uint64_t deadline_ns)
{
	struct sockaddr_in address = loopback(port);
	int fd, error = 0;
	socklen_t size = sizeof(error);

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		error = errno == EINPROGRESS ? -wait_for(fd, POLLOUT, deadline_ns) : errno;
		if (!error && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size))
			error = errno;
	}
	if (error) {
		close(fd);
		return -error;
	}
	return fd;
}

/* All until the other side closes. */
static int read_all(int fd, uint64_t deadline_ns, char **out)
{
	size_t size = 0;
	char *text = NULL;
	FILE *into = open_memstream(&text, &size);
	int error;

	if (!into)
		return -errno;
	for (;;) {
		char part[4096];
		ssize_t n;

		error = wait_for(fd, POLLIN, deadline_ns);
		if (error)
			break;
		n = recv(fd, part, sizeof(part), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		error = n < 0 ? -errno : 0;
		if (n <= 0)
			break;
		fwrite(part, 1, (size_t)n, into);
	}
	if (fclose(into) && !error)
		error = -ENOMEM;
	*out = text;
	return error;
}

int http_get(int port, const char *path, uint64_t deadline_ns, char **body)
{
	char *request, *text = NULL, *blank;
	int status = 0, error, fd;

	fd = connect_to(port, deadline_ns);
	if (fd < 0)
		return fd;
	request =
	    text_of("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n"
		    "Connection: close\r\n\r\n",
		    path, port);
	error = send(fd, request, strlen(request), MSG_NOSIGNAL) < 0
		    ? -errno
		    : read_all(fd, deadline_ns, &text);
	close(fd);
	free(request);
	blank = text ? strstr(text, "\r\n\r\n") : NULL;
	/* A server that died while it worked has closed without an answer. */
	if (!error && (!blank || sscanf(text, "HTTP/1.%*d %d", &status) != 1))
		error = -ECONNRESET;
	if (!error)
		*body = text_of("%s", blank + 4);
	free(text);
	return error ? error : status;
}

int http_listen(int *port)
{
	struct sockaddr_in address = loopback(*port);
	socklen_t size = sizeof(address);
	int fd, on = 1, error;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, size) || listen(fd, 16) ||
	    getsockname(fd, (struct sockaddr *)&address, &size)) {
		error = -errno;
		close(fd);
		return error;
	}
	*port = ntohs(address.sin_port);
	return fd;
}

struct connection {
	int fd;
	int (*answer)(const char *path, char **body);
};

static void send_all(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		text += n;
		left -= (size_t)n;
	}
}

static void *converse(void *arg)
{
	struct connection *connection = arg;
	char request[2048], path[512], *body = NULL, *head;
	size_t size = 0;
	int status = 404;

	for (;;) {
		ssize_t n = recv(connection->fd, request + size, sizeof(request) - 1 - size, 0);

		if (n <= 0)
			goto out;
		size += (size_t)n;
		request[size] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
		if (size == sizeof(request) - 1)
			goto out;
	}
	if (sscanf(request, "GET %511s", path) == 1)
		status = connection->answer(path, &body);
	if (!body)
		body = text_of("404 page not found\n");
	head = text_of("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		       "Connection: close\r\n\r\n",
		       status,
		       status == 200   ? "OK"
		       : status == 404 ? "Not Found"
				       : "Internal Server Error",
		       strlen(body));
	send_all(connection->fd, head);
	send_all(connection->fd, body);
	free(head);
out:
	free(body);
	close(connection->fd);
	free(connection);
	return NULL;
}

_Noreturn void http_serve(int listener, int (*answer)(const char *path, char **body))
{
	pthread_attr_t detached;

	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	for (;;) {
		struct connection *connection = malloc(sizeof(*connection));
		pthread_t thread;

		if (!connection)
			abort();
		*connection =
		    (struct connection){ accept4(listener, NULL, NULL, SOCK_CLOEXEC), answer };
		if (connection->fd < 0 ||
		    pthread_create(&thread, &detached, converse, connection)) {
			if (connection->fd >= 0)
				close(connection->fd);
			free(connection);
		}
	}
}
