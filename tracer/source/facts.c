// SPDX-License-Identifier: Apache-2.0
/* What this machine has for GPUs. Data: another vendor is more rows. */
#include "tracer/source/facts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tracer/source/proc.h"

static const struct {
	const char *path;
	bool opened; /* to open it does nothing to a device: the only way to learn what the device cgroup says */
} nodes[] = {
	{ "/dev/nvidiactl", true }, { "/dev/nvidia0", false }, { "/dev/nvidia-uvm", true }, { "/dev/dxg", true },
	{ "/dev/kfd", false }, { "/dev/dri/renderD128", false },
};
static const char *const modules[] = { "nvidia", "nvidia_uvm", "nouveau", "amdgpu" };
static const char *const files[] = { "/etc/nv_tegra_release" };

static void emit(struct vgpu_stream *stream, const char *name, const char *subject, const char *value, int error)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_FACT,
		.observer = VGPU_OBSERVER_TRACER,
		.fact = { name, subject, value, error },
	};

	vgpu_stream_emit(stream, &event);
}

static void emit_node(struct vgpu_stream *stream, const char *path, bool opened)
{
	char value[32];
	struct stat st;
	int fd, error = 0;

	if (stat(path, &st)) {
		emit(stream, "node", path, NULL, errno);
		return;
	}
	if (opened) {
		fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		error = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
	}
	snprintf(value, sizeof(value), "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	emit(stream, "node", path, value, error);
}

/* "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  …": the first word that is a version. */
static void emit_driver(struct vgpu_stream *stream)
{
	static const char path[] = "/proc/driver/nvidia/version";
	char text[1024], *save = NULL;
	ssize_t n = vgpu_proc_file(path, text, sizeof(text));

	for (char *word = n > 0 ? strtok_r(text, " \t\n", &save) : NULL; word; word = strtok_r(NULL, " \t\n", &save))
		if (isdigit((unsigned char)word[0]) && strchr(word, '.') && strspn(word, "0123456789.") == strlen(word)) {
			emit(stream, "driver", path, word, 0);
			return;
		}
	emit(stream, "driver", path, n > 0 ? "unknown" : NULL, n < 0 ? (int)-n : 0);
}

/* Built in or loaded. */
static void emit_modules(struct vgpu_stream *stream)
{
	char path[64];

	for (unsigned i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", modules[i]);
		emit(stream, "module", modules[i], access(path, F_OK) ? NULL : "loaded", 0);
	}
}

static void emit_major(struct vgpu_stream *stream)
{
	char text[16384], value[16];
	ssize_t n = vgpu_proc_file("/proc/devices", text, sizeof(text));
	char *at = n > 0 ? strstr(text, " nvidia-uvm\n") : NULL;
	unsigned number;

	while (at && at > text && at[-1] != '\n')
		at--;
	if (!at || sscanf(at, "%u", &number) != 1) {
		emit(stream, "major", "nvidia-uvm", NULL, n < 0 ? (int)-n : 0);
		return;
	}
	snprintf(value, sizeof(value), "%u", number);
	emit(stream, "major", "nvidia-uvm", value, 0);
}

static void emit_line(struct vgpu_stream *stream, const char *name, const char *path)
{
	char text[1024];
	ssize_t n = vgpu_proc_file(path, text, sizeof(text));

	if (n >= 0)
		text[strcspn(text, "\n")] = '\0';
	emit(stream, name, path, n >= 0 ? text : NULL, n < 0 ? (int)-n : 0);
}

void vgpu_facts_emit(struct vgpu_stream *stream)
{
	for (unsigned i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		emit_node(stream, nodes[i].path, nodes[i].opened);
	emit_driver(stream);
	emit_modules(stream);
	emit_major(stream);
	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		emit_line(stream, "file", files[i]);
	emit_line(stream, "cgroup", "/proc/self/cgroup");
	emit(stream, "container", "/.dockerenv", access("/.dockerenv", F_OK) ? NULL : "docker", 0);
	emit(stream, "container", "/run/.containerenv", access("/run/.containerenv", F_OK) ? NULL : "podman", 0);
}
