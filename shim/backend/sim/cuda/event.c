/* SPDX-License-Identifier: Apache-2.0 */
/* Events: when they were recorded, by the host's clock and by what the device would have taken. */
#include "shim/backend/sim/cuda/stream.h"

#define NEED_EVENT(name, handle)                                                                   \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_event *name = cuda_event_of(handle);                                           \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

#define EVENT_FLAGS (CU_EVENT_BLOCKING_SYNC | CU_EVENT_DISABLE_TIMING | CU_EVENT_INTERPROCESS)

struct cuda_event *cuda_event_of(CUevent handle)
{
	return object_get(handle, OBJECT_EVENT);
}

void cuda_event_free(struct cuda_event *event)
{
	cuda_edges_free(&event->tips);
	object_free(event);
}

CUresult sim_cuEventCreate(CUevent *out, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	struct cuda_event *event;

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
	cuda_event_free(event);
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuEventDestroy, sim_cuEventDestroy_v2);

CUresult sim_cuEventRecordWithFlags(CUevent handle, CUstream stream_handle, unsigned int flags)
{
	uint64_t now, until;
	CUresult result;
	bool done;

	CUDA_NEED_STREAM(stream, stream_handle);
	NEED_EVENT(event, handle);
	if (stream->object.owner != event->object.owner)
		return CUDA_ERROR_INVALID_HANDLE;
	if (flags & ~(unsigned)CU_EVENT_RECORD_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	if (flags & CU_EVENT_RECORD_EXTERNAL) {
		CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_EVENT_RECORD };

		node.eventRecord.event = handle;
		return cuda_stream_submit(stream_handle, &node);
	}
	result = cuda_capture_record(stream, event, &done);
	if (result != CUDA_SUCCESS || done)
		return result;
	now = cuda_now_ns();
	until = __atomic_load_n(&stream->until_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&event->recorded_ns, until > now ? until : now, __ATOMIC_RELEASE);
	return CUDA_SUCCESS;
}
CUDA_PTSZ(cuEventRecordWithFlags, (CUevent event, CUstream stream, unsigned int flags),
	  (event, cuda_ptsz(stream), flags))

CUresult sim_cuEventRecord(CUevent handle, CUstream stream)
{
	return sim_cuEventRecordWithFlags(handle, stream, 0);
}
CUDA_PTSZ(cuEventRecord, (CUevent event, CUstream stream), (event, cuda_ptsz(stream)))

CUresult sim_cuStreamWaitEvent(CUstream handle, CUevent event_handle, unsigned int flags)
{
	bool done;

	CUDA_NEED_STREAM(stream, handle);
	NEED_EVENT(event, event_handle);
	if (flags & ~(unsigned)CU_EVENT_WAIT_EXTERNAL)
		return CUDA_ERROR_INVALID_VALUE;
	if (flags & CU_EVENT_WAIT_EXTERNAL) {
		CUgraphNodeParams node = { .type = CU_GRAPH_NODE_TYPE_WAIT_EVENT };

		node.eventWait.event = event_handle;
		return cuda_stream_submit(handle, &node);
	}
	return cuda_capture_wait(stream, event, &done);
}
CUDA_PTSZ(cuStreamWaitEvent, (CUstream stream, CUevent event, unsigned int flags),
	  (cuda_ptsz(stream), event, flags))

CUresult sim_cuEventQuery(CUevent handle)
{
	NEED_EVENT(event, handle);
	return cuda_event_captured(event) ? CUDA_ERROR_CAPTURED_EVENT : CUDA_SUCCESS;
}

CUresult sim_cuEventSynchronize(CUevent handle)
{
	return sim_cuEventQuery(handle);
}

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

/* All that a context was given is done: an event of it is one of its default stream. */
CUresult sim_cuCtxRecordEvent(CUcontext handle, CUevent event_handle)
{
	NEED_EVENT(event, event_handle);
	struct cuda_context *context = cuda_context_of(handle);

	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (event->object.owner != &context->object)
		return CUDA_ERROR_INVALID_HANDLE;
	__atomic_store_n(&event->recorded_ns, cuda_now_ns(), __ATOMIC_RELEASE);
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxWaitEvent(CUcontext handle, CUevent event_handle)
{
	NEED_EVENT(event, event_handle);
	if (!cuda_context_of(handle))
		return CUDA_ERROR_INVALID_CONTEXT;
	return cuda_event_captured(event) ? CUDA_ERROR_STREAM_CAPTURE_ISOLATION : CUDA_SUCCESS;
}
