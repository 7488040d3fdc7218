// SPDX-License-Identifier: Apache-2.0
/* The runtime's answers: a discovery through whatever libcudart there is, and its properties member by member. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gpu/answers.h"

#define RT(result) status_name(library, result)

static void *runtime;
static uint32_t library;

static void *open_runtime(void)
{
	static const char *const names[] = { "libcudart.so.13", "libcudart.so.12" };
	const char *path = getenv("GPU_CUDART");
	void *handle = path && *path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;

	for (size_t i = 0; !handle && i < sizeof(names) / sizeof(names[0]); i++)
		handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
	return handle;
}

static void *symbol(const char *name)
{
	void *found = dlsym(runtime, name);

	if (!found)
		row("runtime", name, "NOT EXPORTED", " ");
	return found;
}

static void properties(void)
{
	const struct vgpu_function *function = vgpu_function_by_name(library, "cudaGetDeviceProperties_v2");
	const char *name = "cudaGetDeviceProperties_v2";
	unsigned char bytes[8192];
	const struct vgpu_type *type;
	int (*get)(void *prop, int device);
	int result;

	if (!function || !dlsym(runtime, name)) {
		name = "cudaGetDeviceProperties";
		function = vgpu_function_by_name(library, name);
	}
	*(void **)&get = symbol(name);
	if (!get || !function)
		return;
	memset(bytes, 0, sizeof(bytes));
	result = get(bytes, 0);
	row("runtime", name, RT(result), " ");
	type = function->params[0].type->element;
	for (uint32_t i = 0; !result && i < type->count; i++) {
		const struct vgpu_member *member = &type->members[i];

		if (strstr(member->name, "eserved") || strstr(member->name, "luid") || strstr(member->name, "pci"))
			continue;
		row("property", member->name, RT(0), "%s",
		    show(member->type, member->name, bytes + member->offset, member->type->size,
			 strstr(member->name, "uuid") ? VGPU_REDACT_UUID : 0));
	}
}

static void memory(void)
{
	int (*allocate)(void **, size_t) = symbol("cudaMalloc");
	int (*copy)(void *, const void *, size_t, int) = symbol("cudaMemcpy");
	int (*release)(void *) = symbol("cudaFree");
	int (*info)(size_t *, size_t *) = symbol("cudaMemGetInfo");
	size_t free_bytes = 0, total = 0;
	char there[64] = "there and back again", back[64] = "";
	void *pointer = NULL;

	if (!allocate || !copy || !release || !info)
		return;
	row("runtime", "cudaMalloc", RT(allocate(&pointer, 1 << 20)), " ");
	row("runtime", "cudaMemcpy to the device", RT(copy(pointer, there, sizeof(there), 1)), " ");
	row("runtime", "cudaMemcpy to the host", RT(copy(back, pointer, sizeof(back), 2)), "%s", back);
	row("runtime", "cudaFree", RT(release(pointer)), " ");
	row("runtime", "cudaFree of a wrong pointer", RT(release((void *)0x123456)), " ");
	row("runtime", "cudaMemGetInfo", RT(info(&free_bytes, &total)), "total %zu", total);
}

int answers_runtime(void)
{
	int (*get_count)(int *), (*get_runtime)(int *), (*get_driver)(int *), (*set)(int), (*last)(void);
	int version = 0, driver = 0, count = 0, result;

	runtime = open_runtime();
	if (!runtime) {
		row("runtime", "libcudart", "NOT FOUND", "%s", dlerror());
		return 77;
	}
	*(void **)&get_count = symbol("cudaGetDeviceCount");
	*(void **)&get_runtime = symbol("cudaRuntimeGetVersion");
	*(void **)&get_driver = symbol("cudaDriverGetVersion");
	*(void **)&set = symbol("cudaSetDevice");
	*(void **)&last = symbol("cudaGetLastError");
	if (!get_count || !get_runtime || !get_driver || !set || !last)
		return 1;
	library = VGPU_LIBRARY_CUDART13;
	result = get_runtime(&version);
	if (version && version < 13000)
		library = VGPU_LIBRARY_CUDART12;
	row("runtime", "cudaRuntimeGetVersion", RT(result), "%d", version);
	result = get_driver(&driver);
	row("runtime", "cudaDriverGetVersion", RT(result), "%d", driver);
	result = get_count(&count);
	row("runtime", "cudaGetDeviceCount", RT(result), "%d", count);
	if (result)
		return 1;
	result = set(99);
	row("runtime", "cudaSetDevice(99)", RT(result), "then %s", RT(last()));
	properties();
	memory();
	return 0;
}
