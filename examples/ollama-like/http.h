/* SPDX-License-Identifier: Apache-2.0 */
/* As much HTTP as Ollama and its runner need for one question, on the loopback only. */
#ifndef VGPU_EXAMPLES_OLLAMA_HTTP_H
#define VGPU_EXAMPLES_OLLAMA_HTTP_H

#include <stdint.h>

/*
 * GET http://127.0.0.1:PORT/PATH, with all of the answer read. Returns the HTTP status, with *body
 * owned by the caller; else -errno, -ETIMEDOUT for the deadline (of clock_ns) included.
 */
int http_get(int port, const char *path, uint64_t deadline_ns, char **body);

/*
 * A socket that listens on 127.0.0.1; port 0 takes any. Stores the port in *port. The socket, or
 * -errno.
 */
int http_listen(int *port);

/*
 * Answers GET requests until the process ends, each in a thread of its own. `answer` gives the HTTP
 * status and the body (owned by the caller); requests with other methods get 404.
 */
_Noreturn void http_serve(int listener, int (*answer)(const char *path, char **body));

#endif
