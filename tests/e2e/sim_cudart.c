/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated runtime, as a program that links it finds it: compiled for 12 and for 13. */
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "sim_runtime.h"

char stub_first, stub_second, shadow_table, shadow_counter;
int *shadow_managed;

void **register_table(void)
{
	static char code[] = ".version 8.0\n.target sm_70\n"
			     ".const .align 4 .b8 table[64];\n.global .align 4 .u32 counter;\n"
			     ".global .attribute(.managed) .align 4 .u32 managed;\n"
			     ".entry first(){}\n.entry second(){}\n";
	void **handle = RT(__cudaRegisterFatBinary)(code);

	RT(__cudaRegisterFunction)
	(handle, &stub_first, (char *)"first", "first", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterFunction)
	(handle, &stub_second, (char *)"second", "second", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterVar)(handle, &shadow_table, (char *)"table", "table", 0, 64, 1, 0);
	RT(__cudaRegisterVar)(handle, &shadow_counter, (char *)"counter", "counter", 0, 4, 0, 0);
	RT(__cudaRegisterManagedVar)
	(handle, (void **)&shadow_managed, (char *)"managed", "managed", 0, 4, 0, 0);
	RT(__cudaRegisterFatBinaryEnd)(handle);
	ck_assert(RT(__cudaInitModule)(handle));
	return handle;
}

START_TEST(a_device_is_what_its_file_says)
{
	cudaDeviceProp prop;
	char pci[32];
	int count, value;

	start("[device l4]\nname = \"Test card\"\nmemory = 3 GiB\ncompute = 7.2\n"
	      "uuid = 01020304-0506-0708-090a-0b0c0d0e0f10\npci = 0002:ab:1f.0\n"
	      "attribute.MULTIPROCESSOR_COUNT = 77\nattribute.UNIFIED_FUNCTION_POINTERS = "
	      "1\n[device]\n");
	ck_assert_int_eq(RT(cudaGetDeviceCount)(&count), cudaSuccess);
	ck_assert_int_eq(count, 2);
	ck_assert_int_eq(RTX(PROPERTIES)(&prop, 0), cudaSuccess);
	ck_assert_str_eq(prop.name, "Test card");
	ck_assert_uint_eq(prop.totalGlobalMem, 3 * GIB);
	ck_assert_int_eq(prop.major * 10 + prop.minor, 72);
	ck_assert_int_eq(prop.multiProcessorCount, 77);
	ck_assert_int_eq(prop.pciBusID, 0xab);
	ck_assert_int_eq(prop.warpSize, 32);
	ck_assert_uint_eq(prop.sharedMemPerBlockOptin, 101376);
	ck_assert_int_eq(prop.unifiedFunctionPointers, 1);
	for (int i = 0; i < 16; i++)
		ck_assert_int_eq(((char *)&prop.uuid)[i], i + 1);
	ck_assert_int_eq(RTX(PROPERTIES)(&prop, 2), cudaErrorInvalidDevice);
	ck_assert_int_eq(RTX(PROPERTIES)(NULL, 0), cudaErrorInvalidValue);
	ck_assert_int_eq(RT(cudaDeviceGetAttribute)(&value, cudaDevAttrMultiProcessorCount, 0), 0);
	ck_assert_int_eq(value, 77);
	ck_assert_int_eq(RT(cudaDeviceGetPCIBusId)(pci, sizeof(pci), 0), cudaSuccess);
	ck_assert_str_eq(pci, "0002:AB:1F.0");
	ck_assert_int_eq(RT(cudaDeviceGetByPCIBusId)(&value, pci), cudaSuccess);
	ck_assert_int_eq(value, 0);
}
END_TEST

#if SIM_CUDART == 12
START_TEST(the_older_properties_end_where_the_older_struct_ended)
{
	cudaDeviceProp prop;

	start(NULL);
	memset(&prop, 0x77, sizeof(prop));
	ck_assert_int_eq(RT(cudaGetDeviceProperties)(&prop, 0), cudaSuccess);
	ck_assert_int_eq(prop.major, 9);
	ck_assert_int_eq(prop.maxBlocksPerMultiProcessor, 0x77777777);
	ck_assert_int_eq(prop.clockRate, 1980000);
}
END_TEST
#endif

START_TEST(failures_are_kept_until_they_are_asked_for)
{
	int count;

	start(NULL);
	ck_assert_int_eq(RT(cudaGetLastError)(), cudaSuccess);
	ck_assert_int_eq(RT(cudaSetDevice)(5), cudaErrorInvalidDevice);
	ck_assert_int_eq(RT(cudaGetDeviceCount)(&count), cudaSuccess);
	ck_assert_int_eq(RT(cudaPeekAtLastError)(), cudaErrorInvalidDevice);
	ck_assert_int_eq(RT(cudaPeekAtLastError)(), cudaErrorInvalidDevice);
	ck_assert_int_eq(RT(cudaGetLastError)(), cudaErrorInvalidDevice);
	ck_assert_int_eq(RT(cudaGetLastError)(), cudaSuccess);
	ck_assert_str_eq(RT(cudaGetErrorName)(cudaErrorInvalidDevice), "cudaErrorInvalidDevice");
	ck_assert_str_eq(RT(cudaGetErrorString)(cudaErrorInvalidDevice), "invalid device ordinal");
	ck_assert_str_eq(RT(cudaGetErrorString)((cudaError_t)4711), "unrecognized error code");
}
END_TEST

START_TEST(a_driver_that_is_too_old_is_error_35)
{
	int count = 77, version;

	start(SIM_CUDART == 12 ? "cuda = 11.8\n[device]\n" : "cuda = 12.9\n[device]\n");
	ck_assert_int_eq(RT(cudaGetDeviceCount)(&count), cudaErrorInsufficientDriver);
	ck_assert_int_eq(count, 0);
	ck_assert_int_eq(RT(cudaGetLastError)(), cudaErrorInsufficientDriver);
	ck_assert_int_eq(RT(cudaSetDevice)(0), cudaErrorInsufficientDriver); /* for good */
	ck_assert_int_eq(RT(cudaDriverGetVersion)(&version), cudaSuccess);
	ck_assert_int_eq(version, SIM_CUDART == 12 ? 11080 : 12090);
	ck_assert_int_eq(RT(cudaRuntimeGetVersion)(&version), cudaSuccess);
	ck_assert_int_eq(version / 1000, SIM_CUDART);
}
END_TEST

static char elsewhere[] = "/tmp/vgpu-sim-cudart.XXXXXX";
static char elsewhere_file[sizeof(elsewhere) + 32];

/* The library in a directory of its own, under another name, as a link or as a copy. */
static void open_elsewhere(bool as_link)
{
	const char *build = getenv("VGPU_BUILD_DIR");
	char from[4096];
	struct stat stat;
	int in, out;

	ck_assert_ptr_ne(mkdtemp(elsewhere), NULL);
	snprintf(from, sizeof(from), "%s/lib/" RUNTIME_FILE, build);
	snprintf(elsewhere_file, sizeof(elsewhere_file), "%s/libcudart.so", elsewhere);
	if (as_link) {
		ck_assert_int_eq(symlink(from, elsewhere_file), 0);
	} else {
		in = open(from, O_RDONLY);
		out = open(elsewhere_file, O_WRONLY | O_CREAT, 0700);
		ck_assert_int_eq(fstat(in, &stat), 0);
		ck_assert_int_eq(sendfile(out, in, NULL, (size_t)stat.st_size), stat.st_size);
		close(in);
		close(out);
	}
	unsetenv("VGPU_DEVICE");
	runtime = dlopen(elsewhere_file, RTLD_NOW);
	ck_assert_msg(runtime != NULL, "%s", dlerror());
}

static void close_elsewhere(void)
{
	unlink(elsewhere_file);
	rmdir(elsewhere);
}

START_TEST(a_driver_that_is_missing_is_error_35)
{
	int count = 77, version = 77, found, reported;

	open_elsewhere(false);
	found = RT(cudaGetDeviceCount)(&count);
	reported = RT(cudaDriverGetVersion)(&version);
	close_elsewhere();
	ck_assert_int_eq(found, cudaErrorInsufficientDriver);
	ck_assert_int_eq(count, 0);
	ck_assert_int_eq(reported, cudaSuccess);
	ck_assert_int_eq(version, 0);
}
END_TEST

START_TEST(the_driver_is_found_beside_the_file_that_a_link_leads_to)
{
	int count = 77, found;

	open_elsewhere(true);
	found = RT(cudaGetDeviceCount)(&count);
	close_elsewhere();
	ck_assert_int_eq(found, cudaSuccess);
	ck_assert_int_eq(count, 1);
}
END_TEST

START_TEST(no_visible_device_is_error_100)
{
	int count = 77;

	setenv("CUDA_VISIBLE_DEVICES", "-1", 1);
	start(NULL);
	ck_assert_int_eq(RT(cudaGetDeviceCount)(&count), cudaErrorNoDevice);
	ck_assert_int_eq(count, 0);
}
END_TEST

START_TEST(memory_is_counted_and_copies_come_back)
{
	char text[64], back[64] = "";
	size_t before, after, total;
	void *pointer, *host, *other;
	cudaPointerAttributes about;

	start("[device]\n[device l4]\n");
	ck_assert_int_eq(RT(cudaMemGetInfo)(&before, &total), cudaSuccess);
	ck_assert_int_eq(RT(cudaMalloc)(&pointer, GIB), cudaSuccess);
	ck_assert_int_eq(RT(cudaMemGetInfo)(&after, &total), cudaSuccess);
	ck_assert_uint_eq(after, before - GIB);
	strcpy(text, "there and back");
	ck_assert_int_eq(RT(cudaMemcpy)(pointer, text, 64, cudaMemcpyHostToDevice), cudaSuccess);
	ck_assert_int_eq(RT(cudaMemcpyAsync)(back, pointer, 64, cudaMemcpyDefault, NULL),
			 cudaSuccess);
	ck_assert_str_eq(back, text);
	ck_assert_int_eq(RT(cudaMemset)(pointer, 'x', 5), cudaSuccess);
	ck_assert_int_eq(RT(cudaMemcpy)(back, pointer, 64, cudaMemcpyDeviceToHost), cudaSuccess);
	ck_assert_str_eq(back, "xxxxx and back");
	ck_assert_int_eq(RT(cudaMemcpy)(back, pointer, 64, (cudaMemcpyKind)9),
			 cudaErrorInvalidMemcpyDirection);
	ck_assert_int_eq(RT(cudaMallocHost)(&host, 4096), cudaSuccess);
	ck_assert_int_eq(RT(cudaPointerGetAttributes)(&about, host), cudaSuccess);
	ck_assert_int_eq(about.type, cudaMemoryTypeHost);
	ck_assert_int_eq(RT(cudaPointerGetAttributes)(&about, text), cudaSuccess);
	ck_assert_int_eq(about.type, cudaMemoryTypeUnregistered);
	ck_assert_int_eq(RT(cudaFreeHost)(host), cudaSuccess);
	ck_assert_int_eq(RT(cudaSetDevice)(1), cudaSuccess);
	ck_assert_int_eq(RT(cudaMalloc)(&other, 4096), cudaSuccess);
	ck_assert_int_eq(RT(cudaMemcpyPeerAsync)(other, 1, pointer, 0, 64, NULL), cudaSuccess);
	ck_assert_int_eq(RT(cudaPointerGetAttributes)(&about, other), cudaSuccess);
	ck_assert_int_eq(about.device, 1);
	ck_assert_int_eq(RT(cudaMemcpy)(text, other, 64, cudaMemcpyDeviceToHost), cudaSuccess);
	ck_assert_str_eq(text, back);
	ck_assert_int_eq(RT(cudaSetDevice)(0), cudaSuccess);
	ck_assert_int_eq(RT(cudaFree)(pointer), cudaSuccess);
	ck_assert_int_eq(RT(cudaFree)(pointer), cudaErrorInvalidValue);
	ck_assert_int_eq(RT(cudaMemGetInfo)(&after, &total), cudaSuccess);
	ck_assert_uint_eq(after, before);
	ck_assert_int_eq(RT(cudaMalloc)(&pointer, 1000 * GIB), cudaErrorMemoryAllocation);
	ck_assert_int_eq(RT(cudaMalloc)(&pointer, 0), cudaSuccess);
	ck_assert_ptr_eq(pointer, NULL);
}
END_TEST

/* What nvcc makes of a translation unit with two kernels. */
static const char image[] =
    ".version 8.0\n.target sm_70\n.entry first(){ret;}\n.entry second(){}\n";
static void hello_stub(void)
{
}
static void world_stub(void)
{
}

START_TEST(registered_kernels_launch_by_the_address_of_their_stub)
{
	dim3 grid = { 2, 3, 4 }, block = { 32, 1, 1 }, g, b;
	cudaFuncAttributes about;
	void **handle;
	cudaStream_t stream, s;
	size_t shared;
	int blocks;

	start(NULL);
	handle = RT(__cudaRegisterFatBinary)((void *)image);
	RT(__cudaRegisterFunction)
	(handle, (char *)hello_stub, (char *)"first", "first", -1, NULL, NULL, NULL, NULL, NULL);
	RT(__cudaRegisterFatBinaryEnd)(handle);
	ck_assert_int_eq(RT(cudaStreamCreateWithFlags)(&stream, 1), cudaSuccess);
	ck_assert_uint_eq(RT(__cudaPushCallConfiguration)(grid, block, 100, stream), 0);
	ck_assert_uint_eq(RT(__cudaPushCallConfiguration)(block, grid, 0, NULL), 0); /* nested */
	ck_assert_int_eq(RT(__cudaPopCallConfiguration)(&g, &b, &shared, &s), cudaSuccess);
	ck_assert_uint_eq(g.x, 32);
	ck_assert_int_eq(RT(__cudaPopCallConfiguration)(&g, &b, &shared, &s), cudaSuccess);
	ck_assert_uint_eq(g.y, 3);
	ck_assert_uint_eq(b.x, 32);
	ck_assert_uint_eq(shared, 100);
	ck_assert_ptr_eq(s, stream);
	ck_assert_int_eq(RT(__cudaPopCallConfiguration)(&g, &b, &shared, &s),
			 cudaErrorMissingConfiguration);
	ck_assert_int_eq(RT(cudaLaunchKernel)((void *)hello_stub, g, b, NULL, 0, s), cudaSuccess);
	b.x = 2048;
	ck_assert_int_eq(RT(cudaLaunchKernel)((void *)hello_stub, g, b, NULL, 0, s),
			 cudaErrorInvalidConfiguration);
	ck_assert_int_eq(RT(cudaLaunchKernel)((void *)world_stub, g, b, NULL, 0, s),
			 cudaErrorInvalidDeviceFunction);
	ck_assert_int_eq(RT(cudaFuncGetAttributes)(&about, (void *)hello_stub), cudaSuccess);
	ck_assert_int_eq(about.binaryVersion, 90);
	ck_assert_int_eq(about.maxThreadsPerBlock, 1024);
	ck_assert_int_eq(
	    RT(cudaOccupancyMaxActiveBlocksPerMultiprocessor)(&blocks, (void *)hello_stub, 512, 0),
	    cudaSuccess);
	ck_assert_int_eq(blocks, 4);
	ck_assert_int_eq(RT(cudaStreamSynchronize)(stream), cudaSuccess);
	ck_assert_int_eq(RT(cudaStreamDestroy)(stream), cudaSuccess);
	RT(__cudaUnregisterFatBinary)(handle);
	ck_assert_int_eq(RT(cudaLaunchKernel)((void *)hello_stub, grid, block, NULL, 0, NULL),
			 cudaErrorInvalidDeviceFunction);
}
END_TEST

START_TEST(thousands_of_kernels_are_told_apart)
{
	enum { COUNT = 5000 };
	static char stubs[COUNT];
	static char names[COUNT][24];
	static char code[COUNT * 32] = ".version 8.0\n.target sm_70\n";
	size_t at = strlen(code);
	const char *name;
	void **handle;

	start(NULL);
	for (int i = 0; i < COUNT; i++)
		at += (size_t)snprintf(code + at, sizeof(code) - at, ".entry kernel%d(){}\n", i);
	handle = RT(__cudaRegisterFatBinary)(code);
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof(names[i]), "kernel%d", i);
		RT(__cudaRegisterFunction)
		(handle, &stubs[i], names[i], names[i], -1, NULL, NULL, NULL, NULL, NULL);
	}
	for (int i = 0; i < COUNT; i += 7) {
		ck_assert_int_eq(RT(cudaFuncGetName)(&name, &stubs[i]), cudaSuccess);
		ck_assert_str_eq(name, names[i]);
	}
}
END_TEST

START_TEST(the_drivers_entry_points_are_found_by_name)
{
	cudaDriverEntryPointQueryResult status;
	void *driver = client_open("libvgpu-cuda.so"), *pointer;

	start(NULL);
	ck_assert_int_eq(
	    RT(cudaGetDriverEntryPointByVersion)("cuMemAlloc", &pointer, 12000, 0, &status),
	    cudaSuccess);
	ck_assert_ptr_eq(pointer, client_address(driver, "cuMemAlloc_v2"));
	ck_assert_int_eq(status, cudaDriverEntryPointSuccess);
	ck_assert_int_eq(
	    RT(cudaGetDriverEntryPointByVersion)("cuNoSuch", &pointer, 12000, 0, &status),
	    cudaSuccess);
	ck_assert_int_eq(status, cudaDriverEntryPointSymbolNotFound);
	ck_assert_ptr_eq(pointer, NULL);
	ck_assert_int_eq(RT(cudaGetDriverEntryPointByVersion)("cuNoSuch", &pointer, 12000, 0, NULL),
			 cudaErrorSymbolNotFound);
}
END_TEST

static void *thread_with_its_own_device(void *unused)
{
	int device = 7;

	(void)unused;
	if (RT(cudaGetLastError)() != cudaSuccess || RT(cudaGetDevice)(&device) || device != 0)
		return "a new thread does not begin with device 0 and no error";
	return NULL;
}

START_TEST(device_and_last_error_are_each_threads_own)
{
	pthread_t thread;
	void *wrong;
	int device;

	start("[device]\ncount = 3\n");
	ck_assert_int_eq(RT(cudaSetDevice)(2), cudaSuccess);
	ck_assert_int_eq(RT(cudaSetDevice)(3), cudaErrorInvalidDevice);
	ck_assert_int_eq(pthread_create(&thread, NULL, thread_with_its_own_device, NULL), 0);
	pthread_join(thread, &wrong);
	ck_assert_msg(!wrong, "%s", (char *)wrong);
	ck_assert_int_eq(RT(cudaGetDevice)(&device), cudaSuccess);
	ck_assert_int_eq(device, 2);
}
END_TEST

START_TEST(a_forked_child_starts_afresh)
{
	void *pointer;
	int status, count;
	pid_t child;

	start(NULL);
	ck_assert_int_eq(RT(cudaMalloc)(&pointer, GIB), cudaSuccess);
	child = fork();
	if (!child) {
		size_t free, total;

		if (RT(cudaGetDeviceCount)(&count) || count != 1 ||
		    RT(cudaMemGetInfo)(&free, &total))
			_exit(1);
		_exit(total - free < GIB ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(RT(cudaFree)(pointer), cudaSuccess);
}
END_TEST

START_TEST(a_reset_device_is_made_again)
{
	size_t before, after, total;
	void *pointer;

	start(NULL);
	ck_assert_int_eq(RT(cudaMemGetInfo)(&before, &total), cudaSuccess);
	ck_assert_int_eq(RT(cudaMalloc)(&pointer, GIB), cudaSuccess);
	ck_assert_int_eq(RT(cudaDeviceReset)(), cudaSuccess);
	ck_assert_int_eq(RT(cudaMemGetInfo)(&after, &total), cudaSuccess);
	ck_assert_uint_eq(after, before);
}
END_TEST

TCase *program_tests(void)
{
	TCase *tc = tcase_create("programs");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_device_is_what_its_file_says);
#if SIM_CUDART == 12
	tcase_add_test(tc, the_older_properties_end_where_the_older_struct_ended);
#endif
	tcase_add_test(tc, failures_are_kept_until_they_are_asked_for);
	tcase_add_test(tc, a_driver_that_is_too_old_is_error_35);
	tcase_add_test(tc, a_driver_that_is_missing_is_error_35);
	tcase_add_test(tc, the_driver_is_found_beside_the_file_that_a_link_leads_to);
	tcase_add_test(tc, no_visible_device_is_error_100);
	tcase_add_test(tc, memory_is_counted_and_copies_come_back);
	tcase_add_test(tc, registered_kernels_launch_by_the_address_of_their_stub);
	tcase_add_test(tc, thousands_of_kernels_are_told_apart);
	tcase_add_test(tc, the_drivers_entry_points_are_found_by_name);
	tcase_add_test(tc, device_and_last_error_are_each_threads_own);
	tcase_add_test(tc, a_forked_child_starts_afresh);
	tcase_add_test(tc, a_reset_device_is_made_again);
	return tc;
}
