// SPDX-License-Identifier: Apache-2.0
/* The container that a control group is of. */
#include "tracer/model/container.h"

#include <stdio.h>
#include <string.h>

#define ID_SHOWN 12
#define ID_LEAST 32 /* shorter words of such characters are no ids */

/* The first that fits counts: within Kubernetes there is one of the others. */
static const struct {
	const char *engine;
	const char *part;   /* of the path */
	const char *before; /* what the id follows; NULL: any '-' or '/' */
} engines[] = {
	{ "kubernetes", "kubepods", NULL },
	{ "docker", "docker-", "docker-" }, /* systemd: docker-ID.scope */
	{ "docker", "/docker/", "/docker/" },
	{ "podman", "libpod-", "libpod-" },
	{ "podman", "/libpod_parent/", NULL },
	{ "containerd", "cri-containerd-", "cri-containerd-" },
	{ "cri-o", "crio-", "crio-" },
	{ "lxc", "/lxc/", NULL },
	{ "lxc", "lxc.payload.", "lxc.payload." },
};

static size_t hex(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

/* The last word that can be an id. */
static const char *id_of(const char *path, const char *before)
{
	const char *found = NULL;

	for (const char *at = path; *at; at++) {
		if (before ? strncmp(at, before, strlen(before)) : *at != '-' && *at != '/')
			continue;
		if (hex(at + (before ? strlen(before) : 1)) >= ID_LEAST)
			found = at + (before ? strlen(before) : 1);
	}
	return found;
}

const char *vgpu_container_name(const char *cgroup, char *room, size_t size)
{
	for (size_t i = 0; cgroup && i < sizeof(engines) / sizeof(engines[0]); i++) {
		const char *part = strstr(cgroup, engines[i].part), *id;

		if (!part)
			continue;
		id = id_of(cgroup, engines[i].before);
		if (id) {
			snprintf(room, size, "%s %.*s", engines[i].engine, ID_SHOWN, id);
			return room;
		}
		if (!strcmp(engines[i].engine, "lxc")) {
			id = part + strlen(engines[i].part);
			snprintf(room, size, "lxc %.*s", (int)strcspn(id, "/"), id);
			return room;
		}
	}
	return NULL;
}
