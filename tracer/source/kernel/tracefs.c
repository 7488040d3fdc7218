/* SPDX-License-Identifier: Apache-2.0 */
/* The lower rung: one trace event with many probe points per library and direction. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define TRACEFS_MAGIC 0x74726163
#define GROUP	      "vgpu_trace_" /* and the number of the process that owns it */

int kernel_tracefs_open(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	int context, fd;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct statfs fs;

		fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!fstatfs(fd, &fs) && fs.f_type == TRACEFS_MAGIC)
			return fd;
		close(fd);
	}
	/* A mount that is attached nowhere: nobody else sees it, and it goes with its descriptor. */
	context = syscall(__NR_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);
	if (context < 0)
		return -errno;
	fd = -1;
	if (!syscall(__NR_fsconfig, context, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0))
		fd = syscall(__NR_fsmount, context, 1 /* FSMOUNT_CLOEXEC */, 0);
	if (fd < 0)
		fd = -errno;
	close(context);
	return fd;
}

static int write_definitions(int tracefs_fd, const char *text, size_t size)
{
	int fd = openat(tracefs_fd, "uprobe_events", O_WRONLY | O_APPEND | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	while (size && !err) {
		/* The kernel takes whole lines, of at most a page at a time. */
		size_t part = size;
		ssize_t n;

		if (part > 4000) {
			part = 4000;
			while (text[part - 1] != '\n')
				part--;
		}
		n = write(fd, text, part);
		if (n <= 0) {
			err = n < 0 ? -errno : -EIO;
		} else {
			text += n;
			size -= n;
		}
	}
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static void undefine(int tracefs_fd, const char *group, const char *name)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "-:%s/%s\n", group, name);

	write_definitions(tracefs_fd, line, n);
}

/* Returns how many there are in a group; takes them away, too. One that is in use the kernel keeps. */
static unsigned count_group(int tracefs_fd, int events, const char *name, bool sweep)
{
	int fd = openat(events, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *group = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *event;
	unsigned count = 0;

	if (!group) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((event = readdir(group))) {
		if (event->d_name[0] != 'p' && event->d_name[0] != 'r')
			continue;
		count++;
		if (sweep)
			undefine(tracefs_fd, name, event->d_name);
	}
	closedir(group);
	return count;
}

static int find_leftovers(int tracefs_fd, struct vgpu_kernel_leftovers *out)
{
	int events = openat(tracefs_fd, "events", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = events >= 0 ? fdopendir(events) : NULL;
	struct dirent *entry;

	if (!dir) {
		int err = -errno;

		if (events >= 0)
			close(events);
		return err;
	}
	while ((entry = readdir(dir))) {
		unsigned count;
		pid_t owner;

		if (strncmp(entry->d_name, GROUP, strlen(GROUP)))
			continue;
		owner = atoi(entry->d_name + strlen(GROUP));
		if (owner <= 0 || !kill(owner, 0) || errno != ESRCH)
			continue;
		count = count_group(tracefs_fd, events, entry->d_name, !out);
		if (!out || !count)
			continue;
		out->definitions += count;
		if (out->owners < sizeof(out->owner) / sizeof(out->owner[0]))
			out->owner[out->owners] = owner;
		out->owners++;
	}
	closedir(dir);
	return 0;
}

void kernel_tracefs_sweep(int tracefs_fd)
{
	find_leftovers(tracefs_fd, NULL);
}

int vgpu_kernel_leftovers(struct vgpu_kernel_leftovers *out)
{
	int fd = kernel_tracefs_open(), err;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return fd;
	err = find_leftovers(fd, out);
	close(fd);
	return err;
}

static void event_name(char *group, char *name, size_t size, bool on_return, uint32_t number)
{
	snprintf(group, size, GROUP "%d", (int)getpid());
	snprintf(name, size, "%c%u", on_return ? 'r' : 'p', number);
}

static int event_id(int tracefs_fd, const char *group, const char *name)
{
	char path[160], text[32];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "events/%s/%s/id", group, name);
	fd = openat(tracefs_fd, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	text[n] = '\0';
	return atoi(text);
}

/* *link and *event are descriptors, of the link and of what it is attached to. */
static int define(struct vgpu_kernel *kernel, const struct kernel_library *library, const struct kernel_point *points,
		  uint32_t count, bool on_return, uint32_t number, int *link, int *event)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr), .sample_period = 1 };
	LIBBPF_OPTS(bpf_link_create_opts, options, .perf_event.bpf_cookie = library->number);
	char group[64], name[64], *text = NULL;
	int file, err;
	size_t size = 0;
	FILE *stream;

	event_name(group, name, sizeof(group), on_return, number);
	/* Through a descriptor, since the path may hold what separates words there. */
	file = open(library->path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	stream = open_memstream(&text, &size);
	if (!stream) {
		close(file);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (!on_return || points[i].on_return)
			fprintf(stream, "%c:%s/%s /proc/self/fd/%d:0x%llx\n", on_return ? 'r' : 'p', group, name, file,
				(unsigned long long)points[i].offset);
	}
	err = fclose(stream) ? -ENOMEM : size ? write_definitions(kernel->tracefs_fd, text, size) : -ENODATA;
	free(text);
	close(file);
	if (err)
		goto out;
	err = event_id(kernel->tracefs_fd, group, name);
	if (err < 0)
		goto out;
	attr.config = err;
	/* One CPU's event is enough: its program runs on all. */
	*event = syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (*event < 0) {
		err = -errno;
		goto out;
	}
	*link = bpf_link_create(on_return ? kernel->return_fd : kernel->entry_fd, *event, BPF_PERF_EVENT, &options);
	err = *link < 0 ? *link : ioctl(*event, PERF_EVENT_IOC_ENABLE, 0) ? -errno : 0;
out:
	if (err && err != -ENODATA) {
		if (*link >= 0)
			close(*link);
		if (*event >= 0)
			close(*event);
		*link = *event = -1;
		undefine(kernel->tracefs_fd, group, name);
	}
	return err;
}

static void end(struct kernel_batch *batch, bool on_return)
{
	int *link = on_return ? &batch->return_fd : &batch->entry_fd;
	int *event = on_return ? &batch->return_event_fd : &batch->entry_event_fd;

	if (*link >= 0)
		close(*link);
	if (*event >= 0)
		close(*event);
	*link = *event = -1;
}

static void forget(struct vgpu_kernel *kernel, struct kernel_batch *batch)
{
	char group[64], name[64];

	for (int on_return = 0; on_return < 2; on_return++) {
		uint32_t *number = on_return ? &batch->return_event : &batch->entry_event;

		if (!*number)
			continue;
		event_name(group, name, sizeof(group), on_return, *number);
		undefine(kernel->tracefs_fd, group, name);
		*number = 0;
	}
}

static int attach(struct vgpu_kernel *kernel, struct kernel_library *library, const struct kernel_point *points,
		  uint32_t count, struct kernel_batch *batch)
{
	uint32_t number = ++kernel->events;
	int err;

	for (uint32_t i = 0; i < count; i++) {
		struct vgpu_bpf_place place = { .library = library->number, .offset = points[i].offset };

		if (bpf_map_update_elem(kernel->places_fd, &place, &points[i].slot, BPF_ANY))
			return -errno;
	}
	err = define(kernel, library, points, count, true, number, &batch->return_fd, &batch->return_event_fd);
	if (err && err != -ENODATA)
		return err;
	if (!err)
		batch->return_event = number;
	err = define(kernel, library, points, count, false, number, &batch->entry_fd, &batch->entry_event_fd);
	if (err) {
		end(batch, true);
		forget(kernel, batch);
		return err;
	}
	batch->entry_event = number;
	return 0;
}

const struct kernel_rung kernel_tracefs = { .attach = attach, .end = end, .forget = forget };
