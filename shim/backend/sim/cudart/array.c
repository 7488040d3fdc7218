/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays through the runtime: made, described, destroyed. */
#include "shim/backend/sim/cudart/runtime.h"

#define A(array) ((CUarray)(uintptr_t)(array))

cudaChannelFormatDesc sim_cudaCreateChannelDesc(int x, int y, int z, int w,
						cudaChannelFormatKind kind)
{
	return (cudaChannelFormatDesc){ x, y, z, w, kind };
}

/* Channels of one width, filled from the first; false: the driver has no such format. */
bool runtime_format(const cudaChannelFormatDesc *desc, CUarray_format *format, unsigned *channels)
{
	static const struct {
		int bits;
		cudaChannelFormatKind kind;
		CUarray_format format;
	} formats[] = {
		{ 8, cudaChannelFormatKindUnsigned, CU_AD_FORMAT_UNSIGNED_INT8 },
		{ 16, cudaChannelFormatKindUnsigned, CU_AD_FORMAT_UNSIGNED_INT16 },
		{ 32, cudaChannelFormatKindUnsigned, CU_AD_FORMAT_UNSIGNED_INT32 },
		{ 8, cudaChannelFormatKindSigned, CU_AD_FORMAT_SIGNED_INT8 },
		{ 16, cudaChannelFormatKindSigned, CU_AD_FORMAT_SIGNED_INT16 },
		{ 32, cudaChannelFormatKindSigned, CU_AD_FORMAT_SIGNED_INT32 },
		{ 16, cudaChannelFormatKindFloat, CU_AD_FORMAT_HALF },
		{ 32, cudaChannelFormatKindFloat, CU_AD_FORMAT_FLOAT },
	};

	*channels = desc->w ? 4 : desc->z ? 3 : desc->y ? 2 : 1;
	if (*channels == 3 || (desc->y && desc->y != desc->x) || (desc->z && desc->z != desc->x) ||
	    (desc->w && desc->w != desc->x))
		return false;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].bits == desc->x && formats[i].kind == desc->f) {
			*format = formats[i].format;
			return true;
		}
	}
	return false;
}

cudaChannelFormatDesc runtime_channels(CUarray_format format, unsigned channels)
{
	static const struct {
		CUarray_format format;
		int bits;
		cudaChannelFormatKind kind;
	} formats[] = {
		{ CU_AD_FORMAT_UNSIGNED_INT8, 8, cudaChannelFormatKindUnsigned },
		{ CU_AD_FORMAT_UNSIGNED_INT16, 16, cudaChannelFormatKindUnsigned },
		{ CU_AD_FORMAT_UNSIGNED_INT32, 32, cudaChannelFormatKindUnsigned },
		{ CU_AD_FORMAT_SIGNED_INT8, 8, cudaChannelFormatKindSigned },
		{ CU_AD_FORMAT_SIGNED_INT16, 16, cudaChannelFormatKindSigned },
		{ CU_AD_FORMAT_SIGNED_INT32, 32, cudaChannelFormatKindSigned },
		{ CU_AD_FORMAT_HALF, 16, cudaChannelFormatKindFloat },
		{ CU_AD_FORMAT_FLOAT, 32, cudaChannelFormatKindFloat },
	};
	cudaChannelFormatDesc desc = { .f = cudaChannelFormatKindNone };

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (formats[i].format != format)
			continue;
		desc.x = formats[i].bits;
		desc.y = channels > 1 ? desc.x : 0;
		desc.z = channels > 2 ? desc.x : 0;
		desc.w = channels > 3 ? desc.x : 0;
		desc.f = formats[i].kind;
	}
	return desc;
}

static cudaError_t describe(CUDA_ARRAY3D_DESCRIPTOR *out, const cudaChannelFormatDesc *desc,
			    cudaExtent extent, unsigned int flags)
{
	*out = (CUDA_ARRAY3D_DESCRIPTOR){
		.Width = extent.width,
		.Height = extent.height,
		.Depth = extent.depth,
		.Flags = flags,
	};
	return desc && runtime_format(desc, &out->Format, &out->NumChannels)
		   ? cudaSuccess
		   : cudaErrorInvalidChannelDescriptor;
}

cudaError_t sim_cudaMalloc3DArray(cudaArray_t *array, const cudaChannelFormatDesc *desc,
				  cudaExtent extent, unsigned int flags)
{
	CUDA_ARRAY3D_DESCRIPTOR is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = describe(&is, desc, extent, flags);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuArray3DCreate_v2((CUarray *)array, &is));
}

cudaError_t sim_cudaMallocArray(cudaArray_t *array, const cudaChannelFormatDesc *desc, size_t width,
				size_t height, unsigned int flags)
{
	return sim_cudaMalloc3DArray(array, desc, (cudaExtent){ width, height, 0 }, flags);
}

/* Freeing nothing is no error. */
cudaError_t sim_cudaFreeArray(cudaArray_t array)
{
	RUNTIME_NEED_CONTEXT();
	if (!array)
		return cudaSuccess;
	RUNTIME_RETURN(cuArrayDestroy(A(array)));
}

cudaError_t sim_cudaMallocMipmappedArray(cudaMipmappedArray_t *array,
					 const cudaChannelFormatDesc *desc, cudaExtent extent,
					 unsigned int levels, unsigned int flags)
{
	CUDA_ARRAY3D_DESCRIPTOR is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = describe(&is, desc, extent, flags);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuMipmappedArrayCreate((CUmipmappedArray *)array, &is, levels));
}

cudaError_t sim_cudaFreeMipmappedArray(cudaMipmappedArray_t array)
{
	RUNTIME_NEED_CONTEXT();
	if (!array)
		return cudaSuccess;
	RUNTIME_RETURN(cuMipmappedArrayDestroy((CUmipmappedArray)array));
}

RUNTIME_PASS(cudaGetMipmappedArrayLevel,
	     (cudaArray_t * level, cudaMipmappedArray_const_t array, unsigned int number),
	     cuMipmappedArrayGetLevel((CUarray *)level, (CUmipmappedArray)(uintptr_t)array, number))
/* requirements are laid out alike */
RUNTIME_PASS(cudaArrayGetMemoryRequirements,
	     (cudaArrayMemoryRequirements * out, cudaArray_t array, int device),
	     cuArrayGetMemoryRequirements((CUDA_ARRAY_MEMORY_REQUIREMENTS *)(void *)out, A(array),
					  device))
RUNTIME_PASS(cudaMipmappedArrayGetMemoryRequirements,
	     (cudaArrayMemoryRequirements * out, cudaMipmappedArray_t array, int device),
	     cuMipmappedArrayGetMemoryRequirements((CUDA_ARRAY_MEMORY_REQUIREMENTS *)(void *)out,
						   (CUmipmappedArray)array, device))

cudaError_t sim_cudaArrayGetInfo(cudaChannelFormatDesc *desc, cudaExtent *extent,
				 unsigned int *flags, cudaArray_t array)
{
	CUDA_ARRAY3D_DESCRIPTOR is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	result = runtime.driver->cuArray3DGetDescriptor_v2(&is, A(array));
	if (result != CUDA_SUCCESS)
		RUNTIME_FAIL(runtime_code(result));
	if (desc)
		*desc = runtime_channels(is.Format, is.NumChannels);
	if (extent)
		*extent = (cudaExtent){ is.Width, is.Height, is.Depth };
	if (flags)
		*flags = is.Flags;
	return cudaSuccess;
}

cudaError_t sim_cudaGetChannelDesc(cudaChannelFormatDesc *desc, cudaArray_const_t array)
{
	if (!desc)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	return sim_cudaArrayGetInfo(desc, NULL, NULL, (cudaArray_t)(uintptr_t)array);
}

size_t runtime_element(cudaArray_const_t array)
{
	CUDA_ARRAY3D_DESCRIPTOR is;
	cudaChannelFormatDesc desc;

	if (runtime.driver->cuArray3DGetDescriptor_v2(&is, A(array)) != CUDA_SUCCESS)
		return 0;
	desc = runtime_channels(is.Format, is.NumChannels);
	return (size_t)(desc.x + desc.y + desc.z + desc.w) / 8;
}
