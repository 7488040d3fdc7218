/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's arrays, mipmapped arrays and textures, as far as their memory goes. */
#include <string.h>

#include "sim_runtime.h"

enum { WIDTH = 24, HEIGHT = 5, DEPTH = 2, ROW = WIDTH * 4 };

static cudaChannelFormatDesc words(void)
{
	return RT(cudaCreateChannelDesc)(32, 0, 0, 0, cudaChannelFormatKindSigned);
}

static int pattern[HEIGHT][WIDTH], back[HEIGHT][WIDTH];

static void paint(int from)
{
	for (int y = 0; y < HEIGHT; y++)
		for (int x = 0; x < WIDTH; x++)
			pattern[y][x] = from + y * 100 + x;
	memset(back, 0, sizeof(back));
}

START_TEST(an_array_is_what_it_was_made_as)
{
	cudaArrayMemoryRequirements needs;
	cudaChannelFormatDesc desc, odd;
	cudaArray_t flat, box;
	cudaExtent extent;
	unsigned flags;
	size_t before;

	start(NULL);
	before = free_bytes();
	desc = words();
	OK(RT(cudaMallocArray)(&flat, &desc, WIDTH, HEIGHT, 0));
	OK(RT(cudaMalloc3DArray)(&box, &desc, (cudaExtent){ WIDTH, HEIGHT, DEPTH }, 0));
	ck_assert_uint_lt(free_bytes(), before);
	memset(&desc, 0, sizeof(desc));
	OK(RT(cudaArrayGetInfo)(&desc, &extent, &flags, box));
	ck_assert_int_eq(desc.x, 32);
	ck_assert_int_eq(desc.f, cudaChannelFormatKindSigned);
	ck_assert_uint_eq(extent.width, WIDTH);
	ck_assert_uint_eq(extent.depth, DEPTH);
	OK(RT(cudaGetChannelDesc)(&odd, flat));
	ck_assert_int_eq(odd.x, 32);
	ck_assert_int_eq(odd.y, 0);
	OK(RT(cudaArrayGetInfo)(NULL, &extent, NULL, flat));
	ck_assert_uint_eq(extent.depth, 0);
	OK(RT(cudaMalloc3DArray)(&flat, &desc, (cudaExtent){ 64, 64, 0 }, 0));
	OK(RT(cudaArrayGetMemoryRequirements)(&needs, flat, 0));
	ck_assert_uint_ge(needs.size, (size_t)64 * 64 * 4);
	ck_assert_uint_eq(needs.size % needs.alignment, 0);
	odd = RT(cudaCreateChannelDesc)(7, 0, 0, 0, cudaChannelFormatKindSigned);
	IS(cudaErrorInvalidChannelDescriptor, RT(cudaMallocArray)(&flat, &odd, 1, 1, 0));
	odd = RT(cudaCreateChannelDesc)(8, 8, 8, 0, cudaChannelFormatKindUnsigned);
	IS(cudaErrorInvalidChannelDescriptor, RT(cudaMallocArray)(&flat, &odd, 1, 1, 0));
	OK(RT(cudaFreeArray)(box));
	IS(cudaErrorInvalidResourceHandle, RT(cudaFreeArray)(box));
	OK(RT(cudaFreeArray)(NULL));
}
END_TEST

START_TEST(arrays_are_copied_by_rows_by_runs_and_by_boxes)
{
	cudaChannelFormatDesc desc;
	cudaMemcpy3DParms box;
	cudaArray_t one, two;
	cudaStream_t stream;

	start(NULL);
	desc = words();
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaMallocArray)(&one, &desc, WIDTH, HEIGHT, 0));
	OK(RT(cudaMallocArray)(&two, &desc, WIDTH, HEIGHT, 0));
	paint(1);
	OK(RT(cudaMemcpy2DToArray)(one, 0, 0, pattern, ROW, ROW, HEIGHT, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpy2DFromArray)(back, ROW, one, 0, 0, ROW, HEIGHT, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(back, pattern, sizeof(back));
	/* x is in bytes, y in rows */
	OK(RT(cudaMemcpy2DToArray_ptds)(one, 8, 1, pattern, ROW, 4, 1, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpy2DFromArray_ptds)(back, ROW, one, 0, 1, ROW, 1, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0][1], pattern[1][1]);
	ck_assert_int_eq(back[0][2], pattern[0][0]);
	paint(2000);
	OK(RT(cudaMemcpy2DToArrayAsync)(one, 0, 0, pattern, ROW, ROW, HEIGHT,
					cudaMemcpyHostToDevice, stream));
	OK(RT(cudaMemcpy2DArrayToArray)(two, 0, 0, one, 0, 0, ROW, HEIGHT,
					cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpy2DFromArrayAsync)(back, ROW, two, 0, 0, ROW, HEIGHT, cudaMemcpyDeviceToHost,
					  stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_mem_eq(back, pattern, sizeof(back));
	paint(3000);
	OK(RT(cudaMemcpy2DToArrayAsync_ptsz)(one, 0, 0, pattern, ROW, ROW, HEIGHT,
					     cudaMemcpyHostToDevice, NULL));
	OK(RT(cudaMemcpy2DArrayToArray_ptds)(two, 0, 1, one, 0, 0, ROW, 2,
					     cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpy2DFromArrayAsync_ptsz)(back, ROW, two, 0, 1, ROW, 2, cudaMemcpyDeviceToHost,
					       NULL));
	ck_assert_mem_eq(back, pattern, (size_t)2 * ROW);
	/* a run goes on in the next row */
	paint(4000);
	OK(RT(cudaMemcpyToArray)(one, ROW - 8, 0, pattern, 16, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromArray)(back, one, ROW - 8, 0, 16, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(back, pattern, 16);
	OK(RT(cudaMemcpy2DFromArray)(back, ROW, one, 0, 1, 8, 1, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0][1], 4003);
	OK(RT(cudaMemcpyToArray_ptds)(one, 0, 2, pattern, sizeof(int) * WIDTH * 2,
				      cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromArray_ptds)(back, one, 0, 3, ROW, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0][0], pattern[1][0]);
	OK(RT(cudaMemcpyToArrayAsync)(one, 0, 4, pattern, 4, cudaMemcpyHostToDevice, stream));
	OK(RT(cudaMemcpyToArrayAsync_ptsz)(one, 4, 4, pattern, 4, cudaMemcpyHostToDevice, NULL));
	OK(RT(cudaMemcpyFromArrayAsync)(back, one, 0, 4, 8, cudaMemcpyDeviceToHost, stream));
	OK(RT(cudaMemcpyFromArrayAsync_ptsz)(back[1], one, 4, 4, 4, cudaMemcpyDeviceToHost, NULL));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_int_eq(back[0][0], 4000);
	ck_assert_int_eq(back[0][1], 4000);
	ck_assert_int_eq(back[1][0], 4000);
	OK(RT(cudaMemcpyArrayToArray)(two, 0, 0, one, 0, 2, ROW, cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpyArrayToArray_ptds)(two, ROW - 4, 0, one, 4, 2, 8,
					   cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpyFromArray)(back, two, 0, 0, ROW + 4, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0][5], 4005);
	ck_assert_int_eq(back[0][WIDTH - 1], 4001);
	ck_assert_int_eq(back[1][0], 4002);
	/* a box into an array: places in elements */
	box = (cudaMemcpy3DParms){
		.srcPtr = { pattern, ROW, WIDTH, HEIGHT },
		.dstArray = one,
		.dstPos = { 3, 2, 0 },
		.extent = { 2, 2, 1 },
		.kind = cudaMemcpyHostToDevice,
	};
	OK(RT(cudaMemcpy3D)(&box));
	OK(RT(cudaMemcpy2DFromArray)(back, ROW, one, 0, 3, ROW, 1, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0][3], pattern[1][0]);
	ck_assert_int_eq(back[0][4], pattern[1][1]);
	/* what leaves the array is refused */
	IS(cudaErrorInvalidValue,
	   RT(cudaMemcpy2DToArray)(one, 4, 0, pattern, ROW, ROW, 1, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidValue,
	   RT(cudaMemcpyToArray)(one, 0, 4, pattern, ROW + 4, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidPitchValue,
	   RT(cudaMemcpy2DToArray)(one, 0, 0, pattern, 4, ROW, 2, cudaMemcpyHostToDevice));
	OK(RT(cudaFreeArray)(one));
	OK(RT(cudaFreeArray)(two));
}
END_TEST

START_TEST(a_mipmapped_array_has_halving_levels)
{
	cudaChannelFormatDesc desc;
	cudaArrayMemoryRequirements needs;
	cudaMipmappedArray_t mipmap;
	cudaArray_t level;
	cudaExtent extent;
	size_t before;

	start(NULL);
	before = free_bytes();
	desc = words();
	OK(RT(cudaMallocMipmappedArray)(&mipmap, &desc, (cudaExtent){ 64, 32, 0 }, 4, 0));
	OK(RT(cudaGetMipmappedArrayLevel)(&level, mipmap, 2));
	OK(RT(cudaArrayGetInfo)(NULL, &extent, NULL, level));
	ck_assert_uint_eq(extent.width, 16);
	ck_assert_uint_eq(extent.height, 8);
	OK(RT(cudaMipmappedArrayGetMemoryRequirements)(&needs, mipmap, 0));
	ck_assert_uint_ge(needs.size, (size_t)(64 * 32 + 32 * 16 + 16 * 8 + 8 * 4) * 4);
	paint(5);
	OK(RT(cudaMemcpyToArray)(level, 0, 0, pattern, 64, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromArray)(back, level, 0, 0, 64, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(back, pattern, 64);
	IS(cudaErrorInvalidValue, RT(cudaGetMipmappedArrayLevel)(&level, mipmap, 4));
	OK(RT(cudaFreeMipmappedArray)(mipmap));
	OK(RT(cudaFreeMipmappedArray)(NULL));
	ck_assert_uint_eq(free_bytes(), before);
}
END_TEST

START_TEST(textures_and_surfaces_keep_what_they_were_made_of)
{
	cudaResourceDesc resource, of;
	cudaResourceViewDesc view, view_of;
	cudaTextureDesc texture, texture_of;
	cudaTextureObject_t object;
	cudaSurfaceObject_t surface;
	cudaChannelFormatDesc desc;
	cudaArray_t array;
	void *linear;

	start(NULL);
	desc = words();
	OK(RT(cudaMallocArray)(&array, &desc, WIDTH, HEIGHT, 2 /* for surfaces */));
	memset(&resource, 0, sizeof(resource));
	memset(&texture, 0, sizeof(texture));
	memset(&view, 0, sizeof(view));
	resource.resType = cudaResourceTypeArray;
	resource.res.array.array = array;
	texture.addressMode[0] = cudaAddressModeClamp;
	texture.addressMode[1] = cudaAddressModeMirror;
	texture.filterMode = cudaFilterModePoint;
	texture.readMode = cudaReadModeElementType;
	texture.normalizedCoords = 1;
	texture.borderColor[2] = 0.5f;
	texture.maxAnisotropy = 4;
	OK(RT(cudaCreateTextureObject)(&object, &resource, &texture, NULL));
	OK(RT(cudaGetTextureObjectResourceDesc)(&of, object));
	ck_assert_int_eq(of.resType, cudaResourceTypeArray);
	ck_assert_ptr_eq(of.res.array.array, array);
	OK(RT(cudaGetTextureObjectTextureDesc)(&texture_of, object));
	ck_assert_int_eq(texture_of.addressMode[1], cudaAddressModeMirror);
	ck_assert_int_eq(texture_of.normalizedCoords, 1);
	ck_assert_int_eq(texture_of.readMode, cudaReadModeElementType);
	ck_assert_int_eq(texture_of.maxAnisotropy, 4);
	ck_assert(texture_of.borderColor[2] == 0.5f);
	OK(RT(cudaDestroyTextureObject)(object));
	IS(cudaErrorInvalidValue, RT(cudaGetTextureObjectResourceDesc)(&of, object));
	view.format = cudaResViewFormatSignedInt1;
	view.width = WIDTH;
	view.height = HEIGHT;
	OK(RT(cudaCreateTextureObject)(&object, &resource, &texture, &view));
	OK(RT(cudaGetTextureObjectResourceViewDesc)(&view_of, object));
	ck_assert_int_eq(view_of.format, cudaResViewFormatSignedInt1);
	ck_assert_uint_eq(view_of.width, WIDTH);
	OK(RT(cudaDestroyTextureObject)(object));
	OK(RT(cudaCreateSurfaceObject)(&surface, &resource));
	OK(RT(cudaGetSurfaceObjectResourceDesc)(&of, surface));
	ck_assert_ptr_eq(of.res.array.array, array);
	OK(RT(cudaDestroySurfaceObject)(surface));
	IS(cudaErrorInvalidValue, RT(cudaGetSurfaceObjectResourceDesc)(&of, surface));
	linear = filled(4096, 0);
	memset(&resource, 0, sizeof(resource));
	resource.resType = cudaResourceTypeLinear;
	resource.res.linear.devPtr = linear;
	resource.res.linear.desc =
	    RT(cudaCreateChannelDesc)(16, 16, 0, 0, cudaChannelFormatKindFloat);
	resource.res.linear.sizeInBytes = 4096;
	memset(&texture, 0, sizeof(texture));
	texture.readMode = cudaReadModeElementType;
	OK(RT(cudaCreateTextureObject)(&object, &resource, &texture, NULL));
	OK(RT(cudaGetTextureObjectResourceDesc)(&of, object));
	ck_assert_ptr_eq(of.res.linear.devPtr, linear);
	ck_assert_uint_eq(of.res.linear.sizeInBytes, 4096);
	ck_assert_int_eq(of.res.linear.desc.y, 16);
	ck_assert_int_eq(of.res.linear.desc.f, cudaChannelFormatKindFloat);
	OK(RT(cudaDestroyTextureObject)(object));
	resource.res.linear.desc.x = 5;
	IS(cudaErrorInvalidChannelDescriptor,
	   RT(cudaCreateTextureObject)(&object, &resource, &texture, NULL));
	IS(cudaErrorInvalidValue, RT(cudaCreateTextureObject)(&object, NULL, &texture, NULL));
}
END_TEST

TCase *array_tests(void)
{
	TCase *tc = tcase_create("array");

	tcase_add_test(tc, an_array_is_what_it_was_made_as);
	tcase_add_test(tc, arrays_are_copied_by_rows_by_runs_and_by_boxes);
	tcase_add_test(tc, a_mipmapped_array_has_halving_levels);
	tcase_add_test(tc, textures_and_surfaces_keep_what_they_were_made_of);
	return tc;
}
