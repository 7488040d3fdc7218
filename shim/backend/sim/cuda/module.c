/* SPDX-License-Identifier: Apache-2.0 */
/* Modules, libraries and kernels. Device code is not read: a kernel is known by being asked for. */
#include "shim/backend/sim/cuda/module.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct library {
	struct object object;        /* owner: its context for a CUmodule, none for a CUlibrary */
	struct cuda_kernel *kernels; /* under cuda_state.lock */
};

/* Names on the heap, in a list that begins here: leak checkers do not look into slots. */
struct cuda_name {
	struct cuda_name *next, *before;
	char text[];
};

static struct cuda_name *names; /* under cuda_state.lock */

static struct cuda_name *name_new(const char *text)
{
	size_t size = strlen(text) + 1;
	struct cuda_name *name = malloc(sizeof(*name) + size);

	if (!name)
		return NULL;
	memcpy(name->text, text, size);
	name->before = NULL;
	name->next = names;
	if (names)
		names->before = name;
	names = name;
	return name;
}

static void name_free(struct cuda_name *name)
{
	if (name->next)
		name->next->before = name->before;
	if (name->before)
		name->before->next = name->next;
	else
		names = name->next;
	free(name);
}

const char *cuda_kernel_name(const struct cuda_kernel *kernel)
{
	return kernel->name->text;
}

/* The first bytes of what nvcc embeds, of what it wraps that in, and of a cubin. */
#define FATBIN_MAGIC 0xba55ed50u
#define WRAPPER_MAGIC 0x466243b1u
#define ELF_MAGIC 0x464c457fu

/* PTX is text; anything else begins with a magic number. */
static bool image_valid(const void *image)
{
	const unsigned char *text = image;
	uint32_t magic;

	memcpy(&magic, image, sizeof(magic));
	if (magic == FATBIN_MAGIC || magic == WRAPPER_MAGIC || magic == ELF_MAGIC)
		return true;
	for (size_t i = 0; i < sizeof(magic); i++)
		if (text[i] < 0x09 || text[i] > 0x7e)
			return false;
	return true;
}

static CUresult load(struct cuda_context *context, const void *image, struct library **out)
{
	if (!image || !out)
		return CUDA_ERROR_INVALID_VALUE;
	if (!image_valid(image))
		return CUDA_ERROR_INVALID_IMAGE;
	*out = object_new(OBJECT_LIBRARY, context ? &context->object : NULL);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

static CUresult load_file(struct cuda_context *context, const char *path, struct library **out)
{
	if (!path || !out)
		return CUDA_ERROR_INVALID_VALUE;
	if (access(path, R_OK))
		return CUDA_ERROR_FILE_NOT_FOUND;
	*out = object_new(OBJECT_LIBRARY, context ? &context->object : NULL);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/* The caller holds cuda_state.lock. */
void cuda_library_release(struct object *object)
{
	struct cuda_kernel *kernel = ((struct library *)object)->kernels;

	while (kernel) {
		struct cuda_kernel *next = kernel->next;

		name_free(kernel->name);
		object_free(kernel);
		kernel = next;
	}
	object_free(object);
}

static CUresult unload(const void *handle)
{
	CUresult result = CUDA_ERROR_INVALID_HANDLE;
	struct library *library;

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

static struct cuda_kernel *add_kernel(struct library *library, const char *name, uint32_t hash)
{
	struct cuda_kernel *kernel = object_new(OBJECT_KERNEL, &library->object);

	if (!kernel)
		return NULL;
	kernel->name = name_new(name);
	if (!kernel->name) {
		object_free(kernel);
		return NULL;
	}
	kernel->hash = hash;
	kernel->carveout = -1;
	kernel->dynamic_shared = 49152;
	kernel->next = library->kernels;
	library->kernels = kernel;
	return kernel;
}

/* The same name gives the same handle. */
static CUresult find(const void *handle, const char *name, struct cuda_kernel **out)
{
	struct library *library;
	struct cuda_kernel *kernel;
	CUresult result = CUDA_SUCCESS;
	uint32_t hash;

	CUDA_NEED_INIT();
	if (!out || !name)
		return CUDA_ERROR_INVALID_VALUE;
	if (!*name)
		return CUDA_ERROR_NOT_FOUND;
	hash = hash_of(name);
	pthread_mutex_lock(&cuda_state.lock);
	library = object_get(handle, OBJECT_LIBRARY);
	if (!library) {
		result = CUDA_ERROR_INVALID_HANDLE;
		goto out;
	}
	for (kernel = library->kernels; kernel; kernel = kernel->next)
		if (kernel->hash == hash && !strcmp(kernel->name->text, name))
			break;
	if (!kernel)
		kernel = add_kernel(library, name, hash);
	if (kernel)
		*out = kernel;
	else
		result = CUDA_ERROR_OUT_OF_MEMORY;
out:
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

/* ---- modules: of the current context ---- */

CUresult sim_cuModuleLoadData(CUmodule *out, const void *image)
{
	CUDA_NEED_CONTEXT(context);
	return load(context, image, (struct library **)out);
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
	return load_file(context, path, (struct library **)out);
}

CUresult sim_cuModuleUnload(CUmodule handle)
{
	return unload(handle);
}

CUresult sim_cuModuleGetFunction(CUfunction *out, CUmodule handle, const char *name)
{
	return find(handle, name, (struct cuda_kernel **)out);
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
	CUDA_NEED_INIT();
	if ((count && (!options || !values)) ||
	    (library_count && !library_options && !library_values))
		return CUDA_ERROR_INVALID_VALUE;
	return load(NULL, code, (struct library **)out);
}

CUresult sim_cuLibraryLoadFromFile(CUlibrary *out, const char *path, CUjit_option *options,
				   void **values, unsigned int count,
				   CUlibraryOption *library_options, void **library_values,
				   unsigned int library_count)
{
	CUDA_NEED_INIT();
	if ((count && (!options || !values)) ||
	    (library_count && !library_options && !library_values))
		return CUDA_ERROR_INVALID_VALUE;
	return load_file(NULL, path, (struct library **)out);
}

CUresult sim_cuLibraryUnload(CUlibrary handle)
{
	return unload(handle);
}

CUresult sim_cuLibraryGetKernel(CUkernel *out, CUlibrary handle, const char *name)
{
	return find(handle, name, (struct cuda_kernel **)out);
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
