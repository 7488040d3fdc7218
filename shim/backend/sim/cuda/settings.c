/* SPDX-License-Identifier: Apache-2.0 */
/* What a context knows of itself: its device, flags, limits, configuration and peers. */
#include "shim/backend/sim/cuda/state.h"

CUresult sim_cuCtxGetDevice(CUdevice *dev)
{
	CUDA_NEED_CONTEXT(context);
	if (!dev)
		return CUDA_ERROR_INVALID_VALUE;
	*dev = (CUdevice)context->device;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetDevice_v2(CUdevice *dev, CUcontext handle)
{
	struct cuda_context *context;

	if (!handle)
		return sim_cuCtxGetDevice(dev);
	CUDA_NEED_INIT();
	context = cuda_context_of(handle);
	if (!context)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (!dev)
		return CUDA_ERROR_INVALID_VALUE;
	*dev = (CUdevice)context->device;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetFlags(unsigned int *flags)
{
	CUDA_NEED_CONTEXT(context);
	if (!flags)
		return CUDA_ERROR_INVALID_VALUE;
	/* A genuine driver has mapped memory in every context, whoever asked for it. */
	*flags = context->flags | CU_CTX_MAP_HOST;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxSetFlags(unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	if (!cuda_context_flags_valid(flags))
		return CUDA_ERROR_INVALID_VALUE;
	context->flags = flags;
	return CUDA_SUCCESS;
}

/* A NULL handle means the current context. */
static CUresult given_or_current(CUcontext handle, struct cuda_context **context)
{
	if (!handle)
		return cuda_current(context);
	CUDA_NEED_INIT();
	*context = cuda_context_of(handle);
	return *context ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult sim_cuCtxGetId(CUcontext handle, unsigned long long *id)
{
	struct cuda_context *context;
	CUresult result = given_or_current(handle, &context);

	if (result != CUDA_SUCCESS)
		return result;
	if (!id)
		return CUDA_ERROR_INVALID_VALUE;
	*id = context->id;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetApiVersion(CUcontext handle, unsigned int *version)
{
	struct cuda_context *context;
	CUresult result = given_or_current(handle, &context);

	if (result != CUDA_SUCCESS)
		return result;
	if (!version)
		return CUDA_ERROR_INVALID_VALUE;
	*version = context->api_version;
	return CUDA_SUCCESS;
}

/* What a context says of a limit, or of one that it does not have. */
static CUresult limit_check(const struct cuda_context *context, CUlimit limit, bool set)
{
	switch (limit) {
	case CU_LIMIT_STACK_SIZE:
	case CU_LIMIT_PRINTF_FIFO_SIZE:
	case CU_LIMIT_MALLOC_HEAP_SIZE:
	case CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT:
	case CU_LIMIT_MAX_L2_FETCH_GRANULARITY:
	case CU_LIMIT_PERSISTING_L2_CACHE_SIZE:
		return CUDA_SUCCESS;
	case CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH:
		/* kernels of 9.0 and later do not wait for kernels that they started */
		return cuda_attribute(cuda_device_of(context), CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) < 9
			   ? CUDA_SUCCESS
			   : CUDA_ERROR_UNSUPPORTED_LIMIT;
	case CU_LIMIT_SHMEM_SIZE:
	case CU_LIMIT_CIG_ENABLED:
		return set ? CUDA_ERROR_UNSUPPORTED_LIMIT : CUDA_SUCCESS;
	default:
		return (unsigned)limit < CU_LIMIT_MAX ? CUDA_ERROR_UNSUPPORTED_LIMIT
						      : CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuCtxGetLimit(size_t *value, CUlimit limit)
{
	CUDA_NEED_CONTEXT(context);
	CUresult result;

	if (!value)
		return CUDA_ERROR_INVALID_VALUE;
	result = limit_check(context, limit, false);
	if (result == CUDA_SUCCESS)
		*value = context->limit[limit];
	return result;
}

CUresult sim_cuCtxSetLimit(CUlimit limit, size_t value)
{
	CUDA_NEED_CONTEXT(context);
	CUresult result = limit_check(context, limit, true);
	uint64_t persisting;

	if (result != CUDA_SUCCESS)
		return result;
	persisting = (uint64_t)cuda_attribute(cuda_device_of(context),
					      CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE);
	if (limit == CU_LIMIT_PERSISTING_L2_CACHE_SIZE && value > persisting)
		value = persisting;
	context->limit[limit] = value;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetCacheConfig(CUfunc_cache *config)
{
	CUDA_NEED_CONTEXT(context);
	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	*config = (CUfunc_cache)context->cache_config;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxSetCacheConfig(CUfunc_cache config)
{
	CUDA_NEED_CONTEXT(context);
	if ((unsigned)config > CU_FUNC_CACHE_PREFER_EQUAL)
		return CUDA_ERROR_INVALID_VALUE;
	context->cache_config = config;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetSharedMemConfig(CUsharedconfig *config)
{
	CUDA_NEED_CONTEXT(context);
	if (!config)
		return CUDA_ERROR_INVALID_VALUE;
	*config = (CUsharedconfig)context->shared_config;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxSetSharedMemConfig(CUsharedconfig config)
{
	CUDA_NEED_CONTEXT(context);
	if ((unsigned)config > CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE)
		return CUDA_ERROR_INVALID_VALUE;
	context->shared_config = config;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (least)
		*least = 0;
	if (greatest)
		*greatest = -5;
	return CUDA_SUCCESS;
}

/* Everything is done when its call returns: nothing is ever waited for. */
CUresult sim_cuCtxSynchronize(void)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	return CUDA_SUCCESS;
}

CUresult sim_cuCtxSynchronize_v2(CUcontext handle)
{
	struct cuda_context *context;

	return given_or_current(handle, &context);
}

CUresult sim_cuCtxResetPersistingL2Cache(void)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	return CUDA_SUCCESS;
}

/* ---- peers ---- */

CUresult sim_cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags)
{
	CUDA_NEED_CONTEXT(context);
	struct cuda_context *other = cuda_context_of(peer);
	CUresult result = CUDA_SUCCESS;

	if (flags)
		return CUDA_ERROR_INVALID_VALUE;
	if (!other)
		return CUDA_ERROR_INVALID_CONTEXT;
	if (other->device == context->device)
		return CUDA_ERROR_PEER_ACCESS_UNSUPPORTED;
	pthread_mutex_lock(&cuda_state.lock);
	if (context->peers >> other->device & 1)
		result = CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED;
	context->peers |= UINT64_C(1) << other->device;
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuCtxDisablePeerAccess(CUcontext peer)
{
	CUDA_NEED_CONTEXT(context);
	struct cuda_context *other = cuda_context_of(peer);
	CUresult result = CUDA_SUCCESS;

	if (!other)
		return CUDA_ERROR_INVALID_CONTEXT;
	pthread_mutex_lock(&cuda_state.lock);
	if (!(context->peers >> other->device & 1))
		result = CUDA_ERROR_PEER_ACCESS_NOT_ENABLED;
	context->peers &= ~(UINT64_C(1) << other->device);
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}
