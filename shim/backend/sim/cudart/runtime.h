/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the simulated runtime share. Compiled twice: SIM_CUDART is 12 or 13. */
#ifndef VGPU_SIM_CUDART_RUNTIME_H
#define VGPU_SIM_CUDART_RUNTIME_H

#include <stdbool.h>

#if SIM_CUDART == 12
#include "gen/cudart12_proto.h"
#define RUNTIME_VERSION 12090
#define RUNTIME_MIN_DRIVER 12000
#elif SIM_CUDART == 13
#include "gen/cudart13_proto.h"
#define RUNTIME_VERSION 13000
#define RUNTIME_MIN_DRIVER 13000
#else
#error "SIM_CUDART must be 12 or 13"
#endif
#include "gen/cuda_calls.h"
#include "shim/backend/sim/sim.h"

struct runtime_device {
	CUdevice device;
	size_t memory_bytes;
	char name[256];
	CUuuid uuid;
	CUcontext primary; /* NULL: not yet retained */
	int attribute[CU_DEVICE_ATTRIBUTE_MAX];
};

struct runtime {
	const struct vgpu_cuda_calls *driver; /* its traced entry points */
	int driver_version;
	int count;
	struct runtime_device device[VGPU_SIMDEV_MAX];
};

extern struct runtime runtime;

/* A launch configuration on its way from __cudaPushCallConfiguration to the kernel's stub. */
struct runtime_config {
	struct runtime_config *below;
	dim3 grid;
	dim3 block;
	size_t shared;
	cudaStream_t stream;
};

struct runtime_thread {
	int16_t device; /* the runtime's current device */
	int16_t bound;  /* 1 + the device whose primary context was made current; 0: none */
	cudaError_t last;
	uint32_t epoch;
	cudaError_t kernel_error; /* why __cudaGetKernel gave no kernel: its stub launches NULL then */
	struct runtime_config *configs; /* pushed and not yet popped */
};

/* The calling thread's. */
struct runtime_thread *runtime_thread(void);

/* Initialises once: the driver is found and asked for its devices. The same answer every time. */
cudaError_t runtime_start(void);

/* The same, and the device's primary context is current in this thread. */
cudaError_t runtime_bind(void);

/* The primary context of a device, which the runtime then holds. */
cudaError_t runtime_primary(int device, CUcontext *context);

/* After a reset: the primary context is to be retained anew. */
void runtime_forget_primary(int device);

/* Notes a failure as this thread's last error, and returns it. */
cudaError_t runtime_note(cudaError_t result);

/* Driver and runtime share the numbers of their codes. */
static inline cudaError_t runtime_code(CUresult result)
{
	return (cudaError_t)(int)result;
}

#define RUNTIME_FAIL(code) return runtime_note(code)

#define RUNTIME_NEED_START()                                                                       \
	do {                                                                                       \
		cudaError_t start_ = runtime_start();                                              \
		if (start_ != cudaSuccess)                                                         \
			return runtime_note(start_);                                               \
	} while (0)

#define RUNTIME_NEED_CONTEXT()                                                                     \
	do {                                                                                       \
		cudaError_t bind_ = runtime_bind();                                                \
		if (bind_ != cudaSuccess)                                                          \
			return runtime_note(bind_);                                                \
	} while (0)

/*
 * The second exported name of a call whose stream 0 is the calling thread's own: the same call, with
 * the handle that stands for that stream.
 */
static inline cudaStream_t runtime_ptsz(cudaStream_t stream)
{
	return stream ? stream : (cudaStream_t)(uintptr_t)2;
}

#define RUNTIME_PTSZ(name, parameters, arguments) RUNTIME_PTSZ_(name, parameters, arguments)
#define RUNTIME_PTSZ_(name, parameters, arguments)                                                 \
	cudaError_t sim_##name##_ptsz parameters                                                   \
	{                                                                                          \
		return sim_##name arguments;                                                       \
	}

/* Returns what the driver says, as this interface says it. */
#define RUNTIME_RETURN(call) return runtime_note(runtime_code(runtime.driver->call))

/* A whole entry point that is the driver's under another name. */
#define RUNTIME_PASS(name, parameters, call) RUNTIME_PASS_(name, parameters, call)
#define RUNTIME_PASS_(name, parameters, call)                                                      \
	cudaError_t sim_##name parameters                                                          \
	{                                                                                          \
		RUNTIME_NEED_CONTEXT();                                                            \
		RUNTIME_RETURN(call);                                                              \
	}

static inline CUdeviceptr runtime_address(const void *pointer)
{
	return (CUdeviceptr)(uintptr_t)pointer;
}

/* What a copy in this interface's words is in the driver's. */
cudaError_t runtime_copy_1d(CUDA_MEMCPY3D *out, void *to, const void *from, size_t size,
			    cudaMemcpyKind kind);
cudaError_t runtime_copy_3d(CUDA_MEMCPY3D *out, const cudaMemcpy3DParms *in);

/* Bytes of an array's element; 0: it is none. */
size_t runtime_element(cudaArray_const_t array);

/* Where `count` bytes of a symbol are, if they lie inside it. */
cudaError_t runtime_symbol_part(const void *symbol, size_t count, size_t offset, void **out);

/* The program's address for a kernel, or the kernel's own handle where it has none. */
void *runtime_stub(CUkernel kernel);

/* Channels of one width, filled from the first; false: the driver has no such format. */
bool runtime_format(const cudaChannelFormatDesc *desc, CUarray_format *format, unsigned *channels);
cudaChannelFormatDesc runtime_channels(CUarray_format format, unsigned channels);

/* The driver's handle of a function that nvcc's stubs know by an address of the program's. */
cudaError_t runtime_function(const void *function, CUkernel *kernel);

/* Where a variable of the program's device code is, in the current context. */
cudaError_t runtime_symbol(const void *symbol, CUdeviceptr *address, size_t *size);

/* Registered device code is forgotten; in a forked child. */
void runtime_module_forget(void);

#endif
