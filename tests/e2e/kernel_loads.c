// SPDX-License-Identifier: Apache-2.0
/*
 * The kernel takes every program of the kernel side, in all the ways that a kernel may ask for; and has every
 * function that a program is for, where it does not permit such programs.
 */
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "bpf/object.h"
#include "tracer/source/kernel/private.h"

static int load(bool functions, bool sleeps, uint32_t method)
{
	static const char *const names[] = { "libcuda", NULL };
	char why[512] = "";
	struct vgpu_kernel_options options = { .descriptors = 6,
					       .files = true,
					       .frames = true,
					       .hold = true,
					       .names = names,
					       .why = why,
					       .why_size = sizeof(why) };
	struct vgpu_kernel kernel = { .functions = functions,
				      .sleeps = sleeps,
				      .method = method,
				      .cpus = libbpf_num_possible_cpus() };
	int err = kernel_load(&kernel, &options);

	printf("functions=%d sleeps=%d method=%s: %s\n", functions, sleeps,
	       vgpu_kernel_method_name(method), err ? why : "taken");
	bpf_object__close(kernel.object);
	return err;
}

/* How many there are; *missing counts those of functions that this kernel does not have. */
static unsigned find_functions(unsigned *missing)
{
	struct bpf_object *object =
	    bpf_object__open_mem(vgpu_bpf_object, vgpu_bpf_object_end - vgpu_bpf_object, NULL);
	struct bpf_program *program;
	unsigned count = 0;

	*missing = 0;
	bpf_object__for_each_program(program, object)
	{
		const char *section = bpf_program__section_name(program);

		if (strncmp(section, "fexit/", 6))
			continue;
		count++;
		if (libbpf_find_vmlinux_btf_id(section + 6, BPF_TRACE_FEXIT) > 0)
			continue;
		printf("%s: not in this kernel\n", section);
		++*missing;
	}
	bpf_object__close(object);
	return count;
}

int main(void)
{
	bool multi = !kernel_multi_probe(), sleeps = !kernel_sleep_probe(),
	     functions = !kernel_function_probe();
	unsigned missing, count;
	char why[512] = "";
	int bad = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (vgpu_kernel_permitted(why, sizeof(why))) {
		printf("SKIPPED: %s\n", why);
		return 77;
	}
	for (unsigned i = 0; i < 8; i++) {
		uint32_t method = i & 4 ? VGPU_KERNEL_MULTI : VGPU_KERNEL_TRACEFS;

		if ((i & 4 && !multi) || (i & 2 && !sleeps) || (i & 1 && !functions))
			continue;
		bad += load(i & 1, i & 2, method) != 0;
	}
	count = find_functions(&missing);
	printf("%u functions, %u missing\n", count, missing);
	return bad || missing || count < 20;
}
