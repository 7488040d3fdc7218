// SPDX-License-Identifier: Apache-2.0
/* Evidence from calls: which were made, what they returned, what they said of devices. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tracer/explain/discovery.h"
#include "tracer/explain/evidence_parts.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

/* What a call may tell, found out once a function: a trace has millions of calls that tell nothing. */
enum tells {
	TELLS_DEVICE = 1 << 0,
	TELLS_COUNT = 1 << 1,
	TELLS_LOOKUP = 1 << 2,
	TELLS_VERSION = 1 << 3,
	TELLS_ORDINAL = 1 << 4,
	TELLS_LAUNCH = 1 << 5,
};

static uint8_t tells(const char *name)
{
	static const struct {
		const char *functions;
		uint8_t tells;
	} rows[] = {
		{ "cudaGetDeviceProperties*,cudaDeviceGetPCIBusId,cuDeviceGetName,cuDeviceGetUuid*,"
		  "cuDeviceGetPCIBusId,"
		  "cuDeviceGetAttribute,cuDeviceTotalMem*,cuMemGetInfo*,cudaMemGetInfo,"
		  "nvmlDeviceGetName,nvmlDeviceGetUUID,"
		  "nvmlDeviceGetMemoryInfo*",
		  TELLS_DEVICE },
		{ "cuDeviceGetCount,cudaGetDeviceCount,nvmlDeviceGetCount*", TELLS_COUNT },
		{ "cuGetProcAddress*,cudaGetDriverEntryPoint*", TELLS_LOOKUP },
		{ "cuDriverGetVersion,cudaDriverGetVersion,cudaRuntimeGetVersion", TELLS_VERSION },
		{ "cuDeviceGet,nvmlDeviceGetHandleByIndex*,cudaSetDevice", TELLS_ORDINAL },
		{ "cuLaunchKernel,cuLaunchKernel_ptsz,cudaLaunchKernel,cudaLaunchKernel_ptsz",
		  TELLS_LAUNCH },
	};
	uint8_t result = 0;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (vgpu_name_matches(rows[i].functions, name))
			result |= rows[i].tells;
	return result;
}

static uint32_t device_rows_of(const char *name);

static struct vgpu_seen_call *call_get(struct vgpu_seen_process *process,
				       const struct vgpu_event *event)
{
	const struct vgpu_function *function;
	struct vgpu_seen_call *call;
	const char *name;

	for (uint32_t i = 0; event->call.function && i < process->calls.count; i++)
		if (process->calls.at[i].function == event->call.function)
			return &process->calls.at[i];
	function = vgpu_function_find(event->call.function);
	name = function ? function->name : event->call.name;

	if (!name)
		return NULL;
	for (uint32_t i = 0; i < process->calls.count; i++) {
		call = &process->calls.at[i];
		if (event->call.function ? call->function == event->call.function
					 : !strcmp(call->name, name))
			return call;
	}
	call = VGPU_SEEN_ADD(process->pool, process->calls);
	if (!call)
		return NULL;
	call->function = event->call.function;
	call->name = function ? function->name : vgpu_seen_keep(process->pool, name);
	call->nested = true;
	call->tells = tells(call->name);
	call->device_rows = device_rows_of(call->name);
	call->first_ns = event->time_ns;
	return call;
}

/* ---- devices ---- */

static struct vgpu_seen_device *device_get(struct vgpu_seen_process *process,
					   const struct vgpu_event *event, uint32_t layer,
					   int64_t key)
{
	struct vgpu_seen_device *device;

	for (uint32_t i = 0; i < process->devices.count; i++)
		if (process->devices.at[i].layer == layer && process->devices.at[i].key == key)
			return &process->devices.at[i];
	device = VGPU_SEEN_ADD(process->pool, process->devices);
	if (!device)
		return NULL;
	device->event = event->number;
	device->layer = layer;
	device->key = key;
	device->major = device->minor = device->processors = -1;
	device->library = VGPU_FUNCTION_LIBRARY(event->call.function);
	return device;
}

enum device_value {
	VALUE_NAME,
	VALUE_UUID,
	VALUE_UUID_TEXT,
	VALUE_PCI,
	VALUE_PCI_PROPS,
	VALUE_MAJOR,
	VALUE_MINOR,
	VALUE_TOTAL,
	VALUE_FREE,
	VALUE_PROCESSORS,
};

/* What a function says of a device. key: the parameter that names it; NULL: the one in use. */
static const struct {
	const char *functions;
	const char *key;
	enum device_value value;
	const char *path;
	int64_t attribute; /* only where `attrib` or `attr` has this value; 0: always */
} device_rows[] = {
	{ "cudaGetDeviceProperties*", "device", VALUE_NAME, "prop.name", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_UUID, "prop.uuid", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_PCI_PROPS, "prop.pciBusID", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_MAJOR, "prop.major", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_MINOR, "prop.minor", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_TOTAL, "prop.totalGlobalMem", 0 },
	{ "cudaGetDeviceProperties*", "device", VALUE_PROCESSORS, "prop.multiProcessorCount", 0 },
	{ "cudaDeviceGetPCIBusId", "device", VALUE_PCI, "pciBusId", 0 },
	{ "cuDeviceGetName", "dev", VALUE_NAME, "name", 0 },
	{ "cuDeviceGetUuid*", "dev", VALUE_UUID, "uuid", 0 },
	{ "cuDeviceGetPCIBusId", "dev", VALUE_PCI, "pciBusId", 0 },
	{ "cuDeviceGetAttribute", "dev", VALUE_MAJOR, "pi", 75 },
	{ "cuDeviceGetAttribute", "dev", VALUE_MINOR, "pi", 76 },
	{ "cuDeviceTotalMem*", "dev", VALUE_TOTAL, "bytes", 0 },
	{ "cuMemGetInfo*,cudaMemGetInfo", NULL, VALUE_TOTAL, "total", 0 },
	{ "cuMemGetInfo*,cudaMemGetInfo", NULL, VALUE_FREE, "free", 0 },
	{ "nvmlDeviceGetName", "device", VALUE_NAME, "name", 0 },
	{ "nvmlDeviceGetUUID", "device", VALUE_UUID_TEXT, "uuid", 0 },
	{ "nvmlDeviceGetMemoryInfo*", "device", VALUE_TOTAL, "memory.total", 0 },
	{ "nvmlDeviceGetMemoryInfo*", "device", VALUE_FREE, "memory.free", 0 },
};

_Static_assert(sizeof(device_rows) / sizeof(device_rows[0]) <= 32, "a bit each");

static uint32_t device_rows_of(const char *name)
{
	uint32_t rows = 0;

	for (unsigned i = 0; i < sizeof(device_rows) / sizeof(device_rows[0]); i++)
		if (vgpu_name_matches(device_rows[i].functions, name))
			rows |= UINT32_C(1) << i;
	return rows;
}

static void name_capability(struct vgpu_seen_device *device)
{
	if (device->has_major && device->has_minor)
		snprintf(device->capability, sizeof(device->capability), "%" PRId64 ".%" PRId64, device->major, device->minor);
	else if (device->has_major)
		snprintf(device->capability, sizeof(device->capability), "%" PRId64, device->major);
}

static void device_value(struct vgpu_seen_device *device, const struct vgpu_event *event,
			 enum device_value value, const char *path)
{
	const struct vgpu_event_call *call = &event->call;
	const struct vgpu_type *type;
	const uint8_t *bytes;
	uint64_t number, bus, slot, domain;
	size_t size;

	switch (value) {
	case VALUE_NAME:
		vgpu_call_string(call, path, device->name, sizeof(device->name));
		break;
	case VALUE_UUID:
		if (vgpu_call_value(call, path, &type, &bytes, &size) && size >= 16) {
			memcpy(device->uuid, bytes, 16);
			device->has_uuid = true;
			device->uuid_event = event->number;
		}
		break;
	case VALUE_UUID_TEXT:
		if (vgpu_call_string(call, path, device->uuid_text, sizeof(device->uuid_text)))
			device->uuid_event = event->number;
		break;
	case VALUE_PCI:
		device->has_pci = vgpu_call_string(call, path, device->pci, sizeof(device->pci));
		device->pci_event = event->number;
		break;
	case VALUE_PCI_PROPS:
		if (vgpu_call_integer(call, "prop.pciBusID", &bus) &&
		    vgpu_call_integer(call, "prop.pciDeviceID", &slot) &&
		    vgpu_call_integer(call, "prop.pciDomainID", &domain)) {
			snprintf(device->pci, sizeof(device->pci), "%04x:%02x:%02x.0",
				 (unsigned)domain, (unsigned)bus, (unsigned)slot);
			device->has_pci = true;
			device->pci_event = event->number;
		}
		break;
	default:
		if (!vgpu_call_integer(call, path, &number))
			return;
		if (value == VALUE_MAJOR) {
			device->major = (int32_t)number;
			device->has_major = true;
			device->major_event = event->number;
			name_capability(device);
		} else if (value == VALUE_PROCESSORS) {
			device->processors = (int32_t)number;
		} else if (value == VALUE_MINOR) {
			device->minor = (int32_t)number;
			device->has_minor = true;
			name_capability(device);
		} else if (value == VALUE_TOTAL) {
			device->total = number;
			device->has_memory = true;
			device->memory_event = event->number;
		} else {
			device->free = number;
			device->has_free = true;
		}
	}
}

static void add_device(struct vgpu_seen_process *process, const struct vgpu_event *event,
		       const struct vgpu_seen_call *call)
{
	for (uint32_t rows = call->device_rows; rows; rows &= rows - 1) {
		unsigned i = __builtin_ctz(rows);
		struct vgpu_seen_device *device;
		uint64_t key = 0, attribute;

		if (device_rows[i].key &&
		    !vgpu_call_integer(&event->call, device_rows[i].key, &key))
			continue;
		if (device_rows[i].attribute &&
		    (!vgpu_call_integer(&event->call, "attrib", &attribute) ||
		     (int64_t)attribute != device_rows[i].attribute))
			continue;
		device = device_get(process, event, vgpu_vendor_layer(call->name), (int64_t)key);
		if (device)
			device_value(device, event, device_rows[i].value, device_rows[i].path);
	}
}

static void add_count(struct vgpu_seen_process *process, const struct vgpu_event *event,
		      const char *name)
{
	static const struct {
		const char *functions, *path;
	} rows[] = {
		{ "cuDeviceGetCount,cudaGetDeviceCount", "count" },
		{ "nvmlDeviceGetCount*", "deviceCount" },
	};
	uint32_t layer = vgpu_vendor_layer(name);
	uint64_t count;

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!vgpu_name_matches(rows[i].functions, name) ||
		    !vgpu_call_integer(&event->call, rows[i].path, &count))
			continue;
		/* What a runtime counts is worth more than what the driver does, NVML's least. */
		if (process->count >= 0 && layer > process->count_layer &&
		    process->count_layer != VGPU_LAYERS)
			continue;
		if (process->count < (int32_t)count || layer < process->count_layer) {
			process->count = (int32_t)count;
			process->count_event = event->number;
			process->count_layer = layer;
		}
	}
}

#define NOT_FOUND 500 /* CUDA_ERROR_NOT_FOUND */

static void add_lookup(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_type *type;
	struct vgpu_seen_text *lookup;
	const uint8_t *bytes;
	uint64_t pointer = 1, status = 0;
	char symbol[128];
	size_t size;
	bool failed = vgpu_call_failed(&event->call), given;

	if (!vgpu_call_string(&event->call, "symbol", symbol, sizeof(symbol)) || !symbol[0])
		return;
	if (vgpu_call_value(&event->call, "pfn", &type, &bytes, &size) && size >= 8)
		memcpy(&pointer, bytes, sizeof(pointer));
	if (!failed && pointer)
		return;
	/* A genuine driver says success, gives NULL, and says in its status why; who asks for no status has to look at the pointer. */
	given = vgpu_call_integer(&event->call, "symbolStatus", &status);
	lookup = VGPU_SEEN_ADD(process->pool, process->lookups);
	if (lookup)
		*lookup =
		    (struct vgpu_seen_text){ event->number, vgpu_seen_keep(process->pool, symbol),
					     failed             ? (int32_t)event->call.result
					     : given && !status ? -1
								: NOT_FOUND };
}

static void add_launch(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	uint64_t bytes;

	if (process->launch_event || !vgpu_call_failed(&event->call) ||
	    (!vgpu_call_integer(&event->call, "sharedMemBytes", &bytes) &&
	     !vgpu_call_integer(&event->call, "sharedMem", &bytes)) ||
	    bytes <= 49152)
		return;
	process->launch_event = event->number;
	process->launch_bytes = (uint32_t)bytes;
	process->launch_function = event->call.function;
}

void vgpu_seen_add_call(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	struct vgpu_seen_call *call = call_get(process, event);
	bool failed = vgpu_call_failed(&event->call);
	uint64_t version;

	process->ring |= !!(event->observer & VGPU_OBSERVER_RING);
	process->kernel |= !!(event->observer & VGPU_OBSERVER_KERNEL);
	if (!call)
		return;
	call->calls++;
	call->nested &= event->call.depth > 0;
	if (event->time_ns < call->first_ns)
		call->first_ns = event->time_ns;
	call->last = (int32_t)event->call.result;
	call->last_event = event->number;
	/* To ask for one more than there are is a way to count them. */
	if (failed && call->tells & TELLS_ORDINAL && process->count >= 0 &&
	    (vgpu_call_integer(&event->call, "ordinal", &version) ||
	     vgpu_call_integer(&event->call, "index", &version) ||
	     vgpu_call_integer(&event->call, "device", &version)) &&
	    (int64_t)version >= process->count)
		failed = false;
	else if (!failed && !call->success)
		call->success = event->number;
	if (failed && !call->failures++) {
		call->failure = event->number;
		call->failed_ns = event->time_ns;
		call->result = (int32_t)event->call.result;
		vgpu_seen_add_stack(process, event, &event->call.stack, event->call.stack_end);
	}
	if (!call->tells)
		return;
	if (call->tells & TELLS_LOOKUP)
		add_lookup(process, event);
	if (call->tells & TELLS_LAUNCH)
		add_launch(process, event);
	if (failed || vgpu_call_failed(&event->call))
		return;
	if (call->tells & TELLS_DEVICE)
		add_device(process, event, call);
	if (call->tells & TELLS_COUNT)
		add_count(process, event, call->name);
	if (!(call->tells & TELLS_VERSION))
		return;
	if (vgpu_name_matches("cuDriverGetVersion,cudaDriverGetVersion", call->name) &&
	    vgpu_call_integer(&event->call, "driverVersion", &version)) {
		process->driver_version = (int32_t)version;
		process->driver_version_event = event->number;
	}
	if (vgpu_name_matches("cudaRuntimeGetVersion", call->name) &&
	    vgpu_call_integer(&event->call, "runtimeVersion", &version))
		process->runtime_version = (int32_t)version;
}

void vgpu_seen_add_pending(struct vgpu_seen_process *process, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	struct vgpu_seen_pending *pending = VGPU_SEEN_ADD(process->pool, process->pending);

	process->ring |= !!(event->observer & VGPU_OBSERVER_RING);
	process->kernel |= !!(event->observer & VGPU_OBSERVER_KERNEL);
	if (pending)
		*pending = (struct vgpu_seen_pending){
			.event = event->number,
			.duration_ns = event->call.duration_ns,
			.function = event->call.function,
			.name = function ? function->name
					 : vgpu_seen_keep(process->pool, event->call.name),
			.ended = event->call.ended,
			.before = event->call.before,
		};
	vgpu_seen_add_stack(process, event, &event->call.stack, event->call.stack_end);
}
