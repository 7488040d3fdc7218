// SPDX-License-Identifier: Apache-2.0
// A graph that was recorded and one that was built: launched, changed, launched again.
#include "check.h"

__global__ void scale(int *data, int by)
{
	data[threadIdx.x] *= by;
}

static int runs;
static void CUDART_CB count_runs(void *)
{
	runs++;
}

static void recorded(cudaStream_t stream, int *device)
{
	cudaStreamCaptureStatus status;
	cudaGraphExecUpdateResultInfo info;
	cudaGraphExec_t exec;
	cudaGraph_t graph, other;
	size_t nodes;
	int host[8] = {}, back[8] = {};

	OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
	OK(cudaMemcpyAsync(device, host, sizeof(host), cudaMemcpyHostToDevice, stream));
	scale<<<1, 8, 0, stream>>>(device, 3);
	OK(cudaMemcpyAsync(back, device, sizeof(back), cudaMemcpyDeviceToHost, stream));
	OK(cudaLaunchHostFunc(stream, count_runs, NULL));
	OK(cudaStreamIsCapturing(stream, &status));
	TRUE(status == cudaStreamCaptureStatusActive);
	OK(cudaStreamEndCapture(stream, &graph));
	OK(cudaStreamIsCapturing(stream, &status));
	TRUE(status == cudaStreamCaptureStatusNone);
	TRUE(runs == 0);
	OK(cudaGraphGetNodes(graph, NULL, &nodes));
	TRUE(nodes == 4);
	OK(cudaGraphInstantiate(&exec, graph, 0));
	// the copies of the graph read what lies there when it is launched
	for (int i = 0; i < 8; i++)
		host[i] = i;
	OK(cudaGraphLaunch(exec, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(runs == 1);
	TRUE(back[7] == 7 || back[7] == 21); // 21 where kernels run
	// the same shape with other parameters takes the place of the first
	OK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
	OK(cudaMemcpyAsync(device, host, sizeof(host), cudaMemcpyHostToDevice, stream));
	scale<<<1, 4, 0, stream>>>(device, 5);
	OK(cudaMemcpyAsync(back, device, sizeof(back), cudaMemcpyDeviceToHost, stream));
	OK(cudaLaunchHostFunc(stream, count_runs, NULL));
	OK(cudaStreamEndCapture(stream, &other));
	OK(cudaGraphExecUpdate(exec, other, &info));
	TRUE(info.result == cudaGraphExecUpdateSuccess);
	OK(cudaGraphLaunch(exec, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(runs == 2);
	OK(cudaGraphExecDestroy(exec));
	OK(cudaGraphDestroy(graph));
	OK(cudaGraphDestroy(other));
	IS(cudaErrorIllegalState, cudaStreamEndCapture(stream, &graph));
	OK((cudaGetLastError(), cudaSuccess));
}

static void built(cudaStream_t stream, int *device)
{
	int by = 2, back[8] = {}, *pointer = device;
	void *arguments[] = { &pointer, &by };
	cudaKernelNodeParams kernel = {};
	cudaMemsetParams set = {};
	cudaGraphNode_t set_node, kernel_node, copy_node, nodes[4];
	cudaGraphNodeType type;
	cudaGraphExec_t exec;
	cudaGraph_t graph;
	size_t count = 4;

	set.dst = device;
	set.value = 6;
	set.elementSize = 4;
	set.width = 8;
	set.height = 1;
	kernel.func = (void *)scale;
	kernel.gridDim = dim3(1);
	kernel.blockDim = dim3(8);
	kernel.kernelParams = arguments;
	OK(cudaGraphCreate(&graph, 0));
	OK(cudaGraphAddMemsetNode(&set_node, graph, NULL, 0, &set));
	OK(cudaGraphAddKernelNode(&kernel_node, graph, &set_node, 1, &kernel));
	OK(cudaGraphAddMemcpyNode1D(&copy_node, graph, &kernel_node, 1, back, device, sizeof(back),
				    cudaMemcpyDeviceToHost));
	OK(cudaGraphGetRootNodes(graph, nodes, &count));
	TRUE(count == 1 && nodes[0] == set_node);
	OK(cudaGraphNodeGetType(kernel_node, &type));
	TRUE(type == cudaGraphNodeTypeKernel);
	OK(cudaGraphKernelNodeGetParams(kernel_node, &kernel));
	TRUE(kernel.func == (void *)scale && kernel.blockDim.x == 8);
	OK(cudaGraphInstantiate(&exec, graph, 0));
	OK(cudaGraphLaunch(exec, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(back[7] == 6 || back[7] == 12); // 12 where kernels run
	set.value = 9;
	OK(cudaGraphExecMemsetNodeSetParams(exec, set_node, &set));
	OK(cudaGraphLaunch(exec, stream));
	OK(cudaStreamSynchronize(stream));
	TRUE(back[7] == 9 || back[7] == 18);
	IS(cudaErrorInvalidValue, cudaGraphAddEmptyNode(nodes, graph, NULL, 3));
	OK(cudaGraphExecDestroy(exec));
	OK(cudaGraphDestroy(graph));
}

int main()
{
	cudaStream_t stream;
	int *device;

	OK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
	OK(cudaMalloc(&device, 4096));
	recorded(stream, device);
	built(stream, device);
	OK(cudaFree(device));
	OK(cudaStreamDestroy(stream));
	std::puts("done");
}
