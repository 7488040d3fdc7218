// SPDX-License-Identifier: Apache-2.0
/* What the calls of one process said of its GPUs. */
#include "tracer/explain/discovery.h"

#include <string.h>

#include "tracer/model/call.h"
#include "tracer/model/names.h"

enum step {
	STEP_INIT,
	STEP_COUNT,
	STEP_NAME,
	STEP_MAJOR,
	STEP_MINOR,
	STEP_MEMORY,
	STEP_DEVICE, /* only its failure says something */
};

/* What each function contributes. value: parameter or parameter.member. A function may have several rows. */
static const struct {
	const char *functions;
	enum step step;
	const char *value;
	const char *parameter; /* and only where this parameter … */
	int64_t equals;        /* … has this value */
} contributions[] = {
	{ .functions = "cuInit,nvmlInit,nvmlInit_v2,nvmlInitWithFlags", .step = STEP_INIT },
	{ .functions = "cuDeviceGetCount,cudaGetDeviceCount", .step = STEP_COUNT, .value = "count" },
	{ .functions = "nvmlDeviceGetCount,nvmlDeviceGetCount_v2", .step = STEP_COUNT, .value = "deviceCount" },
	{ .functions = "cuDeviceGetName,nvmlDeviceGetName", .step = STEP_NAME, .value = "name" },
	{ .functions = "cudaGetDeviceProperties,cudaGetDeviceProperties_v2", .step = STEP_NAME, .value = "prop.name" },
	{ .functions = "cudaGetDeviceProperties,cudaGetDeviceProperties_v2", .step = STEP_MAJOR, .value = "prop.major" },
	{ .functions = "cudaGetDeviceProperties,cudaGetDeviceProperties_v2", .step = STEP_MINOR, .value = "prop.minor" },
	{ .functions = "cudaGetDeviceProperties,cudaGetDeviceProperties_v2", .step = STEP_MEMORY,
	  .value = "prop.totalGlobalMem" },
	{ .functions = "cuDeviceGetAttribute", .step = STEP_MAJOR, .value = "pi", .parameter = "attrib", .equals = 75 },
	{ .functions = "cuDeviceGetAttribute", .step = STEP_MINOR, .value = "pi", .parameter = "attrib", .equals = 76 },
	{ .functions = "cudaDeviceGetAttribute", .step = STEP_MAJOR, .value = "value", .parameter = "attr", .equals = 75 },
	{ .functions = "cudaDeviceGetAttribute", .step = STEP_MINOR, .value = "value", .parameter = "attr", .equals = 76 },
	{ .functions = "nvmlDeviceGetCudaComputeCapability", .step = STEP_MAJOR, .value = "major" },
	{ .functions = "nvmlDeviceGetCudaComputeCapability", .step = STEP_MINOR, .value = "minor" },
	{ .functions = "cuDeviceTotalMem,cuDeviceTotalMem_v2", .step = STEP_MEMORY, .value = "bytes" },
	{ .functions = "cuMemGetInfo,cuMemGetInfo_v2,cudaMemGetInfo", .step = STEP_MEMORY, .value = "total" },
	{ .functions = "nvmlDeviceGetMemoryInfo,nvmlDeviceGetMemoryInfo_v2", .step = STEP_MEMORY,
	  .value = "memory.total" },
	{ .functions = "cuDeviceGet,cuDevicePrimaryCtxRetain,cuCtxCreate*,cudaSetDevice,cudaGetDevice,"
		       "nvmlDeviceGetHandleBy*,cudaDriverGetVersion,cudaRuntimeGetVersion,cudaFree,cudaMalloc",
	  .step = STEP_DEVICE },
};

static enum vgpu_layer layer_of(uint32_t function)
{
	switch (VGPU_FUNCTION_LIBRARY(function)) {
	case VGPU_LIBRARY_CUDART12:
	case VGPU_LIBRARY_CUDART13:
		return VGPU_LAYER_RUNTIME;
	case VGPU_LIBRARY_CUDA:
		return VGPU_LAYER_DRIVER;
	}
	return VGPU_LAYER_NVML;
}

static struct vgpu_evidence evidence_of(const struct vgpu_event *event)
{
	return (struct vgpu_evidence){
		.number = event->number,
		.function = event->call.function,
		.thread = event->call.thread,
		.depth = event->call.depth,
		.result = (int32_t)event->call.result,
		.enter_ns = event->time_ns,
		.leave_ns = event->time_ns + event->call.duration_ns,
	};
}

/* An outer call is in the stream before or after what it called; both orders give the same. */
static bool inside(const struct vgpu_evidence *inner, const struct vgpu_evidence *outer)
{
	return outer->number && inner->thread == outer->thread && inner->depth > outer->depth &&
	       inner->enter_ns >= outer->enter_ns && inner->enter_ns <= outer->leave_ns;
}

static void note_failure(struct vgpu_discovery *discovery, enum vgpu_layer layer, const struct vgpu_evidence *at)
{
	struct vgpu_layer_state *own = &discovery->layer[layer];

	if (!own->failed.number)
		own->failed = *at;
	for (int i = 0; i < VGPU_LAYERS; i++) {
		struct vgpu_layer_state *state = &discovery->layer[i];

		/* It may be what made a call around it fail, or what it called may have made it fail. */
		if (inside(at, &state->failed) && at->depth > state->cause.depth)
			state->cause = *at;
		if (&state->failed != &own->failed && inside(&state->failed, &own->failed) &&
		    state->failed.depth > own->cause.depth)
			own->cause = state->failed;
	}
}

void vgpu_discovery_start(struct vgpu_discovery *discovery, uint32_t process)
{
	memset(discovery, 0, sizeof(*discovery));
	discovery->process = process;
	discovery->major = discovery->minor = -1;
}

static void take(struct vgpu_discovery *discovery, enum vgpu_layer layer, enum step step, const char *path,
		 const struct vgpu_event *event, const struct vgpu_evidence *at)
{
	struct vgpu_layer_state *state = &discovery->layer[layer];
	uint64_t value = 0;

	switch (step) {
	case STEP_INIT:
		if (!state->init.number)
			state->init = *at;
		return;
	case STEP_NAME:
		if (!discovery->name[0])
			vgpu_call_string(&event->call, path, discovery->name, sizeof(discovery->name));
		return;
	case STEP_DEVICE:
		return;
	default:
		break;
	}
	if (!vgpu_call_integer(&event->call, path, &value))
		return;
	switch (step) {
	case STEP_COUNT:
		if (!state->counted.number || (int64_t)value > state->count) {
			state->counted = *at;
			state->count = value;
			discovery->library = VGPU_FUNCTION_LIBRARY(event->call.function);
		}
		break;
	case STEP_MAJOR:
		if (discovery->major < 0)
			discovery->major = value;
		break;
	case STEP_MINOR:
		if (discovery->minor < 0)
			discovery->minor = value;
		break;
	default:
		if (!discovery->memory_bytes)
			discovery->memory_bytes = value;
	}
}

_Static_assert(sizeof(contributions) / sizeof(contributions[0]) < 31, "a bit each, and one more");

/* Bits of the rows that a function has. By name once, and then by its number: this is asked of every call. */
static uint32_t rows_of(const struct vgpu_function *function)
{
	static uint32_t known[VGPU_LIBRARIES][2048]; /* bit 31: it was looked at */
	uint32_t library = VGPU_FUNCTION_LIBRARY(function->id), number = VGPU_FUNCTION_NUMBER(function->id), rows = 0;
	uint32_t *kept = library < VGPU_LIBRARIES && number < 2048 ? &known[library][number] : NULL;

	if (kept && *kept)
		return *kept & ~(UINT32_C(1) << 31);
	for (unsigned i = 0; i < sizeof(contributions) / sizeof(contributions[0]); i++)
		if (vgpu_name_matches(contributions[i].functions, function->name))
			rows |= UINT32_C(1) << i;
	if (kept)
		*kept = rows | UINT32_C(1) << 31;
	return rows;
}

void vgpu_discovery_add(struct vgpu_discovery *discovery, const struct vgpu_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call.function);
	enum vgpu_layer layer = layer_of(event->call.function);
	struct vgpu_evidence at = evidence_of(event);
	bool failed = vgpu_call_failed(&event->call);

	if (event->kind == VGPU_EVENT_PENDING) {
		struct vgpu_evidence *stuck = event->call.ended ? &discovery->unfinished : &discovery->running;

		/* The outermost names what the program asked for; it comes first. */
		if (!stuck->number)
			*stuck = at;
		return;
	}
	discovery->layer[layer].calls++;
	if (discovery->running.number && discovery->running.function == at.function &&
	    discovery->running.thread == at.thread && discovery->running.enter_ns == at.enter_ns)
		discovery->running.number = 0;
	if (!function)
		return;
	for (uint32_t rows = rows_of(function); rows; rows &= rows - 1) {
		unsigned i = __builtin_ctz(rows);
		uint64_t value;

		if (contributions[i].parameter &&
		    (!vgpu_call_integer(&event->call, contributions[i].parameter, &value) ||
		     (int64_t)value != contributions[i].equals))
			continue;
		if (!failed) {
			take(discovery, layer, contributions[i].step, contributions[i].value, event, &at);
			continue;
		}
		if (contributions[i].step == STEP_INIT || contributions[i].step == STEP_COUNT)
			note_failure(discovery, layer, &at);
		if (!discovery->error.number)
			discovery->error = at;
	}
}

enum vgpu_discovery_state vgpu_discovery_state(const struct vgpu_discovery *discovery, enum vgpu_layer *layer)
{
	for (int i = 0; i < VGPU_LAYERS; i++) {
		const struct vgpu_layer_state *state = &discovery->layer[i];

		*layer = i;
		if (state->counted.number && state->count > 0)
			return VGPU_DISCOVERY_FOUND;
		if (state->failed.number)
			return VGPU_DISCOVERY_REFUSED;
		if (state->counted.number)
			return VGPU_DISCOVERY_EMPTY;
	}
	*layer = VGPU_LAYER_DRIVER;
	return discovery->unfinished.number || discovery->running.number ? VGPU_DISCOVERY_STUCK : VGPU_DISCOVERY_NONE;
}
