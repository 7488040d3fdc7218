/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel observer of a build without libbpf or clang: says so. */
#include "tracer/source/kernel/kernel.h"

#include <errno.h>
#include <stdio.h>

static const char absent[] = "vgpu-trace was built without the kernel observer (libbpf or clang was missing)";

int vgpu_kernel_permitted(char *why, size_t size)
{
	if (why && size)
		snprintf(why, size, "%s", absent);
	return -ENOSYS;
}

unsigned vgpu_kernel_lacks(void)
{
	return 0;
}

int vgpu_kernel_open(struct vgpu_kernel **out, const struct vgpu_kernel_options *options)
{
	*out = NULL;
	return vgpu_kernel_permitted(options ? options->why : NULL, options ? options->why_size : 0);
}

void vgpu_kernel_close(struct vgpu_kernel *kernel)
{
	(void)kernel;
}

const char *vgpu_kernel_method_name(uint32_t method)
{
	(void)method;
	return "none";
}

int vgpu_kernel_inflight(struct vgpu_kernel *kernel)
{
	(void)kernel;
	return -ENOSYS;
}

uint32_t vgpu_kernel_method(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return VGPU_KERNEL_AUTO;
}

bool vgpu_kernel_sleeps(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return false;
}

bool vgpu_kernel_session(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return false;
}

bool vgpu_kernel_hooks_functions(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return false;
}

bool vgpu_kernel_takes_image(const char *function)
{
	(void)function;
	return false;
}

int vgpu_kernel_follow(struct vgpu_kernel *kernel, pid_t pid)
{
	(void)kernel;
	(void)pid;
	return -ENOSYS;
}

bool vgpu_kernel_follows(const struct vgpu_kernel *kernel, pid_t pid)
{
	(void)kernel;
	(void)pid;
	return false;
}

uint64_t vgpu_kernel_complete(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return 0;
}

int vgpu_kernel_attach(struct vgpu_kernel *kernel, const char *path, const struct vgpu_kernel_target *target,
		       struct vgpu_kernel_attached *out)
{
	(void)kernel;
	(void)path;
	(void)target;
	(void)out;
	return -ENOSYS;
}

int vgpu_kernel_attach_process(struct vgpu_kernel *kernel, pid_t pid)
{
	(void)kernel;
	(void)pid;
	return -ENOSYS;
}

uint64_t vgpu_kernel_detach(struct vgpu_kernel *kernel)
{
	(void)kernel;
	return 0;
}

uint32_t vgpu_kernel_library_of(const char *path)
{
	(void)path;
	return 0;
}

int vgpu_kernel_predict(const char *path, const struct vgpu_kernel_target *target, struct vgpu_kernel_prediction *out)
{
	(void)path;
	(void)target;
	*out = (struct vgpu_kernel_prediction){ 0 };
	return -ENOSYS;
}

uint32_t vgpu_first_instruction(const uint8_t *code, size_t size, uint32_t *first)
{
	(void)code;
	(void)size;
	*first = VGPU_FIRST_UNKNOWN;
	return 0;
}

const struct vgpu_kernel_function *vgpu_kernel_function(const struct vgpu_kernel *kernel, uint32_t slot)
{
	(void)kernel;
	(void)slot;
	return NULL;
}

uint32_t vgpu_kernel_functions(const struct vgpu_kernel *kernel)
{
	(void)kernel;
	return 0;
}

int vgpu_kernel_drain(struct vgpu_kernel *kernel, bool all, vgpu_kernel_take take, void *data)
{
	(void)kernel;
	(void)all;
	(void)take;
	(void)data;
	return -ENOSYS;
}

int vgpu_kernel_hits(const struct vgpu_kernel *kernel, uint32_t slot, struct vgpu_bpf_hits *out)
{
	(void)kernel;
	(void)slot;
	(void)out;
	return -ENOSYS;
}

int vgpu_kernel_totals(const struct vgpu_kernel *kernel, struct vgpu_bpf_totals *out)
{
	(void)kernel;
	(void)out;
	return -ENOSYS;
}

int vgpu_kernel_totals_cpu(const struct vgpu_kernel *kernel, uint32_t cpu, struct vgpu_bpf_totals *out)
{
	(void)kernel;
	(void)cpu;
	(void)out;
	return -ENOSYS;
}

int vgpu_kernel_leftovers(struct vgpu_kernel_leftovers *out)
{
	*out = (struct vgpu_kernel_leftovers){ 0 };
	return -ENOSYS;
}

const struct vgpu_kernel_feature *vgpu_kernel_features(size_t *count)
{
	*count = 0;
	return NULL;
}
