/* SPDX-License-Identifier: Apache-2.0 */
/* Every entry point of the simulated runtime, by what it does: compiled for 12 and for 13, and counted. */
#include <dirent.h>
#include <stdbool.h>
#include <string.h>

#include "sim_runtime.h"
#include "sim_watch.h"

void *runtime;

void start(const char *devices)
{
	if (devices)
		client_devices(devices);
	else
		unsetenv("VGPU_DEVICE");
	runtime = client_open(RUNTIME_FILE);
}

size_t free_bytes(void)
{
	size_t free_now, total;

	OK(RT(cudaMemGetInfo)(&free_now, &total));
	return free_now;
}

void *filled(size_t size, int value)
{
	void *memory;

	OK(RT(cudaMalloc)(&memory, size));
	OK(RT(cudaMemset)(memory, value, size));
	return memory;
}

bool is_filled(const void *device, size_t size, int value)
{
	char *host = malloc(size);
	bool all = true;

	ck_assert_ptr_ne(host, NULL);
	OK(RT(cudaMemcpy)(host, device, size, cudaMemcpyDeviceToHost));
	for (size_t i = 0; i < size; i++)
		all = all && host[i] == (char)value;
	free(host);
	return all;
}

/* Open descriptors and mapped pages of this process. */
static void held(int *descriptors, long *pages)
{
	DIR *dir = opendir("/proc/self/fd");
	FILE *statm = fopen("/proc/self/statm", "r");
	long mapped = -1;

	ck_assert_ptr_ne(dir, NULL);
	ck_assert_ptr_ne(statm, NULL);
	ck_assert_int_eq(fscanf(statm, "%ld", &mapped), 1);
	fclose(statm);
	for (*descriptors = 0; readdir(dir);)
		++*descriptors;
	closedir(dir);
	*pages = mapped; /* the rings are mapped whole, and filled bit by bit */
}

static void cycle(int number)
{
	cudaGraphExec_t exec;
	cudaStream_t stream;
	cudaEvent_t event;
	cudaGraph_t graph;
	void *a, *b, *host, **handle = NULL;
	char byte = (char)number, back = 0;

	if (number % 16 == 0)
		handle = register_code();
	OK(RT(cudaStreamCreate)(&stream));
	OK(RT(cudaEventCreate)(&event));
	OK(RT(cudaMalloc)(&a, MIB));
	OK(RT(cudaMallocAsync)(&b, MIB, stream));
	OK(RT(cudaMallocHost)(&host, 4096));
	OK(RT(cudaMemcpyAsync)(a, &byte, 1, cudaMemcpyHostToDevice, stream));
	OK(RT(cudaMemcpyAsync)(&back, a, 1, cudaMemcpyDeviceToHost, stream));
	OK(RT(cudaEventRecord)(event, stream));
	OK(RT(cudaStreamBeginCapture)(stream, cudaStreamCaptureModeGlobal));
	OK(RT(cudaMemsetAsync)(a, 1, 16, stream));
	OK(RT(cudaStreamEndCapture)(stream, &graph));
	OK(RT(cudaGraphInstantiate)(&exec, graph, 0));
	OK(RT(cudaGraphLaunch)(exec, stream));
	if (handle) {
		OK(RT(cudaMemcpyToSymbol)(&limit_shadow, &number, 4, 0, cudaMemcpyHostToDevice));
		RT(__cudaUnregisterFatBinary)(handle);
	}
	OK(RT(cudaGraphExecDestroy)(exec));
	OK(RT(cudaGraphDestroy)(graph));
	OK(RT(cudaFreeAsync)(b, stream));
	OK(RT(cudaStreamSynchronize)(stream));
	ck_assert_int_eq(back, byte);
	OK(RT(cudaFree)(a));
	OK(RT(cudaFreeHost)(host));
	OK(RT(cudaEventDestroy)(event));
	OK(RT(cudaStreamDestroy)(stream));
	if (number % 1000 == 999)
		OK(RT(cudaDeviceReset)());
}

START_TEST(ten_thousand_cycles_leave_nothing_behind)
{
	const char *sanitizer = getenv("VGPU_SANITIZE");
	bool sanitized = sanitizer && *sanitizer; /* it keeps what was freed for a while */
	int descriptors, descriptors_after;
	long pages, pages_after;
	size_t before;

	start(NULL);
	for (int i = 0; i < 2000; i++) /* until every table and ring has its size */
		cycle(i);
	before = free_bytes();
	held(&descriptors, &pages);
	for (int i = 0; i < 10000; i++)
		cycle(i);
	held(&descriptors_after, &pages_after);
	ck_assert_uint_eq(free_bytes(), before);
	ck_assert_int_eq(descriptors_after, descriptors);
	/* a hundred bytes lost in each cycle would be 250 pages */
	ck_assert_int_le(pages_after, pages + (sanitized ? 65536 : 128));
}
END_TEST

int main(int argc, char **argv)
{
	static const char *const refused[] = {
		"cudaIpcGetMemHandle",
		"cudaIpcGetEventHandle",
		"cudaImportExternalMemory",
		"cudaGraphicsMapResources",
		NULL,
	};
	static const struct sim_watch watch = { .library = RUNTIME_NAME, .proved = 200, .refused = refused };
	Suite *suite = suite_create("sim runtime");
	TCase *tc = tcase_create("growth");

	suite_add_tcase(suite, program_tests());
	suite_add_tcase(suite, program_graph_tests());
	suite_add_tcase(suite, program_memory_tests());
	suite_add_tcase(suite, program_rest_tests());
	suite_add_tcase(suite, device_tests());
	suite_add_tcase(suite, memory_tests());
	suite_add_tcase(suite, array_tests());
	suite_add_tcase(suite, pool_tests());
	suite_add_tcase(suite, stream_tests());
	suite_add_tcase(suite, graph_tests());
	suite_add_tcase(suite, graph_node_tests());
	suite_add_tcase(suite, code_tests());
	suite_add_tcase(suite, error_tests());
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, ten_thousand_cycles_leave_nothing_behind);
	suite_add_tcase(suite, tc);
	return sim_watch_main(argc, argv, suite, &watch);
}
