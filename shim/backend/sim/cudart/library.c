/* SPDX-License-Identifier: Apache-2.0 */
/* Device code that a program loads by itself: libraries and their kernels and variables. */
#include "shim/backend/sim/cudart/runtime.h"

cudaError_t sim_cudaLibraryLoadData(cudaLibrary_t *library, const void *code,
				    cudaJitOption *options, void **values, unsigned int count,
				    cudaLibraryOption *library_options, void **library_values,
				    unsigned int library_count)
{
	RUNTIME_NEED_CONTEXT();
	/* both interfaces number their options alike */
	RUNTIME_RETURN(cuLibraryLoadData((CUlibrary *)library, code, (CUjit_option *)options,
					 values, count, (CUlibraryOption *)library_options,
					 library_values, library_count));
}

cudaError_t sim_cudaLibraryLoadFromFile(cudaLibrary_t *library, const char *path,
					cudaJitOption *options, void **values, unsigned int count,
					cudaLibraryOption *library_options, void **library_values,
					unsigned int library_count)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuLibraryLoadFromFile((CUlibrary *)library, path, (CUjit_option *)options,
					     values, count, (CUlibraryOption *)library_options,
					     library_values, library_count));
}

cudaError_t sim_cudaLibraryUnload(cudaLibrary_t library)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuLibraryUnload((CUlibrary)library));
}

/* What the driver does not find is, for the runtime, a symbol that does not exist. */
static cudaError_t found(CUresult result)
{
	return runtime_note(result == CUDA_ERROR_NOT_FOUND ? cudaErrorSymbolNotFound
							   : runtime_code(result));
}

cudaError_t sim_cudaLibraryGetKernel(cudaKernel_t *kernel, cudaLibrary_t library, const char *name)
{
	RUNTIME_NEED_CONTEXT();
	return found(
	    runtime.driver->cuLibraryGetKernel((CUkernel *)kernel, (CUlibrary)library, name));
}

cudaError_t sim_cudaLibraryGetGlobal(void **out, size_t *size, cudaLibrary_t library,
				     const char *name)
{
	CUdeviceptr address;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	result = runtime.driver->cuLibraryGetGlobal(&address, size, (CUlibrary)library, name);
	if (result == CUDA_SUCCESS && out)
		*out = (void *)(uintptr_t)address;
	return found(result);
}

cudaError_t sim_cudaLibraryGetManaged(void **out, size_t *size, cudaLibrary_t library,
				      const char *name)
{
	CUdeviceptr address;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	result = runtime.driver->cuLibraryGetManaged(&address, size, (CUlibrary)library, name);
	if (result == CUDA_SUCCESS && out)
		*out = (void *)(uintptr_t)address;
	return found(result);
}

cudaError_t sim_cudaLibraryGetKernelCount(unsigned int *count, cudaLibrary_t library)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuLibraryGetKernelCount(count, (CUlibrary)library));
}

cudaError_t sim_cudaLibraryEnumerateKernels(cudaKernel_t *kernels, unsigned int room,
					    cudaLibrary_t library)
{
	RUNTIME_NEED_CONTEXT();
	RUNTIME_RETURN(cuLibraryEnumerateKernels((CUkernel *)kernels, room, (CUlibrary)library));
}

cudaError_t sim_cudaKernelSetAttributeForDevice(cudaKernel_t kernel, cudaFuncAttribute attribute,
						int value, int device)
{
	RUNTIME_NEED_CONTEXT();
	if (device < 0 || device >= runtime.count)
		RUNTIME_FAIL(cudaErrorInvalidDevice);
	RUNTIME_RETURN(cuKernelSetAttribute((CUfunction_attribute)(int)attribute, value,
					    (CUkernel)kernel, runtime.device[device].device));
}

cudaError_t sim_cudaFuncGetParamInfo(const void *function, size_t index, size_t *offset,
				     size_t *size)
{
	CUkernel kernel;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = runtime_function(function, &kernel);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuKernelGetParamInfo(kernel, index, offset, size));
}
