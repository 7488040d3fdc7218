/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime's device code: kernels, variables, libraries, launches, occupancy. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sim_runtime.h"

const char code_text[] = ".version 8.0\n.target sm_70\n.address_size 64\n"
			 ".visible .global .align 4 .b8 table[1024];\n"
			 ".visible .const .align 4 .u32 limit = 7;\n"
			 ".visible .global .attribute(.managed) .align 8 .b8 shared[64];\n"
			 ".visible .global .align 4 .s32 several[5] = {1, -2, 0x10, 0f3FC00000};\n"
			 ".visible .entry first(.param .u32 a, .param .u64 b)\n{\nret;\n}\n"
			 ".visible .entry second(.param .u32 a, .param .u64 b)\n{\nret;\n}\n"
			 ".visible .entry bounded(.param .u32 a)\n.maxntid 64, 1, 1\n{\n"
			 ".shared .align 4 .b8 tile[2048];\nret;\n}\n";

char first_stub, second_stub, bounded_stub;
int table_shadow[256], limit_shadow;
void *shared_shadow;

void **register_code(void)
{
	void **handle = RT(__cudaRegisterFatBinary)((void *)code_text);

	ck_assert_ptr_ne(handle, NULL);
	RT(__cudaRegisterFunction)
	(handle, &first_stub, (char *)"first", "first", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterFunction)
	(handle, &second_stub, (char *)"second", "second", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterFunction)
	(handle, &bounded_stub, (char *)"bounded", "bounded", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterVar)
	(handle, (char *)table_shadow, (char *)"table", "table", 0, sizeof(table_shadow), 0, 0);
	RT(__cudaRegisterVar)
	(handle, (char *)&limit_shadow, (char *)"limit", "limit", 0, sizeof(int), 1, 0);
	RT(__cudaRegisterManagedVar)
	(handle, &shared_shadow, (char *)"shared", "shared", 0, 64, 0, 0);
	RT(__cudaRegisterFatBinaryEnd)(handle);
	return handle;
}

START_TEST(variables_are_copied_by_their_symbols)
{
	int there[256], back[256], value = 0;
	cudaStream_t stream;
	void *address, **handle;
	size_t size;

	start(NULL);
	handle = register_code();
	OK(RT(cudaStreamCreate)(&stream));
	for (int i = 0; i < 256; i++)
		there[i] = i * 3;
	OK(RT(cudaMemcpyToSymbol)(table_shadow, there, sizeof(there), 0, cudaMemcpyHostToDevice));
	OK(RT(cudaMemcpyFromSymbol)(back, table_shadow, sizeof(back), 0, cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(back, there, sizeof(back));
	OK(RT(cudaGetSymbolAddress)(&address, table_shadow));
	OK(RT(cudaGetSymbolSize)(&size, table_shadow));
	ck_assert_uint_eq(size, 1024);
	OK(RT(cudaMemset)(address, 0, 4));
	OK(RT(cudaMemcpyFromSymbol_ptds)(&value, table_shadow, 4, 0, cudaMemcpyDefault));
	ck_assert_int_eq(value, 0);
	OK(RT(cudaMemcpyFromSymbol)(&value, &limit_shadow, 4, 0, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(value, 7); /* what the code begins with */
	OK(RT(cudaMemcpyFromSymbol)(back, table_shadow, 12, 1000, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(back[0], 750);
	value = 8;
	OK(RT(cudaMemcpyToSymbol_ptds)(&limit_shadow, &value, 4, 0, cudaMemcpyHostToDevice));
	value = 0;
	OK(RT(cudaMemcpyFromSymbolAsync)(&value, &limit_shadow, 4, 0, cudaMemcpyDeviceToHost,
					 stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_int_eq(value, 8);
	OK(RT(cudaMemcpyToSymbolAsync)(table_shadow, there + 9, 4, 8, cudaMemcpyHostToDevice,
				       stream));
	OK(RT(cudaMemcpyToSymbolAsync_ptsz)(table_shadow, there + 10, 4, 12, cudaMemcpyHostToDevice,
					    NULL));
	OK(RT(cudaMemcpyFromSymbolAsync_ptsz)(back, table_shadow, 16, 0, cudaMemcpyDeviceToHost,
					      NULL));
	ck_assert_int_eq(back[2], 27);
	ck_assert_int_eq(back[3], 30);
	/* a managed variable: __cudaInitModule gives the program its memory */
	ck_assert_int_eq(RT(__cudaInitModule)(handle), 1);
	ck_assert_ptr_ne(shared_shadow, NULL);
	*(int *)shared_shadow = 99;
	OK(RT(cudaGetSymbolAddress)(&address, shared_shadow));
	ck_assert_ptr_eq(address, shared_shadow);
	OK(RT(cudaMemcpyFromSymbol)(&value, &shared_shadow, 4, 0, cudaMemcpyDeviceToHost));
	ck_assert_int_eq(value, 99);
	IS(cudaErrorInvalidValue,
	   RT(cudaMemcpyToSymbol)(table_shadow, there, 1024, 4, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidSymbol,
	   RT(cudaMemcpyToSymbol)(there, there, 4, 0, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidSymbol, RT(cudaGetSymbolSize)(&size, &first_stub));
	IS(cudaErrorInvalidMemcpyDirection,
	   RT(cudaMemcpyFromSymbol)(back, table_shadow, 4, 0, cudaMemcpyHostToDevice));
	RT(__cudaUnregisterFatBinary)(handle);
	IS(cudaErrorInvalidSymbol, RT(cudaGetSymbolSize)(&size, table_shadow));
}
END_TEST

START_TEST(a_function_is_what_its_code_and_the_program_say)
{
	cudaFuncAttributes about;
	cudaFunction_t function;
	cudaKernel_t kernel, same;
	size_t offset, size;
	const char *name;

	start(NULL);
	register_code();
	OK(RT(cudaFuncGetAttributes)(&about, &bounded_stub));
	ck_assert_uint_eq(about.sharedSizeBytes, 2048);
	ck_assert_int_eq(about.maxThreadsPerBlock, 64);
	ck_assert_int_eq(about.binaryVersion, 90);
	OK(RT(cudaFuncSetAttribute)(&first_stub, cudaFuncAttributeMaxDynamicSharedMemorySize,
				    100000));
	OK(RT(cudaFuncGetAttributes)(&about, &first_stub));
	ck_assert_int_eq(about.maxDynamicSharedSizeBytes, 100000);
	OK(RT(cudaGetKernel)(&kernel, &first_stub));
	OK(RT(__cudaGetKernel)(&same, &first_stub));
	ck_assert_ptr_eq(same, kernel);
	OK(RT(cudaGetFuncBySymbol)(&function, &first_stub));
	OK(RT(cudaKernelSetAttributeForDevice)(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
					       90000, 0));
	OK(RT(cudaFuncGetAttributes)(&about, &first_stub));
	ck_assert_int_eq(about.maxDynamicSharedSizeBytes, 90000);
	IS(cudaErrorInvalidDevice, RT(cudaKernelSetAttributeForDevice)(
				       kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 1, 9));
	IS(cudaErrorInvalidValue,
	   RT(cudaFuncSetAttribute)(&first_stub, cudaFuncAttributeMaxDynamicSharedMemorySize,
				    100 << 20));
	OK(RT(cudaFuncSetCacheConfig)(&first_stub, cudaFuncCachePreferShared));
	OK(RT(cudaFuncSetSharedMemConfig)(&first_stub, cudaSharedMemBankSizeFourByte));
	OK(RT(cudaFuncGetName)(&name, &second_stub));
	ck_assert_str_eq(name, "second");
	OK(RT(cudaFuncGetParamInfo)(&first_stub, 1, &offset, &size));
	ck_assert_uint_eq(offset, 8);
	ck_assert_uint_eq(size, 8);
	IS(cudaErrorInvalidValue, RT(cudaFuncGetParamInfo)(&first_stub, 2, &offset, &size));
	IS(cudaErrorInvalidDeviceFunction, RT(cudaFuncGetAttributes)(&about, table_shadow));
	IS(cudaErrorInvalidDeviceFunction, RT(cudaFuncGetName)(&name, &name));
}
END_TEST

START_TEST(launches_of_every_kind_are_checked_and_do_nothing)
{
	dim3 grid = { 2, 1, 1 }, block = { 32, 1, 1 }, large = { 65, 1, 1 };
	int number = 1;
	void *memory, *arguments[] = { &number, &memory };
	cudaLaunchConfig_t config;
	cudaLaunchAttribute attribute;
	cudaStream_t stream;
	cudaKernel_t kernel;

	start("[device]\nattribute.MULTIPROCESSOR_COUNT = 2\n");
	register_code();
	memory = filled(64, 5);
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaLaunchKernel)(&first_stub, grid, block, arguments, 0, stream));
	OK(RT(cudaLaunchKernel_ptsz)(&first_stub, grid, block, arguments, 0, NULL));
	OK(RT(cudaGetKernel)(&kernel, &second_stub));
	OK(RT(__cudaLaunchKernel)(kernel, grid, block, arguments, 0, stream));
	OK(RT(__cudaLaunchKernel_ptsz)(kernel, grid, block, arguments, 0, NULL));
	OK(RT(cudaLaunchKernel)((void *)kernel, grid, block, arguments, 0, stream));
	OK(RT(cudaLaunchCooperativeKernel)(&first_stub, grid, block, arguments, 0, stream));
	OK(RT(cudaLaunchCooperativeKernel_ptsz)(&first_stub, grid, block, arguments, 0, NULL));
	IS(cudaErrorCooperativeLaunchTooLarge,
	   RT(cudaLaunchCooperativeKernel)(&first_stub, (dim3){ 1000, 1, 1 }, block, arguments, 0,
					   stream));
	memset(&config, 0, sizeof(config));
	memset(&attribute, 0, sizeof(attribute));
	config.gridDim = grid;
	config.blockDim = block;
	config.stream = stream;
	attribute.id = cudaLaunchAttributeCooperative;
	attribute.val.cooperative = 1;
	config.attrs = &attribute;
	config.numAttrs = 1;
	OK(RT(cudaLaunchKernelExC)(&config, &first_stub, arguments));
	config.stream = NULL;
	OK(RT(cudaLaunchKernelExC_ptsz)(&config, &first_stub, arguments));
	config.gridDim.x = 1000;
	IS(cudaErrorCooperativeLaunchTooLarge,
	   RT(cudaLaunchKernelExC)(&config, &first_stub, arguments));
	config.gridDim.x = 0;
	IS(cudaErrorInvalidConfiguration, RT(cudaLaunchKernelExC)(&config, &first_stub, arguments));
	IS(cudaErrorInvalidValue, RT(cudaLaunchKernelExC)(NULL, &first_stub, arguments));
	ck_assert_int_ne(RT(cudaLaunchKernel)(&bounded_stub, grid, large, arguments, 0, stream),
			 cudaSuccess);
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert(is_filled(memory, 64, 5));
#if SIM_CUDART == 12
	{
		cudaLaunchParams params = { .func = &first_stub,
					    .gridDim = grid,
					    .blockDim = block,
					    .args = arguments,
					    .stream = stream };

		OK(RT(cudaLaunchCooperativeKernelMultiDevice)(&params, 1, 0));
		params.stream = NULL;
		IS(cudaErrorInvalidValue,
		   RT(cudaLaunchCooperativeKernelMultiDevice)(&params, 0, 0));
	}
#endif
}
END_TEST

START_TEST(occupancy_depends_on_the_kernel_and_the_device)
{
	cudaLaunchConfig_t config;
	int blocks, clusters;
	size_t dynamic;

	start("[device]\nattribute.MAX_THREADS_PER_MULTIPROCESSOR = 1536\n"
	      "attribute.MAX_BLOCKS_PER_MULTIPROCESSOR = 16\n");
	register_code();
	OK(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, &first_stub, 512, 0));
	ck_assert_int_eq(blocks, 3);
	OK(RT(cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)(&blocks, &first_stub, 32, 0,
								      0));
	ck_assert_int_eq(blocks, 16);
	OK(RT(cudaOccupancyAvailableDynamicSMemPerBlock)(&dynamic, &first_stub, 2, 128));
	ck_assert_uint_gt(dynamic, 0);
	memset(&config, 0, sizeof(config));
	config.gridDim = (dim3){ 64, 1, 1 };
	config.blockDim = (dim3){ 128, 1, 1 };
	(void)clusters;
	IS(cudaErrorInvalidValue,
	   RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, &first_stub, 0, 0));
	IS(cudaErrorInvalidDeviceFunction,
	   RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, &config, 32, 0));
}
END_TEST

static void library_is_good(cudaLibrary_t library)
{
	static const int first_values[5] = { 1, -2, 16, 0x3fc00000 };
	cudaKernel_t kernel, listed[3];
	int values[5];
	cudaFuncAttributes about;
	void *global, *again;
	unsigned count;
	size_t size;

	OK(RT(cudaLibraryGetKernelCount)(&count, library));
	ck_assert_uint_eq(count, 3);
	OK(RT(cudaLibraryEnumerateKernels)(listed, 3, library));
	OK(RT(cudaLibraryGetKernel)(&kernel, library, "bounded"));
	ck_assert(kernel == listed[0] || kernel == listed[1] || kernel == listed[2]);
	OK(RT(cudaFuncGetAttributes)(&about, (void *)kernel));
	ck_assert_int_eq(about.maxThreadsPerBlock, 64);
	IS(cudaErrorSymbolNotFound, RT(cudaLibraryGetKernel)(&kernel, library, "none"));
	OK(RT(cudaLibraryGetGlobal)(&global, &size, library, "table"));
	OK(RT(cudaLibraryGetGlobal)(&again, NULL, library, "table"));
	ck_assert_ptr_ne(global, NULL);
	ck_assert_ptr_eq(again, global);
	ck_assert_uint_eq(size, 1024);
	OK(RT(cudaLibraryGetGlobal)(&global, &size, library, "several"));
	ck_assert_uint_eq(size, sizeof(values));
	OK(RT(cudaMemcpy)(values, global, sizeof(values), cudaMemcpyDeviceToHost));
	ck_assert_mem_eq(values, first_values, sizeof(values));
	OK(RT(cudaLibraryGetManaged)(&global, &size, library, "shared"));
	ck_assert_uint_eq(size, 64);
	*(char *)global = 1;
	IS(cudaErrorSymbolNotFound, RT(cudaLibraryGetManaged)(&global, &size, library, "table"));
}

START_TEST(libraries_are_loaded_from_memory_and_from_a_file)
{
	cudaLibrary_t library;
	unsigned count;
	char path[64];
	int fd;

	start(NULL);
	OK(RT(cudaLibraryLoadData)(&library, code_text, NULL, NULL, 0, NULL, NULL, 0));
	library_is_good(library);
	OK(RT(cudaLibraryUnload)(library));
	ck_assert_int_ne(RT(cudaLibraryGetKernelCount)(&count, library), cudaSuccess);
	fd = memfd_create("code", 0);
	ck_assert_int_eq(write(fd, code_text, sizeof(code_text) - 1), sizeof(code_text) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	OK(RT(cudaLibraryLoadFromFile)(&library, path, NULL, NULL, 0, NULL, NULL, 0));
	library_is_good(library);
	OK(RT(cudaLibraryUnload)(library));
	IS(cudaErrorFileNotFound,
	   RT(cudaLibraryLoadFromFile)(&library, "/nowhere", NULL, NULL, 0, NULL, NULL, 0));
	ck_assert_int_ne(RT(cudaLibraryLoadData)(&library, "no code", NULL, NULL, 0, NULL, NULL, 0),
			 cudaSuccess);
}
END_TEST

START_TEST(the_drivers_entry_points_are_found_by_every_name)
{
	cudaDriverEntryPointQueryResult status;
	void *one, *two, *three, *four;

	start(NULL);
	OK(RT(cudaGetDriverEntryPointByVersion)("cuMemFree", &one, 12000, 0, &status));
	OK(RT(cudaGetDriverEntryPointByVersion_ptsz)("cuMemFree", &two, 12000, 0, &status));
	ck_assert_ptr_eq(one, two);
	OK(RT(cudaGetDriverEntryPoint)("cuMemFree", &three, 0, &status));
	OK(RT(cudaGetDriverEntryPoint_ptsz)("cuMemFree", &four, 0, &status));
	ck_assert_ptr_eq(three, one);
	ck_assert_ptr_eq(four, one);
	ck_assert_int_eq(status, cudaDriverEntryPointSuccess);
}
END_TEST

TCase *code_tests(void)
{
	TCase *tc = tcase_create("code");

	tcase_add_test(tc, variables_are_copied_by_their_symbols);
	tcase_add_test(tc, a_function_is_what_its_code_and_the_program_say);
	tcase_add_test(tc, launches_of_every_kind_are_checked_and_do_nothing);
	tcase_add_test(tc, occupancy_depends_on_the_kernel_and_the_device);
	tcase_add_test(tc, libraries_are_loaded_from_memory_and_from_a_file);
	tcase_add_test(tc, the_drivers_entry_points_are_found_by_every_name);
	return tc;
}
