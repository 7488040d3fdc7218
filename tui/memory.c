// SPDX-License-Identifier: Apache-2.0
/* The books of device memory: by table, which function allocates, frees, maps or tells. */
#include "tui/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

/* Live allocations that are followed; a power of two. */
#define PLACES 65536u

enum op {
	OP_NONE,
	OP_ALLOC,   /* `pointer` comes out, `size` goes in */
	OP_FREE,
	OP_CREATE,  /* physical memory behind a handle: lives until released and mapped nowhere */
	OP_RELEASE,
	OP_MAP,
	OP_UNMAP,
	OP_TELL,    /* `pointer` is the free bytes, `size` all of them */
};

/*
 * A runtime's function calls the driver's, which returned before: the second mention of an address
 * is the same allocation, the second free finds nothing. So each is counted once.
 */
static const struct {
	const char *functions; /* patterns */
	enum op op;
	const char *pointer, *size, *height;
} rows[] = {
	{ "cuMemAlloc,cuMemAlloc_v2,cuMemAllocManaged,cuMemAllocAsync*,cuMemAllocFromPoolAsync*", OP_ALLOC, "dptr", "bytesize", NULL },
	{ "cuMemAllocPitch,cuMemAllocPitch_v2", OP_ALLOC, "dptr", "pPitch", "Height" },
	{ "cudaMalloc,cudaMallocManaged,cudaMallocAsync*", OP_ALLOC, "devPtr", "size", NULL },
	{ "cudaMallocFromPoolAsync*", OP_ALLOC, "ptr", "size", NULL },
	{ "cudaMallocPitch", OP_ALLOC, "devPtr", "pitch", "height" },
	{ "cuMemFree,cuMemFree_v2,cuMemFreeAsync*", OP_FREE, "dptr", NULL, NULL },
	{ "cudaFree,cudaFreeAsync*", OP_FREE, "devPtr", NULL, NULL },
	{ "cuMemCreate", OP_CREATE, "handle", "size", NULL },
	{ "cuMemRelease", OP_RELEASE, "handle", NULL, NULL },
	{ "cuMemMap", OP_MAP, "handle", "ptr", NULL },
	{ "cuMemUnmap", OP_UNMAP, "ptr", "size", NULL },
	{ "cuMemGetInfo,cuMemGetInfo_v2,cudaMemGetInfo", OP_TELL, "free", "total", NULL },
	{ "nvmlDeviceGetMemoryInfo,nvmlDeviceGetMemoryInfo_v2", OP_TELL, "memory.free", "memory.total", NULL },
};

enum what { EMPTY, GONE, POINTER, HANDLE, MAPPING };

struct place {
	uint64_t key;
	uint64_t bytes; /* MAPPING: the handle */
	uint32_t process;
	uint16_t what;
	uint16_t mappings; /* HANDLE; bit 15: released */
};
#define RELEASED 0x8000u

struct tui_memory {
	uint8_t row[VGPU_LIBRARIES][2048]; /* of a function: index in rows + 1 */
	struct place *places;
	uint32_t used; /* GONE ones too */
	bool kept;     /* places are `used` in a row, none of them gone */
	uint64_t unfollowed;
};

int tui_memory_open(struct tui_memory **out)
{
	struct tui_memory *memory = calloc(1, sizeof(*memory));

	*out = memory;
	if (!memory)
		return -ENOMEM;
	for (const struct vgpu_api *const *api = vgpu_apis; *api; api++)
		for (uint32_t i = 0; i < (*api)->count; i++) {
			const struct vgpu_function *function = &(*api)->functions[i];
			uint32_t number = VGPU_FUNCTION_NUMBER(function->id);

			if ((*api)->library >= VGPU_LIBRARIES || number >= 2048)
				continue;
			for (unsigned k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
				if (vgpu_name_matches(rows[k].functions, function->name))
					memory->row[(*api)->library][number] = (uint8_t)(k + 1);
		}
	return 0;
}

void tui_memory_close(struct tui_memory *memory)
{
	if (!memory)
		return;
	free(memory->places);
	free(memory);
}

bool tui_memory_follows(const struct tui_memory *memory, uint32_t function)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(function), number = VGPU_FUNCTION_NUMBER(function);

	return library < VGPU_LIBRARIES && number < 2048 && memory->row[library][number];
}

void tui_memory_clear(struct tui_memory *memory)
{
	if (memory->places)
		memset(memory->places, 0, PLACES * sizeof(*memory->places));
	memory->used = 0;
	memory->unfollowed = 0;
}

uint64_t tui_memory_unfollowed(const struct tui_memory *memory)
{
	return memory->unfollowed;
}

static uint32_t hash(uint32_t process, enum what what, uint64_t key)
{
	return (uint32_t)((key ^ (uint64_t)process << 40 ^ (uint64_t)what << 56) * UINT64_C(0x9e3779b97f4a7c15) >> 40) &
	       (PLACES - 1);
}

static struct place *find(struct tui_memory *memory, uint32_t process, enum what what, uint64_t key)
{
	if (!memory->places)
		return NULL;
	for (uint32_t at = hash(process, what, key);; at = (at + 1) & (PLACES - 1)) {
		struct place *place = &memory->places[at];

		if (place->what == EMPTY)
			return NULL;
		if (place->what == what && place->process == process && place->key == key)
			return place;
	}
}

static void insert(struct place *places, const struct place *place)
{
	uint32_t at = hash(place->process, place->what, place->key);

	while (places[at].what != EMPTY)
		at = (at + 1) & (PLACES - 1);
	places[at] = *place;
}

/* Without those that are gone. */
static void tidy(struct tui_memory *memory)
{
	struct place *fresh = calloc(PLACES, sizeof(*fresh));

	if (!fresh)
		return;
	memory->used = 0;
	for (uint32_t i = 0; i < PLACES; i++)
		if (memory->places[i].what > GONE) {
			insert(fresh, &memory->places[i]);
			memory->used++;
		}
	free(memory->places);
	memory->places = fresh;
}

int tui_memory_copy(struct tui_memory **out, const struct tui_memory *from, bool kept)
{
	struct tui_memory *to = malloc(sizeof(*to));
	uint32_t count = from->kept ? from->used : from->places ? PLACES : 0;

	*out = to;
	if (!to)
		return -ENOMEM;
	*to = *from;
	to->kept = kept;
	to->used = 0;
	to->places = NULL;
	if (!from->used)
		return 0;
	to->places = calloc(kept ? from->used : PLACES, sizeof(*to->places));
	if (!to->places) {
		tui_memory_close(to);
		*out = NULL;
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++) {
		if (from->places[i].what <= GONE)
			continue;
		if (kept)
			to->places[to->used] = from->places[i];
		else
			insert(to->places, &from->places[i]);
		to->used++;
	}
	return 0;
}

static bool add(struct tui_memory *memory, uint32_t process, enum what what, uint64_t key, uint64_t bytes)
{
	struct place place = { .key = key, .bytes = bytes, .process = process, .what = what };

	if (!memory->places)
		memory->places = calloc(PLACES, sizeof(*memory->places));
	if (memory->places && memory->used >= PLACES / 4 * 3)
		tidy(memory);
	if (!memory->places || memory->used >= PLACES / 4 * 3) {
		memory->unfollowed++;
		return false;
	}
	insert(memory->places, &place);
	memory->used++;
	return true;
}

static void grown(struct tui_memory_state *state, uint64_t bytes)
{
	state->allocations++;
	state->now_bytes += bytes;
	if (state->now_bytes > state->peak_bytes)
		state->peak_bytes = state->now_bytes;
}

static void shrunk(struct tui_memory_state *state, struct place *place)
{
	state->now_bytes -= place->bytes < state->now_bytes ? place->bytes : state->now_bytes;
	state->frees++;
	place->what = GONE;
}

static void unmapped(struct tui_memory *memory, struct tui_memory_state *state, uint32_t process, uint64_t handle)
{
	struct place *place = find(memory, process, HANDLE, handle);

	if (!place)
		return;
	if (place->mappings & ~RELEASED)
		place->mappings--;
	if (place->mappings == RELEASED)
		shrunk(state, place);
}

static void apply(struct tui_memory *memory, struct tui_memory_state *state, const struct vgpu_event *event,
		  unsigned index)
{
	uint32_t process = event->process;
	uint64_t key = 0, size = 0, height = 1;
	struct place *place;

	if (!vgpu_call_integer(&event->call, rows[index].pointer, &key) ||
	    (rows[index].size && !vgpu_call_integer(&event->call, rows[index].size, &size)) ||
	    (rows[index].height && !vgpu_call_integer(&event->call, rows[index].height, &height)))
		return;
	switch (rows[index].op) {
	case OP_ALLOC:
		if (key && !find(memory, process, POINTER, key) && add(memory, process, POINTER, key, size * height))
			grown(state, size * height);
		break;
	case OP_CREATE:
		if (!find(memory, process, HANDLE, key) && add(memory, process, HANDLE, key, size))
			grown(state, size);
		break;
	case OP_FREE:
		place = find(memory, process, POINTER, key);
		if (place)
			shrunk(state, place);
		break;
	case OP_RELEASE:
		place = find(memory, process, HANDLE, key);
		if (place && !(place->mappings |= RELEASED, place->mappings & ~RELEASED))
			shrunk(state, place);
		break;
	case OP_MAP:
		place = find(memory, process, HANDLE, key);
		if (place && (place->mappings & ~RELEASED) < RELEASED - 1 && !find(memory, process, MAPPING, size) &&
		    add(memory, process, MAPPING, size, key)) {
			place = find(memory, process, HANDLE, key);
			place->mappings++;
		}
		break;
	case OP_UNMAP:
		/* One call may undo many mappings that lie side by side. */
		for (uint32_t i = 0; memory->places && i < PLACES; i++) {
			place = &memory->places[i];
			if (place->what != MAPPING || place->process != process || place->key - key >= size)
				continue;
			place->what = GONE;
			unmapped(memory, state, process, place->bytes);
		}
		break;
	case OP_TELL:
		state->told_free = key;
		state->told_total = size;
		state->told_ns = event->time_ns;
		break;
	case OP_NONE:
		break;
	}
}

void tui_memory_call(struct tui_memory *memory, struct tui_memory_state *state, const struct tui_clock *clock,
		     const struct vgpu_event *event)
{
	uint32_t library = VGPU_FUNCTION_LIBRARY(event->call.function);
	uint32_t number = VGPU_FUNCTION_NUMBER(event->call.function);
	uint64_t before = state->now_bytes;
	unsigned index;

	if (library >= VGPU_LIBRARIES || number >= 2048 || !memory->row[library][number])
		return;
	index = memory->row[library][number] - 1u;
	if (vgpu_call_failed(&event->call)) {
		if (rows[index].op == OP_ALLOC || rows[index].op == OP_CREATE) {
			/* The runtime's own failure is the driver's, told again. */
			state->failed += !event->call.depth;
			vgpu_call_integer(&event->call, rows[index].size, &state->failed_bytes);
		}
		return;
	}
	if (event->call.flags & VGPU_CALL_UNWOUND)
		return;
	apply(memory, state, event, index);
	if (state->now_bytes != before || !state->history.high) {
		state->history.high = true;
		tui_history_add(&state->history, clock, event->time_ns + event->call.duration_ns, state->now_bytes);
	}
}

void tui_memory_end(struct tui_memory *memory, struct tui_memory_state *state, const struct tui_clock *clock,
		    const struct vgpu_event *event)
{
	for (uint32_t i = 0; memory->places && i < PLACES; i++)
		if (memory->places[i].what > GONE && memory->places[i].process == event->process)
			memory->places[i].what = GONE;
	if (!state || !state->now_bytes)
		return;
	state->now_bytes = 0;
	tui_history_add(&state->history, clock, event->time_ns, 0);
}
