// SPDX-License-Identifier: Apache-2.0
/* Rules of what the devices say of themselves, and of contexts and memory. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/rules.h"
#include "tracer/model/names.h"

#define NEEDS_CALLS "the calls (our libraries, or the kernel observer)"

#define EACH_DEVICE(d) \
	for (const struct vgpu_seen_device *d = place->process->devices.at; \
	     d < place->process->devices.at + place->process->devices.count; d++)

/* Fields that lie where the caller does not look: numbers that no device has. */
static bool layout(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d) {
		/* 13.0 has the number of processors where 12 had whether copies overlap: 0 or 1. Its smallest device has 14. */
		bool thirteen = d->library == VGPU_LIBRARY_CUDART13;
		bool processors = d->processors < 0 || d->processors > (thirteen ? 1 : 0);

		if (d->layer != VGPU_LAYER_RUNTIME || !d->has_major)
			continue;
		if (d->major >= 1 && d->major <= 20 && d->minor >= 0 && d->minor <= 9 && processors)
			continue;
		finding->a = processors ? "compute capability" : "the number of multiprocessors";
		finding->n = processors ? d->major : d->processors;
		finding->event = d->major_event;
		return true;
	}
	return false;
}

/* Era A's minimum, and what CUDA 12 still compiles for. */
static bool compute_low(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d) {
		if (!d->has_major || d->major < 1 || d->major >= 5)
			continue;
		finding->a = d->name;
		finding->n = d->major * 10 + (d->minor > 0 ? d->minor : 0);
		finding->event = d->major_event;
		return true;
	}
	return false;
}

/* CUDA 13's libraries begin at 7.5: a backend that was built with it knows no older device. */
static bool compute_13(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	bool thirteen = false;

	for (uint32_t i = 0; i < place->process->objects.count; i++)
		thirteen |= place->process->objects.at[i].soname &&
			    !strcmp(place->process->objects.at[i].soname, "libcudart.so.13") && !place->process->objects.at[i].gone;
	for (uint32_t i = 0; i < place->process->calls.count; i++)
		thirteen |= VGPU_FUNCTION_LIBRARY(place->process->calls.at[i].function) == VGPU_LIBRARY_CUDART13;
	if (!thirteen || !vgpu_profile_rows[place->chain->profile].backend || place->chain->pass != 2)
		return false;
	EACH_DEVICE(d) {
		if (!d->has_major || d->major < 5 || d->major > 7 || (d->major == 7 && d->minor >= 5))
			continue;
		finding->a = d->name;
		finding->n = d->major * 10 + d->minor;
		finding->event = d->major_event;
		return true;
	}
	return false;
}

static bool uuid_twice(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d)
		EACH_DEVICE(other) {
			if (other >= d || other->layer != d->layer)
				continue;
			if (!(d->has_uuid && other->has_uuid && !memcmp(d->uuid, other->uuid, 16)) &&
			    !(d->uuid_text[0] && !strcmp(d->uuid_text, other->uuid_text)))
				continue;
			finding->a = d->name[0] ? d->name : NULL;
			finding->event = other->uuid_event;
			finding->event2 = d->uuid_event;
			return true;
		}
	return false;
}

static bool uuid_zero(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	static const uint8_t zero[16];

	EACH_DEVICE(d) {
		if (!d->has_uuid || memcmp(d->uuid, zero, 16))
			continue;
		finding->a = d->name[0] ? d->name : NULL;
		finding->event = d->uuid_event;
		return true;
	}
	return false;
}

static bool pci_twice(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d)
		EACH_DEVICE(other) {
			if (other >= d || other->layer != d->layer || !d->has_pci || !other->has_pci ||
			    strcasecmp(d->pci, other->pci))
				continue;
			finding->a = d->pci;
			finding->event = other->pci_event;
			finding->event2 = d->pci_event;
			return true;
		}
	return false;
}

static bool memory_zero(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d) {
		if (!d->has_memory || d->total)
			continue;
		finding->a = d->name[0] ? d->name : NULL;
		finding->event = d->memory_event;
		return true;
	}
	return false;
}

static bool memory_full(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	EACH_DEVICE(d) {
		if (!d->has_free || d->free || !d->total)
			continue;
		finding->a = d->name[0] ? d->name : NULL;
		finding->event = d->memory_event;
		return true;
	}
	return false;
}

/* "sm_90", "compute_90": an image for this device, or one that can be compiled for it. */
static bool image_missing(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_call *load = vgpu_seen_call(process,
		"cuModuleLoad,cuModuleLoadData*,cuModuleLoadFatBinary,cuLibraryLoadData,cuLibraryLoadFromFile,cudaLibraryLoad*,"
		"cuModuleGetFunction,cudaLaunchKernel*,cudaFuncGetAttributes");

	if (!load || !load->failures || (load->result != 209 && load->result != 200 && load->result != 222))
		return false;
	finding->a = load->name;
	finding->b = process->architectures[0] ? process->architectures
					      : "architectures that were not observed (what is handed over in memory is seen by "
						"the kernel observer alone)";
	finding->c = "not known: it was not asked for";
	EACH_DEVICE(d) {
		if (!d->has_major || !d->capability[0])
			continue;
		finding->c = d->capability;
		finding->event2 = d->major_event;
		break;
	}
	finding->event = load->failure;
	finding->n = load->result;
	finding->function = load->function;
	return true;
}

/* No function of the process was ever allowed more. */
static bool launch_shared(const struct vgpu_rule_place *place, struct vgpu_finding *finding)
{
	const struct vgpu_seen_process *process = place->process;
	const struct vgpu_seen_call *allowed =
		vgpu_seen_call(process, "cuFuncSetAttribute,cuKernelSetAttribute,cudaFuncSetAttribute,cudaKernelSetAttributeForDevice");

	if (!process->launch_event || (allowed && allowed->success) || process->model->filter)
		return false;
	finding->n = process->launch_bytes;
	finding->event = process->launch_event;
	return true;
}

const struct vgpu_rule vgpu_rules_device[] = {
	{
		.id = "PROP-FAILED", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "asking a device for its properties failed",
		.when = { .call = "cuDeviceGet,cuDeviceGetName,cuDeviceGetUuid*,cuDeviceTotalMem*,cuDeviceGetPCIBusId,"
				  "cudaGetDeviceProperties*,nvmlDeviceGetHandleBy*", .codes = { 0 } },
		.say = "a device was counted, and %a then returned %r.",
		.todo = "Answer every device that was counted; the runtime takes any refusal here as: no device at all.",
	},
	{
		.id = "PROP-ATTRIBUTE-FAILED", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "an attribute was refused",
		.when = { .call = "cuDeviceGetAttribute,cudaDeviceGetAttribute", .codes = { 0 } },
		.say = "%a returned %r: clients abort on that.",
		.todo = "Any value passes, a refusal does not: answer every attribute of the interface, with 0 where you know none.",
	},
	{
		.id = "PROP-VMM", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "virtual memory management is announced, and refused",
		.when = { .call = "cuMemGetAllocationGranularity,cuMemCreate,cuMemAddressReserve", .codes = { 0 } },
		.say = "%a returned %r, although attribute 102 says that it is supported: ggml aborts.",
		.todo = "Set attribute 102 (virtual memory management) to 0, or support it.",
	},
	{
		.id = "PROP-LAYOUT", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "cudaDeviceProp is laid out for another version of the runtime",
		.holds = layout,
		.say = "the device's properties are laid out for another runtime: %a reads as %n.",
		.todo = "12.x has 1032 bytes, 13.0 has 1008: fill the structure of the version whose name you answer to.",
		.why = "The name comes first, and is right in both.",
	},
	{
		.id = "PROP-COMPUTE-LOW", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "the device's compute capability is below every client's minimum (5.0)",
		.holds = compute_low,
		.say = "%a has compute capability %n (tenths), below the minimum of 50.",
		.todo = "Use a newer card, or an older client.",
	},
	{
		.id = "PROP-COMPUTE-13", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS ", the environment",
		.title = "the backend was built with CUDA 13, which knows no device below 7.5",
		.holds = compute_13,
		.say = "%a has compute capability %n (tenths); a backend of CUDA 13 is compiled for 75 and above.",
		.todo = "Use the client's CUDA 12 package.",
	},
	{
		.id = "PROP-UUID-TWICE", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "two devices have one UUID",
		.holds = uuid_twice,
		.say = "two devices have the same UUID: clients drop the second as a duplicate.",
		.todo = "Give each device a UUID of its own.",
	},
	{
		.id = "PROP-UUID-ZERO", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "a device's UUID is all zero",
		.holds = uuid_zero,
		.say = "a device's UUID is all zero: it cannot be asked for by CUDA_VISIBLE_DEVICES, and NVML does not find it.",
		.todo = "Give each device a UUID, the same in CUDA and NVML.",
	},
	{
		.id = "PROP-PCI-TWICE", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "two devices have one PCI address",
		.holds = pci_twice,
		.say = "two devices have the PCI address %a: clients take them for one.",
		.todo = "Give each device an address of its own.",
	},
	{
		.id = "PROP-NO-IMAGE", .step = VGPU_STEP_PROPERTIES, .needs = NEEDS_CALLS,
		.title = "the program has no device code for this architecture",
		.holds = image_missing,
		.say = "%a returned %r: the program brings code for %b; the device's compute capability is %c.",
		.todo = "Use a build for this compute capability, or one with PTX.",
	},
	{
		.id = "MEM-CONTEXT", .step = VGPU_STEP_MEMORY, .needs = NEEDS_CALLS,
		.title = "the device is there, and a context on it was refused",
		.when = { .call = "cuCtxCreate*,cuDevicePrimaryCtxRetain,cudaSetDevice", .codes = { 0 } },
		.say = "%a returned %r: the device may be seen, and not be used.",
		.todo = "801 and 46: a vGPU profile without compute, or an exclusive mode; 2: its memory is full; 800: the container lost it.",
	},
	{
		.id = "MEM-INFO-FAILED", .step = VGPU_STEP_MEMORY, .needs = NEEDS_CALLS,
		.title = "the memory figures were refused",
		.when = { .call = "cuMemGetInfo*,cudaMemGetInfo,nvmlDeviceGetMemoryInfo*", .codes = { 0 } },
		.say = "%a returned %r: the client cannot know how much fits.",
		.todo = "Answer it; 201 means that no context is current.",
	},
	{
		.id = "MEM-ZERO", .step = VGPU_STEP_MEMORY, .needs = NEEDS_CALLS,
		.title = "the device has no memory",
		.holds = memory_zero,
		.say = "the device says that it has 0 bytes of memory: clients pass it over.",
		.todo = "Say how much there is, in the same call that the client uses.",
	},
	{
		.id = "MEM-FULL", .step = VGPU_STEP_MEMORY, .needs = NEEDS_CALLS,
		.title = "the device's memory is full",
		.holds = memory_full,
		.say = "no byte of the device's memory is free.",
		.todo = "Another process holds it: `nvidia-smi` names it.",
	},
	{
		.id = "LAUNCH-SHARED-MEMORY", .step = VGPU_STEP_ACCEPTED, .needs = NEEDS_CALLS, .whatever = true,
		.title = "a launch asked for more than 48 KiB of dynamic shared memory without having announced it",
		.holds = launch_shared,
		.say = "a kernel was refused: it asked for %n bytes of dynamic shared memory, and never for leave to have more than 49152.",
		.todo = "Call cuFuncSetAttribute (cudaFuncSetAttribute) with the maximum of dynamic shared memory before the launch; it returns "
			"an error where the device has no more.",
		.why = "The launch says only that a value is invalid.",
	},
	{ .id = NULL },
};
