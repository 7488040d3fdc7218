// SPDX-License-Identifier: Apache-2.0
// What nvcc makes of ordinary programs: run on the simulated device, where kernels launch and do nothing.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <cuda_runtime.h>

struct wide {
	char bytes[40];
	double number;
};

__device__ int counter = 7;
__constant__ float table[16] = { 1, 2, 3 };
__managed__ int shared_with_host = 5;
__device__ char room[1000];

__global__ void add(const float *a, const float *b, float *c, int n)
{
	int i = blockIdx.x * blockDim.x + threadIdx.x;

	if (i < n)
		c[i] = a[i] + b[i] + table[i % 16] + counter;
}

__global__ __launch_bounds__(128, 2) void bounded(int *p, wide w, char q)
{
	__shared__ int tile[256];

	tile[threadIdx.x] = *p + shared_with_host + room[0] + w.bytes[3] + q;
	__syncthreads();
	*p = tile[threadIdx.x ^ 1];
}

static int failures;

#define WANT(expression)                                                                           \
	do {                                                                                       \
		if (!(expression)) {                                                               \
			printf("%s:%d: not so: %s (last error %s)\n", __func__, __LINE__,          \
			       #expression, cudaGetErrorName(cudaPeekAtLastError()));              \
			failures++;                                                                \
		}                                                                                  \
	} while (0)
#define OK(call) WANT((call) == cudaSuccess)
#define IS(code, call)                                                                             \
	do {                                                                                       \
		WANT((call) == (code));                                                            \
		cudaGetLastError();                                                                \
	} while (0)

static void vector_add()
{
	const int n = 1000;
	float *a, *b, *c, in[n], out[n];

	for (int i = 0; i < n; i++)
		in[i] = i * 0.5f;
	OK(cudaMalloc(&a, sizeof(in)));
	OK(cudaMalloc(&b, sizeof(in)));
	OK(cudaMalloc(&c, sizeof(in)));
	OK(cudaMemcpy(a, in, sizeof(in), cudaMemcpyHostToDevice));
	OK(cudaMemcpy(b, in, sizeof(in), cudaMemcpyHostToDevice));
	OK(cudaMemcpy(c, in, sizeof(in), cudaMemcpyHostToDevice));
	add<<<(n + 255) / 256, 256>>>(a, b, c, n);
	OK(cudaGetLastError());
	OK(cudaDeviceSynchronize());
	OK(cudaMemcpy(out, c, sizeof(out), cudaMemcpyDeviceToHost));
	WANT(!memcmp(in, out, sizeof(in))); // nothing runs: what was there is there
	OK(cudaFree(a));
	OK(cudaFree(b));
	OK(cudaFree(c));
}

static void symbols()
{
	int value = 0, set = 4711;
	float got[16] = {}, put[16];
	char bytes[1000], back[1000];
	void *first, *again;
	size_t size;

	OK(cudaMemcpyFromSymbol(&value, counter, sizeof(value)));
	WANT(value == 7); // as the code says
	OK(cudaMemcpyFromSymbol(got, table, sizeof(got)));
	WANT(got[0] == 1 && got[2] == 3 && got[3] == 0);
	OK(cudaMemcpyToSymbol(counter, &set, sizeof(set)));
	OK(cudaMemcpyFromSymbol(&value, counter, sizeof(value)));
	WANT(value == 4711);
	for (int i = 0; i < 16; i++)
		put[i] = i * 1.5f;
	OK(cudaMemcpyToSymbol(table, put, sizeof(put)));
	OK(cudaMemcpyFromSymbol(got, table, 8 * sizeof(float), 8 * sizeof(float)));
	WANT(got[0] == 12);
	for (int i = 0; i < 1000; i++)
		bytes[i] = (char)(i * 11);
	OK(cudaMemcpyToSymbolAsync(room, bytes, sizeof(bytes), 0, cudaMemcpyHostToDevice, 0));
	OK(cudaMemcpyFromSymbolAsync(back, room, sizeof(back), 0, cudaMemcpyDeviceToHost, 0));
	WANT(!memcmp(bytes, back, sizeof(bytes)));
	OK(cudaGetSymbolAddress(&first, room));
	OK(cudaGetSymbolAddress(&again, room));
	WANT(first == again);
	OK(cudaGetSymbolSize(&size, room));
	WANT(size == 1000);
	OK(cudaMemcpy(back, first, 10, cudaMemcpyDeviceToHost));
	WANT(!memcmp(bytes, back, 10));
	IS(cudaErrorInvalidValue, cudaMemcpyToSymbol(room, bytes, 600, 500));
	IS(cudaErrorInvalidSymbol, cudaGetSymbolSize(&size, (const void *)&failures));
	IS(cudaErrorInvalidMemcpyDirection,
	   cudaMemcpyToSymbol(room, bytes, 4, 0, cudaMemcpyDeviceToHost));
}

static void managed()
{
	int *memory, value;
	cudaPointerAttributes about;

	WANT(shared_with_host == 5);
	shared_with_host = 6;
	OK(cudaMemcpyFromSymbol(&value, shared_with_host, sizeof(value)));
	WANT(value == 6);
	OK(cudaMallocManaged(&memory, 4096));
	memory[0] = 42;
	OK(cudaPointerGetAttributes(&about, memory));
	WANT(about.type == cudaMemoryTypeManaged);
	bounded<<<1, 64>>>(memory, wide(), 'x');
	OK(cudaDeviceSynchronize());
	WANT(memory[0] == 42);
	OK(cudaFree(memory));
}

static void CUDART_CB count_up(void *data)
{
	++*(int *)data;
}

static void streams_and_events()
{
	cudaStream_t a, b;
	cudaEvent_t from, to;
	float time = -1;
	int n = 0, least, greatest, priority;
	void *memory, *host;

	OK(cudaDeviceGetStreamPriorityRange(&least, &greatest));
	OK(cudaStreamCreate(&a));
	OK(cudaStreamCreateWithPriority(&b, cudaStreamNonBlocking, greatest));
	OK(cudaStreamGetPriority(b, &priority));
	WANT(priority == greatest);
	OK(cudaEventCreate(&from));
	OK(cudaEventCreate(&to));
	OK(cudaMalloc(&memory, 1 << 20));
	OK(cudaMallocHost(&host, 1 << 20));
	OK(cudaEventRecord(from, a));
	OK(cudaMemcpyAsync(memory, host, 1 << 20, cudaMemcpyHostToDevice, a));
	add<<<4, 256, 0, a>>>((float *)memory, (float *)memory, (float *)memory, 1000);
	OK(cudaEventRecord(to, a));
	OK(cudaStreamWaitEvent(b, to, 0));
	OK(cudaLaunchHostFunc(b, count_up, &n));
	OK(cudaStreamSynchronize(b));
	WANT(n == 1);
	OK(cudaEventSynchronize(to));
	OK(cudaEventElapsedTime(&time, from, to));
	WANT(time > 0 && time < 10000);
	OK(cudaEventQuery(to));
	OK(cudaEventDestroy(from));
	OK(cudaEventDestroy(to));
	IS(cudaErrorInvalidResourceHandle, cudaEventQuery(to));
	OK(cudaStreamDestroy(a));
	OK(cudaStreamDestroy(b));
	OK(cudaMallocAsync(&memory, 1 << 20, 0));
	OK(cudaFreeAsync(memory, 0));
	OK(cudaFreeHost(host));
}

static void graphs()
{
	unsigned char out[64] = {};
	cudaGraphExec_t exec;
	cudaGraphNode_t node;
	cudaStream_t stream;
	cudaGraph_t graph;
	size_t nodes = 0;
	int n = 0;
	char *memory;

	OK(cudaStreamCreate(&stream));
	OK(cudaMalloc(&memory, 64));
	OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
	OK(cudaMemsetAsync(memory, 9, 64, stream));
	add<<<1, 32, 0, stream>>>((float *)memory, (float *)memory, (float *)memory, 16);
	OK(cudaMemcpyAsync(out, memory, 64, cudaMemcpyDeviceToHost, stream));
	OK(cudaLaunchHostFunc(stream, count_up, &n));
	OK(cudaStreamEndCapture(stream, &graph));
	WANT(out[0] == 0 && n == 0);
	OK(cudaGraphGetNodes(graph, NULL, &nodes));
	WANT(nodes == 4);
	OK(cudaGraphInstantiate(&exec, graph, 0));
	for (int i = 0; i < 3; i++)
		OK(cudaGraphLaunch(exec, stream));
	OK(cudaStreamSynchronize(stream));
	WANT(out[63] == 9 && n == 3);

	int *counted = &n;
	float *floats = (float *)memory;
	int size = 16;
	void *arguments[] = { &floats, &floats, &floats, &size };
	cudaKernelNodeParams params = {};
	cudaGraphExecUpdateResultInfo info;
	params.func = (void *)add;
	params.gridDim = dim3(2);
	params.blockDim = dim3(64);
	params.kernelParams = arguments;
	cudaGraph_t built;
	OK(cudaGraphCreate(&built, 0));
	OK(cudaGraphAddKernelNode(&node, built, NULL, 0, &params));
	cudaKernelNodeParams back;
	OK(cudaGraphKernelNodeGetParams(node, &back));
	WANT(back.func == (void *)add && back.gridDim.x == 2);
	size = 99; // the node has a copy of its own
	WANT(*(int *)back.kernelParams[3] == 16);
	cudaHostNodeParams host = { count_up, counted };
	cudaGraphNode_t second;
	OK(cudaGraphAddHostNode(&second, built, &node, 1, &host));
	IS(cudaErrorGraphExecUpdateFailure, cudaGraphExecUpdate(exec, built, &info));
	OK(cudaGraphExecDestroy(exec));
	OK(cudaGraphInstantiate(&exec, built, 0));
	OK(cudaGraphLaunch(exec, stream));
	WANT(n == 4);
	OK(cudaGraphExecUpdate(exec, built, &info));
	OK(cudaGraphExecDestroy(exec));
	OK(cudaGraphDestroy(built));
	OK(cudaGraphDestroy(graph));
}

static void occupancy()
{
	int blocks, grid, block;
	cudaFuncAttributes about;
	cudaDeviceProp prop;

	OK(cudaGetDeviceProperties(&prop, 0));
	OK(cudaFuncGetAttributes(&about, bounded));
	WANT(about.maxThreadsPerBlock == 128);
	WANT(about.sharedSizeBytes >= 1024);
	WANT(about.numRegs > 0 && about.numRegs < 255);
	OK(cudaFuncGetAttributes(&about, add));
	WANT(about.constSizeBytes >= 64);
	OK(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, add, 256, 0));
	WANT(blocks == prop.maxThreadsPerMultiProcessor / 256);
	OK(cudaOccupancyMaxPotentialBlockSize(&grid, &block, add, 0, 0));
	WANT(block == 1024 && grid == blocks * 256 / 1024 * prop.multiProcessorCount);
#if CUDART_VERSION >= 12040
	size_t offset, size;
	OK(cudaFuncGetParamInfo((const void *)bounded, 1, &offset, &size));
	WANT(offset == 8 && size == sizeof(wide));
	IS(cudaErrorInvalidValue, cudaFuncGetParamInfo((const void *)bounded, 3, &offset, &size));
#endif
}

static void errors()
{
	void *pointer;
	int *memory;
	size_t free, total;

	IS(cudaErrorInvalidDevice, cudaSetDevice(99));
	OK(cudaMemGetInfo(&free, &total));
	IS(cudaErrorMemoryAllocation, cudaMalloc(&pointer, total * 2));
	IS(cudaErrorInvalidValue, cudaFree((void *)0x1000));
	OK(cudaMalloc(&memory, 64));
	add<<<1, 2048>>>(NULL, NULL, NULL, 0);
	IS(cudaErrorInvalidConfiguration, cudaGetLastError());
	bounded<<<1, 256>>>(memory, wide(), 0); // more than its bounds
	IS(cudaErrorLaunchOutOfResources, cudaGetLastError());
	IS(cudaErrorInvalidMemcpyDirection, cudaMemcpy(memory, memory, 4, (cudaMemcpyKind)9));
	IS(cudaErrorInvalidValue, cudaMemcpy(memory, &pointer, 65, cudaMemcpyHostToDevice));
	IS(cudaErrorInvalidResourceHandle, cudaStreamSynchronize((cudaStream_t)0x1234));
	IS(cudaErrorInvalidDeviceFunction,
	   cudaLaunchKernel((void *)&failures, dim3(1), dim3(1), NULL, 0, 0));
	WANT(!strcmp(cudaGetErrorName(cudaErrorInvalidSymbol), "cudaErrorInvalidSymbol"));
	OK(cudaFree(memory));
}

int main(int argc, char **argv)
{
	cudaError_t error;
	int count = -1;

	error = cudaGetDeviceCount(&count);
	printf("cudaGetDeviceCount: %d, %d devices\n", (int)error, count);
	if (argc > 1) { // only as far as a program comes whose runtime or code does not fit
		error = cudaMalloc(&argv[0], 64);
		if (error == cudaSuccess) {
			add<<<1, 1>>>(NULL, NULL, NULL, 0);
			error = cudaGetLastError();
		}
	}
	if (argc > 1 || error != cudaSuccess) {
		printf("error %d %s\n", (int)error, cudaGetErrorName(error));
		return error == cudaSuccess ? 0 : 3;
	}
	vector_add();
	symbols();
	managed();
	streams_and_events();
	graphs();
	occupancy();
	errors();
	printf("failures: %d\n", failures);
	return failures != 0;
}
