/* SPDX-License-Identifier: Apache-2.0 */
/* The upper rung: one BPF link holds all probes of a library, or of each direction, with a cookie each. */
#include "tracer/source/kernel/private.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MULTI_RETURN 1u

int kernel_link_create(const void *attr, size_t size)
{
	return syscall(__NR_bpf, BPF_LINK_CREATE, attr, size);
}

static int create(int program, uint32_t type, const char *path, const struct kernel_point *points, uint32_t count,
		  bool on_return)
{
	uint64_t *offsets = calloc(count, sizeof(*offsets)), *cookies = calloc(count, sizeof(*cookies));
	uint32_t n = 0;
	int link = -ENOMEM;

	if (!offsets || !cookies)
		goto out;
	for (uint32_t i = 0; i < count; i++) {
		if (on_return && !points[i].on_return)
			continue;
		offsets[n] = points[i].offset;
		cookies[n++] = points[i].slot | (points[i].anyone ? VGPU_BPF_COOKIE_ANYONE : 0);
	}
	link = -ENODATA;
	if (n) {
		struct kernel_multi_attr attr = {
			.prog_fd = program,
			.attach_type = type,
			.path = (uintptr_t)path,
			.offsets = (uintptr_t)offsets,
			.cookies = (uintptr_t)cookies,
			.count = n,
			.uprobe_flags = on_return ? MULTI_RETURN : 0,
		};

		link = kernel_link_create(&attr, sizeof(attr));
		if (link < 0)
			link = -errno;
	}
out:
	free(offsets);
	free(cookies);
	return link;
}

static void end(struct kernel_batch *batch, bool on_return)
{
	int *link = on_return ? &batch->return_fd : &batch->entry_fd;

	if (*link >= 0)
		close(*link);
	*link = -1;
}

static int attach(struct vgpu_kernel *kernel, struct kernel_library *library, const struct kernel_point *points,
		  uint32_t count, struct kernel_batch *batch)
{
	uint32_t type = kernel->session ? KERNEL_ATTACH_SESSION : KERNEL_ATTACH_MULTI;

	/* Returns first: a call whose entry is seen must not miss its return. */
	if (!kernel->session)
		batch->return_fd = create(kernel->return_fd, type, library->path, points, count, true);
	if (!kernel->session && batch->return_fd < 0 && batch->return_fd != -ENODATA)
		return batch->return_fd;
	batch->entry_fd = create(kernel->entry_fd, type, library->path, points, count, false);
	if (batch->entry_fd < 0) {
		int err = batch->entry_fd;

		end(batch, true);
		return err;
	}
	return 0;
}

const struct kernel_rung kernel_multi = { .attach = attach, .end = end };
