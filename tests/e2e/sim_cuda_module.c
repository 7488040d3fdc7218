/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated driver's device code: kernels, globals and parameters found in PTX and fat binaries. */
#include <sys/wait.h>

#include "sim_cuda.h"

static const char code[] = ".version 8.0\n"
			   ".target sm_80 // a comment { with a brace\n"
			   ".address_size 64\n"
			   ".global .align 4 .u32 counter = 7;\n"
			   ".const .align 4 .b8 table[64] = {0, 0, 128, 63};\n"
			   ".global .attribute(.managed) .align 8 .u64 shared_with_host;\n"
			   ".visible .entry scale(.param .u64 scale_p0, .param .u8 scale_p1,\n"
			   "	.param .align 8 .b8 scale_p2[48], .param .f32 scale_p3)\n"
			   ".maxntid 128, 2, 1\n"
			   "{\n\t.shared .align 4 .b8 tile[1024];\n\t{ ret; }\n}\n"
			   ".func helper(.param .u32 x) { .shared .u32 not_the_kernels; ret; }\n"
			   ".entry plain() { ret; }\n";

START_TEST(kernels_and_their_parameters_are_read_from_ptx)
{
	static const size_t offsets[] = { 0, 8, 16, 64 }, sizes[] = { 8, 1, 48, 4 };
	CUfunction scale, plain, all[4] = { NULL };
	unsigned int count;
	size_t offset, size;
	const char *name;
	CUmodule module, same;
	int value;

	start_context();
	OK(CU(cuModuleLoadData)(&module, code));
	OK(CU(cuModuleGetFunctionCount)(&count, module));
	ck_assert_uint_eq(count, 2);
	OK(CU(cuModuleGetFunction)(&scale, module, "scale"));
	OK(CU(cuModuleGetFunction)(&plain, module, "plain"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction)(&plain, module, "helper"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction)(&plain, module, "counter"));
	OK(CU(cuModuleEnumerateFunctions)(all, 4, module));
	ck_assert_ptr_eq(all[0], scale);
	ck_assert_ptr_eq(all[1], plain);
	ck_assert_ptr_eq(all[2], NULL);
	OK(CU(cuFuncGetName)(&name, scale));
	ck_assert_str_eq(name, "scale");
	OK(CU(cuFuncGetModule)(&same, scale));
	ck_assert_ptr_eq(same, module);
	for (size_t i = 0; i < 4; i++) {
		OK(CU(cuFuncGetParamInfo)(scale, i, &offset, &size));
		ck_assert_uint_eq(offset, offsets[i]);
		ck_assert_uint_eq(size, sizes[i]);
		OK(CU(cuKernelGetParamInfo)((CUkernel)scale, i, &offset, NULL));
		ck_assert_uint_eq(offset, offsets[i]);
	}
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuFuncGetParamInfo)(scale, 4, &offset, &size));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuFuncGetParamInfo)(plain, 0, &offset, &size));
	OK(CU(cuFuncGetAttribute)(&value, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, scale));
	ck_assert_int_eq(value, 256);
	OK(CU(cuFuncGetAttribute)(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, scale));
	ck_assert_int_eq(value, 1024);
	OK(CU(cuFuncGetAttribute)(&value, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, plain));
	ck_assert_int_eq(value, 0);
	OK(CU(cuFuncGetAttribute)(&value, CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES, plain));
	ck_assert_int_eq(value, 64);
	/* the code's own bound holds for launches too */
	OK(CU(cuLaunchKernel)(scale, 1, 1, 1, 256, 1, 1, 0, NULL, NULL, NULL));
	IS(CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES,
	   CU(cuLaunchKernel)(scale, 1, 1, 1, 257, 1, 1, 0, NULL, NULL, NULL));
	OK(CU(cuModuleUnload)(module));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuFuncGetName)(&name, scale));
}
END_TEST

START_TEST(functions_are_loaded_by_their_first_use)
{
	CUfunctionLoadingState state;
	CUfunction function, other;
	CUmodule module;

	start_context();
	OK(CU(cuModuleLoadDataEx)(&module, code, 0, NULL, NULL));
	OK(CU(cuModuleGetFunction)(&function, module, "scale"));
	OK(CU(cuModuleGetFunction)(&other, module, "plain"));
	OK(CU(cuFuncIsLoaded)(&state, function));
	ck_assert_int_eq(state, CU_FUNCTION_LOADING_STATE_UNLOADED);
	OK(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, NULL, NULL, NULL));
	OK(CU(cuFuncIsLoaded)(&state, function));
	ck_assert_int_eq(state, CU_FUNCTION_LOADING_STATE_LOADED);
	OK(CU(cuFuncLoad)(other));
	OK(CU(cuFuncIsLoaded)(&state, other));
	ck_assert_int_eq(state, CU_FUNCTION_LOADING_STATE_LOADED);
}
END_TEST

START_TEST(a_global_has_one_address_and_keeps_its_bytes)
{
	size_t before, size;
	CUdeviceptr first, again;
	unsigned char bytes[64], back[64];
	CUmodule module;

	start_context();
	before = free_bytes();
	OK(CU(cuModuleLoadFatBinary)(&module, code));
	OK(CU(cuModuleGetGlobal_v2)(&first, &size, module, "table"));
	ck_assert_uint_eq(size, 64);
	ck_assert_uint_lt(free_bytes(), before);
	OK(CU(cuModuleGetGlobal_v2)(&again, NULL, module, "table"));
	ck_assert_uint_eq(first, again);
	OK(CU(cuModuleGetGlobal_v2)(&again, &size, module, "counter"));
	ck_assert_uint_eq(size, 4);
	ck_assert_uint_ne(first, again);
	for (size_t i = 0; i < 64; i++)
		bytes[i] = (unsigned char)(i * 3);
	OK(CU(cuMemcpyHtoD_v2)(first, bytes, 64));
	OK(CU(cuModuleGetGlobal_v2)(&again, &size, module, "table"));
	OK(CU(cuMemcpyDtoH_v2)(back, again, 64));
	ck_assert_mem_eq(bytes, back, 64);
	/* its own bounds, and not the program's to free */
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyHtoD_v2)(first, bytes, 65));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemFree_v2)(first));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetGlobal_v2)(&again, &size, module, "scale"));
	OK(CU(cuModuleUnload)(module));
	ck_assert_uint_eq(free_bytes(), before);
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuMemcpyDtoH_v2)(back, first, 64));
}
END_TEST

START_TEST(a_librarys_global_is_one_for_each_context)
{
	CUdeviceptr first, other, managed, host;
	CUcontext a = start_context(), b;
	CUkernel kernels[3], kernel;
	CUlibrary library, whose;
	unsigned int count;
	CUmodule module;
	size_t size;

	OK(CU(cuLibraryLoadData)(&library, code, NULL, NULL, 0, NULL, NULL, 0));
	OK(CU(cuLibraryGetGlobal)(&first, &size, library, "counter"));
	OK(CU(cuLibraryGetManaged)(&managed, &size, library, "shared_with_host"));
	ck_assert_uint_eq(size, 8);
	*(uint64_t *)(uintptr_t)managed = 42; /* the host reads and writes it in place */
	IS(CUDA_ERROR_NOT_FOUND, CU(cuLibraryGetManaged)(&host, &size, library, "counter"));
	OK(CU(cuCtxCreate_v2)(&b, 0, 0));
	OK(CU(cuLibraryGetGlobal)(&other, &size, library, "counter"));
	ck_assert_uint_ne(first, other);
	OK(CU(cuLibraryGetManaged)(&host, &size, library, "shared_with_host"));
	ck_assert_uint_eq(host, managed);
	OK(CU(cuCtxSetCurrent)(a));
	OK(CU(cuLibraryGetGlobal)(&other, &size, library, "counter"));
	ck_assert_uint_eq(first, other);
	OK(CU(cuLibraryGetKernelCount)(&count, library));
	ck_assert_uint_eq(count, 2);
	OK(CU(cuLibraryEnumerateKernels)(kernels, 3, library));
	OK(CU(cuLibraryGetKernel)(&kernel, library, "plain"));
	ck_assert_ptr_eq(kernels[1], kernel);
	OK(CU(cuKernelGetLibrary)(&whose, kernel));
	ck_assert_ptr_eq(whose, library);
	OK(CU(cuLibraryGetModule)(&module, library));
	OK(CU(cuModuleGetFunctionCount)(&count, module));
	ck_assert_uint_eq(count, 2);
	OK(CU(cuLibraryUnload)(library));
	IS(CUDA_ERROR_INVALID_HANDLE, CU(cuLibraryGetKernelCount)(&count, library));
}
END_TEST

/* ---- fat binaries, made by hand ---- */

struct fatbin {
	uint32_t magic;
	uint16_t version, header_size;
	uint64_t size;
	char entries[4096];
};

static void begin(struct fatbin *fat)
{
	memset(fat, 0, sizeof(*fat));
	fat->magic = 0xba55ed50;
	fat->version = 1;
	fat->header_size = 16;
}

static void add(struct fatbin *fat, uint32_t arch, const void *data, size_t size, uint64_t flags,
		uint64_t inflated)
{
	char *at = fat->entries + fat->size;
	uint64_t padded = (size + 7) & ~UINT64_C(7);
	uint32_t head[16] = { 1 /* PTX */ | 0x0101u << 16, 64 };

	head[2] = (uint32_t)padded;
	head[4] = flags ? (uint32_t)size : 0;
	head[7] = arch;
	memcpy(&head[10], &flags, sizeof(flags));
	memcpy(&head[14], &inflated, sizeof(inflated));
	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, size);
	fat->size += sizeof(head) + padded;
}

START_TEST(of_a_fat_binary_the_device_gets_the_newest_code_that_it_runs)
{
	static const char old[] = ".target sm_50\n.entry old(){}\n";
	static const char fit[] = ".target sm_86\n.entry fit(){}\n";
	static const char new[] = ".target sm_100\n.entry new(){}\n";
	CUfunction function;
	struct fatbin fat;
	CUmodule module;

	start_context(); /* compute 9.0 */
	begin(&fat);
	add(&fat, 50, old, sizeof(old), 0, 0);
	add(&fat, 100, new, sizeof(new), 0, 0);
	add(&fat, 86, fit, sizeof(fit), 0, 0);
	OK(CU(cuModuleLoadFatBinary)(&module, &fat));
	OK(CU(cuModuleGetFunction)(&function, module, "fit"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction)(&function, module, "new"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction)(&function, module, "old"));
	begin(&fat);
	add(&fat, 100, new, sizeof(new), 0, 0);
	IS(CUDA_ERROR_NO_BINARY_FOR_GPU, CU(cuModuleLoadData)(&module, &fat));
	/* an entry that says that it goes on past the end */
	begin(&fat);
	add(&fat, 50, old, sizeof(old), 0, 0);
	fat.size -= 8;
	IS(CUDA_ERROR_INVALID_IMAGE, CU(cuModuleLoadData)(&module, &fat));
}
END_TEST

START_TEST(compressed_code_is_read)
{
	/* literals, then 12 bytes again from 20 back, then the last literals */
	static const char plain[] = ".target sm_70\n.entry first(){}\n.entry second(){}\n";
	unsigned char packed[128], *at = packed;
	size_t size = sizeof(plain) - 1, head = 38, copy = 7, rest = size - head - copy;
	CUfunction function;
	struct fatbin fat;
	CUmodule module;

	/* ".entry " of the second line stands 17 bytes before where it stands again */
	head = (size_t)(strstr(plain, ".entry second") - plain);
	rest = size - head - copy;
	*at++ = (unsigned char)(15 << 4 | (copy - 4));
	*at++ = (unsigned char)(head - 15);
	memcpy(at, plain, head);
	at += head;
	*at++ = (unsigned char)(head - 14);
	*at++ = 0;
	*at++ = (unsigned char)((rest < 15 ? rest : 15) << 4);
	memcpy(at, plain + head + copy, rest);
	at += rest;
	start_context();
	begin(&fat);
	add(&fat, 70, packed, (size_t)(at - packed), 0x2000, size);
	OK(CU(cuModuleLoadData)(&module, &fat));
	OK(CU(cuModuleGetFunction)(&function, module, "first"));
	OK(CU(cuModuleGetFunction)(&function, module, "second"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuModuleGetFunction)(&function, module, "third"));
}
END_TEST

START_TEST(files_are_loaded_and_what_is_no_code_is_refused)
{
	static const char *const bad[] = { "\001\002\003\004", "text without a target", "\177ELF" };
	char path[64];
	int fd = memfd_create("code", 0);
	CUfunction function;
	CUlibrary library;
	CUmodule module;

	start_context();
	ck_assert_int_eq(write(fd, code, sizeof(code) - 1), sizeof(code) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(CU(cuModuleLoad)(&module, path));
	OK(CU(cuModuleGetFunction)(&function, module, "scale"));
	OK(CU(cuLibraryLoadFromFile)(&library, path, NULL, NULL, 0, NULL, NULL, 0));
	IS(CUDA_ERROR_FILE_NOT_FOUND, CU(cuModuleLoad)(&module, "/nowhere/at/all"));
	IS(CUDA_ERROR_INVALID_IMAGE, CU(cuModuleLoadData)(&module, bad[0]));
	IS(CUDA_ERROR_INVALID_IMAGE, CU(cuModuleLoadData)(&module, bad[1]));
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(pwrite(fd, bad[2], 4, 0), 4);
	IS(CUDA_ERROR_INVALID_IMAGE, CU(cuModuleLoad)(&module, path));
}
END_TEST

START_TEST(code_that_stays_in_place_is_read_when_it_is_asked_for)
{
	static char kept[] = ".target sm_70\n.entry before(){}\n";
	CUlibraryOption option = CU_LIBRARY_BINARY_IS_PRESERVED;
	CUlibrary lazy, eager;
	void *value = NULL;
	CUkernel kernel;

	start_context();
	OK(CU(cuLibraryLoadData)(&lazy, kept, NULL, NULL, 0, &option, &value, 1));
	OK(CU(cuLibraryLoadData)(&eager, kept, NULL, NULL, 0, NULL, NULL, 0));
	memcpy(strstr(kept, "before"), "aftert", 6);
	OK(CU(cuLibraryGetKernel)(&kernel, lazy, "aftert"));
	OK(CU(cuLibraryGetKernel)(&kernel, eager, "before"));
	IS(CUDA_ERROR_NOT_FOUND, CU(cuLibraryGetKernel)(&kernel, eager, "aftert"));
}
END_TEST

START_TEST(settings_of_a_kernel_are_kept)
{
	CUfunction function, f;
	CUlibrary library;
	CUkernel kernel;
	int value, blocks, grid;
	size_t bytes;

	start_context();
	OK(CU(cuLibraryLoadData)(&library, code, NULL, NULL, 0, NULL, NULL, 0));
	OK(CU(cuLibraryGetKernel)(&kernel, library, "plain"));
	OK(CU(cuKernelGetFunction)(&function, kernel));
	OK(CU(cuKernelSetAttribute)(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT, 40, kernel,
				    0));
	OK(CU(cuKernelGetAttribute)(&value, CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT,
				    kernel, 0));
	ck_assert_int_eq(value, 40);
	OK(CU(cuFuncSetCacheConfig)(function, CU_FUNC_CACHE_PREFER_L1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuFuncSetCacheConfig)(function, (CUfunc_cache)77));
	OK(CU(cuKernelSetCacheConfig)(kernel, CU_FUNC_CACHE_PREFER_SHARED, 0));
	OK(CU(cuFuncSetSharedMemConfig)(function, CU_SHARED_MEM_CONFIG_EIGHT_BYTE_BANK_SIZE));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuFuncSetSharedMemConfig)(function, (CUsharedconfig)9));
	OK(CU(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)(&blocks, function, 256, 0, 0));
	ck_assert_int_eq(blocks, 8);
	OK(CU(cuOccupancyMaxPotentialBlockSize)(&grid, &value, function, NULL, 0, 0));
	ck_assert_int_eq(value, 1024);
	ck_assert_int_eq(grid, 2 * 132);
	OK(CU(cuOccupancyMaxPotentialBlockSizeWithFlags)(&grid, &value, function, NULL, 0, 128, 0));
	ck_assert_int_eq(value, 128);
	OK(CU(cuOccupancyAvailableDynamicSMemPerBlock)(&bytes, function, 4, 128));
	ck_assert_uint_eq(bytes, 49152);
	/* one by one, as it was done until CUDA 4 */
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuLaunch)(function));
	OK(CU(cuFuncSetBlockShape)(function, 64, 2, 1));
	OK(CU(cuLaunch)(function));
	OK(CU(cuLaunchGrid)(function, 4, 4));
	OK(CU(cuFuncSetSharedSize)(function, 1 << 20));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuLaunchGridAsync)(function, 4, 4, NULL));
	OK(CU(cuFuncSetSharedSize)(function, 0));
	OK(CU(cuFuncSetBlockShape)(function, 2048, 1, 1));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuLaunchGridAsync)(function, 4, 4, NULL));
	OK(CU(cuParamSetSize)(function, 16));
	OK(CU(cuParamSeti)(function, 0, 5));
	OK(CU(cuParamSetf)(function, 4, 1.5f));
	OK(CU(cuParamSetv)(function, 8, &value, sizeof(value)));
	IS(CUDA_ERROR_INVALID_VALUE, CU(cuParamSetv)(function, 4090, &value, 8));
	f = function;
	OK(CU(cuLaunchCooperativeKernel)(f, 132 * 8, 1, 1, 256, 1, 1, 0, NULL, NULL));
	IS(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE,
	   CU(cuLaunchCooperativeKernel)(f, 132 * 8 + 1, 1, 1, 256, 1, 1, 0, NULL, NULL));
	CUlaunchConfig config = { .gridDimX = 132 * 8 + 1,
				  .gridDimY = 1,
				  .gridDimZ = 1,
				  .blockDimX = 256,
				  .blockDimY = 1,
				  .blockDimZ = 1 };
	CUlaunchAttribute attribute = { .id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE,
					.value.cooperative = 1 };
	OK(CU(cuLaunchKernelEx)(&config, f, NULL, NULL));
	config.attrs = &attribute;
	config.numAttrs = 1;
	IS(CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, CU(cuLaunchKernelEx)(&config, f, NULL, NULL));
}
END_TEST

TCase *module_tests(void)
{
	TCase *tc = tcase_create("module");

	tcase_add_test(tc, kernels_and_their_parameters_are_read_from_ptx);
	tcase_add_test(tc, functions_are_loaded_by_their_first_use);
	tcase_add_test(tc, a_global_has_one_address_and_keeps_its_bytes);
	tcase_add_test(tc, a_librarys_global_is_one_for_each_context);
	tcase_add_test(tc, of_a_fat_binary_the_device_gets_the_newest_code_that_it_runs);
	tcase_add_test(tc, compressed_code_is_read);
	tcase_add_test(tc, files_are_loaded_and_what_is_no_code_is_refused);
	tcase_add_test(tc, code_that_stays_in_place_is_read_when_it_is_asked_for);
	tcase_add_test(tc, settings_of_a_kernel_are_kept);
	return tc;
}
