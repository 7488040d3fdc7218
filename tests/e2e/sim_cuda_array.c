/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's arrays, textures and surfaces, and copies in three dimensions. */
#include "sim_cuda.h"

static void number(unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(i * 7 + 1);
}

START_TEST(an_array_keeps_its_shape_and_its_bytes)
{
	CUDA_ARRAY_DESCRIPTOR is = { 10, 4, CU_AD_FORMAT_FLOAT, 2 }, got;
	CUDA_ARRAY_DESCRIPTOR_v1 old = { 16, 0, CU_AD_FORMAT_UNSIGNED_INT8, 1 }, got_old;
	CUDA_ARRAY_MEMORY_REQUIREMENTS needs;
	unsigned char in[320], out[320];
	CUarray array, row, again;
	CUdeviceptr memory;
	CUstream stream;
	size_t before;

	start_context();
	number(in, sizeof(in));
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	before = free_bytes();
	OK(CU(cuArrayCreate_v2)(&array, &is));
	ck_assert_uint_lt(free_bytes(), before);
	OK(CU(cuArrayGetDescriptor_v2)(&got, array));
	ck_assert_mem_eq(&got, &is, sizeof(is));
	OK(CU(cuArrayGetMemoryRequirements)(&needs, array, 0));
	ck_assert_uint_ge(needs.size, 320);
	CUDA_MEMCPY2D copy = { .srcMemoryType = CU_MEMORYTYPE_HOST,
			       .srcHost = in,
			       .srcPitch = 80,
			       .dstMemoryType = CU_MEMORYTYPE_ARRAY,
			       .dstArray = array,
			       .WidthInBytes = 80,
			       .Height = 4 };
	OK(CU(cuMemcpy2D_v2)(&copy));
	CUDA_MEMCPY2D back = { .srcMemoryType = CU_MEMORYTYPE_ARRAY,
			       .srcArray = array,
			       .srcXInBytes = 8,
			       .srcY = 1,
			       .dstMemoryType = CU_MEMORYTYPE_HOST,
			       .dstHost = out,
			       .dstPitch = 72,
			       .WidthInBytes = 72,
			       .Height = 3 };
	OK(CU(cuMemcpy2DAsync_v2)(&back, stream));
	for (size_t y = 0; y < 3; y++)
		ck_assert_mem_eq(out + y * 72, in + (y + 1) * 80 + 8, 72);
	back.Height = 4; /* one row more than there is */
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpy2D_v2)(&back));

	/* one row, as the older calls make and fill it */
	OK(CU(cuArrayCreate)(&row, &old));
	OK(CU(cuArrayGetDescriptor)(&got_old, row));
	ck_assert_uint_eq(got_old.Width, 16);
	OK(CU(cuMemcpyHtoA_v2)(row, 0, in, 16));
	OK(CU(cuMemcpyAtoH_v2)(out, row, 4, 12));
	ck_assert_mem_eq(out, in + 4, 12);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyAtoH_v2)(out, row, 4, 13));
	OK(CU(cuMemcpyAtoD_v2)(memory, row, 0, 16));
	OK(CU(cuMemcpyDtoH_v2)(out, memory, 16));
	ck_assert_mem_eq(out, in, 16);
	OK(CU(cuMemsetD8_v2)(memory, 0xee, 8));
	OK(CU(cuMemcpyDtoA_v2)(row, 8, memory, 8));
	OK(CU(cuMemcpyAtoHAsync_v2)(out, row, 0, 16, stream));
	ck_assert_mem_eq(out, in, 8);
	ck_assert_uint_eq(out[8], 0xee);
	OK(CU(cuMemcpyHtoAAsync_v2)(row, 8, in, 8, stream));
	OK(CU(cuArrayCreate)(&again, &old));
	OK(CU(cuMemcpyAtoA_v2)(again, 0, row, 8, 8));
	memset(out, 0, 16);
	OK(CU(cuMemcpyAtoH_v2_ptds)(out, again, 0, 8));
	ck_assert_mem_eq(out, in, 8);
	/* what is brought to one place is taken from there to the next */
	OK(CU(cuMemcpyHtoA_v2_ptds)(again, 8, in + 20, 8));
	OK(CU(cuMemcpyAtoD_v2_ptds)(memory, again, 8, 8));
	OK(CU(cuMemcpyDtoA_v2_ptds)(again, 0, memory, 8));
	OK(CU(cuMemcpyAtoA_v2_ptds)(row, 0, again, 0, 16));
	memset(out, 0, 16);
	OK(CU(cuMemcpyAtoHAsync_v2_ptsz)(out, row, 0, 8, NULL));
	ck_assert_mem_eq(out, in + 20, 8);
	OK(CU(cuMemcpyHtoAAsync_v2_ptsz)(row, 0, in + 40, 4, NULL));
	OK(CU(cuMemcpyAtoH_v2)(out, row, 0, 4));
	ck_assert_mem_eq(out, in + 40, 4);
	OK(CU(cuArrayDestroy)(row));
	OK(CU(cuArrayDestroy)(again));
	OK(CU(cuArrayDestroy)(array));
	ck_assert_uint_eq(free_bytes(), before);
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuArrayDestroy)(array));
	is.Width = 1000000;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuArrayCreate_v2)(&array, &is));
	is.Width = 10;
	is.NumChannels = 3;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuArrayCreate_v2)(&array, &is));
}
END_TEST

START_TEST(boxes_are_copied_between_memory_and_arrays)
{
	CUDA_ARRAY3D_DESCRIPTOR is = { 8, 4, 3, CU_AD_FORMAT_UNSIGNED_INT16, 1, 0 }, got;
	CUDA_ARRAY3D_DESCRIPTOR_v1 old = { 8, 4, 3, CU_AD_FORMAT_UNSIGNED_INT16, 1, 0 }, got_old;
	unsigned char in[16 * 4 * 3], out[16 * 4 * 3] = { 0 };
	CUarray array, other;
	CUdeviceptr memory;
	CUcontext context = start_context();
	CUstream stream;

	number(in, sizeof(in));
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	OK(CU(cuArray3DCreate_v2)(&array, &is));
	OK(CU(cuArray3DCreate)(&other, &old));
	OK(CU(cuArray3DGetDescriptor_v2)(&got, array));
	ck_assert_mem_eq(&got, &is, sizeof(is));
	OK(CU(cuArray3DGetDescriptor)(&got_old, other));
	ck_assert_uint_eq(got_old.Depth, 3);
	CUDA_MEMCPY3D up = { .srcMemoryType = CU_MEMORYTYPE_HOST,
			     .srcHost = in,
			     .srcPitch = 16,
			     .srcHeight = 4,
			     .dstMemoryType = CU_MEMORYTYPE_ARRAY,
			     .dstArray = array,
			     .WidthInBytes = 16,
			     .Height = 4,
			     .Depth = 3 };
	OK(CU(cuMemcpy3D_v2)(&up));
	CUDA_MEMCPY3D across = { .srcMemoryType = CU_MEMORYTYPE_ARRAY,
				 .srcArray = array,
				 .dstMemoryType = CU_MEMORYTYPE_ARRAY,
				 .dstArray = other,
				 .WidthInBytes = 16,
				 .Height = 4,
				 .Depth = 3 };
	OK(CU(cuMemcpy3DAsync_v2)(&across, stream));
	CUDA_MEMCPY3D down = { .srcMemoryType = CU_MEMORYTYPE_ARRAY,
			       .srcArray = other,
			       .srcXInBytes = 4,
			       .srcY = 1,
			       .srcZ = 1,
			       .dstMemoryType = CU_MEMORYTYPE_DEVICE,
			       .dstDevice = memory,
			       .dstPitch = 32,
			       .dstHeight = 5,
			       .WidthInBytes = 12,
			       .Height = 3,
			       .Depth = 2 };
	OK(CU(cuMemcpy3D_v2_ptds)(&down));
	for (size_t z = 0; z < 2; z++)
		for (size_t y = 0; y < 3; y++) {
			OK(CU(cuMemcpyDtoH_v2)(out, memory + z * 160 + y * 32, 12));
			ck_assert_mem_eq(out, in + (z + 1) * 64 + (y + 1) * 16 + 4, 12);
		}
	OK(CU(cuMemsetD8_v2)(memory, 0, 512));
	OK(CU(cuMemcpy3DAsync_v2_ptsz)(&down, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 160, 12));
	ck_assert_mem_eq(out, in + 2 * 64 + 16 + 4, 12);
	CUDA_MEMCPY3D_PEER peer = { .srcMemoryType = CU_MEMORYTYPE_ARRAY,
				    .srcArray = other,
				    .srcContext = context,
				    .dstMemoryType = CU_MEMORYTYPE_DEVICE,
				    .dstDevice = memory,
				    .dstPitch = 16,
				    .dstHeight = 4,
				    .dstContext = context,
				    .WidthInBytes = 16,
				    .Height = 4,
				    .Depth = 3 };
	OK(CU(cuMemcpy3DPeer)(&peer));
	OK(CU(cuMemcpyDtoH_v2)(out, memory, sizeof(out)));
	ck_assert_mem_eq(out, in, sizeof(in));
	OK(CU(cuMemsetD8_v2)(memory, 0, sizeof(out)));
	OK(CU(cuMemcpy3DPeerAsync)(&peer, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, memory, sizeof(out)));
	ck_assert_mem_eq(out, in, sizeof(in));
	OK(CU(cuMemsetD8_v2)(memory, 0, sizeof(out)));
	OK(CU(cuMemcpy3DPeer_ptds)(&peer));
	OK(CU(cuMemcpyDtoH_v2)(out, memory, sizeof(out)));
	ck_assert_mem_eq(out, in, sizeof(in));
	OK(CU(cuMemsetD8_v2)(memory, 0, sizeof(out)));
	OK(CU(cuMemcpy3DPeerAsync_ptsz)(&peer, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory, sizeof(out)));
	ck_assert_mem_eq(out, in, sizeof(in));
	peer.dstContext = NULL;
	IS(CUDA_ERROR_INVALID_CONTEXT, CU(cuMemcpy3DPeer)(&peer));
	down.dstDevice = 0;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpy3D_v2)(&down));
	up.Depth = 4;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpy3D_v2)(&up));
}
END_TEST

START_TEST(batches_copy_each_of_their_parts)
{
	CUmemcpyAttributes how = { .srcAccessOrder = CU_MEMCPY_SRC_ACCESS_ORDER_STREAM };
	CUdeviceptr to[2], from[2];
	size_t sizes[] = { 8, 4 }, first = 0, failed = 0;
	unsigned char in[16], out[16];
	CUdeviceptr memory;
	CUstream stream;

	start_context();
	number(in, sizeof(in));
	OK(CU(cuStreamCreate)(&stream, 0));
	OK(CU(cuMemAlloc_v2)(&memory, 4096));
	to[0] = memory;
	to[1] = memory + 100;
	from[0] = (uintptr_t)in;
	from[1] = (uintptr_t)in + 8;
	OK(CU(cuMemcpyBatchAsync)(to, from, sizes, 2, &how, &first, 1, &failed, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in + 8, 4);
	from[1] = (uintptr_t)in;
	OK(CU(cuMemcpyBatchAsync_v2)(to, from, sizes, 2, &how, &first, 1, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in, 4);
	IS(CUDA_ERROR_INVALID_HANDLE,
	   CU(cuMemcpyBatchAsync_v2)(to, from, sizes, 2, &how, &first, 1, NULL));
	OK(CU(cuMemsetD8_v2)(memory, 0, 400));
	OK(CU(cuMemcpyBatchAsync_v2_ptsz)(to, from, sizes, 2, &how, &first, 1, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in, 4);
	CUDA_MEMCPY3D_BATCH_OP op = {
		.src = { .type = CU_MEMCPY_OPERAND_TYPE_POINTER,
			 .op.ptr = { .ptr = (uintptr_t)in, .rowLength = 4, .layerHeight = 4 } },
		.dst = { .type = CU_MEMCPY_OPERAND_TYPE_POINTER,
			 .op.ptr = { .ptr = memory, .rowLength = 100, .layerHeight = 4 } },
		.extent = { 4, 4, 1 },
	};
	OK(CU(cuMemcpy3DBatchAsync)(1, &op, &failed, 0, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 300, 4));
	ck_assert_mem_eq(out, in + 12, 4);
	OK(CU(cuMemsetD8_v2)(memory, 0, 400));
	OK(CU(cuMemcpy3DBatchAsync_v2)(1, &op, 0, stream));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in + 4, 4);
	OK(CU(cuMemsetD8_v2)(memory, 0, 400));
	OK(CU(cuMemcpyBatchAsync_ptsz)(to, from, sizes, 2, &how, &first, 1, &failed, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in, 4);
	OK(CU(cuMemcpy3DBatchAsync_ptsz)(1, &op, &failed, 0, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in + 4, 4);
	OK(CU(cuMemsetD8_v2)(memory, 0, 400));
	OK(CU(cuMemcpy3DBatchAsync_v2_ptsz)(1, &op, 0, NULL));
	OK(CU(cuMemcpyDtoH_v2)(out, memory + 100, 4));
	ck_assert_mem_eq(out, in + 4, 4);
	op.dst.op.ptr.ptr = 0;
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpy3DBatchAsync)(1, &op, &failed, 0, stream));
	ck_assert_uint_eq(failed, SIZE_MAX);
}
END_TEST

START_TEST(each_level_of_a_mipmapped_array_is_half_as_large)
{
	CUDA_ARRAY3D_DESCRIPTOR is = { 64, 16, 0, CU_AD_FORMAT_FLOAT, 1, 0 }, level;
	CUDA_ARRAY_MEMORY_REQUIREMENTS needs;
	CUmipmappedArray array;
	CUarray arrays[8];
	size_t before;

	start_context();
	before = free_bytes();
	OK(CU(cuMipmappedArrayCreate)(&array, &is, 100));
	for (unsigned i = 0; i < 7; i++) {
		OK(CU(cuMipmappedArrayGetLevel)(&arrays[i], array, i));
		OK(CU(cuArray3DGetDescriptor_v2)(&level, arrays[i]));
		ck_assert_uint_eq(level.Width, 64u >> i);
		ck_assert_uint_eq(level.Height, 16u >> i ? 16u >> i : 1);
	}
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMipmappedArrayGetLevel)(&arrays[7], array, 7));
	OK(CU(cuMipmappedArrayGetMemoryRequirements)(&needs, array, 0));
	ck_assert_uint_eq(before - free_bytes(), needs.size);
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuArrayDestroy)(arrays[0])); /* not by itself */
	OK(CU(cuMipmappedArrayDestroy)(array));
	ck_assert_uint_eq(free_bytes(), before);
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuArray3DGetDescriptor_v2)(&level, arrays[3]));
}
END_TEST

START_TEST(texture_and_surface_objects_keep_their_descriptions)
{
	CUDA_ARRAY_DESCRIPTOR is = { 8, 8, CU_AD_FORMAT_FLOAT, 1 };
	CUDA_RESOURCE_DESC resource = { .resType = CU_RESOURCE_TYPE_ARRAY }, got;
	CUDA_TEXTURE_DESC texture = { .filterMode = CU_TR_FILTER_MODE_LINEAR, .maxAnisotropy = 4 },
			  got_texture;
	CUDA_RESOURCE_VIEW_DESC view = { .width = 8, .height = 8 }, got_view;
	CUsurfObject surface;
	CUtexObject object;
	CUarray array;

	start_context();
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuTexObjectCreate)(&object, &resource, &texture, NULL));
	OK(CU(cuArrayCreate_v2)(&array, &is));
	resource.res.array.hArray = array;
	OK(CU(cuTexObjectCreate)(&object, &resource, &texture, &view));
	OK(CU(cuTexObjectGetResourceDesc)(&got, object));
	ck_assert_ptr_eq(got.res.array.hArray, array);
	OK(CU(cuTexObjectGetTextureDesc)(&got_texture, object));
	ck_assert_uint_eq(got_texture.maxAnisotropy, 4);
	OK(CU(cuTexObjectGetResourceViewDesc)(&got_view, object));
	ck_assert_uint_eq(got_view.height, 8);
	OK(CU(cuTexObjectDestroy)(object));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuTexObjectGetResourceDesc)(&got, object));
	OK(CU(cuSurfObjectCreate)(&surface, &resource));
	OK(CU(cuSurfObjectGetResourceDesc)(&got, surface));
	ck_assert_ptr_eq(got.res.array.hArray, array);
	OK(CU(cuSurfObjectDestroy)(surface));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuSurfObjectDestroy)(surface));
}
END_TEST

START_TEST(texture_references_keep_what_they_are_bound_to)
{
	CUDA_ARRAY_DESCRIPTOR is = { 8, 8, CU_AD_FORMAT_SIGNED_INT16, 2 };
	CUDA_ARRAY3D_DESCRIPTOR deep = { 8, 8, 0, CU_AD_FORMAT_FLOAT, 1, 0 };
	float color[] = { 1, 2, 3, 4 }, got_color[4], least, most;
	CUmipmappedArray mipmap, got_mipmap;
	CUarray array, got_array;
	CUdeviceptr memory, address;
	CUarray_format format;
	CUaddress_mode mode;
	CUfilter_mode filter;
	unsigned flags;
	CUtexref ref;
	size_t offset;
	int value;

	start_context();
	OK(CU(cuTexRefCreate)(&ref));
	OK(CU(cuArrayCreate_v2)(&array, &is));
	OK(CU(cuMipmappedArrayCreate)(&mipmap, &deep, 2));
	OK(CU(cuMemAlloc_v2)(&memory, 8192));
	OK(CU(cuTexRefSetArray)(ref, array, 1));
	OK(CU(cuTexRefGetArray)(&got_array, ref));
	ck_assert_ptr_eq(got_array, array);
	OK(CU(cuTexRefGetFormat)(&format, &value, ref));
	ck_assert_int_eq(format, CU_AD_FORMAT_SIGNED_INT16);
	ck_assert_int_eq(value, 2);
	OK(CU(cuTexRefSetFormat)(ref, CU_AD_FORMAT_FLOAT, 4));
	OK(CU(cuTexRefGetFormat)(&format, &value, ref));
	ck_assert_int_eq(value, 4);
	OK(CU(cuTexRefSetMipmappedArray)(ref, mipmap, 1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuTexRefGetArray)(&got_array, ref));
	OK(CU(cuTexRefGetMipmappedArray)(&got_mipmap, ref));
	ck_assert_ptr_eq(got_mipmap, mipmap);
	OK(CU(cuTexRefSetAddress_v2)(&offset, ref, memory + 4, 1024));
	ck_assert_uint_eq(offset, 4); /* of this device's texture alignment */
	OK(CU(cuTexRefGetAddress_v2)(&address, ref));
	ck_assert_uint_eq(address, memory);
	OK(CU(cuTexRefSetAddress2D_v3)(ref, &is, memory + 512, 64));
	OK(CU(cuTexRefGetAddress_v2)(&address, ref));
	ck_assert_uint_eq(address, memory + 512);
	OK(CU(cuTexRefSetAddress2D_v2)(ref, &is, memory, 64));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuTexRefSetAddress2D_v2)(ref, &is, memory, 16));
	OK(CU(cuTexRefSetAddressMode)(ref, 1, CU_TR_ADDRESS_MODE_MIRROR));
	OK(CU(cuTexRefGetAddressMode)(&mode, ref, 1));
	ck_assert_int_eq(mode, CU_TR_ADDRESS_MODE_MIRROR);
	OK(CU(cuTexRefGetAddressMode)(&mode, ref, 0));
	ck_assert_int_eq(mode, CU_TR_ADDRESS_MODE_WRAP);
	OK(CU(cuTexRefSetFilterMode)(ref, CU_TR_FILTER_MODE_LINEAR));
	OK(CU(cuTexRefGetFilterMode)(&filter, ref));
	ck_assert_int_eq(filter, CU_TR_FILTER_MODE_LINEAR);
	OK(CU(cuTexRefSetMipmapFilterMode)(ref, CU_TR_FILTER_MODE_LINEAR));
	OK(CU(cuTexRefGetMipmapFilterMode)(&filter, ref));
	ck_assert_int_eq(filter, CU_TR_FILTER_MODE_LINEAR);
	OK(CU(cuTexRefSetMipmapLevelBias)(ref, 2.5f));
	OK(CU(cuTexRefGetMipmapLevelBias)(&least, ref));
	ck_assert_float_eq(least, 2.5f);
	OK(CU(cuTexRefSetMipmapLevelClamp)(ref, 1, 3));
	OK(CU(cuTexRefGetMipmapLevelClamp)(&least, &most, ref));
	ck_assert_float_eq(most, 3);
	OK(CU(cuTexRefSetMaxAnisotropy)(ref, 8));
	OK(CU(cuTexRefGetMaxAnisotropy)(&value, ref));
	ck_assert_int_eq(value, 8);
	OK(CU(cuTexRefSetFlags)(ref, 2));
	OK(CU(cuTexRefGetFlags)(&flags, ref));
	ck_assert_uint_eq(flags, 2);
	OK(CU(cuTexRefSetBorderColor)(ref, color));
	OK(CU(cuTexRefGetBorderColor)(got_color, ref));
	ck_assert_mem_eq(color, got_color, sizeof(color));
	OK(CU(cuTexRefDestroy)(ref));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuTexRefGetFlags)(&flags, ref));
}
END_TEST

TCase *array_tests(void)
{
	TCase *tc = tcase_create("array");

	tcase_add_test(tc, an_array_keeps_its_shape_and_its_bytes);
	tcase_add_test(tc, boxes_are_copied_between_memory_and_arrays);
	tcase_add_test(tc, batches_copy_each_of_their_parts);
	tcase_add_test(tc, each_level_of_a_mipmapped_array_is_half_as_large);
	tcase_add_test(tc, texture_and_surface_objects_keep_their_descriptions);
	tcase_add_test(tc, texture_references_keep_what_they_are_bound_to);
	return tc;
}
