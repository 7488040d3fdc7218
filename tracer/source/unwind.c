// SPDX-License-Identifier: Apache-2.0
/* Raw stacks unwound by libdw. */
#include "tracer/source/unwind.h"

#include <errno.h>

#if !VGPU_HAVE_DW

int vgpu_unwind_open(struct vgpu_unwind **out, const struct vgpu_unwind_ops *ops, void *data)
{
	(void)ops, (void)data;
	*out = NULL;
	return -ENOTSUP;
}

void vgpu_unwind_close(struct vgpu_unwind *unwind)
{
	(void)unwind;
}

unsigned vgpu_unwind_stack(struct vgpu_unwind *unwind, const struct vgpu_bpf_registers *registers,
			   const void *bytes, size_t size, uint64_t frames[VGPU_UNWIND_FRAMES],
			   enum vgpu_stack_end *end)
{
	(void)unwind, (void)registers, (void)bytes, (void)size, (void)frames;
	*end = VGPU_STACK_END_RULES;
	return 0;
}

#else

#include <elfutils/libdwfl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/source/elf.h"

/* A process whose stacks lead through more files starts again with none. */
#define FILES_MAX 64u
/* What is above the bytes given is stack still. */
#define STACK_MORE UINT64_C(65536)
#define THREAD 1 /* any number: there is one thread, whose stack is given */

/* x86-64's numbers of registers in DWARF. */
enum { RBX = 3, RBP = 6, RSP = 7, R12 = 12, RIP = 16 };

struct file {
	uint64_t from, to, inode;
	Dwfl_Module *module; /* NULL: not to be read */
};

struct vgpu_unwind {
	const struct vgpu_unwind_ops *ops;
	void *data;
	Dwfl *dwfl;
	bool attached;
	struct file files[FILES_MAX];
	unsigned file_count;
	/* the stack under way */
	struct vgpu_bpf_registers registers;
	const uint8_t *bytes;
	size_t size;
	uint64_t *frames;
	unsigned count;
	enum vgpu_stack_end end;
	bool ruled;   /* the last frame's file says how to get past it */
	bool outmost; /* it says that nothing called it */
	bool
	    beyond; /* what leads on is not among the bytes: what libdw makes of that is no frame */
	bool changed; /* another file is where one was */
};

/* Separate debug files are not looked for: some libdw would ask a server for them. */
static int no_debuginfo(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			const char *file, const char *link, GElf_Word crc, char **found)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc,
	    (void)found;
	return -1;
}

static int no_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base, char **file,
		  Elf **elf)
{
	(void)module, (void)data, (void)name, (void)base, (void)file, (void)elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = { .find_elf = no_elf, .find_debuginfo = no_debuginfo };

static void forget_files(struct vgpu_unwind *unwind)
{
	if (unwind->dwfl)
		dwfl_end(unwind->dwfl);
	unwind->dwfl = NULL;
	unwind->attached = false;
	unwind->file_count = 0;
}

int vgpu_unwind_open(struct vgpu_unwind **out, const struct vgpu_unwind_ops *ops, void *data)
{
	struct vgpu_unwind *unwind = calloc(1, sizeof(*unwind));

	*out = unwind;
	if (!unwind)
		return -ENOMEM;
	unwind->ops = ops;
	unwind->data = data;
	return 0;
}

void vgpu_unwind_close(struct vgpu_unwind *unwind)
{
	if (!unwind)
		return;
	forget_files(unwind);
	free(unwind);
}

/* ---- files ---- */

/* Registers have other numbers on other machines. */
static bool is_ours(Dwfl_Module *module)
{
	GElf_Addr bias;
	GElf_Ehdr head;
	Elf *elf = dwfl_module_getelf(module, &bias);

	return elf && gelf_getehdr(elf, &head) && head.e_machine == EM_X86_64 &&
	       gelf_getclass(elf) == ELFCLASS64;
}

static Dwfl_Module *report(struct vgpu_unwind *unwind, const struct vgpu_mapping *mapping)
{
	Dwfl_Module *module;
	char place[32], name[32];
	uint64_t bias;
	int fd = unwind->ops->open(unwind->data, mapping);

	if (fd < 0)
		return NULL;
	snprintf(place, sizeof(place), "/proc/self/fd/%d", fd);
	bias = mapping->from - vgpu_elf_before(place, mapping->offset);
	/* Two modules of one name would be one. */
	snprintf(name, sizeof(name), "%u", unwind->file_count);
	module = dwfl_report_elf(unwind->dwfl, name, mapping->path, fd, bias, true);
	if (!module) {
		close(fd);
		return NULL;
	}
	return is_ours(module) ? module : NULL;
}

/* false: no file is mapped there, or another one than was there before. */
static bool find_file(struct vgpu_unwind *unwind, uint64_t address, Dwfl_Module **out)
{
	const struct vgpu_mapping *mapping = unwind->ops->find(unwind->data, address);
	struct file *file;

	*out = NULL;
	if (!mapping || !mapping->code)
		return false;
	for (unsigned i = 0; i < unwind->file_count; i++) {
		file = &unwind->files[i];
		if (file->from == mapping->from && file->to == mapping->to &&
		    file->inode == mapping->inode) {
			*out = file->module;
			return true;
		}
		if (file->from < mapping->to && mapping->from < file->to)
			unwind->changed = true;
	}
	if (unwind->file_count == FILES_MAX)
		unwind->changed = true;
	if (unwind->changed)
		return false;
	file = &unwind->files[unwind->file_count];
	*file =
	    (struct file){ mapping->from, mapping->to, mapping->inode, report(unwind, mapping) };
	unwind->file_count++;
	*out = file->module;
	return true;
}

/* What the file says of an address: whether anything, and whether that it has no caller. */
static bool has_rule(Dwfl_Module *module, uint64_t address, bool *outmost)
{
	Dwarf_CFI *(*const kinds[])(Dwfl_Module *, Dwarf_Addr *) = { dwfl_module_eh_cfi,
								     dwfl_module_dwarf_cfi };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		Dwarf_Op room[3], *steps = NULL;
		Dwarf_Frame *frame;
		Dwarf_Addr bias;
		size_t count = 1;
		Dwarf_CFI *cfi = kinds[i](module, &bias);

		if (!cfi || dwarf_cfi_addrframe(cfi, address - bias, &frame))
			continue;
		*outmost = !dwarf_frame_register(frame, RIP, room, &steps, &count) && !count &&
			   steps == room;
		free(frame);
		return true;
	}
	*outmost = false;
	return false;
}

/*
 * Memory that is no code: a stack, or a file's data, also what of it is not in the file. Of memory that is
 * no file's nothing else is known.
 */
static bool is_data(struct vgpu_unwind *unwind, uint64_t address)
{
	const struct vgpu_mapping *mapping = unwind->ops->find(unwind->data, address);

	return (mapping && !mapping->code) || dwfl_addrmodule(unwind->dwfl, address) ||
	       address - unwind->registers.sp < unwind->size + STACK_MORE;
}

/* ---- what libdw asks for ---- */

static pid_t next_thread(Dwfl *dwfl, void *data, void **thread)
{
	(void)dwfl;
	if (*thread)
		return 0;
	*thread = data;
	return THREAD;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *data, void **thread)
{
	(void)dwfl, (void)tid;
	*thread = data;
	return true;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *out, void *data)
{
	struct vgpu_unwind *unwind = data;
	uint64_t at = address - unwind->registers.sp;

	(void)dwfl;
	if (at >= unwind->size || unwind->size - at < sizeof(uint64_t)) {
		/* Above what was copied; whatever else is asked for is damage. */
		if (address >= unwind->registers.sp && at < UINT64_C(1) << 30)
			unwind->end = VGPU_STACK_END_CUT;
		unwind->beyond = true;
		return false;
	}
	memcpy(out, unwind->bytes + at, sizeof(uint64_t));
	return true;
}

static bool set_registers(Dwfl_Thread *thread, void *data)
{
	struct vgpu_unwind *unwind = data;
	const struct vgpu_bpf_registers *r = &unwind->registers;
	const Dwarf_Word frame[] = { r->bp, r->sp },
			 saved[] = { r->r12, r->r13, r->r14, r->r15, r->ip };
	const Dwarf_Word base = r->bx;

	return dwfl_thread_state_registers(thread, RBX, 1, &base) &&
	       dwfl_thread_state_registers(thread, RBP, 2, frame) &&
	       dwfl_thread_state_registers(thread, R12, 5, saved);
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

static int take_frame(Dwfl_Frame *state, void *data)
{
	struct vgpu_unwind *unwind = data;
	Dwfl_Module *module;
	Dwarf_Addr pc;

	/* Not asked whether it is exact: for that libdw goes a frame ahead, before its file is known. */
	if (!dwfl_frame_pc(state, &pc, NULL) || !pc || unwind->beyond)
		return DWARF_CB_ABORT;
	if (unwind->count == VGPU_UNWIND_FRAMES) {
		unwind->end = VGPU_STACK_END_FRAMES;
		return DWARF_CB_ABORT;
	}
	if (!find_file(unwind, pc - (unwind->count > 0), &module)) {
		/* Where a rule led to, there was a caller: code made at run time. A guess, or data, was none. */
		bool called = unwind->ruled && !is_data(unwind, pc - 1);

		unwind->end = called ? VGPU_STACK_END_FILE : VGPU_STACK_END_RULES;
		if (called)
			unwind->frames[unwind->count++] = pc;
		return DWARF_CB_ABORT;
	}
	unwind->frames[unwind->count++] = pc;
	/* Until it is found to be another reason. */
	unwind->end = VGPU_STACK_END_RULES;
	if (!module)
		return DWARF_CB_ABORT;
	/* Without one libdw goes by the frame pointer. */
	unwind->ruled = has_rule(module, pc - (unwind->count > 1), &unwind->outmost);
	return DWARF_CB_OK;
}

/* The module of the first frame must be there before libdw knows what machine it is. */
static bool begin(struct vgpu_unwind *unwind)
{
	Dwfl_Module *module;
	uint64_t at;

	if (!unwind->dwfl)
		unwind->dwfl = dwfl_begin(&callbacks);
	if (!unwind->dwfl)
		return false;
	if (!find_file(unwind, unwind->registers.ip, &module) && !unwind->changed) {
		/* A jump to where nothing is: what called it is at the top of the stack. */
		unwind->frames[unwind->count++] = unwind->registers.ip;
		unwind->end = VGPU_STACK_END_FILE;
		if (unwind->size < sizeof(at))
			return false;
		memcpy(&at, unwind->bytes, sizeof(at));
		unwind->registers.ip = at;
		unwind->registers.sp += sizeof(at);
		unwind->bytes += sizeof(at);
		unwind->size -= sizeof(at);
		if (!find_file(unwind, at, &module))
			return false;
	}
	if (!module) {
		unwind->frames[unwind->count++] = unwind->registers.ip;
		unwind->end = VGPU_STACK_END_RULES;
		return false;
	}
	if (!unwind->attached)
		unwind->attached =
		    dwfl_attach_state(unwind->dwfl, NULL, THREAD, &thread_callbacks, unwind);
	return unwind->attached;
}

unsigned vgpu_unwind_stack(struct vgpu_unwind *unwind, const struct vgpu_bpf_registers *registers,
			   const void *bytes, size_t size, uint64_t frames[VGPU_UNWIND_FRAMES],
			   enum vgpu_stack_end *end)
{
	/* Where a file has taken another's place: once more, without what is known. */
	for (int turn = 0; turn < 2; turn++) {
		unwind->registers = *registers;
		unwind->bytes = bytes;
		unwind->size = size;
		unwind->frames = frames;
		unwind->count = 0;
		unwind->end = VGPU_STACK_END_RULES;
		unwind->ruled = unwind->outmost = unwind->beyond = unwind->changed = false;
		if (begin(unwind) &&
		    !dwfl_getthread_frames(unwind->dwfl, THREAD, take_frame, unwind) &&
		    unwind->outmost)
			unwind->end = VGPU_STACK_END_WHOLE;
		if (!unwind->changed)
			break;
		forget_files(unwind);
	}
	*end = unwind->end;
	return unwind->count;
}

#endif
