/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and events. Work is done when it is submitted, so every stream is always idle. */
#include <time.h>

#include "shim/backend/sim/cuda/state.h"

struct stream {
	struct object object;
	uint32_t flags;
	int32_t priority;
};

struct event {
	struct object object;
	uint32_t flags;
	uint32_t pad;
	uint64_t recorded_ns; /* atomic; 0: never */
};

/* 0, 1 and 2 name the default streams and are never dereferenced. */
#define NAMED_STREAMS ((uintptr_t)2)

bool cuda_stream_valid(CUstream handle)
{
	return (uintptr_t)handle <= NAMED_STREAMS || object_get(handle, OBJECT_STREAM);
}

/* NULL for a named stream; leaves the function for a handle that is none. */
#define NEED_STREAM(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	if (!cuda_stream_valid(handle))                                                            \
		return CUDA_ERROR_INVALID_HANDLE;                                                  \
	struct stream *name = object_get(handle, OBJECT_STREAM)

#define NEED_EVENT(name, handle)                                                                   \
	CUDA_NEED_INIT();                                                                          \
	struct event *name = object_get(handle, OBJECT_EVENT);                                     \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuStreamCreateWithPriority(CUstream *out, unsigned int flags, int priority)
{
	CUDA_NEED_CONTEXT(context);
	struct stream *stream;

	if (!out || flags & ~(unsigned)CU_STREAM_NON_BLOCKING)
		return CUDA_ERROR_INVALID_VALUE;
	stream = object_new(OBJECT_STREAM, &context->object);
	if (!stream)
		return CUDA_ERROR_OUT_OF_MEMORY;
	stream->flags = flags;
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
	struct stream *stream = object_get(handle, OBJECT_STREAM);

	if (!stream)
		return CUDA_ERROR_INVALID_HANDLE;
	object_free(stream);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamDestroy, sim_cuStreamDestroy_v2);

CUresult sim_cuStreamQuery(CUstream handle)
{
	NEED_STREAM(stream, handle);
	(void)stream;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamQuery_ptsz, sim_cuStreamQuery);
SIM_ALIAS(sim_cuStreamSynchronize, sim_cuStreamQuery);
SIM_ALIAS(sim_cuStreamSynchronize_ptsz, sim_cuStreamQuery);

CUresult sim_cuStreamGetFlags(CUstream handle, unsigned int *flags)
{
	NEED_STREAM(stream, handle);
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	*flags = stream ? stream->flags : 0;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamGetFlags_ptsz, sim_cuStreamGetFlags);

CUresult sim_cuStreamGetPriority(CUstream handle, int *priority)
{
	NEED_STREAM(stream, handle);
	if (!priority)
		return CUDA_ERROR_INVALID_VALUE;
	*priority = stream ? stream->priority : 0;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamGetPriority_ptsz, sim_cuStreamGetPriority);

CUresult sim_cuStreamGetId(CUstream handle, unsigned long long *id)
{
	NEED_STREAM(stream, handle);
	if (!id)
		return CUDA_ERROR_INVALID_VALUE;
	*id = stream ? stream->object.serial : (uintptr_t)handle;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamGetId_ptsz, sim_cuStreamGetId);

static CUresult context_of(CUstream handle, struct cuda_context **context)
{
	NEED_STREAM(stream, handle);
	if (!stream)
		return cuda_current(context);
	*context = (struct cuda_context *)stream->object.owner;
	return CUDA_SUCCESS;
}

CUresult sim_cuStreamGetCtx(CUstream handle, CUcontext *out)
{
	struct cuda_context *context;
	CUresult result = context_of(handle, &context);

	if (result != CUDA_SUCCESS)
		return result;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUcontext)context;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamGetCtx_ptsz, sim_cuStreamGetCtx);

CUresult sim_cuStreamGetDevice(CUstream handle, CUdevice *dev)
{
	struct cuda_context *context;
	CUresult result = context_of(handle, &context);

	if (result != CUDA_SUCCESS)
		return result;
	if (!dev)
		return CUDA_ERROR_INVALID_VALUE;
	*dev = (CUdevice)context->device;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamGetDevice_ptsz, sim_cuStreamGetDevice);

CUresult sim_cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status)
{
	NEED_STREAM(stream, handle);
	(void)stream;
	if (!status)
		return CUDA_ERROR_INVALID_VALUE;
	*status = CU_STREAM_CAPTURE_STATUS_NONE;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamIsCapturing_ptsz, sim_cuStreamIsCapturing);

CUresult sim_cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned int flags)
{
	NEED_STREAM(stream, handle);
	NEED_EVENT(event, event_handle);
	(void)stream;
	(void)event;
	return flags & ~(unsigned)CU_EVENT_WAIT_EXTERNAL ? CUDA_ERROR_INVALID_VALUE : CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamWaitEvent_ptsz, sim_cuStreamWaitEvent);

/* In the calling thread, before the call returns: all that came earlier on the stream is done. */
CUresult sim_cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data)
{
	NEED_STREAM(stream, handle);
	(void)stream;
	if (!function)
		return CUDA_ERROR_INVALID_VALUE;
	function(data);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuLaunchHostFunc_ptsz, sim_cuLaunchHostFunc);

CUresult sim_cuStreamAddCallback(CUstream handle, CUstreamCallback callback, void *data,
				 unsigned int flags)
{
	NEED_STREAM(stream, handle);
	(void)stream;
	if (!callback || flags)
		return CUDA_ERROR_INVALID_VALUE;
	callback(handle, CUDA_SUCCESS, data);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuStreamAddCallback_ptsz, sim_cuStreamAddCallback);

/* ---- events ---- */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define EVENT_FLAGS (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS)

CUresult sim_cuEventCreate(CUevent *out, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	struct event *event;

	if (!out || flags & ~(unsigned)EVENT_FLAGS ||
	    (flags & CU_EVENT_INTERPROCESS && !(flags & CU_EVENT_DISABLE_TIMING)))
		return CUDA_ERROR_INVALID_VALUE;
	event = object_new(OBJECT_EVENT, &context->object);
	if (!event)
		return CUDA_ERROR_OUT_OF_MEMORY;
	event->flags = flags;
	*out = (CUevent)event;
	return CUDA_SUCCESS;
}

CUresult sim_cuEventDestroy_v2(CUevent handle)
{
	NEED_EVENT(event, handle);
	object_free(event);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuEventDestroy, sim_cuEventDestroy_v2);

CUresult sim_cuEventRecordWithFlags(CUevent handle, CUstream stream_handle, unsigned int flags)
{
	NEED_STREAM(stream, stream_handle);
	NEED_EVENT(event, handle);
	if (flags & ~(unsigned)CU_EVENT_RECORD_EXTERNAL ||
	    (stream && stream->object.owner != event->object.owner))
		return stream && stream->object.owner != event->object.owner
			   ? CUDA_ERROR_INVALID_HANDLE
			   : CUDA_ERROR_INVALID_VALUE;
	__atomic_store_n(&event->recorded_ns, now_ns(), __ATOMIC_RELEASE);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuEventRecordWithFlags_ptsz, sim_cuEventRecordWithFlags);

CUresult sim_cuEventRecord(CUevent handle, CUstream stream)
{
	return sim_cuEventRecordWithFlags(handle, stream, 0);
}
SIM_ALIAS(sim_cuEventRecord_ptsz, sim_cuEventRecord);

CUresult sim_cuEventQuery(CUevent handle)
{
	NEED_EVENT(event, handle);
	(void)event;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuEventSynchronize, sim_cuEventQuery);

CUresult sim_cuEventElapsedTime_v2(float *milliseconds, CUevent start_handle, CUevent end_handle)
{
	NEED_EVENT(start, start_handle);
	NEED_EVENT(end, end_handle);
	uint64_t from = __atomic_load_n(&start->recorded_ns, __ATOMIC_ACQUIRE);
	uint64_t to = __atomic_load_n(&end->recorded_ns, __ATOMIC_ACQUIRE);

	if (!milliseconds)
		return CUDA_ERROR_INVALID_VALUE;
	if (!from || !to || (start->flags | end->flags) & CU_EVENT_DISABLE_TIMING)
		return CUDA_ERROR_INVALID_HANDLE;
	*milliseconds = (float)((double)(int64_t)(to - from) / 1e6);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuEventElapsedTime, sim_cuEventElapsedTime_v2);
