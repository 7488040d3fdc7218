/* SPDX-License-Identifier: Apache-2.0 */
/* Structs by value, floats and returned structs reach the record as they were passed. */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gen/cuda_calls.h"
#include "gen/cudart13_calls.h"
#include "shim/api/schema.h"
#include "shim/ring/reader.h"

/* usage: calls_structs CUDA-LIBRARY CUDART13-LIBRARY. The calls are answered "not supported". */

static struct vgpu_ring *ring;
static struct vgpu_ring_event event;

#define WANT(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

/* The record of the last call made, which must be of this function. */
static bool last(const char *name)
{
	struct vgpu_ring_event next;
	const struct vgpu_function *function = NULL;

	vgpu_ring_poll(ring);
	while (vgpu_ring_next(ring, &next)) {
		if (next.kind != VGPU_KIND_CALL)
			continue;
		event = next;
		function = vgpu_function_find(event.call->function);
	}
	return function && !strcmp(function->name, name);
}

static bool blob(uint32_t param, const void *data, size_t size)
{
	const struct vgpu_blob *found;
	size_t at = 0;

	while ((found = vgpu_ring_blob(&event, &at))) {
		if (found->param == param)
			return found->size == size && !memcmp(found + 1, data, size);
	}
	return false;
}

static int driver(void *library)
{
	CUresult (*level)(CUtexref, float) = dlsym(library, "cuTexRefSetMipmapLevelBias");
	CUresult (*clamp)(CUtexref, float, float) = dlsym(library, "cuTexRefSetMipmapLevelClamp");
	CUresult (*ipc)(CUdeviceptr *, CUipcMemHandle, unsigned int) =
	    dlsym(library, "cuIpcOpenMemHandle_v2");
	CUipcMemHandle handle;
	float low = -1.5f, high = 2.25f;
	CUdeviceptr pointer = 7;
	uint32_t bits;

	WANT(level && clamp && ipc);
	memset(&handle, 0x5a, sizeof(handle));
	WANT(ipc(&pointer, handle, 1) == CUDA_ERROR_NOT_SUPPORTED);
	WANT(last("cuIpcOpenMemHandle_v2"));
	WANT(event.call->nargs == 3 && event.args[0] == (uintptr_t)&pointer && event.args[1] == 0 &&
	     event.args[2] == 1);
	WANT(blob(1, &handle, sizeof(handle)));

	WANT(clamp((CUtexref)0x1234, low, high) == CUDA_ERROR_NOT_SUPPORTED);
	WANT(last("cuTexRefSetMipmapLevelClamp"));
	memcpy(&bits, &low, sizeof(bits));
	WANT(event.args[0] == 0x1234 && event.args[1] == bits);
	memcpy(&bits, &high, sizeof(bits));
	WANT(event.args[2] == bits);
	WANT(level(NULL, low) == CUDA_ERROR_NOT_SUPPORTED);
	WANT(last("cuTexRefSetMipmapLevelBias"));
	return 0;
}

static int runtime(void *library)
{
	cudaError_t (*launch)(const void *, dim3, dim3, void **, size_t, cudaStream_t) =
	    dlsym(library, "cudaLaunchKernel");
	cudaError_t (*malloc3d)(cudaPitchedPtr *, cudaExtent) = dlsym(library, "cudaMalloc3D");
	cudaChannelFormatDesc (*channel)(int, int, int, int, cudaChannelFormatKind) =
	    dlsym(library, "cudaCreateChannelDesc");
	unsigned int (*push)(dim3, dim3, size_t, cudaStream_t) =
	    dlsym(library, "__cudaPushCallConfiguration");
	const char *(*text)(cudaError_t) = dlsym(library, "cudaGetErrorString");
	cudaExtent extent = { 11, 22, 33 };
	dim3 grid = { 1, 2, 3 }, block = { 4, 5, 6 };
	cudaChannelFormatDesc desc;
	cudaPitchedPtr pitched;

	WANT(launch && malloc3d && channel && push && text);
	WANT(launch(&extent, grid, block, NULL, 7, (cudaStream_t)2) == cudaErrorNotSupported);
	WANT(last("cudaLaunchKernel"));
	WANT(event.call->nargs == 6 && event.args[0] == (uintptr_t)&extent && event.args[4] == 7 &&
	     event.args[5] == 2);
	WANT(blob(1, &grid, sizeof(grid)) && blob(2, &block, sizeof(block)));

	WANT(malloc3d(&pitched, extent) == cudaErrorNotSupported);
	WANT(last("cudaMalloc3D"));
	WANT(blob(1, &extent, sizeof(extent)));

	/* A launch that is not supported must not go on to the kernel's stub: not 0. */
	WANT(push(grid, block, 0, NULL) == 801);

	desc = channel(8, 0, 0, 0, cudaChannelFormatKindUnsigned);
	WANT(desc.x == 0);
	WANT(last("cudaCreateChannelDesc"));
	WANT(event.call->nargs == 5 && event.args[0] == 8 &&
	     blob(VGPU_BLOB_RESULT, &desc, sizeof(desc)));
	WANT(event.call->flags & VGPU_CALL_UNSUPPORTED);

	WANT(!strcmp(text(cudaErrorInvalidValue), "not supported"));
	WANT(last("cudaGetErrorString"));
	WANT(blob(VGPU_BLOB_RESULT, "not supported", 13));
	return 0;
}

int main(int argc, char **argv)
{
	void *cuda = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL,
	     *cudart = argc == 3 ? dlopen(argv[2], RTLD_NOW) : NULL;
	CUresult (*init)(unsigned int) = cuda ? dlsym(cuda, "cuInit") : NULL;
	struct vgpu_ring_place place;
	int failed;

	if (!init || !cudart) {
		fprintf(stderr, "usage: calls_structs CUDA-LIBRARY CUDART13-LIBRARY\n");
		return 2;
	}
	init(0);
	WANT(vgpu_ring_places(getpid(), &place, 1) >= 1);
	WANT(!vgpu_ring_open_place(&ring, getpid(), &place));
	failed = driver(cuda) || runtime(cudart);
	vgpu_ring_close(ring);
	return failed;
}
