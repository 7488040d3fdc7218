/* SPDX-License-Identifier: Apache-2.0 */
/* Lookups in the generated tables. */
#include "shim/api/schema.h"

#include <stdlib.h>
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

/* By number - VGPU_FUNCTION_FOREIGN. */
static const struct vgpu_function **foreign;
static uint32_t foreign_room;

static uint32_t foreign_place(void)
{
	const struct vgpu_function **grown;
	uint32_t room;

	for (uint32_t i = 0; i < foreign_room; i++)
		if (!foreign[i])
			return i;
	room = foreign_room ? foreign_room * 2 : 64;
	if (room > 0x10000 - VGPU_FUNCTION_FOREIGN)
		return foreign_room;
	grown = realloc(foreign, room * sizeof(*grown));
	if (!grown)
		return foreign_room;
	foreign = grown;
	memset(foreign + foreign_room, 0, (room - foreign_room) * sizeof(*grown));
	room = foreign_room;
	foreign_room = room ? room * 2 : 64;
	return room;
}

uint32_t vgpu_function_add(uint32_t library, struct vgpu_function *function)
{
	uint32_t place = foreign_place();

	if (place >= foreign_room)
		return 0;
	function->id = VGPU_FUNCTION(library, VGPU_FUNCTION_FOREIGN + place);
	foreign[place] = function;
	return function->id;
}

void vgpu_function_remove(uint32_t id)
{
	uint32_t place = VGPU_FUNCTION_NUMBER(id) - VGPU_FUNCTION_FOREIGN;

	if (place < foreign_room && foreign[place] && foreign[place]->id == id)
		foreign[place] = NULL;
	for (place = 0; place < foreign_room && !foreign[place]; place++)
		;
	if (place < foreign_room)
		return;
	free(foreign);
	foreign = NULL;
	foreign_room = 0;
}

const struct vgpu_function *vgpu_function_find(uint32_t id)
{
	const struct vgpu_api *api;
	uint32_t low = 0, high, place = VGPU_FUNCTION_NUMBER(id);

	if (place >= VGPU_FUNCTION_FOREIGN) {
		place -= VGPU_FUNCTION_FOREIGN;
		return place < foreign_room && foreign[place] && foreign[place]->id == id ? foreign[place] : NULL;
	}
	api = vgpu_api_find(VGPU_FUNCTION_LIBRARY(id));
	high = api ? api->count : 0;
	/* Numbers begin at 1 and seldom leave one out. */
	if (place && place <= high && api->functions[place - 1].id == id)
		return &api->functions[place - 1];
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
