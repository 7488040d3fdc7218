/* SPDX-License-Identifier: Apache-2.0 */
/* A module's variables: memory of the context that asks, with the code's first values. */
#include <string.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/memory.h"
#include "shim/backend/sim/cuda/module.h"

static bool alive(const struct cuda_global *global)
{
	return object_get(global->context, OBJECT_CONTEXT) &&
	       global->context->object.serial == global->serial &&
	       global->context->lives == global->life && global->context->active;
}

static struct cuda_global *known(struct cuda_library *library, const struct image_global *is,
				 const struct cuda_context *context)
{
	/* a managed variable is one for all contexts */
	for (struct cuda_global *global = library->globals; global; global = global->next)
		if (global->is == is && alive(global) &&
		    (is->managed || global->context == context))
			return global;
	return NULL;
}

static CUresult make(struct cuda_library *library, const struct image_global *is,
		     struct cuda_context *context, struct cuda_global **out)
{
	struct cuda_global *global = heap_get(sizeof(*global));
	CUresult result;

	if (!global)
		return CUDA_ERROR_OUT_OF_MEMORY;
	result = cuda_allocate(context, is->managed ? RANGE_MANAGED : RANGE_GLOBAL,
			       is->size ? is->size : 1, CU_MEM_ATTACH_GLOBAL, &global->address);
	if (result != CUDA_SUCCESS) {
		heap_free(global);
		return result;
	}
	if (is->init)
		memcpy((void *)(uintptr_t)global->address, is->init, is->size);
	global->is = is;
	global->context = context;
	global->serial = context->object.serial;
	global->life = context->lives;
	global->next = library->globals;
	library->globals = global;
	*out = global;
	return CUDA_SUCCESS;
}

void cuda_globals_release(struct cuda_library *library)
{
	struct cuda_global *global = library->globals;

	library->globals = NULL;
	while (global) {
		struct cuda_global *next = global->next;
		struct range range;

		if (alive(global) &&
		    range_take(&range_allocations, global->address,
			       RANGE_BIT(RANGE_GLOBAL) | RANGE_BIT(RANGE_MANAGED), &range))
			cuda_allocation_free(&range);
		heap_free(global);
		global = next;
	}
}

static CUresult find(const void *handle, const char *name, bool managed, CUdeviceptr *address,
		     size_t *size)
{
	const struct image_global *is;
	struct cuda_library *library;
	struct cuda_global *global;
	CUresult result;

	CUDA_NEED_CONTEXT(context);
	if (!name || (!address && !size))
		return CUDA_ERROR_INVALID_VALUE;
	pthread_mutex_lock(&cuda_state.lock);
	library = object_get(handle, OBJECT_LIBRARY);
	result = library ? cuda_library_need(library) : CUDA_ERROR_INVALID_HANDLE;
	if (result != CUDA_SUCCESS)
		goto out;
	is = library->image ? image_global(library->image, name) : NULL;
	if (!is || (managed && !is->managed)) {
		result = CUDA_ERROR_NOT_FOUND;
		goto out;
	}
	global = known(library, is, context);
	if (!global)
		result = make(library, is, context, &global);
	if (result != CUDA_SUCCESS)
		goto out;
	if (address)
		*address = global->address;
	if (size)
		*size = is->size;
out:
	pthread_mutex_unlock(&cuda_state.lock);
	return result;
}

CUresult sim_cuModuleGetGlobal_v2(CUdeviceptr *address, size_t *size, CUmodule handle,
				  const char *name)
{
	return find(handle, name, false, address, size);
}

CUresult sim_cuLibraryGetGlobal(CUdeviceptr *address, size_t *size, CUlibrary handle,
				const char *name)
{
	return find(handle, name, false, address, size);
}

CUresult sim_cuLibraryGetManaged(CUdeviceptr *address, size_t *size, CUlibrary handle,
				 const char *name)
{
	return find(handle, name, true, address, size);
}
