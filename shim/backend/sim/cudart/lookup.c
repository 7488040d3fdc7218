/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's entry points by name, for programs that do not link the driver. */
#include "shim/backend/backend.h"
#include "shim/backend/sim/cudart/runtime.h"
#include "shim/entry/call.h"

/* The function id behind one of the driver library's own entry points; 0: it is not one. */
static uint32_t function_of(const void *entry)
{
	const struct vgpu_library *library = vgpu_library_find(VGPU_LIBRARY_CUDA);

	for (uint32_t i = 1; library && i <= library->count; i++)
		if (library->entry[i] == entry)
			return VGPU_FUNCTION(library->id, i);
	return 0;
}

static cudaError_t look_up(const char *symbol, void **pointer, unsigned int version,
			   unsigned long long flags, cudaDriverEntryPointQueryResult *status)
{
	CUdriverProcAddressQueryResult found = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	CUresult result;

	RUNTIME_NEED_START();
	if (!symbol || !pointer)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuGetProcAddress_v2(symbol, pointer, (int)version, flags, &found);
	if (status)
		*status = (cudaDriverEntryPointQueryResult)(int)found;
	vgpu_call_resolved(result == CUDA_SUCCESS ? function_of(*pointer) : 0);
	/* Who asks for the status learns of a missing symbol there, and the call itself is good. */
	if (result == CUDA_SUCCESS && found != CU_GET_PROC_ADDRESS_SUCCESS && !status)
		result = CUDA_ERROR_NOT_FOUND;
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaGetDriverEntryPoint(const char *symbol, void **pointer,
					unsigned long long flags,
					cudaDriverEntryPointQueryResult *status)
{
	return look_up(symbol, pointer, RUNTIME_VERSION, flags, status);
}
SIM_ALIAS(sim_cudaGetDriverEntryPoint_ptsz, sim_cudaGetDriverEntryPoint);

cudaError_t sim_cudaGetDriverEntryPointByVersion(const char *symbol, void **pointer,
						 unsigned int version, unsigned long long flags,
						 cudaDriverEntryPointQueryResult *status)
{
	return look_up(symbol, pointer, version, flags, status);
}
SIM_ALIAS(sim_cudaGetDriverEntryPointByVersion_ptsz, sim_cudaGetDriverEntryPointByVersion);
