/* SPDX-License-Identifier: Apache-2.0 */
/* Modules, libraries and kernels: found by name in their code. */
#include "shim/backend/sim/cuda/module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/backend/sim/cuda/heap.h"

static CUresult result_of(enum image_result result)
{
	switch (result) {
	case IMAGE_GOOD:
	case IMAGE_UNREAD:
		return CUDA_SUCCESS;
	case IMAGE_NO_MATCH:
		return CUDA_ERROR_NO_BINARY_FOR_GPU;
	case IMAGE_NO_MEMORY:
		return CUDA_ERROR_OUT_OF_MEMORY;
	default:
		return CUDA_ERROR_INVALID_IMAGE;
	}
}

static uint32_t version_of(const struct cuda_device *device)
{
	return (uint32_t)(cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR) *
			      10 +
			  cuda_attribute(device, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR));
}

static CUresult read_code(struct cuda_library *library, const void *code, uint64_t size)
{
	enum image_result result = image_read(&library->image, code, size, library->version);

	library->opaque = result == IMAGE_UNREAD;
	return result_of(result);
}

CUresult cuda_library_need(struct cuda_library *library)
{
	const void *source = library->source;

	library->source = NULL;
	return source ? read_code(library, source, UINT64_MAX) : CUDA_SUCCESS;
}

/* A library of no context is asked for by the current one's device, else by the first. */
static struct cuda_library *library_new(struct cuda_context *owner)
{
	struct cuda_library *library = object_new(OBJECT_LIBRARY, owner ? &owner->object : NULL);
	struct cuda_context *current = owner;

	if (!library)
		return NULL;
	if (!owner && cuda_current(&current) != CUDA_SUCCESS)
		current = NULL;
	library->version = version_of(current ? cuda_device_of(current) : &cuda_state.device[0]);
	return library;
}

static CUresult finish(CUresult result, struct cuda_library *library, struct cuda_library **out)
{
	if (result == CUDA_SUCCESS)
		*out = library;
	else
		object_free(library);
	return result;
}

static CUresult load(struct cuda_context *context, const void *code, bool stays,
		     struct cuda_library **out)
{
	struct cuda_library *library;
	CUresult result;

	if (!code || !out)
		return CUDA_ERROR_INVALID_VALUE;
	library = library_new(context);
	if (!library)
		return CUDA_ERROR_OUT_OF_MEMORY;
	if (stays) {
		library->source = code;
		result = result_of(image_check(code, UINT64_MAX, library->version));
	} else {
		result = read_code(library, code, UINT64_MAX);
	}
	return finish(result, library, out);
}

static CUresult load_file(struct cuda_context *context, const char *path, struct cuda_library **out)
{
	struct cuda_library *library;
	CUresult result = CUDA_ERROR_FILE_NOT_FOUND;
	void *map = MAP_FAILED;
	struct stat st;
	int fd;

	if (!path || !out)
		return CUDA_ERROR_INVALID_VALUE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return CUDA_ERROR_FILE_NOT_FOUND;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0)
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return CUDA_ERROR_INVALID_IMAGE;
	library = library_new(context);
	result = library ? read_code(library, map, (uint64_t)st.st_size) : CUDA_ERROR_OUT_OF_MEMORY;
	munmap(map, (size_t)st.st_size);
	return finish(result, library, out);
}

/* The caller holds cuda_state.lock. */
void cuda_library_release(struct object *object)
{
	struct cuda_library *library = (struct cuda_library *)object;
	struct cuda_kernel *kernel = library->kernels;

	while (kernel) {
		struct cuda_kernel *next = kernel->next;

		heap_free(kernel->name);
		object_free(kernel);
		kernel = next;
	}
	cuda_globals_release(library);
	image_free(library->image);
	object_free(object);
}

static CUresult unload(const void *handle)
{
	CUresult result = CUDA_ERROR_INVALID_HANDLE;
	struct cuda_library *library;

	CUDA_NEED_INIT();
	pthread_mutex_lock(&cuda_state.lock);
	library = object_get(handle, OBJECT_LIBRARY);
	if (library) {
		cuda_library_release(&library->object);
		result = CUDA_SUCCESS;
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

static uint32_t hash_of(const char *name)
{
	uint32_t hash = 2166136261u;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash;
}

static struct cuda_kernel *add_kernel(struct cuda_library *library, const char *name, uint32_t hash,
				      const struct image_kernel *is)
{
	struct cuda_kernel *kernel = object_new(OBJECT_KERNEL, &library->object);

	if (!kernel)
		return NULL;
	kernel->name = heap_copy(name, strlen(name) + 1);
	if (!kernel->name) {
		object_free(kernel);
		return NULL;
	}
	kernel->is = is;
	kernel->hash = hash;
	kernel->carveout = -1;
	kernel->dynamic_shared = 49152;
	kernel->next = library->kernels;
	library->kernels = kernel;
	return kernel;
}

/* The same name gives the same handle. The caller holds the lock. */
static CUresult find_in(struct cuda_library *library, const char *name, struct cuda_kernel **out)
{
	const struct image_kernel *is = NULL;
	uint32_t hash = hash_of(name);
	struct cuda_kernel *kernel;
	CUresult result;

	for (kernel = library->kernels; kernel; kernel = kernel->next)
		if (kernel->hash == hash && !strcmp(kernel->name, name))
			break;
	if (!kernel) {
		result = cuda_library_need(library);
		if (result != CUDA_SUCCESS)
			return result;
		if (library->image)
			is = image_kernel(library->image, name);
		if (!is && !library->opaque)
			return CUDA_ERROR_NOT_FOUND;
		kernel = add_kernel(library, name, hash, is);
		if (!kernel)
			return CUDA_ERROR_OUT_OF_MEMORY;
	}
	*out = kernel;
	return CUDA_SUCCESS;
}

static CUresult find(const void *handle, const char *name, struct cuda_kernel **out)
{
	struct cuda_library *library;
	CUresult result;

	CUDA_NEED_INIT();
	if (!out || !name)
		return CUDA_ERROR_INVALID_VALUE;
	if (!*name)
		return CUDA_ERROR_NOT_FOUND;
	pthread_mutex_lock(&cuda_state.lock);
	library = object_get(handle, OBJECT_LIBRARY);
	result = library ? find_in(library, name, out) : CUDA_ERROR_INVALID_HANDLE;
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

/* How many kernels the code has, and handles of the first `room` of them. */
static CUresult enumerate(const void *handle, struct cuda_kernel **out, unsigned int room,
			  unsigned int *count)
{
	CUresult result = CUDA_ERROR_INVALID_HANDLE;
	struct cuda_library *library;

	CUDA_NEED_INIT();
	pthread_mutex_lock(&cuda_state.lock);
	library = object_get(handle, OBJECT_LIBRARY);
	if (library)
		result = cuda_library_need(library);
	if (result == CUDA_SUCCESS) {
		const struct image *image = library->image;
		unsigned int n = image ? image->kernel_count : 0;

		if (count)
			*count = n;
		for (unsigned int i = 0; i < room && i < n && result == CUDA_SUCCESS; i++)
			result = find_in(library, image->kernels[i].name, &out[i]);
	}
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

/* ---- modules: of the current context ---- */

CUresult sim_cuModuleLoadData(CUmodule *out, const void *image)
{
	CUDA_NEED_CONTEXT(context);
	return load(context, image, false, (struct cuda_library **)out);
}
SIM_ALIAS(sim_cuModuleLoadFatBinary, sim_cuModuleLoadData);

CUresult sim_cuModuleLoadDataEx(CUmodule *out, const void *image, unsigned int count,
				CUjit_option *options, void **values)
{
	if (count && (!options || !values))
		return CUDA_ERROR_INVALID_VALUE;
	return sim_cuModuleLoadData(out, image);
}

CUresult sim_cuModuleLoad(CUmodule *out, const char *path)
{
	CUDA_NEED_CONTEXT(context);
	return load_file(context, path, (struct cuda_library **)out);
}

CUresult sim_cuModuleUnload(CUmodule handle)
{
	return unload(handle);
}

CUresult sim_cuModuleGetFunction(CUfunction *out, CUmodule handle, const char *name)
{
	return find(handle, name, (struct cuda_kernel **)out);
}

CUresult sim_cuModuleGetFunctionCount(unsigned int *count, CUmodule handle)
{
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	return enumerate(handle, NULL, 0, count);
}

CUresult sim_cuModuleEnumerateFunctions(CUfunction *out, unsigned int room, CUmodule handle)
{
	if (!out || !room)
		return CUDA_ERROR_INVALID_VALUE;
	return enumerate(handle, (struct cuda_kernel **)out, room, NULL);
}

CUresult sim_cuModuleGetLoadingMode(CUmoduleLoadingMode *mode)
{
	const char *wanted = getenv("CUDA_MODULE_LOADING");

	if (!mode)
		return CUDA_ERROR_INVALID_VALUE;
	*mode =
	    wanted && !strcmp(wanted, "EAGER") ? CU_MODULE_EAGER_LOADING : CU_MODULE_LAZY_LOADING;
	return CUDA_SUCCESS;
}

/* ---- libraries: of no context ---- */

CUresult sim_cuLibraryLoadData(CUlibrary *out, const void *code, CUjit_option *options,
			       void **values, unsigned int count, CUlibraryOption *library_options,
			       void **library_values, unsigned int library_count)
{
	bool stays = false;

	CUDA_NEED_INIT();
	(void)library_values;
	if ((count && (!options || !values)) || (library_count && !library_options))
		return CUDA_ERROR_INVALID_VALUE;
	for (unsigned int i = 0; i < library_count; i++)
		stays |= library_options[i] == CU_LIBRARY_BINARY_IS_PRESERVED;
	return load(NULL, code, stays, (struct cuda_library **)out);
}

CUresult sim_cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *options,
				   void **values, unsigned int count,
				   CUlibraryOption *library_options, void **library_values,
				   unsigned int library_count)
{
	CUDA_NEED_INIT();
	(void)library_values;
	if ((count && (!options || !values)) || (library_count && !library_options))
		return CUDA_ERROR_INVALID_VALUE;
	return load_file(NULL, path, (struct cuda_library **)out);
}

CUresult sim_cuLibraryUnload(CUlibrary handle)
{
	return unload(handle);
}

CUresult sim_cuLibraryGetKernel(CUkernel *out, CUlibrary handle, const char *name)
{
	return find(handle, name, (struct cuda_kernel **)out);
}

CUresult sim_cuLibraryGetKernelCount(unsigned int *count, CUlibrary handle)
{
	if (!count)
		return CUDA_ERROR_INVALID_VALUE;
	return enumerate(handle, NULL, 0, count);
}

CUresult sim_cuLibraryEnumerateKernels(CUkernel *out, unsigned int room, CUlibrary handle)
{
	if (!out || !room)
		return CUDA_ERROR_INVALID_VALUE;
	return enumerate(handle, (struct cuda_kernel **)out, room, NULL);
}

CUresult sim_cuLibraryGetModule(CUmodule *out, CUlibrary handle)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!object_get(handle, OBJECT_LIBRARY))
		return CUDA_ERROR_INVALID_HANDLE;
	*out = (CUmodule)handle;
	return CUDA_SUCCESS;
}
