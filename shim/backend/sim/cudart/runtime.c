/* SPDX-License-Identifier: Apache-2.0 */
/* How the runtime begins, and what each thread keeps: its device, its last error. */
#include "shim/backend/sim/cudart/runtime.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "shim/backend/backend.h"

struct runtime runtime;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool started; /* published after `runtime` and `verdict` */
static cudaError_t verdict;
static uint32_t epoch = 1;

static __thread struct runtime_thread self __attribute__((tls_model("initial-exec")));
static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

/* ---- threads ---- */

static void release_thread(void *unused)
{
	(void)unused;
	while (self.configs) {
		struct runtime_config *config = self.configs;

		self.configs = config->below;
		free(config);
	}
}

static void make_key(void)
{
	pthread_key_create(&key, release_thread);
}

struct runtime_thread *runtime_thread(void)
{
	if (self.epoch != epoch) {
		struct runtime_config *configs = self.configs;

		self = (struct runtime_thread){ .epoch = epoch, .configs = configs };
		pthread_once(&key_once, make_key);
		pthread_setspecific(key, &self);
	}
	return &self;
}

cudaError_t runtime_note(cudaError_t result)
{
	if (result != cudaSuccess)
		runtime_thread()->last = result;
	return result;
}

/* ---- initialisation ---- */

static cudaError_t read_device(int i)
{
	const struct vgpu_cuda_calls *driver = runtime.driver;
	struct runtime_device *device = &runtime.device[i];

	if (driver->cuDeviceGet(&device->device, i) != CUDA_SUCCESS ||
	    driver->cuDeviceGetName(device->name, sizeof(device->name), device->device) ||
	    driver->cuDeviceTotalMem_v2(&device->memory_bytes, device->device))
		return cudaErrorInitializationError;
	for (int a = 1; a < CU_DEVICE_ATTRIBUTE_MAX; a++) {
		CUresult result = driver->cuDeviceGetAttribute(
		    &device->attribute[a], (CUdevice_attribute)a, device->device);

		/* an older driver may not know the newest; any other failure ends the start */
		if (result == CUDA_ERROR_INVALID_VALUE &&
		    a > CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR)
			device->attribute[a] = 0;
		else if (result != CUDA_SUCCESS)
			return cudaErrorInitializationError;
	}
	if (driver->cuDeviceGetUuid_v2(&device->uuid, device->device))
		return cudaErrorInitializationError;
	return cudaSuccess;
}

static cudaError_t start(void)
{
	const struct vgpu_library *library = vgpu_library_find(VGPU_LIBRARY_CUDA);
	const struct vgpu_cuda_calls *driver;
	CUmoduleLoadingMode mode;
	CUresult result;

	if (!library)
		return cudaErrorInsufficientDriver;
	driver = runtime.driver = (const struct vgpu_cuda_calls *)library->entry;
	result = driver->cuDriverGetVersion(&runtime.driver_version);
	if (result != CUDA_SUCCESS)
		return runtime_code(result);
	if (runtime.driver_version < RUNTIME_MIN_DRIVER)
		return cudaErrorInsufficientDriver;
	result = driver->cuInit(0);
	if (result != CUDA_SUCCESS)
		return runtime_code(result);
	driver->cuModuleGetLoadingMode(&mode);
	result = driver->cuDeviceGetCount(&runtime.count);
	if (result != CUDA_SUCCESS)
		return runtime_code(result);
	if (runtime.count <= 0)
		return cudaErrorNoDevice;
	if (runtime.count > (int)VGPU_SIMDEV_MAX)
		runtime.count = VGPU_SIMDEV_MAX;
	for (int i = 0; i < runtime.count; i++) {
		cudaError_t error = read_device(i);

		if (error != cudaSuccess)
			return error;
	}
	return cudaSuccess;
}

cudaError_t runtime_start(void)
{
	if (__atomic_load_n(&started, __ATOMIC_ACQUIRE))
		return verdict;
	pthread_mutex_lock(&lock);
	if (!started) {
		verdict = start();
		__atomic_store_n(&started, true, __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
	return verdict;
}

/* The runtime holds one reference for the process, whatever number of threads come. */
static CUresult primary_context(struct runtime_device *device, CUcontext *context)
{
	CUresult result = CUDA_SUCCESS;

	pthread_mutex_lock(&lock);
	if (!device->primary)
		result = runtime.driver->cuDevicePrimaryCtxRetain(&device->primary, device->device);
	*context = device->primary;
	pthread_mutex_unlock(&lock);
	return result;
}

cudaError_t runtime_primary(int device, CUcontext *context)
{
	if (device < 0 || device >= runtime.count)
		return cudaErrorInvalidDevice;
	return runtime_code(primary_context(&runtime.device[device], context));
}

void runtime_forget_primary(int device)
{
	pthread_mutex_lock(&lock);
	runtime.device[device].primary = NULL;
	pthread_mutex_unlock(&lock);
}

cudaError_t runtime_bind(void)
{
	struct runtime_thread *thread = runtime_thread();
	cudaError_t error = runtime_start();
	CUcontext context;
	CUresult result;

	if (error != cudaSuccess || thread->bound == thread->device + 1)
		return error;
	/* a context that the program made current itself is used as it is */
	if (!thread->bound) {
		result = runtime.driver->cuCtxGetCurrent(&context);
		if (result == CUDA_SUCCESS && context) {
			thread->bound = thread->device + 1;
			return cudaSuccess;
		}
	}
	result = primary_context(&runtime.device[thread->device], &context);
	if (result == CUDA_SUCCESS)
		result = runtime.driver->cuCtxSetCurrent(context);
	if (result == CUDA_SUCCESS)
		thread->bound = thread->device + 1;
	return runtime_code(result);
}

static void forget(void)
{
	pthread_mutex_init(&lock, NULL);
	started = false;
	epoch++;
	memset(&runtime, 0, sizeof(runtime));
	runtime_module_forget();
}

int sim_start(bool fork, sim_say say)
{
	static bool registered;

	(void)say;
	if (fork)
		forget();
	else if (!registered)
		registered = !pthread_atfork(NULL, NULL, forget);
	return 0;
}

/* ---- versions and the last error ---- */

cudaError_t sim_cudaRuntimeGetVersion(int *version)
{
	if (!version)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*version = RUNTIME_VERSION;
	return cudaSuccess;
}

/* A driver that is missing is of version 0, and that is no error. */
cudaError_t sim_cudaDriverGetVersion(int *version)
{
	const struct vgpu_library *library;

	if (!version)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*version = 0;
	library = vgpu_library_find(VGPU_LIBRARY_CUDA);
	if (library)
		((const struct vgpu_cuda_calls *)library->entry)->cuDriverGetVersion(version);
	return cudaSuccess;
}

cudaError_t sim_cudaGetLastError(void)
{
	struct runtime_thread *thread = runtime_thread();
	cudaError_t last = thread->last;

	thread->last = cudaSuccess;
	return last;
}

cudaError_t sim_cudaPeekAtLastError(void)
{
	return runtime_thread()->last;
}

/* Private tables of NVIDIA's own libraries: there are none here. */
cudaError_t sim_cudaGetExportTable(const void **table, const cudaUUID_t *id)
{
	if (!table || !id)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	*table = NULL;
	RUNTIME_FAIL(cudaErrorSymbolNotFound);
}
