// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace doctor: whether the kernel observer can be used here, and what a hit would cost in each library. */
#include "tracer/cli/doctor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/source/kernel/kernel.h"
#include "tracer/source/ldso.h"

/* Of observers that were killed: harmless, and nobody else says that they are there. */
static void print_leftovers(void)
{
	struct vgpu_kernel_leftovers left;
	unsigned shown;

	if (vgpu_kernel_leftovers(&left) || !left.definitions)
		return;
	shown = left.owners < sizeof(left.owner) / sizeof(left.owner[0]) ? left.owners : sizeof(left.owner) / sizeof(left.owner[0]);
	printf("             left behind by %s killed (", left.owners == 1 ? "a vgpu-trace that was" : "some vgpu-trace that were");
	for (unsigned i = 0; i < shown; i++)
		printf("%s%d", i ? ", " : "", (int)left.owner[i]);
	printf("%s): %u definition%s of trace events, which do nothing; the next observer takes them away\n",
	       shown < left.owners ? ", ..." : "", left.definitions, left.definitions == 1 ? "" : "s");
}

void vgpu_doctor_kernel(void)
{
	const struct vgpu_kernel_feature *features;
	char why[256] = "";
	size_t count;
	int err = vgpu_kernel_permitted(why, sizeof(why));

	if (err) {
		printf("  kernel     off: %s\n", why);
		return;
	}
	puts("  kernel     permitted: any library's calls, dlopen, output and crashes are seen from outside");
	features = vgpu_kernel_features(&count);
	for (size_t i = 0; i < count; i++)
		printf("             %-10s %s: %s\n", features[i].name, features[i].error ? strerror(-features[i].error) : "yes",
		       features[i].purpose);
	print_leftovers();
}

static void predict(const char *name, const char *path)
{
	struct vgpu_kernel_prediction of;

	if (vgpu_kernel_predict(path, NULL, &of) || !of.functions)
		return;
	printf("  %-18s %s  %u functions: %u at some 0.4 \xc2\xb5s a hit, %u at 0.9 (14 in a virtual machine)", name, path,
	       of.functions, of.emulated, of.stepped);
	if (of.refused)
		printf(", %u cannot be probed", of.refused);
	putchar('\n');
}

void vgpu_doctor_predict(void)
{
	static const char *const names[] = { "libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.13", "libcudart.so.12" };
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct vgpu_ldso_answer found;

		if (!vgpu_ldso_find(names[i], getenv("LD_PRELOAD"), getenv("LD_LIBRARY_PATH"), &found))
			continue;
		if (!any)
			puts("\nwhat the kernel observer would cost, a hit (entry or return), for every process that maps it;\n"
			     "where there is 'session', those that are not traced have entries alone");
		any = true;
		predict(names[i], found.path);
	}
}
