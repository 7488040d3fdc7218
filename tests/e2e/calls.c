/* SPDX-License-Identifier: Apache-2.0 */
/* Calls every entry point with the least memory that callers must provide, and checks the records. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "shim/ring/reader.h"
#include "tests/e2e/calls_guard.h"

/*
 * usage: calls LIBRARY-FILE LIBRARY-NAME
 *
 * Four rounds, the backend replaced by a function that touches nothing: all calls succeed; all
 * succeed, and structs that state their size are of an older, smaller version; all fail; all fail,
 * and every count is absurd. In each, what is pointed at ends at an inaccessible page.
 */
enum round { SUCCEED, SUCCEED_OLD, FAIL, FAIL_ABSURDLY, ROUNDS };
static const char *const round_names[] = { "success", "success with old structs", "failure",
					   "failure with absurd counts" };

#define ABSURD UINT64_C(0x7fffffff)

typedef uint64_t call_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			       uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
			       uint64_t, uint64_t);

struct made {
	uint64_t args[VGPU_ARGS_MAX];
	void *at[VGPU_ARGS_MAX]; /* what a pointer shows */
	size_t size[VGPU_ARGS_MAX];
	bool is_count[VGPU_ARGS_MAX];
};

static const struct vgpu_library *library;
static struct vgpu_ring *ring;
static unsigned mistakes;

static uint64_t succeed(void)
{
	return 0;
}

static uint64_t fail(void)
{
	return 801;
}

static int find(struct dl_phdr_info *info, size_t size, void *name)
{
	int i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + segment->p_vaddr,
			   *end = at + segment->p_memsz;

		if (segment->p_type != PT_NOTE || !strstr(info->dlpi_name, name))
			continue;
		while (at + sizeof(ElfW(Nhdr)) < end) {
			const ElfW(Nhdr) *note = (const void *)at;
			const char *owner = at + sizeof(*note),
				   *data = owner + ((note->n_namesz + 3) & ~3u);

			if (!strcmp(owner, VGPU_NOTE_OWNER)) {
				const struct vgpu_note_library *ours = (const void *)data;

				library = (const void *)((const char *)&ours->descriptor +
							 ours->descriptor);
				return 1;
			}
			at = data + ((note->n_descsz + 3) & ~3u);
		}
	}
	return 0;
}

/* Structs by value and floating-point arguments are passed otherwise; structs.c has those. */
static bool is_callable(const struct vgpu_function *function)
{
	uint32_t i;

	if (function->result->members)
		return false;
	for (i = 0; i < function->nparams; i++) {
		if (function->params[i].capture == VGPU_CAPTURE_VALUE ||
		    function->params[i].type->kind == VGPU_TYPE_FLOAT)
			return false;
	}
	return true;
}

#define OLD_SIZE 8u

/* GPM's versions are plain numbers. */
static bool states_its_size(const struct vgpu_type *type)
{
	return type->members && strncmp(type->name, "nvmlGpm", 7) && type->size >= OLD_SIZE &&
	       !strcmp(type->members[0].name, "version") && type->members[0].type->size == 4;
}

static void make_pointer(const struct vgpu_function *function, enum round round, uint32_t i,
			 struct made *made)
{
	const struct vgpu_param *param = &function->params[i];
	const struct vgpu_type *to = param->type->element;
	static const char text[] = "some text";
	uint32_t version;

	switch (param->capture) {
	case VGPU_CAPTURE_WORD:
		made->args[i] = (uintptr_t)guard_wall(); /* must not be touched */
		return;
	case VGPU_CAPTURE_STRING:
		made->size[i] = sizeof(text) - 1;
		made->at[i] = guard_place(i, sizeof(text));
		memcpy(made->at[i], text, sizeof(text));
		made->args[i] = (uintptr_t)made->at[i];
		if (to->kind == VGPU_TYPE_POINTER) {
			char **pointer = guard_place(16 + i, sizeof(char *));

			*pointer = made->at[i];
			made->args[i] = (uintptr_t)pointer;
		}
		return;
	case VGPU_CAPTURE_ARRAY:
		made->size[i] = to->size * (param->count_param < 0 ? 4 : 1);
		break;
	case VGPU_CAPTURE_BYTES:
		made->size[i] = param->count_param < 0 ? 8 : 1;
		break;
	default:
		made->size[i] = round == SUCCEED_OLD && states_its_size(to) ? OLD_SIZE : to->size;
	}
	made->at[i] = guard_place(i, made->size[i]);
	made->args[i] = (uintptr_t)made->at[i];
	if (param->capture == VGPU_CAPTURE_FIXED && states_its_size(to)) {
		version = (uint32_t)made->size[i] | 1u << 24;
		memcpy(made->at[i], &version, sizeof(version));
	}
}

static void make(const struct vgpu_function *function, enum round round, struct made *made)
{
	uint64_t count = round == FAIL_ABSURDLY ? ABSURD : 1;
	uint32_t i;

	memset(made, 0, sizeof(*made));
	for (i = 0; i < function->nparams; i++) {
		int by = function->params[i].count_param;

		if (by >= 0)
			made->is_count[by] = true;
	}
	for (i = 0; i < function->nparams; i++) {
		const struct vgpu_type *type = function->params[i].type;

		if (type->kind == VGPU_TYPE_POINTER)
			make_pointer(function, round, i, made);
		else
			made->args[i] =
			    made->is_count[i] ? count : UINT64_C(0x4142434445464748) + i;
		if (!made->is_count[i] || type->kind != VGPU_TYPE_POINTER)
			continue;
		memcpy(made->at[i], &count, type->element->size);
	}
	/* Text must fit its room: the room's count is the text's, NUL and all. */
	for (i = 0; i < function->nparams && round != FAIL_ABSURDLY; i++) {
		const struct vgpu_param *param = &function->params[i];
		uint64_t room = 10;

		if (param->capture != VGPU_CAPTURE_STRING || param->count_param < 0)
			continue;
		made->args[param->count_param] =
		    made->at[param->count_param] ? made->args[param->count_param] : room;
		if (made->at[param->count_param])
			memcpy(made->at[param->count_param], &room,
			       function->params[param->count_param].type->element->size);
	}
}

static void mistake(const struct vgpu_function *function, enum round round, const char *what,
		    const char *which)
{
	printf("%s, %s: %s%s%s\n", function->name, round_names[round], what, *which ? " of " : "",
	       which);
	mistakes++;
}

static const struct vgpu_blob *blob_of(const struct vgpu_ring_event *event, uint32_t param,
				       uint8_t flag)
{
	const struct vgpu_blob *blob;
	size_t at = 0;

	while ((blob = vgpu_ring_blob(event, &at))) {
		if (blob->param == param && (blob->flags & flag))
			return blob;
	}
	return NULL;
}

/* What the blob must hold: all there is, or a stated prefix of a struct. */
static bool holds(const struct vgpu_param *param, const struct vgpu_blob *blob,
		  const struct made *made, uint32_t i)
{
	size_t size = made->size[i];

	if (blob->size > size || !blob->size)
		return false;
	if (param->capture != VGPU_CAPTURE_FIXED && blob->full_size != size)
		return false;
	if (blob->size < size && blob->size < VGPU_BLOB_MAX && param->capture != VGPU_CAPTURE_FIXED)
		return false;
	return !memcmp(blob + 1, made->at[i], blob->size);
}

static void check_param(const struct vgpu_function *function, enum round round,
			const struct vgpu_ring_event *event, const struct made *made, uint32_t i)
{
	const struct vgpu_param *param = &function->params[i];
	bool ok = round <= SUCCEED_OLD || !(function->flags & VGPU_FUNCTION_STATUS);
	const struct vgpu_blob *out = blob_of(event, i, VGPU_BLOB_OUT),
			       *in = blob_of(event, i, VGPU_BLOB_IN);
	uint64_t word = made->args[i];

	if (param->type->size < 8)
		word &= (UINT64_C(1) << param->type->size * 8) - 1;
	if (event->args[i] != word)
		mistake(function, round, "wrong word", param->name);
	if (param->capture == VGPU_CAPTURE_WORD) {
		if (in || out)
			mistake(function, round, "a blob of what is opaque", param->name);
		return;
	}
	if (param->direction == VGPU_IN && (!in || out))
		mistake(function, round, "no in-blob, or an out-blob,", param->name);
	if ((param->direction & VGPU_OUT) && !out)
		mistake(function, round, "no out-blob", param->name);
	if (param->direction == VGPU_OUT && in)
		mistake(function, round, "an in-blob", param->name);
	if (out && !ok && !param->always && !(out->flags & VGPU_BLOB_ABSENT))
		mistake(function, round, "an out-value after a failure", param->name);
	if (out && (ok || param->always) && (out->flags & VGPU_BLOB_ABSENT))
		mistake(function, round, "no out-value", param->name);
	if (out && !(out->flags & VGPU_BLOB_ABSENT) && !holds(param, out, made, i))
		mistake(function, round, "a wrong out-value", param->name);
	if (in && !ok && param->capture == VGPU_CAPTURE_BYTES && param->count_param >= 0) {
		if (!(in->flags & VGPU_BLOB_ABSENT))
			mistake(function, round, "bytes after a failure", param->name);
		return;
	}
	if (in && ((in->flags & VGPU_BLOB_ABSENT) || !holds(param, in, made, i)))
		mistake(function, round, "a wrong in-value", param->name);
}

static void check(const struct vgpu_function *function, enum round round, const struct made *made,
		  uint64_t result)
{
	uint64_t mask = function->result->size >= 8
			    ? UINT64_MAX
			    : (UINT64_C(1) << function->result->size * 8) - 1;
	struct vgpu_ring_event event;
	bool seen = false;
	uint32_t i;

	vgpu_ring_poll(ring);
	while (vgpu_ring_next(ring, &event)) {
		if (event.kind != VGPU_KIND_CALL)
			continue;
		if (seen)
			mistake(function, round, "more than one record", "");
		seen = true;
		if (event.call->function != function->id ||
		    event.call->nargs != function->nparams) {
			mistake(function, round, "the record of another function", "");
			continue;
		}
		if (event.call->result !=
		    (function->result->kind == VGPU_TYPE_VOID ? 0 : result & mask))
			mistake(function, round, "a wrong result", "");
		for (i = 0; i < function->nparams; i++)
			check_param(function, round, &event, made, i);
	}
	if (!seen)
		mistake(function, round, "no record", "");
}

static void call(const struct vgpu_function *function, enum round round)
{
	uint32_t number = VGPU_FUNCTION_NUMBER(function->id);
	call_function *entry = (call_function *)library->entry[number];
	bool text = function->result->kind == VGPU_TYPE_POINTER;
	struct made made;
	uint64_t *a = made.args, result;

	/* A returned string is read: NULL will do. */
	library->dispatch[number] = round <= SUCCEED_OLD || text ? (void *)succeed : (void *)fail;
	make(function, round, &made);
	result = entry(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11],
		       a[12], a[13], a[14], a[15]);
	check(function, round, &made, result);
}

static int open_ring(void)
{
	struct vgpu_ring_place place;
	struct vgpu_ring_event event;

	if (vgpu_ring_places(getpid(), &place, 1) < 1 ||
	    vgpu_ring_open_place(&ring, getpid(), &place))
		return -1;
	vgpu_ring_poll(ring);
	while (vgpu_ring_next(ring, &event))
		;
	return 0;
}

int main(int argc, char **argv)
{
	const struct vgpu_api *api = argc == 3 ? vgpu_api_by_name(argv[2]) : NULL;
	void *handle = api ? dlopen(argv[1], RTLD_NOW) : NULL;
	unsigned called = 0;
	enum round round;
	uint32_t i;

	if (!handle || !dl_iterate_phdr(find, strrchr(argv[1], '/') + 1)) {
		fprintf(stderr, "usage: calls LIBRARY-FILE LIBRARY-NAME (%s)\n",
			api && !handle ? dlerror() : "");
		return 2;
	}
	if (library->schema_hash != api->schema_hash ||
	    library->count != api->functions[api->count - 1].id % 65536) {
		fputs("the library and the tables are of different descriptions\n", stderr);
		return 1;
	}
	/* The first call opens the backend, which fills the dispatch table. */
	((call_function *)library->entry[VGPU_FUNCTION_NUMBER(api->functions[0].id)])(
	    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
	if (open_ring()) {
		fputs("this process has no ring\n", stderr);
		return 1;
	}
	for (i = 0; i < api->count; i++) {
		if (strcmp(library->names[VGPU_FUNCTION_NUMBER(api->functions[i].id)],
			   api->functions[i].name))
			mistake(&api->functions[i], 0, "another name in the library", "");
		if (!is_callable(&api->functions[i]))
			continue;
		for (round = 0; round < ROUNDS; round++)
			call(&api->functions[i], round);
		called++;
	}
	printf("%s: %u of %u functions called %d times, %u mistakes\n", api->name, called,
	       api->count, ROUNDS, mistakes);
	vgpu_ring_close(ring);
	return mistakes || !called;
}
