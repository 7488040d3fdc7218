/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays and mipmapped arrays: see array.h. */
#include "shim/backend/sim/cuda/array.h"

#include <string.h>

#include "shim/backend/sim/cuda/memory.h"

size_t cuda_format_bytes(CUarray_format format)
{
	switch (format) {
	case CU_AD_FORMAT_UNSIGNED_INT8:
	case CU_AD_FORMAT_SIGNED_INT8:
		return 1;
	case CU_AD_FORMAT_UNSIGNED_INT16:
	case CU_AD_FORMAT_SIGNED_INT16:
	case CU_AD_FORMAT_HALF:
		return 2;
	case CU_AD_FORMAT_UNSIGNED_INT32:
	case CU_AD_FORMAT_SIGNED_INT32:
	case CU_AD_FORMAT_FLOAT:
		return 4;
	default:
		return 0;
	}
}

static size_t at_least_one(size_t n)
{
	return n ? n : 1;
}

bool cuda_array_holds(const struct cuda_array *array, size_t x, size_t y, size_t z, size_t width,
		      size_t height, size_t depth)
{
	size_t row = array->is.Width * array->element;
	size_t rows = at_least_one(array->is.Height), slices = at_least_one(array->is.Depth);

	return x <= row && width <= row - x && y <= rows && height <= rows - y && z <= slices &&
	       depth <= slices - z;
}

#define FLAGS                                                                                      \
	(CUDA_ARRAY3D_LAYERED | CUDA_ARRAY3D_SURFACE_LDST | CUDA_ARRAY3D_CUBEMAP |                 \
	 CUDA_ARRAY3D_TEXTURE_GATHER)
enum {
	CUDA_ARRAY3D_LAYERED = 1,
	CUDA_ARRAY3D_SURFACE_LDST = 2,
	CUDA_ARRAY3D_CUBEMAP = 4,
	CUDA_ARRAY3D_TEXTURE_GATHER = 8,
};

/* What the device's texture units can address. */
static bool fits(const struct cuda_device *device, const CUDA_ARRAY3D_DESCRIPTOR *is)
{
	static const struct {
		CUdevice_attribute width, height, depth;
	} limits[] = {
		{ CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_WIDTH, 0, 0 },
		{ CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_WIDTH,
		  CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_HEIGHT, 0 },
		{ CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_WIDTH,
		  CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_HEIGHT,
		  CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE3D_DEPTH },
	};
	bool layered = is->Flags & CUDA_ARRAY3D_LAYERED;
	unsigned dimension = is->Depth && !layered ? 2 : is->Height ? 1 : 0;
	unsigned layers = (unsigned)cuda_attribute(
	    device, is->Height ? CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE2D_LAYERED_LAYERS
			       : CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LAYERED_LAYERS);

	if (is->Width > (size_t)cuda_attribute(device, limits[dimension].width) ||
	    (dimension && is->Height > (size_t)cuda_attribute(device, limits[dimension].height)))
		return false;
	if (layered)
		return is->Depth && is->Depth <= layers;
	return dimension < 2 ||
	       is->Depth <= (size_t)cuda_attribute(device, limits[dimension].depth);
}

static CUresult make(struct cuda_context *context, const CUDA_ARRAY3D_DESCRIPTOR *is,
		     struct cuda_array **out)
{
	struct cuda_array *array = object_new(OBJECT_ARRAY, &context->object);
	CUresult result;

	if (!array)
		return CUDA_ERROR_OUT_OF_MEMORY;
	array->is = *is;
	array->element = cuda_format_bytes(is->Format) * is->NumChannels;
	array->pitch = cuda_round_up(is->Width * array->element, 64);
	array->slice = array->pitch * at_least_one(is->Height);
	array->bytes = array->slice * at_least_one(is->Depth);
	result = cuda_allocate(context, RANGE_ARRAY, array->bytes, 0, &array->address);
	if (result != CUDA_SUCCESS) {
		object_free(array);
		return result;
	}
	*out = array;
	return CUDA_SUCCESS;
}

static CUresult check(const struct cuda_context *context, const CUDA_ARRAY3D_DESCRIPTOR *is)
{
	unsigned channels = is->NumChannels;

	if (!is->Width || (is->Depth && !is->Height && !(is->Flags & CUDA_ARRAY3D_LAYERED)) ||
	    !cuda_format_bytes(is->Format) || (channels != 1 && channels != 2 && channels != 4) ||
	    is->Flags & ~(unsigned)FLAGS || !fits(cuda_device_of(context), is))
		return CUDA_ERROR_INVALID_VALUE;
	return CUDA_SUCCESS;
}

static void free_array(struct cuda_array *array)
{
	struct range range;

	if (range_take(&range_allocations, array->address, RANGE_BIT(RANGE_ARRAY), &range))
		cuda_allocation_free(&range);
	object_free(array);
}

void cuda_array_release(struct object *object)
{
	/* a mipmapped array's levels are arrays of the same context, and found by themselves */
	if (object->kind == OBJECT_ARRAY)
		free_array((struct cuda_array *)object);
	else
		object_free(object);
}

/* ---- arrays ---- */

CUresult sim_cuArray3DCreate_v2(CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR *is)
{
	CUresult result;

	CUDA_NEED_CONTEXT(context);
	if (!out || !is)
		return CUDA_ERROR_INVALID_VALUE;
	result = check(context, is);
	return result == CUDA_SUCCESS ? make(context, is, (struct cuda_array **)out) : result;
}

CUresult sim_cuArrayCreate_v2(CUarray *out, const CUDA_ARRAY_DESCRIPTOR *is)
{
	CUDA_ARRAY3D_DESCRIPTOR whole;

	if (!is)
		return CUDA_ERROR_INVALID_VALUE;
	whole = (CUDA_ARRAY3D_DESCRIPTOR){
		.Width = is->Width,
		.Height = is->Height,
		.Format = is->Format,
		.NumChannels = is->NumChannels,
	};
	return sim_cuArray3DCreate_v2(out, &whole);
}

/* The older calls' descriptions have narrower numbers. */
CUresult sim_cuArray3DCreate(CUarray *out, const CUDA_ARRAY3D_DESCRIPTOR_v1 *is)
{
	CUDA_ARRAY3D_DESCRIPTOR whole;

	if (!is)
		return CUDA_ERROR_INVALID_VALUE;
	whole = (CUDA_ARRAY3D_DESCRIPTOR){
		.Width = is->Width,
		.Height = is->Height,
		.Depth = is->Depth,
		.Format = is->Format,
		.NumChannels = is->NumChannels,
		.Flags = is->Flags,
	};
	return sim_cuArray3DCreate_v2(out, &whole);
}

CUresult sim_cuArrayCreate(CUarray *out, const CUDA_ARRAY_DESCRIPTOR_v1 *is)
{
	CUDA_ARRAY_DESCRIPTOR whole;

	if (!is)
		return CUDA_ERROR_INVALID_VALUE;
	whole = (CUDA_ARRAY_DESCRIPTOR){
		.Width = is->Width,
		.Height = is->Height,
		.Format = is->Format,
		.NumChannels = is->NumChannels,
	};
	return sim_cuArrayCreate_v2(out, &whole);
}

#define NEED_ARRAY(name, handle)                                                                   \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_array *name = object_get(handle, OBJECT_ARRAY);                                \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuArrayDestroy(CUarray handle)
{
	NEED_ARRAY(array, handle);
	if (array->level)
		return CUDA_ERROR_INVALID_HANDLE;
	free_array(array);
	return CUDA_SUCCESS;
}

CUresult sim_cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *out, CUarray handle)
{
	NEED_ARRAY(array, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = array->is;
	return CUDA_SUCCESS;
}

CUresult sim_cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *out, CUarray handle)
{
	NEED_ARRAY(array, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUDA_ARRAY_DESCRIPTOR){
		.Width = array->is.Width,
		.Height = array->is.Height,
		.Format = array->is.Format,
		.NumChannels = array->is.NumChannels,
	};
	return CUDA_SUCCESS;
}

CUresult sim_cuArray3DGetDescriptor(CUDA_ARRAY3D_DESCRIPTOR_v1 *out, CUarray handle)
{
	NEED_ARRAY(array, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUDA_ARRAY3D_DESCRIPTOR_v1){
		.Width = (unsigned)array->is.Width,
		.Height = (unsigned)array->is.Height,
		.Depth = (unsigned)array->is.Depth,
		.Format = array->is.Format,
		.NumChannels = array->is.NumChannels,
		.Flags = array->is.Flags,
	};
	return CUDA_SUCCESS;
}

CUresult sim_cuArrayGetDescriptor(CUDA_ARRAY_DESCRIPTOR_v1 *out, CUarray handle)
{
	NEED_ARRAY(array, handle);
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUDA_ARRAY_DESCRIPTOR_v1){
		.Width = (unsigned)array->is.Width,
		.Height = (unsigned)array->is.Height,
		.Format = array->is.Format,
		.NumChannels = array->is.NumChannels,
	};
	return CUDA_SUCCESS;
}

CUresult sim_cuArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *out, CUarray handle,
					  CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	NEED_ARRAY(array, handle);
	(void)device;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	memset(out, 0, sizeof(*out));
	out->size = cuda_round_up(array->bytes, CUDA_PAGE);
	out->alignment = CUDA_PAGE;
	return CUDA_SUCCESS;
}

/* ---- mipmapped arrays: each level half of the one before ---- */

static size_t halve(size_t n, uint32_t times)
{
	return n ? at_least_one(n >> times) : 0;
}

CUresult sim_cuMipmappedArrayCreate(CUmipmappedArray *out, const CUDA_ARRAY3D_DESCRIPTOR *is,
				    unsigned int levels)
{
	struct cuda_mipmap *mipmap;
	CUresult result;
	size_t longest;
	uint32_t most = 1;

	CUDA_NEED_CONTEXT(context);
	if (!out || !is || !levels)
		return CUDA_ERROR_INVALID_VALUE;
	result = check(context, is);
	if (result != CUDA_SUCCESS)
		return result;
	longest = is->Width > is->Height ? is->Width : is->Height;
	if (!(is->Flags & CUDA_ARRAY3D_LAYERED) && is->Depth > longest)
		longest = is->Depth;
	while (longest >>= 1)
		most++;
	if (most > CUDA_MIP_LEVELS)
		most = CUDA_MIP_LEVELS;
	mipmap = object_new(OBJECT_MIPMAP, &context->object);
	if (!mipmap)
		return CUDA_ERROR_OUT_OF_MEMORY;
	mipmap->is = *is;
	mipmap->levels = levels < most ? levels : most;
	for (uint32_t i = 0; i < mipmap->levels; i++) {
		CUDA_ARRAY3D_DESCRIPTOR level = *is;

		level.Width = halve(is->Width, i);
		level.Height = halve(is->Height, i);
		if (!(is->Flags & CUDA_ARRAY3D_LAYERED))
			level.Depth = halve(is->Depth, i);
		result = make(context, &level, &mipmap->level[i]);
		if (result != CUDA_SUCCESS) {
			while (i-- > 0)
				free_array(mipmap->level[i]);
			object_free(mipmap);
			return result;
		}
		mipmap->level[i]->level = true;
	}
	*out = (CUmipmappedArray)mipmap;
	return CUDA_SUCCESS;
}

#define NEED_MIPMAP(name, handle)                                                                  \
	CUDA_NEED_INIT();                                                                          \
	struct cuda_mipmap *name = object_get(handle, OBJECT_MIPMAP);                              \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuMipmappedArrayDestroy(CUmipmappedArray handle)
{
	NEED_MIPMAP(mipmap, handle);
	for (uint32_t i = 0; i < mipmap->levels; i++)
		free_array(mipmap->level[i]);
	object_free(mipmap);
	return CUDA_SUCCESS;
}

CUresult sim_cuMipmappedArrayGetLevel(CUarray *out, CUmipmappedArray handle, unsigned int level)
{
	NEED_MIPMAP(mipmap, handle);
	if (!out || level >= mipmap->levels)
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUarray)mipmap->level[level];
	return CUDA_SUCCESS;
}

CUresult sim_cuMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *out,
						   CUmipmappedArray handle, CUdevice dev)
{
	CUDA_NEED_DEVICE(device, dev);
	NEED_MIPMAP(mipmap, handle);
	(void)device;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < mipmap->levels; i++)
		out->size += cuda_round_up(mipmap->level[i]->bytes, CUDA_PAGE);
	out->alignment = CUDA_PAGE;
	return CUDA_SUCCESS;
}
