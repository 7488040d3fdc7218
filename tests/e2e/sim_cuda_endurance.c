/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver in children and threads, and over ten thousand cycles. */
#include <dirent.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>

#include "sim_cuda.h"

START_TEST(a_forked_child_starts_afresh)
{
	CUcontext context = start_context();
	CUdeviceptr pointer;
	int status, count;
	pid_t child;

	ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer, GIB), CUDA_SUCCESS);
	child = fork();
	if (!child) {
		size_t free, total;

		if (CU(cuDeviceGetCount)(&count) != CUDA_ERROR_NOT_INITIALIZED)
			_exit(1);
		if (CU(cuInit)(0) || CU(cuDeviceGetCount)(&count) || count != 1)
			_exit(2);
		if (CU(cuCtxSetCurrent)(context) != CUDA_ERROR_INVALID_CONTEXT)
			_exit(3);
		if (CU(cuCtxSynchronize)() != CUDA_ERROR_INVALID_CONTEXT)
			_exit(4);
		if (CU(cuCtxCreate_v2)(&context, 0, 0) || CU(cuMemGetInfo_v2)(&free, &total))
			_exit(5);
		_exit(total - free < GIB ? 0 : 6);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(CU(cuMemFree_v2)(pointer), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
}
END_TEST

static void *work(void *data)
{
	char text[32], back[32];
	CUcontext context;
	CUdeviceptr pointer;
	CUstream stream;

	if (CU(cuInit)(0) || CU(cuCtxCreate_v2)(&context, 0, 0))
		return "cuCtxCreate";
	for (int i = 0; i < 200; i++) {
		int n = snprintf(text, sizeof(text), "%p %d", data, i) + 1;

		if (CU(cuMemAlloc_v2)(&pointer, 4096 * (size_t)(1 + i % 7)) ||
		    CU(cuStreamCreate)(&stream, 0) ||
		    CU(cuMemcpyHtoDAsync_v2)(pointer, text, (size_t)n, stream) ||
		    CU(cuMemcpyDtoH_v2)(back, pointer, (size_t)n) || strcmp(text, back) ||
		    CU(cuStreamDestroy_v2)(stream) || CU(cuMemFree_v2)(pointer))
			return "memory or stream";
	}
	return CU(cuCtxDestroy_v2)(context) ? "cuCtxDestroy" : NULL;
}

START_TEST(many_threads_share_one_driver)
{
	pthread_t thread[16];
	char names[16];
	CUcontext context;
	size_t total, free;
	void *wrong;

	start(NULL);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, work, &names[i]), 0);
	for (int i = 0; i < 16; i++) {
		ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s failed", (char *)wrong);
	}
	ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
	ck_assert_int_eq(CU(cuMemGetInfo_v2)(&free, &total), CUDA_SUCCESS);
	ck_assert_uint_eq((total - free) >> 20, 526); /* one context, nothing else */
}
END_TEST

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long mapped_pages(void)
{
	FILE *file = fopen("/proc/self/statm", "r");
	long pages = -1;

	ck_assert_int_eq(fscanf(file, "%ld", &pages), 1);
	fclose(file);
	return pages;
}

/* Pages: a sanitizer maps memory of its own, the thread sanitizer the more the longer it runs. */
static long growth_allowed(void)
{
	const char *sanitizer = getenv("VGPU_SANITIZE");

	if (!sanitizer || !*sanitizer)
		return 64;
	return strstr(sanitizer, "thread") ? 65536 : 4096;
}

START_TEST(ten_thousand_contexts_and_buffers_leave_nothing_behind)
{
	int fds = 0;
	long pages = 0;

	start(NULL);
	ck_assert_int_eq(CU(cuInit)(0), CUDA_SUCCESS);
	for (int i = 0; i < 10000; i++) {
		CUcontext context;
		CUdeviceptr pointer;
		CUevent event;

		ck_assert_int_eq(CU(cuCtxCreate_v2)(&context, 0, 0), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuMemAlloc_v2)(&pointer, 16 * MIB), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuEventCreate)(&event, 0), CUDA_SUCCESS);
		ck_assert_int_eq(CU(cuCtxDestroy_v2)(context), CUDA_SUCCESS);
		if (i == 100) {
			fds = descriptors();
			pages = mapped_pages();
		}
	}
	ck_assert_int_eq(descriptors(), fds);
	ck_assert_int_le(mapped_pages(), pages + growth_allowed());
}
END_TEST

static void nothing(void *data)
{
	(void)data;
}

START_TEST(ten_thousand_graphs_pools_and_modules_leave_nothing_behind)
{
	static const char code[] = ".target sm_70\n.global .u32 word;\n.entry k(.param .u32 a){}\n";
	CUDA_ARRAY_DESCRIPTOR is = { 16, 16, CU_AD_FORMAT_FLOAT, 1 };
	uint32_t argument = 1;
	void *arguments[] = { &argument };
	size_t before = 0;
	int fds = 0;
	long pages = 0;

	start_context();
	for (int i = 0; i < 10000; i++) {
		CUdeviceptr word, memory;
		CUfunction function;
		CUgraphExec exec;
		CUstream stream;
		CUmodule module;
		CUgraph graph;
		CUarray array;
		size_t size;

		OK(CU(cuModuleLoadData)(&module, code));
		OK(CU(cuModuleGetFunction)(&function, module, "k"));
		OK(CU(cuModuleGetGlobal_v2)(&word, &size, module, "word"));
		OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
		OK(CU(cuStreamBeginCapture_v2)(stream, CU_STREAM_CAPTURE_MODE_RELAXED));
		OK(CU(cuMemAllocAsync)(&memory, 4096, stream));
		OK(CU(cuMemsetD32Async)(word, 1, 1, stream));
		OK(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, stream, arguments, NULL));
		OK(CU(cuLaunchHostFunc)(stream, nothing, NULL));
		OK(CU(cuMemFreeAsync)(memory, stream));
		OK(CU(cuStreamEndCapture)(stream, &graph));
		OK(CU(cuGraphInstantiateWithFlags)(&exec, graph, 0));
		OK(CU(cuGraphDestroy)(graph));
		OK(CU(cuGraphLaunch)(exec, stream));
		OK(CU(cuGraphExecDestroy)(exec));
		OK(CU(cuMemAllocAsync)(&memory, 4096, stream));
		OK(CU(cuMemFreeAsync)(memory, stream));
		OK(CU(cuArrayCreate_v2)(&array, &is));
		OK(CU(cuArrayDestroy)(array));
		OK(CU(cuStreamDestroy_v2)(stream));
		OK(CU(cuModuleUnload)(module));
		if (i == 100) {
			fds = descriptors();
			pages = mapped_pages();
			before = free_bytes();
		}
	}
	ck_assert_uint_eq(free_bytes(), before);
	ck_assert_int_eq(descriptors(), fds);
	ck_assert_int_le(mapped_pages(), pages + growth_allowed());
}
END_TEST

TCase *endurance_tests(void)
{
	TCase *tc = tcase_create("endurance");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_forked_child_starts_afresh);
	tcase_add_test(tc, many_threads_share_one_driver);
	tcase_add_test(tc, ten_thousand_contexts_and_buffers_leave_nothing_behind);
	tcase_add_test(tc, ten_thousand_graphs_pools_and_modules_leave_nothing_behind);
	return tc;
}
