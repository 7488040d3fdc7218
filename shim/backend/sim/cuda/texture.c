/* SPDX-License-Identifier: Apache-2.0 */
/* Texture and surface objects, and the references that programs bound until CUDA 12. */
#include <string.h>

#include "shim/backend/sim/cuda/array.h"
#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/memory.h"

struct texture {
	struct object object; /* owner: its context */
	CUDA_RESOURCE_DESC resource;
	CUDA_TEXTURE_DESC texture;
	CUDA_RESOURCE_VIEW_DESC view;
	bool has_view;
	bool reference; /* a CUtexref, of which the rest holds */
	CUarray_format format;
	int channels;
};
_Static_assert(sizeof(struct texture) <= OBJECT_BYTES, "a slot holds it");

struct surface {
	struct object object;
	CUDA_RESOURCE_DESC resource;
};
_Static_assert(sizeof(struct surface) <= OBJECT_BYTES, "a slot holds it");

static void *handle_of(unsigned long long number)
{
	return (void *)(uintptr_t)number;
}

static bool resource_good(const CUDA_RESOURCE_DESC *resource)
{
	switch (resource->resType) {
	case CU_RESOURCE_TYPE_ARRAY:
		return object_get(resource->res.array.hArray, OBJECT_ARRAY);
	case CU_RESOURCE_TYPE_MIPMAPPED_ARRAY:
		return object_get(resource->res.mipmap.hMipmappedArray, OBJECT_MIPMAP);
	case CU_RESOURCE_TYPE_LINEAR:
		return resource->res.linear.sizeInBytes &&
		       range_covers(&range_allocations, resource->res.linear.devPtr,
				    resource->res.linear.sizeInBytes, 0);
	case CU_RESOURCE_TYPE_PITCH2D:
		return resource->res.pitch2D.width && resource->res.pitch2D.height &&
		       range_covers(
			   &range_allocations, resource->res.pitch2D.devPtr,
			   resource->res.pitch2D.pitchInBytes * resource->res.pitch2D.height, 0);
	default:
		return false;
	}
}

CUresult sim_cuTexObjectCreate(CUtexObject *out, const CUDA_RESOURCE_DESC *resource,
			       const CUDA_TEXTURE_DESC *texture,
			       const CUDA_RESOURCE_VIEW_DESC *view)
{
	struct texture *object;

	CUDA_NEED_CONTEXT(context);
	if (!out || !resource || !texture || resource->flags || !resource_good(resource) ||
	    (view && resource->resType != CU_RESOURCE_TYPE_ARRAY &&
	     resource->resType != CU_RESOURCE_TYPE_MIPMAPPED_ARRAY))
		return CUDA_ERROR_INVALID_VALUE;
	object = object_new(OBJECT_TEXTURE, &context->object);
	if (!object)
		return CUDA_ERROR_OUT_OF_MEMORY;
	object->resource = *resource;
	object->texture = *texture;
	object->has_view = view != NULL;
	if (view)
		object->view = *view;
	*out = (uintptr_t)object;
	return CUDA_SUCCESS;
}

#define NEED_TEXTURE(name, number)                                                                 \
	CUDA_NEED_INIT();                                                                          \
	struct texture *name = object_get(handle_of(number), OBJECT_TEXTURE);                      \
	if (!name || name->reference)                                                              \
	return CUDA_ERROR_INVALID_VALUE

CUresult sim_cuTexObjectDestroy(CUtexObject number)
{
	NEED_TEXTURE(texture, number);
	object_free(texture);
	return CUDA_SUCCESS;
}

CUresult sim_cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *out, CUtexObject number)
{
	NEED_TEXTURE(texture, number);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = texture->resource;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *out, CUtexObject number)
{
	NEED_TEXTURE(texture, number);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = texture->texture;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *out, CUtexObject number)
{
	NEED_TEXTURE(texture, number);
	if (!out || !texture->has_view)
		return CUDA_ERROR_INVALID_VALUE;
	*out = texture->view;
	return CUDA_SUCCESS;
}

/* ---- surfaces ---- */

CUresult sim_cuSurfObjectCreate(CUsurfObject *out, const CUDA_RESOURCE_DESC *resource)
{
	struct surface *surface;

	CUDA_NEED_CONTEXT(context);
	if (!out || !resource || resource->resType != CU_RESOURCE_TYPE_ARRAY ||
	    !resource_good(resource))
		return CUDA_ERROR_INVALID_VALUE;
	surface = object_new(OBJECT_SURFACE, &context->object);
	if (!surface)
		return CUDA_ERROR_OUT_OF_MEMORY;
	surface->resource = *resource;
	*out = (uintptr_t)surface;
	return CUDA_SUCCESS;
}

#define NEED_SURFACE(name, number)                                                                 \
	CUDA_NEED_INIT();                                                                          \
	struct surface *name = object_get(handle_of(number), OBJECT_SURFACE);                      \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_VALUE

CUresult sim_cuSurfObjectDestroy(CUsurfObject number)
{
	NEED_SURFACE(surface, number);
	object_free(surface);
	return CUDA_SUCCESS;
}

CUresult sim_cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *out, CUsurfObject number)
{
	NEED_SURFACE(surface, number);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = surface->resource;
	return CUDA_SUCCESS;
}

/* ---- texture references ---- */

CUresult sim_cuTexRefCreate(CUtexref *out)
{
	struct texture *reference;

	CUDA_NEED_CONTEXT(context);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	reference = object_new(OBJECT_TEXTURE, &context->object);
	if (!reference)
		return CUDA_ERROR_OUT_OF_MEMORY;
	reference->reference = true;
	reference->format = CU_AD_FORMAT_FLOAT;
	reference->channels = 1;
	*out = (CUtexref)reference;
	return CUDA_SUCCESS;
}

#define NEED_REFERENCE(name, handle)                                                               \
	CUDA_NEED_INIT();                                                                          \
	struct texture *name = object_get(handle, OBJECT_TEXTURE);                                 \
	if (!name || !name->reference)                                                             \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuTexRefDestroy(CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	object_free(reference);
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefSetArray(CUtexref handle, CUarray array_handle, unsigned int flags)
{
	const struct cuda_array *array = object_get(array_handle, OBJECT_ARRAY);

	NEED_REFERENCE(reference, handle);
	if (!array || flags != 1) /* the format of the array is taken over: the one flag there is */
		return CUDA_ERROR_INVALID_VALUE;
	reference->resource.resType = CU_RESOURCE_TYPE_ARRAY;
	reference->resource.res.array.hArray = array_handle;
	reference->format = array->is.Format;
	reference->channels = (int)array->is.NumChannels;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetArray(CUarray *out, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!out || reference->resource.resType != CU_RESOURCE_TYPE_ARRAY ||
	    !reference->resource.res.array.hArray)
		return CUDA_ERROR_INVALID_VALUE;
	*out = reference->resource.res.array.hArray;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefSetMipmappedArray(CUtexref handle, CUmipmappedArray array, unsigned int flags)
{
	NEED_REFERENCE(reference, handle);
	if (!object_get(array, OBJECT_MIPMAP) || flags != 1)
		return CUDA_ERROR_INVALID_VALUE;
	reference->resource.resType = CU_RESOURCE_TYPE_MIPMAPPED_ARRAY;
	reference->resource.res.mipmap.hMipmappedArray = array;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetMipmappedArray(CUmipmappedArray *out, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!out || reference->resource.resType != CU_RESOURCE_TYPE_MIPMAPPED_ARRAY)
		return CUDA_ERROR_INVALID_VALUE;
	*out = reference->resource.res.mipmap.hMipmappedArray;
	return CUDA_SUCCESS;
}

/* Any address may be bound: the reference begins at the aligned one before it. */
CUresult sim_cuTexRefSetAddress_v2(size_t *offset, CUtexref handle, CUdeviceptr address,
				   size_t size)
{
	uint64_t alignment, rest;

	CUDA_NEED_CONTEXT(context);
	NEED_REFERENCE(reference, handle);
	alignment = (uint64_t)cuda_attribute(cuda_device_of(context),
					     CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT);
	rest = alignment ? address % alignment : 0;
	if (!size || !range_covers(&range_allocations, address, size, 0) || (rest && !offset))
		return CUDA_ERROR_INVALID_VALUE;
	if (offset)
		*offset = rest;
	reference->resource.resType = CU_RESOURCE_TYPE_LINEAR;
	reference->resource.res.linear.devPtr = address - rest;
	reference->resource.res.linear.sizeInBytes = size + rest;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefSetAddress2D_v3(CUtexref handle, const CUDA_ARRAY_DESCRIPTOR *is,
				     CUdeviceptr address, size_t pitch)
{
	NEED_REFERENCE(reference, handle);
	if (!is || !is->Height ||
	    !range_covers(&range_allocations, address, pitch * is->Height, 0) ||
	    pitch < is->Width * cuda_format_bytes(is->Format) * is->NumChannels)
		return CUDA_ERROR_INVALID_VALUE;
	reference->resource.resType = CU_RESOURCE_TYPE_PITCH2D;
	reference->resource.res.pitch2D.devPtr = address;
	reference->resource.res.pitch2D.pitchInBytes = pitch;
	reference->format = is->Format;
	reference->channels = (int)is->NumChannels;
	return CUDA_SUCCESS;
}
SIM_ALIAS(sim_cuTexRefSetAddress2D_v2, sim_cuTexRefSetAddress2D_v3);

CUresult sim_cuTexRefGetAddress_v2(CUdeviceptr *out, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	switch (reference->resource.resType) {
	case CU_RESOURCE_TYPE_LINEAR:
		*out = reference->resource.res.linear.devPtr;
		return CUDA_SUCCESS;
	case CU_RESOURCE_TYPE_PITCH2D:
		*out = reference->resource.res.pitch2D.devPtr;
		return CUDA_SUCCESS;
	default:
		return CUDA_ERROR_INVALID_VALUE;
	}
}

CUresult sim_cuTexRefSetFormat(CUtexref handle, CUarray_format format, int channels)
{
	NEED_REFERENCE(reference, handle);
	if (!cuda_format_bytes(format) || channels < 1 || channels > 4)
		return CUDA_ERROR_INVALID_VALUE;
	reference->format = format;
	reference->channels = channels;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetFormat(CUarray_format *format, int *channels, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!format || !channels)
		return CUDA_ERROR_INVALID_VALUE;
	*format = reference->format;
	*channels = reference->channels;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefSetAddressMode(CUtexref handle, int dimension, CUaddress_mode mode)
{
	NEED_REFERENCE(reference, handle);
	if (dimension < 0 || dimension > 2 || (unsigned)mode > CU_TR_ADDRESS_MODE_BORDER)
		return CUDA_ERROR_INVALID_VALUE;
	reference->texture.addressMode[dimension] = mode;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetAddressMode(CUaddress_mode *mode, CUtexref handle, int dimension)
{
	NEED_REFERENCE(reference, handle);
	if (!mode || dimension < 0 || dimension > 2)
		return CUDA_ERROR_INVALID_VALUE;
	*mode = reference->texture.addressMode[dimension];
	return CUDA_SUCCESS;
}

/* A setting of one value: set and get. */
#define SETTING(set, set_type, get, get_type, member, good)                                        \
	CUresult sim_##set(CUtexref handle, set_type value)                                        \
	{                                                                                          \
		NEED_REFERENCE(reference, handle);                                                 \
		if (!(good))                                                                       \
			return CUDA_ERROR_INVALID_VALUE;                                           \
		reference->texture.member = value;                                                 \
		return CUDA_SUCCESS;                                                               \
	}                                                                                          \
	CUresult sim_##get(get_type *value, CUtexref handle)                                       \
	{                                                                                          \
		NEED_REFERENCE(reference, handle);                                                 \
		if (!value)                                                                        \
			return CUDA_ERROR_INVALID_VALUE;                                           \
		*value = (get_type)reference->texture.member;                                      \
		return CUDA_SUCCESS;                                                               \
	}

SETTING(cuTexRefSetFilterMode, CUfilter_mode, cuTexRefGetFilterMode, CUfilter_mode, filterMode,
	(unsigned)value <= CU_TR_FILTER_MODE_LINEAR)
SETTING(cuTexRefSetMipmapFilterMode, CUfilter_mode, cuTexRefGetMipmapFilterMode, CUfilter_mode,
	mipmapFilterMode, (unsigned)value <= CU_TR_FILTER_MODE_LINEAR)
SETTING(cuTexRefSetMipmapLevelBias, float, cuTexRefGetMipmapLevelBias, float, mipmapLevelBias, true)
SETTING(cuTexRefSetFlags, unsigned int, cuTexRefGetFlags, unsigned int, flags, value <= 31)
SETTING(cuTexRefSetMaxAnisotropy, unsigned int, cuTexRefGetMaxAnisotropy, int, maxAnisotropy,
	value <= 16)

CUresult sim_cuTexRefSetMipmapLevelClamp(CUtexref handle, float least, float most)
{
	NEED_REFERENCE(reference, handle);
	reference->texture.minMipmapLevelClamp = least;
	reference->texture.maxMipmapLevelClamp = most;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetMipmapLevelClamp(float *least, float *most, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!least || !most)
		return CUDA_ERROR_INVALID_VALUE;
	*least = reference->texture.minMipmapLevelClamp;
	*most = reference->texture.maxMipmapLevelClamp;
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefSetBorderColor(CUtexref handle, float *color)
{
	NEED_REFERENCE(reference, handle);
	if (!color)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(reference->texture.borderColor, color, sizeof(reference->texture.borderColor));
	return CUDA_SUCCESS;
}

CUresult sim_cuTexRefGetBorderColor(float *color, CUtexref handle)
{
	NEED_REFERENCE(reference, handle);
	if (!color)
		return CUDA_ERROR_INVALID_VALUE;
	memcpy(color, reference->texture.borderColor, sizeof(reference->texture.borderColor));
	return CUDA_SUCCESS;
}
