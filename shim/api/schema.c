/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in the generated tables. */
#include "shim/api/schema.h"

#include <string.h>

const struct vgpu_api *vgpu_api_find(uint32_t library)
{
	const struct vgpu_api *const *api;

	for (api = vgpu_apis; *api; api++) {
		if ((*api)->library == library)
			return *api;
	}
	return NULL;
}

const struct vgpu_api *vgpu_api_by_name(const char *name)
{
	const struct vgpu_api *const *api;

	for (api = vgpu_apis; name && *api; api++) {
		if (!strcmp((*api)->name, name))
			return *api;
	}
	return NULL;
}

const struct vgpu_function *vgpu_function_find(uint32_t id)
{
	const struct vgpu_api *api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(id));
	uint32_t low = 0, high = api ? api->count : 0;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (api->functions[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return api && low < api->count && api->functions[low].id == id ? &api->functions[low]
								       : NULL;
}

const struct vgpu_function *vgpu_function_by_name(uint32_t library, const char *name)
{
	const struct vgpu_api *const *api;
	uint32_t i;

	for (api = vgpu_apis; name && *api; api++) {
		if (library && (*api)->library != library)
			continue;
		for (i = 0; i < (*api)->count; i++) {
			if (!strcmp((*api)->functions[i].name, name))
				return &(*api)->functions[i];
		}
	}
	return NULL;
}

/* Records hold 32-bit words zero-extended, so 0xffffffff and -1 are one value. */
const char *vgpu_enum_name(const struct vgpu_enum *enumeration, int64_t value)
{
	uint32_t i;

	if (!enumeration || value < INT32_MIN || value > UINT32_MAX)
		return NULL;
	for (i = 0; i < enumeration->count; i++) {
		if ((uint32_t)enumeration->constants[i].value == (uint32_t)value)
			return enumeration->constants[i].name;
	}
	return NULL;
}
