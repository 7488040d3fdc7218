// SPDX-License-Identifier: Apache-2.0
/* cuGetProcAddress under "forward": the target decides, and where we have that function ours is handed out. */
#include <stddef.h>
#include <string.h>

#include "shim/api/ladder.h"
#include "shim/api/schema.h"
#include "shim/backend/fault.h"
#include "shim/backend/forward.h"
#include "shim/entry/call.h"

#define PER_THREAD 2u      /* CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM */
#define NOT_FOUND 500      /* CUDA_ERROR_NOT_FOUND */
#define NOT_FOUND_STATUS 1 /* CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND */

static int (*target_v1)(const char *symbol, void **pointer, int version, uint64_t flags);
static int (*target_v2)(const char *symbol, void **pointer, int version, uint64_t flags,
			int *status);

static int newest_version(void)
{
	static int newest;

	if (!newest)
		for (uint32_t i = 0; i < vgpu_ladder_count; i++)
			if (vgpu_ladder[i].version > newest)
				newest = vgpu_ladder[i].version;
	return newest;
}

/* Which of our functions a pointer of the target is; 0: none that can be told. */
static uint32_t recognise(const char *symbol, void *pointer, int version, uint64_t flags)
{
	uint32_t function = vgpu_ladder_find(symbol, version, (flags & PER_THREAD) != 0, NULL);
	uint32_t number = VGPU_FUNCTION_NUMBER(function);

	/* One address may have several names: the one that was asked for comes first. */
	if (function && forward.symbol[number] == pointer)
		return number;
	for (uint32_t i = 1; i <= forward.library->count; i++)
		if (forward.symbol[i] == pointer || forward.library->entry[i] == pointer)
			return i;
	/* No export, but by name and version it can be no other; of versions after ours we cannot know. */
	if (!function || version > newest_version())
		return 0;
	forward.symbol[number] = pointer;
	vgpu_fault_replace(forward.library, number, pointer);
	return number;
}

/* absent: what the entry point returns for what is not there. */
static int hand_out(const char *symbol, void **pointer, int version, uint64_t flags, int *status,
		    int absent)
{
	uint32_t number = recognise(symbol, *pointer, version, flags);
	uint32_t function = number ? VGPU_FUNCTION(forward.library->id, number) : 0;

	switch (vgpu_fault_lookup(function)) {
	case VGPU_FAULT_NONE:
		break;
	case VGPU_FAULT_NULL:
		*pointer = NULL;
		return 0;
	case VGPU_FAULT_MISSING:
		*pointer = NULL;
		if (status)
			*status = NOT_FOUND_STATUS;
		return absent;
	}
	if (number)
		*pointer = forward.library->entry[number];
	vgpu_call_resolved(function);
	return 0;
}

static int lookup_v2(const char *symbol, void **pointer, int version, uint64_t flags, int *status)
{
	int result = target_v2(symbol, pointer, version, flags, status);

	return !result && symbol && pointer && *pointer
		   ? hand_out(symbol, pointer, version, flags, status, 0)
		   : result;
}

static int lookup_v1(const char *symbol, void **pointer, int version, uint64_t flags)
{
	int result = target_v1(symbol, pointer, version, flags);

	return !result && symbol && pointer && *pointer
		   ? hand_out(symbol, pointer, version, flags, NULL, NOT_FOUND)
		   : result;
}

void *forward_lookup(const char *name, void *symbol)
{
	if (!strcmp(name, "cuGetProcAddress_v2")) {
		target_v2 = (__typeof__(target_v2))symbol;
		return (void *)lookup_v2;
	}
	if (!strcmp(name, "cuGetProcAddress")) {
		target_v1 = (__typeof__(target_v1))symbol;
		return (void *)lookup_v1;
	}
	return NULL;
}
