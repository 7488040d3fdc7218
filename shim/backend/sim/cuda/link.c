/* SPDX-License-Identifier: Apache-2.0 */
/* Linking at run time: what was added comes out as one image, which modules are loaded from. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/backend/sim/cuda/heap.h"
#include "shim/backend/sim/cuda/image.h"
#include "shim/backend/sim/cuda/state.h"

struct link {
	struct object object;
	char *code; /* texts one after the other; or the first thing that was no text, alone */
	size_t size;
	bool binary;
};

CUresult sim_cuLinkCreate_v2(unsigned int count, CUjit_option *options, void **values,
			     CUlinkState *out)
{
	CUDA_NEED_CONTEXT(context);
	(void)context;
	if (!out || (count && (!options || !values)))
		return CUDA_ERROR_INVALID_VALUE;
	*out = (CUlinkState)object_new(OBJECT_LINK, NULL);
	return *out ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
SIM_ALIAS(sim_cuLinkCreate, sim_cuLinkCreate_v2);

static CUresult add(struct link *link, const char *code, size_t size, bool text)
{
	char *wider;

	if (link->binary)
		return CUDA_SUCCESS;
	if (!text) {
		heap_free(link->code);
		link->code = heap_copy(code, size);
		link->size = size;
		link->binary = true;
		return link->code ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
	}
	size = strnlen(code, size);
	wider = heap_resize(link->code, link->size + size + 2);
	if (!wider)
		return CUDA_ERROR_OUT_OF_MEMORY;
	memcpy(wider + link->size, code, size);
	wider[link->size + size] = '\n';
	wider[link->size + size + 1] = '\0';
	link->code = wider;
	link->size += size + 1;
	return CUDA_SUCCESS;
}

#define NEED_LINK(name, handle)                                                                    \
	CUDA_NEED_INIT();                                                                          \
	struct link *name = object_get(handle, OBJECT_LINK);                                       \
	if (!name)                                                                                 \
	return CUDA_ERROR_INVALID_HANDLE

CUresult sim_cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
			      const char *name, unsigned int count, CUjit_option *options,
			      void **values)
{
	NEED_LINK(link, state);
	(void)name;
	if (!data || !size || (count && (!options || !values)))
		return CUDA_ERROR_INVALID_VALUE;
	return add(link, data, size, type == CU_JIT_INPUT_PTX);
}
SIM_ALIAS(sim_cuLinkAddData, sim_cuLinkAddData_v2);

CUresult sim_cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
			      unsigned int count, CUjit_option *options, void **values)
{
	CUresult result = CUDA_ERROR_FILE_NOT_FOUND;
	struct stat st;
	char *data;
	int fd;

	NEED_LINK(link, state);
	if (!path || (count && (!options || !values)))
		return CUDA_ERROR_INVALID_VALUE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return CUDA_ERROR_FILE_NOT_FOUND;
	if (!fstat(fd, &st) && st.st_size > 0) {
		data = heap_get((size_t)st.st_size);
		if (data && pread(fd, data, (size_t)st.st_size, 0) == st.st_size)
			result = add(link, data, (size_t)st.st_size, type == CU_JIT_INPUT_PTX);
		heap_free(data);
	}
	close(fd);
	return result;
}
SIM_ALIAS(sim_cuLinkAddFile, sim_cuLinkAddFile_v2);

/* The image is the link's, until it is destroyed. */
CUresult sim_cuLinkComplete(CUlinkState state, void **out, size_t *size)
{
	NEED_LINK(link, state);
	if (!out || !link->code)
		return CUDA_ERROR_INVALID_VALUE;
	*out = link->code;
	if (size)
		*size = link->size + !link->binary;
	return CUDA_SUCCESS;
}

CUresult sim_cuLinkDestroy(CUlinkState state)
{
	NEED_LINK(link, state);
	heap_free(link->code);
	object_free(link);
	return CUDA_SUCCESS;
}
