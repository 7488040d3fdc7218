/* SPDX-License-Identifier: Apache-2.0 */
/* Streams and events through the runtime: the driver's, under other type names. */
#include "shim/backend/sim/cudart/runtime.h"

cudaError_t sim_cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned int flags, int priority)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamCreateWithPriority((CUstream *)stream, flags, priority));
}

cudaError_t sim_cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamCreate((CUstream *)stream, flags));
}

cudaError_t sim_cudaStreamCreate(cudaStream_t *stream)
{
	return sim_cudaStreamCreateWithFlags(stream, 0);
}

cudaError_t sim_cudaStreamDestroy(cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamDestroy_v2((CUstream)stream));
}

cudaError_t sim_cudaStreamSynchronize(cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamSynchronize((CUstream)stream));
}
RUNTIME_PTSZ(cudaStreamSynchronize, (cudaStream_t stream), (runtime_ptsz(stream)))

cudaError_t sim_cudaStreamQuery(cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamQuery((CUstream)stream));
}
RUNTIME_PTSZ(cudaStreamQuery, (cudaStream_t stream), (runtime_ptsz(stream)))

cudaError_t sim_cudaStreamGetFlags(cudaStream_t stream, unsigned int *flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamGetFlags((CUstream)stream, flags));
}
RUNTIME_PTSZ(cudaStreamGetFlags, (cudaStream_t hStream, unsigned int *flags),
	     (runtime_ptsz(hStream), flags))

cudaError_t sim_cudaStreamGetPriority(cudaStream_t stream, int *priority)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamGetPriority((CUstream)stream, priority));
}
RUNTIME_PTSZ(cudaStreamGetPriority, (cudaStream_t hStream, int *priority),
	     (runtime_ptsz(hStream), priority))

cudaError_t sim_cudaStreamGetId(cudaStream_t stream, unsigned long long *id)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamGetId((CUstream)stream, id));
}
RUNTIME_PTSZ(cudaStreamGetId, (cudaStream_t hStream, unsigned long long *streamId),
	     (runtime_ptsz(hStream), streamId))

cudaError_t sim_cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamIsCapturing((CUstream)stream, (CUstreamCaptureStatus *)status));
}
RUNTIME_PTSZ(cudaStreamIsCapturing, (cudaStream_t stream, cudaStreamCaptureStatus *pCaptureStatus),
	     (runtime_ptsz(stream), pCaptureStatus))

cudaError_t sim_cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuStreamWaitEvent((CUstream)stream, (CUevent)event, flags));
}
RUNTIME_PTSZ(cudaStreamWaitEvent, (cudaStream_t stream, cudaEvent_t event, unsigned int flags),
	     (runtime_ptsz(stream), event, flags))

cudaError_t sim_cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuLaunchHostFunc((CUstream)stream, (CUhostFn)function, data));
}
RUNTIME_PTSZ(cudaLaunchHostFunc, (cudaStream_t stream, cudaHostFn_t fn, void *userData),
	     (runtime_ptsz(stream), fn, userData))

cudaError_t sim_cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t callback,
				      void *data, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	/* the two callbacks differ only in the type of a code that both number alike */
	RUNTIME_RETURN(
	    cuStreamAddCallback((CUstream)stream, (CUstreamCallback)(void *)callback, data, flags));
}
RUNTIME_PTSZ(cudaStreamAddCallback,
	     (cudaStream_t stream, cudaStreamCallback_t callback, void *userData,
	      unsigned int flags),
	     (runtime_ptsz(stream), callback, userData, flags))

/* ---- events ---- */

cudaError_t sim_cudaEventCreateWithFlags(cudaEvent_t *event, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventCreate((CUevent *)event, flags));
}

cudaError_t sim_cudaEventCreate(cudaEvent_t *event)
{
	return sim_cudaEventCreateWithFlags(event, 0);
}

cudaError_t sim_cudaEventDestroy(cudaEvent_t event)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventDestroy_v2((CUevent)event));
}

cudaError_t sim_cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventRecord((CUevent)event, (CUstream)stream));
}
RUNTIME_PTSZ(cudaEventRecord, (cudaEvent_t event, cudaStream_t stream),
	     (event, runtime_ptsz(stream)))

cudaError_t sim_cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t stream, unsigned int flags)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventRecordWithFlags((CUevent)event, (CUstream)stream, flags));
}
RUNTIME_PTSZ(cudaEventRecordWithFlags, (cudaEvent_t event, cudaStream_t stream, unsigned int flags),
	     (event, runtime_ptsz(stream), flags))

cudaError_t sim_cudaEventQuery(cudaEvent_t event)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventQuery((CUevent)event));
}

cudaError_t sim_cudaEventSynchronize(cudaEvent_t event)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventSynchronize((CUevent)event));
}

cudaError_t sim_cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuEventElapsedTime_v2(milliseconds, (CUevent)start, (CUevent)end));
}
#if SIM_CUDART == 12
SIM_ALIAS(sim_cudaEventElapsedTime_v2, sim_cudaEventElapsedTime);
#endif
