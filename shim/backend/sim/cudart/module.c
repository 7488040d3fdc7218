/* SPDX-License-Identifier: Apache-2.0 */
/* What nvcc's start-up code registers: device code, and the addresses that stand for kernels. */
#include "shim/backend/sim/cudart/runtime.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* One fat binary; its address is the handle that the program holds. */
struct module {
	void *handle; /* what the program's void ** shows */
	const void *image;
	CUlibrary library; /* loaded when its first kernel is asked for */
	struct module *next;
};

/* A kernel's stub or a variable's shadow in the program. The names lie in the program's memory. */
struct function {
	const void *address; /* NULL: an empty place; TOMBSTONE: one that was emptied */
	const char *name;
	struct module *module;
	CUkernel kernel;
	bool variable;
	void **managed; /* where the program keeps the address of a __managed__ variable */
};

#define TOMBSTONE ((const void *)1)

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct module *modules;
static struct function *functions; /* open addressing; room is a power of two */
static size_t room, filled;

void runtime_module_forget(void)
{
	/* the registrations were the program's own and still hold; what the driver gave does not */
	pthread_mutex_init(&lock, NULL);
	for (struct module *module = modules; module; module = module->next)
		module->library = NULL;
	for (size_t i = 0; i < room; i++)
		functions[i].kernel = NULL;
}

static size_t place_of(const void *address)
{
	return (size_t)(((uint64_t)(uintptr_t)address * UINT64_C(0x9e3779b97f4a7c15)) >> 20) &
	       (room - 1);
}

/* The caller holds the lock, as for all that follows. */
static struct function *find(const void *address)
{
	if (!room || (uintptr_t)address <= (uintptr_t)TOMBSTONE)
		return NULL;
	for (size_t i = place_of(address); functions[i].address; i = (i + 1) & (room - 1))
		if (functions[i].address == address)
			return &functions[i];
	return NULL;
}

static void insert(const struct function *function)
{
	size_t i = place_of(function->address);

	while (functions[i].address)
		i = (i + 1) & (room - 1);
	functions[i] = *function;
	filled++;
}

/* Room for one more. Emptied places are won back before the table is made larger. */
static bool grow(void)
{
	struct function *old = functions;
	size_t old_room = room, live = 0;
	struct function *table;

	if (filled * 2 < room)
		return true;
	for (size_t i = 0; i < old_room; i++)
		live += (uintptr_t)old[i].address > (uintptr_t)TOMBSTONE;
	if (!room)
		room = 1024;
	else if (live * 4 >= room)
		room *= 2;
	table = calloc(room, sizeof(*table));
	if (!table) {
		room = old_room;
		return false;
	}
	functions = table;
	filled = 0;
	for (size_t i = 0; i < old_room; i++)
		if ((uintptr_t)old[i].address > (uintptr_t)TOMBSTONE)
			insert(&old[i]);
	free(old);
	return true;
}

static struct module *module_of(void **handle)
{
	for (struct module *module = modules; module; module = module->next)
		if (&module->handle == handle)
			return module;
	return NULL;
}

void **sim___cudaRegisterFatBinary(void *image)
{
	struct module *module = calloc(1, sizeof(*module));

	if (!module)
		return NULL;
	module->image = image;
	module->handle = image;
	pthread_mutex_lock(&lock);
	module->next = modules;
	modules = module;
	pthread_mutex_unlock(&lock);
	return &module->handle;
}

void sim___cudaRegisterFatBinaryEnd(void **handle)
{
	(void)handle;
}

static void put(void **handle, struct function function)
{
	struct function *known;

	pthread_mutex_lock(&lock);
	function.module = module_of(handle);
	known = find(function.address);
	if (known)
		*known = function;
	else if (function.module && function.address && grow())
		insert(&function);
	pthread_mutex_unlock(&lock);
}

void sim___cudaRegisterFunction(void **handle, const char *host, char *device_address,
				const char *name, int thread_limit, uint3 *tid, uint3 *bid,
				dim3 *block, dim3 *grid, int *warp)
{
	(void)device_address, (void)thread_limit, (void)tid, (void)bid, (void)block, (void)grid,
	    (void)warp;
	put(handle, (struct function){ .address = host, .name = name });
}

void sim___cudaRegisterVar(void **handle, char *host, char *device_address, const char *name,
			   int ext, size_t size, int constant, int global)
{
	(void)device_address, (void)ext, (void)size, (void)constant, (void)global;
	put(handle, (struct function){ .address = host, .name = name, .variable = true });
}

void sim___cudaRegisterManagedVar(void **handle, void **host, char *device_address,
				  const char *name, int ext, size_t size, int constant, int global)
{
	(void)device_address, (void)ext, (void)size, (void)constant, (void)global;
	put(handle,
	    (struct function){ .address = host, .name = name, .variable = true, .managed = host });
}

void sim___cudaUnregisterFatBinary(void **handle)
{
	struct module *module, **link;
	CUlibrary library = NULL;

	pthread_mutex_lock(&lock);
	module = module_of(handle);
	if (module) {
		library = module->library;
		for (size_t i = 0; i < room; i++)
			if (functions[i].module == module)
				functions[i] = (struct function){ .address = TOMBSTONE };
		for (link = &modules; *link != module; link = &(*link)->next)
			;
		*link = module->next;
	}
	pthread_mutex_unlock(&lock);
	if (library)
		runtime.driver->cuLibraryUnload(library);
	free(module);
}

/* Asks the driver once for each module; the caller holds the lock. */
static CUresult need_library(struct module *module)
{
	/* the code lies in the program, and is read when something in it is first asked for */
	CUlibraryOption option = CU_LIBRARY_BINARY_IS_PRESERVED;
	void *value = NULL;

	if (module->library)
		return CUDA_SUCCESS;
	return runtime.driver->cuLibraryLoadData(&module->library, module->image, NULL, NULL, 0,
						 &option, &value, 1);
}

/* The caller holds the lock; NULL: `symbol` is none. */
static struct function *find_variable(const void *symbol)
{
	struct function *function = find(symbol);

	if (function && function->variable)
		return function;
	/* the address of a __managed__ variable is that of its memory */
	for (size_t i = 0; i < room; i++)
		if ((uintptr_t)functions[i].address > (uintptr_t)TOMBSTONE &&
		    functions[i].managed && symbol && *functions[i].managed == symbol)
			return &functions[i];
	return NULL;
}

/* Where a variable is in the current context; the caller holds the lock. */
static CUresult place(struct function *variable, CUdeviceptr *address, size_t *size)
{
	CUresult result = need_library(variable->module);

	if (result != CUDA_SUCCESS)
		return result;
	if (variable->managed)
		return runtime.driver->cuLibraryGetManaged(address, size, variable->module->library,
							   variable->name);
	return runtime.driver->cuLibraryGetGlobal(address, size, variable->module->library,
						  variable->name);
}

cudaError_t runtime_symbol(const void *symbol, CUdeviceptr *address, size_t *size)
{
	CUresult result = CUDA_ERROR_NOT_FOUND;
	struct function *variable;

	pthread_mutex_lock(&lock);
	variable = find_variable(symbol);
	if (variable)
		result = place(variable, address, size);
	pthread_mutex_unlock(&lock);
	return result == CUDA_ERROR_NOT_FOUND ? cudaErrorInvalidSymbol : runtime_code(result);
}

/* Gives the program's __managed__ variables their memory: it reads them without any call. */
char sim___cudaInitModule(void **handle)
{
	struct module *module;
	bool good = runtime_bind() == cudaSuccess;

	pthread_mutex_lock(&lock);
	module = module_of(handle);
	for (size_t i = 0; good && module && i < room; i++) {
		CUdeviceptr address;
		size_t size;

		if (functions[i].module != module || !functions[i].managed)
			continue;
		good = place(&functions[i], &address, &size) == CUDA_SUCCESS;
		if (good)
			*functions[i].managed = (void *)(uintptr_t)address;
	}
	pthread_mutex_unlock(&lock);
	return good;
}

/* Asks the driver once for each kernel. */
cudaError_t runtime_function(const void *address, CUkernel *kernel)
{
	CUresult result = CUDA_SUCCESS;
	struct function *function;

	pthread_mutex_lock(&lock);
	function = find(address);
	if (!function || function->variable) {
		pthread_mutex_unlock(&lock);
		/* a kernel's own handle is accepted where its stub's address is */
		if ((uintptr_t)address > (uintptr_t)TOMBSTONE) {
			CUfunction same;

			if (runtime.driver->cuKernelGetFunction(
				&same, (CUkernel)(uintptr_t)address) == CUDA_SUCCESS) {
				*kernel = (CUkernel)(uintptr_t)address;
				return cudaSuccess;
			}
		}
		return cudaErrorInvalidDeviceFunction;
	}
	if (!function->kernel)
		result = need_library(function->module);
	if (result == CUDA_SUCCESS && !function->kernel)
		result = runtime.driver->cuLibraryGetKernel(
		    &function->kernel, function->module->library, function->name);
	*kernel = function->kernel;
	pthread_mutex_unlock(&lock);
	return result == CUDA_ERROR_NOT_FOUND ? cudaErrorInvalidDeviceFunction
					      : runtime_code(result);
}

void *runtime_stub(CUkernel kernel)
{
	void *stub = kernel;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < room; i++)
		if ((uintptr_t)functions[i].address > (uintptr_t)TOMBSTONE &&
		    functions[i].kernel == kernel)
			stub = (void *)(uintptr_t)functions[i].address;
	pthread_mutex_unlock(&lock);
	return stub;
}

static cudaError_t get_kernel(void *out, const void *address)
{
	CUkernel kernel;
	cudaError_t error;

	RUNTIME_NEED_CONTEXT();
	if (!out)
		RUNTIME_FAIL(cudaErrorInvalidValue);
	error = runtime_function(address, &kernel);
	if (error != cudaSuccess)
		RUNTIME_FAIL(error);
	memcpy(out, &kernel, sizeof(kernel));
	return cudaSuccess;
}

cudaError_t sim_cudaGetKernel(cudaKernel_t *kernel, const void *address)
{
	return get_kernel(kernel, address);
}

/* nvcc's stubs do not look at what this returns: the launch that follows does. */
cudaError_t sim___cudaGetKernel(cudaKernel_t *kernel, const void *address)
{
	cudaError_t error = get_kernel(kernel, address);

	runtime_thread()->kernel_error = error;
	if (error != cudaSuccess && kernel)
		*kernel = NULL;
	return error;
}

cudaError_t sim_cudaGetFuncBySymbol(cudaFunction_t *function, const void *address)
{
	return get_kernel(function, address);
}
