/* SPDX-License-Identifier: Apache-2.0 */
/* Streams. Work is done when it is submitted, so that every stream is always idle. */
#include "shim/backend/sim/cuda/stream.h"

#include <string.h>
#include <time.h>

#include "shim/backend/sim/cuda/heap.h"

#define LEGACY ((uintptr_t)1)
#define PER_THREAD ((uintptr_t)2)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the lists of default streams */

void cuda_stream_forget(void)
{
	pthread_mutex_init(&lock, NULL);
}

bool cuda_stream_valid(CUstream handle)
{
	return (uintptr_t)handle <= PER_THREAD || object_get(handle, OBJECT_STREAM);
}

static struct cuda_stream *stream_new(struct cuda_context *context, uint32_t flags)
{
	struct cuda_stream *stream = object_new(OBJECT_STREAM, &context->object);

	if (stream)
		stream->flags = flags;
	return stream;
}

/* One for each context, and one more for each of its threads that asks for its own. */
static CUresult default_stream(uintptr_t thread, struct cuda_stream **out)
{
	struct cuda_stream *stream;

	CUDA_NEED_CONTEXT(context);
	pthread_mutex_lock(&lock);
	for (stream = context->default_streams; stream; stream = stream->next)
		if (stream->thread == thread)
			break;
	if (!stream) {
		stream = stream_new(context, 0);
		if (stream) {
			stream->thread = thread;
			stream->legacy = !thread;
			stream->next = context->default_streams;
			context->default_streams = stream;
		}
	}
	pthread_mutex_unlock(&lock);
	*out = stream;
	return stream ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

CUresult cuda_stream_get(CUstream handle, struct cuda_stream **stream)
{
	CUDA_NEED_INIT();
	if ((uintptr_t)handle <= PER_THREAD)
		return default_stream(
		    (uintptr_t)handle == PER_THREAD ? (uintptr_t)pthread_self() : 0, stream);
	*stream = object_get(handle, OBJECT_STREAM);
	return *stream && !(*stream)->legacy && !(*stream)->thread ? CUDA_SUCCESS
								   : CUDA_ERROR_INVALID_HANDLE;
}

void cuda_stream_free(struct cuda_stream *stream)
{
	cuda_capture_leave(stream);
	heap_free(stream->attributes);
	heap_free(stream->shown);
	heap_free(stream->shown_data);
	object_free(stream);
}

/* ---- time: nothing takes any, but what a device would have taken is kept ---- */

uint64_t cuda_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void cuda_stream_busy(struct cuda_stream *stream, uint64_t ns)
{
	uint64_t now = cuda_now_ns(), until = __atomic_load_n(&stream->until_ns, __ATOMIC_RELAXED);

	while (!__atomic_compare_exchange_n(&stream->until_ns, &until,
					    (until > now ? until : now) + ns, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

uint64_t cuda_copy_ns(const struct cuda_device *device, uint64_t bytes, bool bus)
{
	const struct vgpu_sim_device *is = device->is;
	uint64_t per_ns; /* bytes in 1000 ns */

	if (bus)
		per_ns = UINT64_C(250) * is->pcie_width << ((is->pcie_generation - 1) & 7);
	else
		per_ns =
		    (uint64_t)cuda_attribute(device, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH) /
		    8 * 2 * is->clock_memory_max_mhz; /* both edges of the clock */
	/* starting a copy takes a few microseconds on any card */
	return 2000 + (per_ns ? bytes * 1000 / (per_ns > 1 ? per_ns : 1) : 0);
}

/* ---- entry points ---- */

CUresult sim_cuStreamCreateWithPriority(CUstream *out, unsigned int flags, int priority)
{
	CUDA_NEED_CONTEXT(context);
	struct cuda_stream *stream;

	if (!out || flags & ~(unsigned)CU_STREAM_NON_BLOCKING)
		return CUDA_ERROR_INVALID_VALUE;
	stream = stream_new(context, flags);
	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	stream->priority = priority > 0 ? 0 : priority < -5 ? -5 : priority;
	*out = (CUstream)stream;
	return CUDA_SUCCESS;
}

CUresult sim_cuStreamCreate(CUstream *out, unsigned int flags)
{
	return sim_cuStreamCreateWithPriority(out, flags, 0);
}

CUresult sim_cuStreamDestroy_v2(CUstream handle)
{
	CUDA_NEED_INIT();
	struct cuda_stream *stream = object_get(handle, OBJECT_STREAM);

	if (!stream || stream->legacy || stream->thread)
		return CUDA_ERROR_INVALID_HANDLE;
	cuda_stream_free(stream);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamDestroy, sim_cuStreamDestroy_v2);

/* Asking a stream that records is an error, and ends what it records. */
CUresult sim_cuStreamQuery(CUstream handle)
{
	CUDA_NEED_STREAM(stream, handle);
	return cuda_capture_idle(stream);
}
CUDA_PTSZ(cuStreamQuery, (CUstream stream), (cuda_ptsz(stream)))

CUresult sim_cuStreamSynchronize(CUstream handle)
{
	CUDA_NEED_STREAM(stream, handle);
	return cuda_capture_idle(stream);
}
CUDA_PTSZ(cuStreamSynchronize, (CUstream stream), (cuda_ptsz(stream)))

CUresult sim_cuStreamGetFlags(CUstream handle, unsigned int *flags)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = stream->flags;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetFlags, (CUstream stream, unsigned int *flags), (cuda_ptsz(stream), flags))

CUresult sim_cuStreamGetPriority(CUstream handle, int *priority)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!priority)
		return CUDA_ERROR_INVALID_VALUE;
	*priority = stream->priority;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetPriority, (CUstream stream, int *priority), (cuda_ptsz(stream), priority))

CUresult sim_cuStreamGetId(CUstream handle, unsigned long long *id)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!id)
		return CUDA_ERROR_INVALID_VALUE;
	*id = stream->object.serial;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetId, (CUstream stream, unsigned long long *id), (cuda_ptsz(stream), id))

CUresult sim_cuStreamGetCtx(CUstream handle, CUcontext *out)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUcontext)stream->object.owner;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetCtx, (CUstream stream, CUcontext *out), (cuda_ptsz(stream), out))

/* Green contexts are not simulated: every stream's context is an ordinary one. */
CUresult sim_cuStreamGetCtx_v2(CUstream handle, CUcontext *out, CUgreenCtx *green)
{
	CUresult result = sim_cuStreamGetCtx(handle, out);

	if (result == CUDA_SUCCESS && green)
		*green = NULL;
	return result;
}
CUDA_PTSZ(cuStreamGetCtx_v2, (CUstream stream, CUcontext *out, CUgreenCtx *green),
	  (cuda_ptsz(stream), out, green))

CUresult sim_cuStreamGetDevice(CUstream handle, CUdevice *dev)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!dev)
		return CUDA_ERROR_INVALID_VALUE;
	*dev = (CUdevice)((struct cuda_context *)stream->object.owner)->device;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetDevice, (CUstream stream, CUdevice *dev), (cuda_ptsz(stream), dev))

/* In the calling thread, before the call returns: all that came earlier on the stream is done. */
CUresult sim_cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data)
{
	CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_HOST };

	if (!function)
		return CUDA_ERROR_INVALID_VALUE;
	node.host.fn = function;
	node.host.userData = data;
	return cuda_stream_submit(handle, &node);
}
CUDA_PTSZ(cuLaunchHostFunc, (CUstream stream, CUhostFn function, void *data),
	  (cuda_ptsz(stream), function, data))

CUresult sim_cuStreamAddCallback(CUstream handle, CUstreamCallback callback, void *data,
				 unsigned int flags)
{
	CUDA_NEED_STREAM(stream, handle);
	CUresult result;

	if (!callback || flags)
		return CUDA_ERROR_INVALID_VALUE;
	result = cuda_capture_idle(stream);
	if (result == CUDA_SUCCESS)
		callback(handle, CUDA_SUCCESS, data);
	return result;
}
CUDA_PTSZ(cuStreamAddCallback,
	  (CUstream stream, CUstreamCallback callback, void *data, unsigned int flags),
	  (cuda_ptsz(stream), callback, data, flags))

/* ---- attributes ---- */

#define KNOWN                                                                                      \
	(1u << CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW |                                          \
	 1u << CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY | 1u << CU_LAUNCH_ATTRIBUTE_PRIORITY |   \
	 1u << CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP |                                           \
	 1u << CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN)

CUresult sim_cuStreamSetAttribute(CUstream handle, CUstreamAttrID id,
				  const CUstreamAttrValue *value)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!value || (unsigned)id >= CUDA_STREAM_ATTRIBUTES || !(KNOWN >> id & 1))
		return CUDA_ERROR_INVALID_VALUE;
	if (!stream->attributes)
		stream->attributes = heap_get(CUDA_STREAM_ATTRIBUTES * sizeof(*stream->attributes));
	if (!stream->attributes)
		return CUDA_ERROR_OUT_OF_MEMORY;
	stream->attributes[id] = *value;
	stream->attribute_set |= 1u << id;
	if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
		stream->priority = value->priority > 0    ? 0
				   : value->priority < -5 ? -5
							  : value->priority;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamSetAttribute,
	  (CUstream stream, CUstreamAttrID id, const CUstreamAttrValue *value),
	  (cuda_ptsz(stream), id, value))

CUresult sim_cuStreamGetAttribute(CUstream handle, CUstreamAttrID id, CUstreamAttrValue *value)
{
	CUDA_NEED_STREAM(stream, handle);
	if (!value || (unsigned)id >= CUDA_STREAM_ATTRIBUTES || !(KNOWN >> id & 1))
		return CUDA_ERROR_INVALID_VALUE;
	memset(value, 0, sizeof(*value));
	if (stream->attribute_set >> id & 1)
		*value = stream->attributes[id];
	else if (id == CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY)
		value->syncPolicy = CU_SYNC_POLICY_AUTO;
	if (id == CU_LAUNCH_ATTRIBUTE_PRIORITY)
		value->priority = stream->priority;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamGetAttribute, (CUstream stream, CUstreamAttrID id, CUstreamAttrValue *value),
	  (cuda_ptsz(stream), id, value))

CUresult sim_cuStreamCopyAttributes(CUstream to, CUstream from)
{
	CUDA_NEED_STREAM(target, to);
	CUDA_NEED_STREAM(source, from);
	for (unsigned id = 0; id < CUDA_STREAM_ATTRIBUTES; id++) {
		CUresult result;

		if (!(source->attribute_set >> id & 1))
			continue;
		result = sim_cuStreamSetAttribute(to, (CUstreamAttrID)id, &source->attributes[id]);
		if (result != CUDA_SUCCESS)
			return result;
	}
	(void)target;
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuStreamCopyAttributes, (CUstream to, CUstream from), (cuda_ptsz(to), cuda_ptsz(from)))

/* Profiling is a matter of other tools: there is nothing that starts, and nothing that goes wrong. */
CUresult sim_cuProfilerStart(void)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuProfilerStop, sim_cuProfilerStart);
