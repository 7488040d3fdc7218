/* SPDX-License-Identifier: Apache-2.0 */
/* A place where a process waits until somebody has looked at it. */
#include "examples/ollama-like/hold.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "examples/ollama-like/text.h"

static int open_fifo(const char *directory, size_t length, const char *name, int flags)
{
	char *path = text_of("%.*s/%s", (int)length, directory, name);
	int fd = open(path, flags | O_CLOEXEC);

	free(path);
	return fd;
}

void hold_at(const char *point, const char *role)
{
	const char *where = getenv(HOLD_VARIABLE);
	const char *colon;
	char line[128], byte;
	int ready, go, size;

	if (!where || !*where)
		return;
	colon = strrchr(where, ':');
	if (strcmp(colon ? colon + 1 : "start", point))
		return;
	if (!colon)
		colon = where + strlen(where);
	ready = open_fifo(where, (size_t)(colon - where), "ready", O_WRONLY);
	go = open_fifo(where, (size_t)(colon - where), "go", O_RDONLY);
	size = snprintf(line, sizeof(line), "%d %s %s\n", (int)getpid(), role, point);
	if (ready < 0 || go < 0 || write(ready, line, (size_t)size) != size ||
	    read(go, &byte, 1) != 1)
		exit(125);
	close(ready);
	close(go);
}
