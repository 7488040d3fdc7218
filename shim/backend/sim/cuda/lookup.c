/* SPDX-License-Identifier: Apache-2.0 */
/* Handing out entry points: always ours, so that what is called through them is on record too. */
#include <stddef.h>

#include "gen/cuda_proto.h"
#include "shim/api/schema.h"
#include "shim/backend/fault.h"
#include "shim/backend/sim/sim.h"
#include "shim/entry/call.h"

/*
 * What is not there is a success, a NULL pointer and the reason in the status, as a genuine driver (580) answers; what is
 * asked for by a version that it does not have is an error.
 */
static CUresult look_up(const char *symbol, void **pointer, int version, cuuint64_t flags,
			CUdriverProcAddressQueryResult *status)
{
	int too_new = 0;
	int per_thread = flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM;
	uint32_t function;

	*pointer = NULL;
	if (version > sim_devices.cuda_version)
		return CUDA_ERROR_INVALID_VALUE;
	*status = CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
	function = vgpu_ladder_find(symbol, version, per_thread, &too_new);
	switch (vgpu_fault_lookup(function)) {
	case VGPU_FAULT_NONE:
		break;
	case VGPU_FAULT_NULL:
		*status = CU_GET_PROC_ADDRESS_SUCCESS;
		return CUDA_SUCCESS;
	case VGPU_FAULT_MISSING:
		return CUDA_SUCCESS;
	}
	if (function) {
		*pointer = vgpu_library.entry[VGPU_FUNCTION_NUMBER(function)];
		*status = CU_GET_PROC_ADDRESS_SUCCESS;
		vgpu_call_resolved(function);
		return CUDA_SUCCESS;
	}
	if (too_new && vgpu_ladder_find(symbol, sim_devices.cuda_version, per_thread, &too_new))
		*status = CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT;
	vgpu_call_resolved(0);
	return CUDA_SUCCESS;
}

CUresult sim_cuGetProcAddress_v2(const char *symbol, void **pointer, int version, cuuint64_t flags,
				 CUdriverProcAddressQueryResult *status)
{
	CUdriverProcAddressQueryResult unused;

	if (!symbol || !pointer || version < 0 ||
	    flags > CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)
		return CUDA_ERROR_INVALID_VALUE;
	return look_up(symbol, pointer, version, flags, status ? status : &unused);
}

/* Has no status, and so an error for what is not there. */
CUresult sim_cuGetProcAddress(const char *symbol, void **pointer, int version, cuuint64_t flags)
{
	CUdriverProcAddressQueryResult status = CU_GET_PROC_ADDRESS_SUCCESS;
	CUresult result = sim_cuGetProcAddress_v2(symbol, pointer, version, flags, &status);

	return result || status == CU_GET_PROC_ADDRESS_SUCCESS ? result : CUDA_ERROR_NOT_FOUND;
}

/*
 * Private tables of NVIDIA's own libraries, among them its check that a driver is genuine. There
 * are none here, and never will be.
 */
CUresult sim_cuGetExportTable(const void **table, const CUuuid *id)
{
	if (!table || !id)
		return CUDA_ERROR_INVALID_VALUE;
	*table = NULL;
	return CUDA_ERROR_NOT_FOUND;
}
