/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's memory: allocation, copies of every shape, host and managed memory. */
#include <string.h>

#include "sim_runtime.h"

START_TEST(rows_and_boxes_are_copied_and_set_within_their_pitch)
{
	enum { WIDTH = 100, HEIGHT = 7, DEPTH = 3 };
	unsigned char host[HEIGHT * DEPTH][WIDTH], back[HEIGHT * DEPTH][WIDTH];
	cudaExtent extent = { WIDTH, HEIGHT, DEPTH };
	cudaMemcpy3DParms there, here;
	cudaPitchedPtr box;
	cudaStream_t stream;
	size_t pitch, before;
	void *flat;

	start(NULL);
	before = free_bytes();
	OK(RT(cudaStreamCreate)(&stream));
	for (int y = 0; y < HEIGHT * DEPTH; y++)
		memset(host[y], y + 1, WIDTH);
	OK(RT(cudaMallocPitch)(&flat, &pitch, WIDTH, HEIGHT));
	ck_assert_uint_ge(pitch, WIDTH);
	ck_assert_uint_eq(pitch % 256, 0);
	OK(RT(cudaMemset2D)(flat, pitch, 0x55, pitch, HEIGHT));
	OK(RT(cudaMemcpy2D)(flat, pitch, host, WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpy2D)(back, WIDTH, flat, pitch, WIDTH, HEIGHT, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(back, host, (size_t)WIDTH * HEIGHT);
	ck_assert(
	    is_filled((char *)flat + WIDTH, pitch - WIDTH, 0x55)); /* nothing beyond the width */
	OK(RT(cudaMemset2D_ptds)(flat, pitch, 0x31, 10, 2));
	OK(RT(cudaMemset2DAsync)(flat, pitch, 0x32, 5, 1, stream));
	OK(RT(cudaMemset2DAsync_ptsz)((char *)flat + pitch, pitch, 0x33, 5, 1, NULL));
	OK(RT(cudaMemcpy2DAsync)(back, WIDTH, flat, pitch, WIDTH, 1, cudaMemcpyDeviceToHost,
				 stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_uint_eq(back[0][4], 0x32);
	ck_assert_uint_eq(back[0][5], 0x31);
	ck_assert_uint_eq(back[0][10], 1);
	OK(RT(cudaMemcpy2D_ptds)(back, WIDTH, flat, pitch, WIDTH, 2, cudaMemcpyDefault));
	ck_assert_uint_eq(back[1][0], 0x33);
	OK(RT(cudaMemcpy2DAsync_ptsz)(flat, pitch, host[9], WIDTH, WIDTH, 1, cudaMemcpyHostToDevice,
				      NULL));
	ck_assert(is_filled(flat, WIDTH, 10));
	IS(cudaErrorInvalidPitchValue,
	   RT(cudaMemcpy2D)(flat, 50, host, WIDTH, WIDTH, HEIGHT, cudaMemcpyHostToDevice));
	OK(RT(cudaFree)(flat));

	OK(RT(cudaMalloc3D)(&box, extent));
	ck_assert_uint_eq(box.ysize, HEIGHT);
	there = (cudaMemcpy3DParms){
		.srcPtr = { host, WIDTH, WIDTH, HEIGHT },
		.dstPtr = box,
		.extent = extent,
		.kind = cudaMemcpyHostToDevice,
	};
	here = (cudaMemcpy3DParms){
		.srcPtr = box,
		.dstPtr = { back, WIDTH, WIDTH, HEIGHT },
		.extent = extent,
		.kind = cudaMemcpyDeviceToHost,
	};
	memset(back, 0, sizeof(back));
	OK(RT(cudaMemcpy3D)(&there));
	OK(RT(cudaMemcpy3D_ptds)(&here));
	ck_assert_mem_eq(back, host, sizeof(host));
	OK(RT(cudaMemset3D)(box, 0x71, (cudaExtent){ WIDTH, HEIGHT, 1 }));
	OK(RT(cudaMemset3D_ptds)(box, 0x72, (cudaExtent){ WIDTH, 1, 1 }));
	OK(RT(cudaMemset3DAsync)(box, 0x73, (cudaExtent){ 2, 1, DEPTH }, stream));
	OK(RT(cudaMemset3DAsync_ptsz)(box, 0x74, (cudaExtent){ 1, 1, 1 }, NULL));
	OK(RT(cudaMemcpy3DAsync)(&here, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_uint_eq(back[0][0], 0x74);
	ck_assert_uint_eq(back[0][1], 0x73);
	ck_assert_uint_eq(back[0][2], 0x72);
	ck_assert_uint_eq(back[1][2], 0x71);
	ck_assert_uint_eq(back[HEIGHT][1], 0x73);
	ck_assert_uint_eq(back[HEIGHT][2], HEIGHT + 1);
	there.srcPos.y = 1; /* a part: one row to another place */
	there.dstPos.z = 2;
	there.extent = (cudaExtent){ WIDTH, 1, 1 };
	OK(RT(cudaMemcpy3DAsync_ptsz)(&there, NULL));
	OK(RT(cudaMemcpy3D)(&here));
	ck_assert_uint_eq(back[2 * HEIGHT][50], 2);
	there.kind = (cudaMemcpyKind)9;
	IS(cudaErrorInvalidMemcpyDirection, RT(cudaMemcpy3D)(&there));
	IS(cudaErrorInvalidValue, RT(cudaMemcpy3D)(NULL));
	OK(RT(cudaFree)(box.ptr));
	OK(RT(cudaStreamDestroy)(stream));
	ck_assert_uint_eq(free_bytes(), before);
}
END_TEST

START_TEST(a_row_is_copied_and_set_by_every_name_of_the_call)
{
	char host[64] = "in a row", back[64];
	cudaStream_t stream;
	char *memory;

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	memory = filled(64, 0);
	OK(RT(cudaMemcpy_ptds)(memory, host, 64, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyAsync_ptsz)(back, memory, 64, cudaMemcpyDeviceToHost, NULL));
	ck_assert_str_eq(back, "in a row");
	OK(RT(cudaMemset_ptds)(memory, 'A', 2));
	OK(RT(cudaMemsetAsync)(memory + 3, 'B', 1, stream));
	OK(RT(cudaMemsetAsync_ptsz)(memory + 4, 'C', 1, NULL));
	OK(RT(cudaMemcpyAsync)(back, memory, 64, cudaMemcpyDeviceToHost, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_str_eq(back, "AA BC"
			       "row");
	OK(RT(cudaMemcpy)(memory + 32, memory, 9, cudaMemcpyDeviceToDevice));
	OK(RT(cudaMemcpy)(back, memory + 32, 32, cudaMemcpyDeviceToHost));
	ck_assert_str_eq(back, "AA BCrow");
	OK(RT(cudaMemcpy)(back + 10, host, 9, cudaMemcpyHostToHost));
	ck_assert_str_eq(back + 10, "in a row");
	IS(cudaErrorInvalidValue, RT(cudaMemset)(memory, 0, 65));
	IS(cudaErrorInvalidValue, RT(cudaMemcpy)(memory, host, 65, cudaMemcpyHostToDevice));
}
END_TEST

START_TEST(copies_between_devices_reach_the_other_device)
{
	cudaMemcpy3DPeerParms box;
	cudaPointerAttributes about;
	cudaStream_t stream;
	void *here, *there;
	int device;

	start("[device]\ncount = 2\n");
	OK(RT(cudaStreamCreate)(&stream));
	here = filled(4096, 0x21);
	OK(RT(cudaSetDevice)(1));
	there = filled(4096, 0);
	OK(RT(cudaPointerGetAttributes)(&about, there));
	ck_assert_int_eq(about.device, 1);
	ck_assert_int_eq(about.type, cudaMemoryTypeDevice);
	OK(RT(cudaSetDevice)(0));
	OK(RT(cudaMemcpyPeer)(there, 1, here, 0, 1024));
	OK(RT(cudaMemcpyPeerAsync)((char *)there + 1024, 1, here, 0, 1024, stream));
	box = (cudaMemcpy3DPeerParms){
		.srcPtr = { here, 512, 512, 2 },
		.srcDevice = 0,
		.dstPtr = { (char *)there + 2048, 512, 512, 2 },
		.dstDevice = 1,
		.extent = { 512, 2, 1 },
	};
	OK(RT(cudaMemcpy3DPeer)(&box));
	box.dstPtr.ptr = (char *)there + 3072;
	box.extent.height = 1;
	OK(RT(cudaMemcpy3DPeerAsync)(&box, stream));
	box.dstPtr.ptr = (char *)there + 3072 + 512;
	box.extent.width = 256;
	OK(RT(cudaMemcpy3DPeer_ptds)(&box));
	box.dstPtr.ptr = (char *)there + 3072 + 768;
	OK(RT(cudaMemcpy3DPeerAsync_ptsz)(&box, NULL));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(there, 4096, 0x21));
	IS(cudaErrorInvalidDevice, RT(cudaMemcpyPeer)(there, 2, here, 0, 1));
	IS(cudaErrorInvalidValue, RT(cudaMemcpy3DPeer)(NULL));
	/* a stream is its device's */
	OK(RT(cudaStreamGetDevice)(stream, &device));
	ck_assert_int_eq(device, 0);
	OK(RT(cudaSetDevice)(1));
	OK(RT(cudaStreamGetDevice_ptsz)(NULL, &device));
	ck_assert_int_eq(device, 1);
}
END_TEST

START_TEST(batches_of_copies_are_all_done)
{
	cudaMemcpyAttributes attributes = { .srcAccessOrder = cudaMemcpySrcAccessOrderStream };
	cudaMemcpy3DBatchOp boxes[2];
	char a[16] = "one", b[16] = "another", *memory;
	size_t sizes[] = { 16, 16 }, first = 0, bad = 77;
	cudaStream_t stream;
	char back[32];

	start(NULL);
	OK(RT(cudaStreamCreate)(&stream));
	memory = filled(64, 0);
	(void)bad;
#if SIM_CUDART == 12
	{
		void *to[] = { memory, memory + 16 }, *from[] = { a, b };

		OK(RT(cudaMemcpyBatchAsync)(to, from, sizes, 2, &attributes, &first, 1, &bad,
					    stream));
		to[0] = memory + 32;
		OK(RT(cudaMemcpyBatchAsync_ptsz)(to, from, sizes, 1, &attributes, &first, 1, &bad,
						 stream));
	}
#else
	{
		void *to[] = { memory, memory + 16 };
		const void *from[] = { a, b };

		OK(RT(cudaMemcpyBatchAsync)(to, from, sizes, 2, &attributes, &first, 1, stream));
		to[0] = memory + 32;
		OK(RT(cudaMemcpyBatchAsync_ptsz)(to, from, sizes, 1, &attributes, &first, 1,
						 stream));
	}
#endif
	OK(RT(cudaStreamSynchronize)(stream));
	OK(RT(cudaMemcpy)(back, memory, 32, cudaMemcpyDeviceToHost));
	ck_assert_str_eq(back, "one");
	ck_assert_str_eq(back + 16, "another");
	OK(RT(cudaMemcpy)(back, memory + 32, 16, cudaMemcpyDeviceToHost));
	ck_assert_str_eq(back, "one");
	memset(boxes, 0, sizeof(boxes));
	for (int i = 0; i < 2; i++) {
		boxes[i].src.type = cudaMemcpyOperandTypePointer;
		boxes[i].src.op.ptr.ptr = memory + 16 * i;
		boxes[i].dst.type = cudaMemcpyOperandTypePointer;
		boxes[i].dst.op.ptr.ptr = memory + 48 - 16 * i;
		boxes[i].extent = (cudaExtent){ 16, 1, 1 };
		boxes[i].srcAccessOrder = cudaMemcpySrcAccessOrderStream;
	}
#if SIM_CUDART == 12
	OK(RT(cudaMemcpy3DBatchAsync)(2, boxes, &bad, 0, stream));
	OK(RT(cudaMemcpy3DBatchAsync_ptsz)(1, boxes, &bad, 0, stream));
#else
	OK(RT(cudaMemcpy3DBatchAsync)(2, boxes, 0, stream));
	OK(RT(cudaMemcpy3DBatchAsync_ptsz)(1, boxes, 0, stream));
#endif
	OK(RT(cudaStreamSynchronize)(stream));
	OK(RT(cudaMemcpy)(back, memory + 32, 32, cudaMemcpyDeviceToHost));
	ck_assert_str_eq(back, "another");
	ck_assert_str_eq(back + 16, "one");
}
END_TEST

START_TEST(memory_of_the_host_is_known_by_its_address)
{
	static char own[8192] __attribute__((aligned(4096)));
	cudaPointerAttributes about;
	void *pinned, *plain, *device;
	unsigned flags;

	start(NULL);
	OK(RT(cudaHostAlloc)(&pinned, 4096, cudaHostAllocMapped | cudaHostAllocPortable));
	OK(RT(cudaHostGetFlags)(&flags, pinned));
	ck_assert_uint_eq(flags & 3, cudaHostAllocMapped | cudaHostAllocPortable);
	OK(RT(cudaHostGetDevicePointer)(&device, pinned, 0));
	OK(RT(cudaPointerGetAttributes)(&about, device));
	ck_assert_int_eq(about.type, cudaMemoryTypeHost);
	ck_assert_ptr_eq(about.hostPointer, pinned);
	OK(RT(cudaMemset)(device, 0x44, 10));
	ck_assert_int_eq(((char *)pinned)[9], 0x44);
	OK(RT(cudaMallocHost)(&plain, 64));
	OK(RT(cudaFreeHost)(plain));
	IS(cudaErrorInvalidValue, RT(cudaFreeHost)(plain));
	OK(RT(cudaFreeHost)(pinned));
	OK(RT(cudaFreeHost)(NULL));
	OK(RT(cudaHostRegister)(own, sizeof(own), cudaHostRegisterMapped));
	IS(cudaErrorHostMemoryAlreadyRegistered, RT(cudaHostRegister)(own, 4096, 0));
	OK(RT(cudaPointerGetAttributes)(&about, own + 100));
	ck_assert_int_eq(about.type, cudaMemoryTypeHost);
	OK(RT(cudaHostUnregister)(own));
	OK(RT(cudaPointerGetAttributes)(&about, own + 100));
	ck_assert_int_eq(about.type, cudaMemoryTypeUnregistered);
	IS(cudaErrorHostMemoryNotRegistered, RT(cudaHostUnregister)(own));
}
END_TEST

START_TEST(managed_memory_keeps_what_it_was_advised)
{
	cudaMemLocation host = { .type = cudaMemLocationTypeHost };
	cudaMemLocation one = { .type = cudaMemLocationTypeDevice, .id = 1 };
	cudaMemRangeAttribute which[] = { cudaMemRangeAttributeReadMostly,
					  cudaMemRangeAttributeAccessedBy };
	int mostly, by[2], place;
	void *data[] = { &mostly, by };
	size_t sizes[] = { sizeof(mostly), sizeof(by) }, size = 8192;
	cudaPointerAttributes about;
	cudaStream_t stream;
	void *memory;

	start("[device]\ncount = 2\n");
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaMallocManaged)(&memory, size, cudaMemAttachGlobal));
	OK(RT(cudaPointerGetAttributes)(&about, memory));
	ck_assert_int_eq(about.type, cudaMemoryTypeManaged);
	*(int *)memory = 4711;
	OK(RTX(SINCE(cudaMemAdvise, 2))(memory, size, cudaMemAdviseSetReadMostly, one));
	OK(RTX(SINCE(cudaMemAdvise, 2))(memory, size, cudaMemAdviseSetAccessedBy, one));
	OK(RT(cudaMemRangeGetAttributes)(data, sizes, which, 2, memory, size));
	ck_assert_int_eq(mostly, 1);
	ck_assert_int_eq(by[0], 1);
	OK(RTX(SINCE(cudaMemPrefetchAsync, 2))(memory, size, one, 0, stream));
	OK(RT(cudaMemRangeGetAttribute)(&place, sizeof(place),
					cudaMemRangeAttributeLastPrefetchLocation, memory, size));
	ck_assert_int_eq(place, 1);
#if SIM_CUDART == 12
	OK(RT(cudaMemPrefetchAsync_v2_ptsz)(memory, size, host, 0, NULL));
#else
	OK(RT(cudaMemPrefetchAsync_ptsz)(memory, size, host, 0, NULL));
#endif
	OK(RT(cudaMemRangeGetAttribute)(&place, sizeof(place),
					cudaMemRangeAttributeLastPrefetchLocation, memory, size));
	ck_assert_int_eq(place, cudaCpuDeviceId);
#if SIM_CUDART == 12
	OK(RT(cudaMemPrefetchAsync)(memory, size, 0, stream));
	OK(RT(cudaMemRangeGetAttribute)(&place, sizeof(place),
					cudaMemRangeAttributeLastPrefetchLocation, memory, size));
	ck_assert_int_eq(place, 0);
	OK(RT(cudaMemPrefetchAsync_ptsz)(memory, size, 1, NULL));
	OK(RT(cudaMemAdvise)(memory, size, cudaMemAdviseUnsetReadMostly, 0));
	OK(RT(cudaMemRangeGetAttributes)(data, sizes, which, 2, memory, size));
	ck_assert_int_eq(mostly, 0);
#else
	{
		size_t first = 0;

		OK(RT(cudaMemPrefetchBatchAsync)(&memory, &size, 1, &one, &first, 1, 0, stream));
		OK(RT(cudaMemRangeGetAttribute)(&place, sizeof(place),
						cudaMemRangeAttributeLastPrefetchLocation, memory,
						size));
		ck_assert_int_eq(place, 1);
		OK(RT(cudaMemPrefetchBatchAsync_ptsz)(&memory, &size, 1, &host, &first, 1, 0,
						      stream));
		ck_assert_int_eq(*(int *)memory, 4711);
		OK(RT(cudaMemDiscardAndPrefetchBatchAsync)(&memory, &size, 1, &one, &first, 1, 0,
							   stream));
		OK(RT(cudaStreamSynchronize)(stream));
		ck_assert_int_eq(*(int *)memory, 0);
		*(int *)memory = 1;
		OK(RT(cudaMemDiscardAndPrefetchBatchAsync_ptsz)(&memory, &size, 1, &one, &first, 1,
								0, stream));
		ck_assert_int_eq(*(int *)memory, 0);
		*(int *)memory = 2;
		OK(RT(cudaMemDiscardBatchAsync)(&memory, &size, 1, 0, stream));
		ck_assert_int_eq(*(int *)memory, 0);
		*(int *)memory = 3;
		OK(RT(cudaMemDiscardBatchAsync_ptsz)(&memory, &size, 1, 0, stream));
		ck_assert_int_eq(*(int *)memory, 0);
	}
#endif
	OK(RT(cudaStreamAttachMemAsync)(stream, memory, 0, cudaMemAttachSingle));
	OK(RT(cudaStreamAttachMemAsync_ptsz)(stream, memory, 0, cudaMemAttachGlobal));
	IS(cudaErrorInvalidValue,
	   RT(cudaStreamAttachMemAsync)(stream, memory, 100, cudaMemAttachSingle));
	OK(RT(cudaFree)(memory));
	IS(cudaErrorInvalidValue,
	   RTX(SINCE(cudaMemAdvise, 2))(memory, size, cudaMemAdviseSetReadMostly, one));
	IS(cudaErrorInvalidValue, RT(cudaMallocManaged)(&memory, 0, cudaMemAttachGlobal));
}
END_TEST

TCase *memory_tests(void)
{
	TCase *tc = tcase_create("memory");

	tcase_add_test(tc, rows_and_boxes_are_copied_and_set_within_their_pitch);
	tcase_add_test(tc, a_row_is_copied_and_set_by_every_name_of_the_call);
	tcase_add_test(tc, copies_between_devices_reach_the_other_device);
	tcase_add_test(tc, batches_of_copies_are_all_done);
	tcase_add_test(tc, memory_of_the_host_is_known_by_its_address);
	tcase_add_test(tc, managed_memory_keeps_what_it_was_advised);
	return tc;
}
