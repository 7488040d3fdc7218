/* SPDX-License-Identifier: Apache-2.0 */
/* Which device a program gets that wishes for one, and settings that outlived their use. */
#include "shim/backend/sim/cudart/runtime.h"

/* How near a device comes to a wish: exactness of the version first, then what it has enough of. */
static long nearness(const struct runtime_device *device, const cudaDeviceProp *wish)
{
	int major = device->attribute[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR];
	int minor = device->attribute[CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR];
	long points = 0;

	if (wish->major)
		points += major == wish->major && minor == wish->minor          ? 100
			  : major * 10 + minor > wish->major * 10 + wish->minor ? 50
										: 0;
	points += device->memory_bytes >= wish->totalGlobalMem ? 10 : 0;
	points +=
	    device->attribute[CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT] >= wish->multiProcessorCount
		? 5
		: 0;
	points += (size_t)device->attribute[CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK] >=
			  wish->sharedMemPerBlock
		      ? 2
		      : 0;
	return points;
}

cudaError_t sim_cudaChooseDevice(int *out, const cudaDeviceProp *wish)
{
	int best = 0;

	RUNTIME_NEED_START();
	if (!out || !wish)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	for (int i = 1; i < runtime.count; i++)
		if (nearness(&runtime.device[i], wish) > nearness(&runtime.device[best], wish))
			best = i;
	*out = best;
	return cudaSuccess;
}

/* Without a list, or with one of no entries, the order is the devices' own again. */
cudaError_t sim_cudaSetValidDevices(int *devices, int count)
{
	struct runtime_thread *thread = runtime_thread();

	RUNTIME_NEED_START();
	if (count < 0 || (count && !devices))
		RUNTIME_FAIL(cudaErrorInvalidValue);
	for (int i = 0; i < count; i++)
		if (devices[i] < 0 || devices[i] >= runtime.count)
			RUNTIME_FAIL(cudaErrorInvalidDevice);
	/* it says where a thread begins that has not begun */
	if (!thread->bound)
		thread->device = count ? devices[0] : 0;
	return cudaSuccess;
}

RUNTIME_PASS(cudaProfilerStart, (void), cuProfilerStart())
RUNTIME_PASS(cudaProfilerStop, (void), cuProfilerStop())
RUNTIME_PASS(cudaCtxResetPersistingL2Cache, (void), cuCtxResetPersistingL2Cache())

RUNTIME_PASS(cudaDeviceGetSharedMemConfig, (cudaSharedMemConfig * out),
	     cuCtxGetSharedMemConfig((CUsharedconfig *)out))
RUNTIME_PASS(cudaDeviceSetSharedMemConfig, (cudaSharedMemConfig config),
	     cuCtxSetSharedMemConfig((CUsharedconfig)(int)config))

cudaError_t sim_cudaFuncSetSharedMemConfig(const void *function, cudaSharedMemConfig config)
{
	cudaError_t error;
	CUkernel kernel;

	RUNTIME_NEED_CONTEXT();
	error = runtime_function(function, &kernel);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuFuncSetSharedMemConfig((CUfunction)kernel, (CUsharedconfig)(int)config));
}

cudaError_t sim_cudaDeviceGetTexture1DLinearMaxWidth(size_t *out, const cudaChannelFormatDesc *desc,
						     int device)
{
	CUarray_format format;
	unsigned channels;

	RUNTIME_NEED_START();
	if (device < 0 || device >= runtime.count)
		RUNTIME_FAIL(cudaErrorInvalidDevice);
	if (!out || !desc)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	if (!runtime_format(desc, &format, &channels))
		RUNTIME_FAIL(cudaErrorInvalidChannelDescriptor);
	RUNTIME_RETURN(cuDeviceGetTexture1DLinearMaxWidth(out, format, channels,
							  runtime.device[device].device));
}

#if SIM_CUDART == 12
/* ---- what 12 still calls a thread is its device ---- */

cudaError_t sim_cudaThreadExit(void)
{
	return sim_cudaDeviceReset();
}

RUNTIME_PASS(cudaThreadSynchronize, (void), cuCtxSynchronize())
RUNTIME_PASS(cudaThreadSetLimit, (cudaLimit limit, size_t value),
	     cuCtxSetLimit((CUlimit)(int)limit, value))
RUNTIME_PASS(cudaThreadGetLimit, (size_t * value, cudaLimit limit),
	     cuCtxGetLimit(value, (CUlimit)(int)limit))
RUNTIME_PASS(cudaThreadGetCacheConfig, (cudaFuncCache * config),
	     cuCtxGetCacheConfig((CUfunc_cache *)config))
RUNTIME_PASS(cudaThreadSetCacheConfig, (cudaFuncCache config),
	     cuCtxSetCacheConfig((CUfunc_cache)(int)config))

/* Devices have been able to do doubles since before this interface; numbers stay as they are. */
cudaError_t sim_cudaSetDoubleForDevice(double *number)
{
	return number ? cudaSuccess : runtime_note(cudaErrorInvalidValue);
}

cudaError_t sim_cudaSetDoubleForHost(double *number)
{
	return number ? cudaSuccess : runtime_note(cudaErrorInvalidValue);
}

/* One cooperative launch a device, each in its own stream. */
cudaError_t sim_cudaLaunchCooperativeKernelMultiDevice(cudaLaunchParams *params, unsigned int count,
						       unsigned int flags)
{
	if (!params || !count || count > (unsigned)runtime.count || flags > 3)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	for (unsigned i = 0; i < count; i++) {
		/* the stream says which device, so it may not be the one that has no handle */
		if (!params[i].stream)
			RUNTIME_FAIL(cudaErrorInvalidValue);
	}
	for (unsigned i = 0; i < count; i++) {
		cudaError_t error = sim_cudaLaunchCooperativeKernel(
		    params[i].func, params[i].gridDim, params[i].blockDim, params[i].args,
		    params[i].sharedMem, params[i].stream);

		if (error != cudaSuccess)
			return error;
	}
	return cudaSuccess;
}
#endif
