/* SPDX-License-Identifier: Apache-2.0 */
/* Which functions of a file are probed, and how the kernel is brought to it. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#define ENOTSUPP 524 /* what the kernel says of an instruction that it does not probe; no errno.h has it */

/*
 * The linker's functions, and what is done at each; see bpf/link.h for why the first four get no
 * return probe.
 */
static const struct {
	const char *name;
	uint16_t op;
	bool on_return;
} linker[] = {
	{ "dlopen", VGPU_BPF_OP_DLOPEN, false },
	{ "dlmopen", VGPU_BPF_OP_DLMOPEN, false },
	{ "dlsym", VGPU_BPF_OP_DLSYM, false },
	{ "dlvsym", VGPU_BPF_OP_DLVSYM, false },
	{ "dlclose", VGPU_BPF_OP_DLCLOSE, false },
	{ "_dl_catch_error", VGPU_BPF_OP_CATCH, true },
	{ "_dl_signal_error", VGPU_BPF_OP_ERROR, false },
	{ "_dl_debug_state", VGPU_BPF_OP_SETTLE, false },
	{ "_dl_signal_exception", VGPU_BPF_OP_EXCEPTION, false },
};

static int linker_op(const char *name)
{
	for (size_t i = 0; i < sizeof(linker) / sizeof(linker[0]); i++) {
		if (!strcmp(linker[i].name, name))
			return i;
	}
	return -1;
}

/* Functions that are given device code: which word points at it. */
static const struct {
	const char *name;
	uint32_t word;
} images[] = {
	{ "cuModuleLoadData", 1 },	{ "cuModuleLoadDataEx", 1 },  { "cuModuleLoadFatBinary", 1 },
	{ "cuLibraryLoadData", 1 },	{ "cuLinkAddData", 2 },	      { "cuLinkAddData_v2", 2 },
	{ "cudaLibraryLoadData", 1 },	{ "__cudaRegisterFatBinary", 0 },
};

bool vgpu_kernel_takes_image(const char *function)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		if (!strcmp(images[i].name, function))
			return true;
	return false;
}

static void set_image(struct vgpu_bpf_function *function, const char *name)
{
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++) {
		if (strcmp(images[i].name, name))
			continue;
		function->flags |= VGPU_BPF_FUNCTION_IMAGE;
		function->image_word = images[i].word;
	}
}

static bool want_linker(void *data, const char *name)
{
	(void)data;
	return linker_op(name) >= 0;
}

static const struct kernel_rung *rung_of(const struct vgpu_kernel *kernel)
{
	return kernel->method == VGPU_KERNEL_TRACEFS ? &kernel_tracefs : &kernel_multi;
}

/* One bad instruction refuses a whole batch: halve it until the bad ones stand alone. */
static int attach_points(struct vgpu_kernel *kernel, struct kernel_library *library, struct kernel_point *points,
			 uint32_t count)
{
	struct kernel_batch *batch;
	int err;

	if (!count)
		return 0;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return -ENOMEM;
	batch->entry_fd = batch->return_fd = batch->entry_event_fd = batch->return_event_fd = -1;
	err = rung_of(kernel)->attach(kernel, library, points, count, batch);
	if (!err) {
		batch->next = library->batches;
		library->batches = batch;
		return 0;
	}
	free(batch);
	/* What no division mends. */
	if (err == -EPERM || err == -EACCES || err == -ENOMEM || err == -EMFILE || err == -ENFILE || err == -ENOENT)
		return err;
	if (count == 1) {
		points->error = err;
		return 0;
	}
	err = attach_points(kernel, library, points, count / 2);
	return err ? err : attach_points(kernel, library, points + count / 2, count - count / 2);
}

struct ending {
	pthread_t thread;
	const struct kernel_rung *rung;
	struct kernel_batch *batch;
	bool on_return, started;
};

static void *end_one(void *data)
{
	struct ending *ending = data;

	ending->rung->end(ending->batch, ending->on_return);
	return NULL;
}

/*
 * Entries first: calls that are in flight still return through the other direction. Within one,
 * all at a time, since each waits for the kernel to be done with it.
 */
static void detach_all(struct vgpu_kernel *kernel, struct kernel_batch *batches)
{
	struct kernel_batch *batch;
	struct ending *endings;
	size_t count = 0, i;

	for (batch = batches; batch; batch = batch->next)
		count++;
	endings = calloc(count ? count : 1, sizeof(*endings));
	for (int on_return = 0; on_return < 2; on_return++) {
		for (batch = batches, i = 0; batch; batch = batch->next, i++) {
			struct ending one = { .rung = rung_of(kernel), .batch = batch, .on_return = on_return };

			if (on_return && batch->return_fd < 0)
				continue;
			if (!endings) {
				end_one(&one);
				continue;
			}
			endings[i] = one;
			endings[i].started = i + 1 < count && !pthread_create(&endings[i].thread, NULL, end_one, &endings[i]);
			if (!endings[i].started)
				end_one(&endings[i]);
		}
		for (i = 0; endings && i < count; i++) {
			if (endings[i].started)
				pthread_join(endings[i].thread, NULL);
			endings[i].started = false;
		}
	}
	free(endings);
	while (batches) {
		batch = batches;
		batches = batch->next;
		if (rung_of(kernel)->forget)
			rung_of(kernel)->forget(kernel, batch);
		free(batch);
	}
}

static void detach_library(struct vgpu_kernel *kernel, struct kernel_library *library)
{
	detach_all(kernel, library->batches);
	library->batches = NULL;
}

static int new_slot(struct vgpu_kernel *kernel, const struct kernel_library *library,
		    const struct vgpu_kernel_target *target, const struct kernel_symbols *symbols,
		    const struct kernel_symbol *symbol, struct kernel_point *point)
{
	const struct vgpu_function *schema = NULL;
	struct vgpu_bpf_function function;
	uint32_t slot = kernel->slot_count;
	struct kernel_slot *place = &kernel->slots[slot];
	int op;

	if (slot == KERNEL_SLOTS)
		return -ENOSPC;
	if (symbols->library)
		schema = vgpu_function_by_name(symbols->library, symbol->name);
	if (!schema && target->schema)
		schema = target->schema(target->data, symbol->name);
	kernel_capture_compile(schema, &function);
	if (symbols->ours)
		function.flags |= VGPU_BPF_FUNCTION_OURS;
	if (symbols->library)
		set_image(&function, symbol->name);
	point->on_return = !(library->flags & VGPU_KERNEL_ENTRIES);
	if (!point->on_return)
		function.flags |= VGPU_BPF_FUNCTION_ENTRY;
	if (library->flags & VGPU_KERNEL_LINKER) {
		op = linker_op(symbol->name);
		if (op < 0)
			return -EINVAL;
		function.op = linker[op].op;
		point->on_return = linker[op].on_return;
		point->anyone = linker[op].op == VGPU_BPF_OP_SETTLE;
	}
	if (bpf_map_update_elem(kernel->functions_fd, &slot, &function, BPF_ANY))
		return -errno;
	place->name = strdup(symbol->name);
	if (!place->name)
		return -ENOMEM;
	place->function = (struct vgpu_kernel_function){
		.slot = slot,
		.id = function.id,
		.name = place->name,
		.path = library->shown,
		.offset = symbol->offset,
		.schema = schema,
		.ours = symbols->ours,
	};
	kernel->slot_count++;
	point->slot = slot;
	return 0;
}

static void free_library(struct vgpu_kernel *kernel, struct kernel_library *library)
{
	if (!library)
		return;
	detach_library(kernel, library);
	if (library->shown != library->path)
		free(library->shown);
	free(library->path);
	free(library);
}

static void refuse(struct vgpu_kernel_attached *out, const char *name, int error)
{
	out->refused++;
	out->refused_error = error;
	snprintf(out->refused_name, sizeof(out->refused_name), "%s", name);
}

static void report(const struct vgpu_kernel *kernel, const struct kernel_point *points, uint32_t count,
		   struct vgpu_kernel_attached *out)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct vgpu_kernel_function *function = &kernel->slots[points[i].slot].function;

		if (points[i].error) {
			refuse(out, function->name, points[i].error);
			continue;
		}
		out->functions++;
		out->known += function->id != 0;
		out->moved += points[i].offset != function->offset;
	}
}

/* Two files at the same time on one path are two: the inode counts. Kept also where a process alone still has it. */
static struct kernel_library *find(const struct vgpu_kernel *kernel, const struct stat *st, uint32_t flags)
{
	struct kernel_library *library;

	for (library = kernel->libraries; library; library = library->next) {
		if (library->device == st->st_dev && library->inode == st->st_ino &&
		    !((library->flags ^ flags) & VGPU_KERNEL_LINKER))
			return library;
	}
	return NULL;
}

/* Nobody waits any more when it is mapped. */
static void mark_probed(struct vgpu_kernel *kernel, const struct stat *st)
{
	struct vgpu_bpf_file file = { .inode = st->st_ino,
				      .device = (uint64_t)major(st->st_dev) << 20 | minor(st->st_dev) };
	uint32_t one = 1;

	bpf_map_update_elem(kernel->probed_fd, &file, &one, BPF_ANY);
}

int vgpu_kernel_attach(struct vgpu_kernel *kernel, const char *path, const struct vgpu_kernel_target *target,
		       struct vgpu_kernel_attached *out)
{
	static const struct vgpu_kernel_target all;
	struct vgpu_kernel_target wanted = target ? *target : all;
	struct vgpu_kernel_attached unused;
	struct kernel_symbols symbols = { 0 };
	struct kernel_library *library = NULL;
	struct kernel_point *points = NULL;
	uint32_t count = 0;
	struct stat st;
	uint64_t start;
	int err;

	out = out ? out : &unused;
	memset(out, 0, sizeof(*out));
	if (stat(path, &st))
		return -errno;
	if (find(kernel, &st, wanted.flags))
		return 0;
	if (wanted.flags & VGPU_KERNEL_LINKER)
		wanted.want = want_linker;
	err = kernel_symbols_read(path, &wanted, &symbols);
	if (err)
		return err;
	err = -ENOENT;
	if (!symbols.count) {
		mark_probed(kernel, &st);
		goto out;
	}
	err = -ENOMEM;
	library = calloc(1, sizeof(*library));
	points = calloc(symbols.count, sizeof(*points));
	if (!library || !points)
		goto out;
	library->path = strdup(path);
	library->shown = wanted.shown ? strdup(wanted.shown) : library->path;
	if (!library->path || !library->shown)
		goto out;
	library->device = st.st_dev;
	library->inode = st.st_ino;
	library->flags = wanted.flags;
	/* What is known of a library's interface is known to throw nothing. */
	if (symbols.library || !symbols.throws)
		library->flags &= ~VGPU_KERNEL_ENTRIES;
	out->entries = library->flags & VGPU_KERNEL_ENTRIES;
	library->number = ++kernel->library_count;
	for (uint32_t i = 0; i < symbols.count; i++) {
		const struct kernel_symbol *symbol = &symbols.list[i];
		uint32_t first, at = vgpu_first_instruction(symbol->code, symbol->code_size, &first);
		struct kernel_point *point = &points[count];

		if (first == VGPU_FIRST_REFUSED) {
			refuse(out, symbol->name, -ENOTSUPP);
			continue;
		}
		err = new_slot(kernel, library, &wanted, &symbols, symbol, point);
		if (err)
			goto out;
		point->offset = symbol->offset + at;
		out->emulated += first == VGPU_FIRST_EMULATED;
		count++;
	}
	start = kernel_now_ns();
	err = attach_points(kernel, library, points, count);
	mark_probed(kernel, &st);
	out->attach_ns = kernel_now_ns() - start;
	out->library = symbols.library;
	out->aliases = symbols.aliases;
	report(kernel, points, count, out);
	/* The slots' names point at the path: a library stays once it has slots. */
	library->next = kernel->libraries;
	kernel->libraries = library;
	if (err)
		detach_library(kernel, library);
	library = NULL;
out:
	if (library && kernel->slot_count && kernel->slots[kernel->slot_count - 1].function.path == library->shown) {
		library->next = kernel->libraries;
		kernel->libraries = library;
		library = NULL;
	}
	free_library(kernel, library);
	free(points);
	kernel_symbols_free(&symbols);
	return err;
}

uint64_t vgpu_kernel_detach(struct vgpu_kernel *kernel)
{
	uint64_t start = kernel_now_ns();
	struct kernel_batch *batches = NULL, **end = &batches;
	struct kernel_library *library;

	for (library = kernel->libraries; library; library = library->next) {
		*end = library->batches;
		while (*end)
			end = &(*end)->next;
		library->batches = NULL;
		library->inode = 0; /* so that it can be attached again */
	}
	detach_all(kernel, batches);
	return kernel_now_ns() - start;
}

int vgpu_kernel_predict(const char *path, const struct vgpu_kernel_target *target, struct vgpu_kernel_prediction *out)
{
	static const struct vgpu_kernel_target all;
	struct kernel_symbols symbols;
	int err;

	memset(out, 0, sizeof(*out));
	err = kernel_symbols_read(path, target ? target : &all, &symbols);
	if (err)
		return err;
	out->functions = symbols.count;
	for (uint32_t i = 0; i < symbols.count; i++) {
		uint32_t first;

		out->moved += vgpu_first_instruction(symbols.list[i].code, symbols.list[i].code_size, &first) != 0;
		out->emulated += first == VGPU_FIRST_EMULATED;
		out->stepped += first == VGPU_FIRST_STEPPED;
		out->refused += first == VGPU_FIRST_REFUSED;
	}
	kernel_symbols_free(&symbols);
	return 0;
}
