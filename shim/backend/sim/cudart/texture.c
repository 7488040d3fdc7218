/* SPDX-License-Identifier: Apache-2.0 */
/* Textures and surfaces through the runtime: the driver's, described in other words. */
#include "shim/backend/sim/cudart/runtime.h"

#include <string.h>

/* The driver's flags of a texture. */
enum {
	READ_AS_INTEGER = 0x01,
	NORMALIZED_COORDINATES = 0x02,
	SRGB = 0x10,
	NO_TRILINEAR_OPTIMIZATION = 0x20,
	SEAMLESS_CUBEMAP = 0x40,
};

static cudaError_t resource_of(CUDA_RESOURCE_DESC *to, const cudaResourceDesc *from)
{
	memset(to, 0, sizeof(*to));
	if (!from)
		return cudaErrorInvalidValue;
	switch (from->resType) {
	case cudaResourceTypeArray:
		to->resType = CU_RESOURCE_TYPE_ARRAY;
		to->res.array.hArray = (CUarray)from->res.array.array;
		return cudaSuccess;
	case cudaResourceTypeMipmappedArray:
		to->resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
		to->res.mipmap.hMipmappedArray = (CUmipmappedArray)from->res.mipmap.mipmap;
		return cudaSuccess;
	case cudaResourceTypeLinear:
		to->resType = CU_RESOURCE_TYPE_LINEAR;
		to->res.linear.devPtr = runtime_address(from->res.linear.devPtr);
		to->res.linear.sizeInBytes = from->res.linear.sizeInBytes;
		return runtime_format(&from->res.linear.desc, &to->res.linear.format,
				      &to->res.linear.numChannels)
			   ? cudaSuccess
			   : cudaErrorInvalidChannelDescriptor;
	case cudaResourceTypePitch2D:
		to->resType = CU_RESOURCE_TYPE_PITCH2D;
		to->res.pitch2D.devPtr = runtime_address(from->res.pitch2D.devPtr);
		to->res.pitch2D.width = from->res.pitch2D.width;
		to->res.pitch2D.height = from->res.pitch2D.height;
		to->res.pitch2D.pitchInBytes = from->res.pitch2D.pitchInBytes;
		return runtime_format(&from->res.pitch2D.desc, &to->res.pitch2D.format,
				      &to->res.pitch2D.numChannels)
			   ? cudaSuccess
			   : cudaErrorInvalidChannelDescriptor;
	default:
		return cudaErrorInvalidValue;
	}
}

static void tell_resource(cudaResourceDesc *to, const CUDA_RESOURCE_DESC *from)
{
	memset(to, 0, sizeof(*to));
	to->resType = (cudaResourceType)(int)from->resType;
	switch (from->resType) {
	case CU_RESOURCE_TYPE_ARRAY:
		to->res.array.array = (cudaArray_t)from->res.array.hArray;
		break;
	case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
		to->res.mipmap.mipmap = (cudaMipmappedArray_t)from->res.mipmap.hMipmappedArray;
		break;
	case CU_RESOURCE_TYPE_LINEAR:
		to->res.linear.devPtr = (void *)(uintptr_t)from->res.linear.devPtr;
		to->res.linear.desc =
		    runtime_channels(from->res.linear.format, from->res.linear.numChannels);
		to->res.linear.sizeInBytes = from->res.linear.sizeInBytes;
		break;
	case CU_RESOURCE_TYPE_PITCH2D:
		to->res.pitch2D.devPtr = (void *)(uintptr_t)from->res.pitch2D.devPtr;
		to->res.pitch2D.desc =
		    runtime_channels(from->res.pitch2D.format, from->res.pitch2D.numChannels);
		to->res.pitch2D.width = from->res.pitch2D.width;
		to->res.pitch2D.height = from->res.pitch2D.height;
		to->res.pitch2D.pitchInBytes = from->res.pitch2D.pitchInBytes;
		break;
	default:
		break;
	}
}

/* Which bits of `flags` stand for which of the runtime's members. */
#define FLAGS(X)                                                                                   \
	X(NORMALIZED_COORDINATES, normalizedCoords)                                                \
	X(SRGB, sRGB)                                                                              \
	X(NO_TRILINEAR_OPTIMIZATION, disableTrilinearOptimization)                                 \
	X(SEAMLESS_CUBEMAP, seamlessCubemap)

static void texture_of(CUDA_TEXTURE_DESC *to, const cudaTextureDesc *from)
{
	memset(to, 0, sizeof(*to));
	for (int i = 0; i < 3; i++)
		to->addressMode[i] = (CUaddress_mode)(int)from->addressMode[i];
	to->filterMode = (CUfilter_mode)(int)from->filterMode;
	to->maxAnisotropy = from->maxAnisotropy;
	to->mipmapFilterMode = (CUfilter_mode)(int)from->mipmapFilterMode;
	to->mipmapLevelBias = from->mipmapLevelBias;
	to->minMipmapLevelClamp = from->minMipmapLevelClamp;
	to->maxMipmapLevelClamp = from->maxMipmapLevelClamp;
	memcpy(to->borderColor, from->borderColor, sizeof(to->borderColor));
	to->flags = from->readMode == cudaReadModeElementType ? READ_AS_INTEGER : 0;
#define SET(bit, member) to->flags |= from->member ? bit : 0;
	FLAGS(SET)
#undef SET
}

static void tell_texture(cudaTextureDesc *to, const CUDA_TEXTURE_DESC *from)
{
	memset(to, 0, sizeof(*to));
	for (int i = 0; i < 3; i++)
		to->addressMode[i] = (cudaTextureAddressMode)(int)from->addressMode[i];
	to->filterMode = (cudaTextureFilterMode)(int)from->filterMode;
	to->maxAnisotropy = from->maxAnisotropy;
	to->mipmapFilterMode = (cudaTextureFilterMode)(int)from->mipmapFilterMode;
	to->mipmapLevelBias = from->mipmapLevelBias;
	to->minMipmapLevelClamp = from->minMipmapLevelClamp;
	to->maxMipmapLevelClamp = from->maxMipmapLevelClamp;
	memcpy(to->borderColor, from->borderColor, sizeof(to->borderColor));
	to->readMode =
	    from->flags & READ_AS_INTEGER ? cudaReadModeElementType : cudaReadModeNormalizedFloat;
#define GET(bit, member) to->member = !!(from->flags & (bit));
	FLAGS(GET)
#undef GET
}

/* A view is laid out alike in both; 13's has reserved words behind that 12's lacks. */
static void view_of(CUDA_RESOURCE_VIEW_DESC *to, const cudaResourceViewDesc *from)
{
	_Static_assert(sizeof(*from) <= sizeof(*to), "copied whole");
	memset(to, 0, sizeof(*to));
	memcpy(to, from, sizeof(*from));
}

cudaError_t sim_cudaCreateTextureObject(cudaTextureObject_t *out, const cudaResourceDesc *resource,
					const cudaTextureDesc *texture,
					const cudaResourceViewDesc *view)
{
	CUDA_RESOURCE_DESC resource_is;
	CUDA_RESOURCE_VIEW_DESC view_is;
	CUDA_TEXTURE_DESC texture_is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = texture ? resource_of(&resource_is, resource) : cudaErrorInvalidValue;
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	texture_of(&texture_is, texture);
	if (view)
		view_of(&view_is, view);
	RUNTIME_RETURN(cuTexObjectCreate((CUtexObject *)out, &resource_is, &texture_is,
					 view ? &view_is : NULL));
}

RUNTIME_PASS(cudaDestroyTextureObject, (cudaTextureObject_t texture), cuTexObjectDestroy(texture))

cudaError_t sim_cudaGetTextureObjectResourceDesc(cudaResourceDesc *out, cudaTextureObject_t texture)
{
	CUDA_RESOURCE_DESC is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuTexObjectGetResourceDesc(&is, texture);
	if (result == CUDA_SUCCESS)
		tell_resource(out, &is);
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaGetTextureObjectTextureDesc(cudaTextureDesc *out, cudaTextureObject_t texture)
{
	CUDA_TEXTURE_DESC is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuTexObjectGetTextureDesc(&is, texture);
	if (result == CUDA_SUCCESS)
		tell_texture(out, &is);
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaGetTextureObjectResourceViewDesc(cudaResourceViewDesc *out,
						     cudaTextureObject_t texture)
{
	CUDA_RESOURCE_VIEW_DESC is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuTexObjectGetResourceViewDesc(&is, texture);
	if (result == CUDA_SUCCESS)
		memcpy(out, &is, sizeof(*out));
	return runtime_note(runtime_code(result));
}

cudaError_t sim_cudaCreateSurfaceObject(cudaSurfaceObject_t *out, const cudaResourceDesc *resource)
{
	CUDA_RESOURCE_DESC is;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	error = resource_of(&is, resource);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	RUNTIME_RETURN(cuSurfObjectCreate((CUsurfObject *)out, &is));
}

RUNTIME_PASS(cudaDestroySurfaceObject, (cudaSurfaceObject_t surface), cuSurfObjectDestroy(surface))

cudaError_t sim_cudaGetSurfaceObjectResourceDesc(cudaResourceDesc *out, cudaSurfaceObject_t surface)
{
	CUDA_RESOURCE_DESC is;
	CUresult result;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	result = runtime.driver->cuSurfObjectGetResourceDesc(&is, surface);
	if (result == CUDA_SUCCESS)
		tell_resource(out, &is);
	return runtime_note(runtime_code(result));
}
