// SPDX-License-Identifier: Apache-2.0
/* Which kernel a launch launches. */
#include "tracer/model/kernels.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/rows.h"

enum rule_kind { RULE_NONE, RULE_NAME, RULE_SAME, RULE_LAUNCH };

static const struct rule {
	const char *function;
	uint8_t kind;
	const char *handle; /* parameter with the kernel */
	const char *other;  /* NAME: with its name; SAME: with another handle for it */
} rules[] = {
	{ "__cudaRegisterFunction", RULE_NAME, "hostFun", "deviceName" },
	{ "cuModuleGetFunction", RULE_NAME, "hfunc", "name" },
	{ "cuLibraryGetKernel", RULE_NAME, "pKernel", "name" },
	{ "cudaLibraryGetKernel", RULE_NAME, "pKernel", "name" },
	{ "cuFuncGetName", RULE_NAME, "hfunc", "name" },
	{ "cuKernelGetName", RULE_NAME, "hfunc", "name" },
	{ "cudaFuncGetName", RULE_NAME, "func", "name" },
	{ "cuKernelGetFunction", RULE_SAME, "kernel", "pFunc" },
	{ "cudaGetFuncBySymbol", RULE_SAME, "symbolPtr", "functionPtr" },
	{ "cudaGetKernel", RULE_SAME, "entryFuncAddr", "kernelPtr" },
	{ "__cudaGetKernel", RULE_SAME, "entryFuncAddr", "kernelPtr" },
	{ "cuLaunchKernel", RULE_LAUNCH, "f", NULL },
	{ "cuLaunchKernelEx", RULE_LAUNCH, "f", NULL },
	{ "cuLaunchCooperativeKernel", RULE_LAUNCH, "f", NULL },
	{ "cuLaunch", RULE_LAUNCH, "f", NULL },
	{ "cuLaunchGrid", RULE_LAUNCH, "f", NULL },
	{ "cuLaunchGridAsync", RULE_LAUNCH, "f", NULL },
	{ "cudaLaunchKernel", RULE_LAUNCH, "func", NULL },
	{ "cudaLaunchKernelExC", RULE_LAUNCH, "func", NULL },
	{ "cudaLaunchCooperativeKernel", RULE_LAUNCH, "func", NULL },
	{ "__cudaLaunchKernel", RULE_LAUNCH, "kernel", NULL },
};

struct known {
	uint64_t handle;
	uint32_t process; /* 0: the place is free */
	const char *name;
};

struct vgpu_kernels {
	struct vgpu_rows rows;
	struct known *known; /* open addressing, a power of two */
	uint32_t count, room;
	char **names;        /* each once */
	uint32_t name_count, name_room;
};

int vgpu_kernels_open(struct vgpu_kernels **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	vgpu_rows_init(&(*out)->rows, rules, sizeof(rules[0]), sizeof(rules) / sizeof(rules[0]));
	return 0;
}

void vgpu_kernels_close(struct vgpu_kernels *kernels)
{
	if (!kernels)
		return;
	for (uint32_t i = 0; i < kernels->name_count; i++)
		free(kernels->names[i]);
	free(kernels->names);
	free(kernels->known);
	free(kernels);
}

static uint32_t place_of(const struct vgpu_kernels *kernels, uint32_t process, uint64_t handle)
{
	uint64_t hash = (handle ^ (uint64_t)process << 40) * UINT64_C(0x9e3779b97f4a7c15);
	uint32_t at = hash >> 32;

	for (at &= kernels->room - 1; kernels->known[at].process; at = (at + 1) & (kernels->room - 1))
		if (kernels->known[at].process == process && kernels->known[at].handle == handle)
			break;
	return at;
}

static const char *find(const struct vgpu_kernels *kernels, uint32_t process, uint64_t handle)
{
	return kernels->room ? kernels->known[place_of(kernels, process, handle)].name : NULL;
}

static int grow(struct vgpu_kernels *kernels)
{
	struct known *old = kernels->known;
	uint32_t old_room = kernels->room;

	kernels->room = old_room ? old_room * 2 : 256;
	kernels->known = calloc(kernels->room, sizeof(*kernels->known));
	if (!kernels->known) {
		kernels->known = old;
		kernels->room = old_room;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < old_room; i++)
		if (old[i].process)
			kernels->known[place_of(kernels, old[i].process, old[i].handle)] = old[i];
	free(old);
	return 0;
}

static int put(struct vgpu_kernels *kernels, uint32_t process, uint64_t handle, const char *name)
{
	struct known *known;

	if (kernels->count * 2 >= kernels->room && grow(kernels))
		return -ENOMEM;
	known = &kernels->known[place_of(kernels, process, handle)];
	kernels->count += !known->process;
	*known = (struct known){ .handle = handle, .process = process, .name = name };
	return 0;
}

static const char *keep(struct vgpu_kernels *kernels, const char *name)
{
	if (kernels->name_count == kernels->name_room) {
		uint32_t room = kernels->name_room ? kernels->name_room * 2 : 64;
		void *grown = realloc(kernels->names, room * sizeof(*kernels->names));

		if (!grown)
			return NULL;
		kernels->names = grown;
		kernels->name_room = room;
	}
	kernels->names[kernels->name_count] = strdup(name);
	return kernels->names[kernels->name_count] ? kernels->names[kernels->name_count++] : NULL;
}

int vgpu_kernels_learn(struct vgpu_kernels *kernels, const struct vgpu_event *event)
{
	const struct rule *rule = vgpu_rows_find(&kernels->rows, event);
	char text[1024];
	uint64_t handle, other;
	const char *name;

	if (!rule || rule->kind == RULE_LAUNCH || event->kind != VGPU_EVENT_CALL || !event->process ||
	    vgpu_call_failed(&event->call) || !vgpu_call_integer(&event->call, rule->handle, &handle) || !handle)
		return 0;
	if (rule->kind == RULE_SAME) {
		name = find(kernels, event->process, handle);
		if (!name || !vgpu_call_integer(&event->call, rule->other, &other) || !other)
			return 0;
		return put(kernels, event->process, other, name);
	}
	if (!vgpu_call_string(&event->call, rule->other, text, sizeof(text)) || !text[0])
		return 0;
	name = find(kernels, event->process, handle);
	if (name && !strcmp(name, text))
		return 0;
	name = keep(kernels, text);
	return name ? put(kernels, event->process, handle, name) : -ENOMEM;
}

bool vgpu_kernels_launched(const struct vgpu_kernels *kernels, const struct vgpu_event *event, const char **name)
{
	const struct rule *rule = vgpu_rows_find(&kernels->rows, event);
	uint64_t handle;

	*name = NULL;
	if (!rule || rule->kind != RULE_LAUNCH)
		return false;
	if (vgpu_call_integer(&event->call, rule->handle, &handle))
		*name = find(kernels, event->process, handle);
	return true;
}
