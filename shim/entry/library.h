/* SPDX-License-Identifier: Apache-2.0 */
/* What each of our shared libraries is: one descriptor, found in memory and on disk through an ELF note. */
#ifndef VGPU_ENTRY_LIBRARY_H
#define VGPU_ENTRY_LIBRARY_H

#include <stdint.h>

/*
 * The note: owner "vgpu-trace", type VGPU_NOTE_LIBRARY, in section .note.vgpu of every library that
 * carries our entry layer, whatever its file name. Recognise ours by this, never by name.
 */
#define VGPU_NOTE_OWNER   "vgpu-trace"
#define VGPU_NOTE_LIBRARY 1u

struct vgpu_note_library {
	uint32_t core_abi;    /* VGPU_CORE_ABI it was built with */
	uint32_t library;     /* enum vgpu_library_id */
	int64_t descriptor;   /* address of its struct vgpu_library, relative to this field */
	uint64_t schema_hash; /* of its description; 0 in a library that has none */
};
_Static_assert(sizeof(struct vgpu_note_library) == 24, "read from files");

/* Append-only: the number is in every trace. */
enum vgpu_library_id {
	VGPU_LIBRARY_NONE = 0,
	VGPU_LIBRARY_CUDA = 1,     /* libvgpu-cuda.so,     stands for libcuda.so.1 */
	VGPU_LIBRARY_NVML = 2,     /* libvgpu-nvml.so,     stands for libnvidia-ml.so.1 */
	VGPU_LIBRARY_CUDART13 = 3, /* libvgpu-cudart13.so, stands for libcudart.so.13 */
	VGPU_LIBRARY_CUDART12 = 4, /* libvgpu-cudart12.so, stands for libcudart.so.12 */
};

/* A function id is library << 16 | number; numbers start at 1 and are never reused. */
#define VGPU_FUNCTION(library, number) ((uint32_t)(library) << 16 | (number))
#define VGPU_FUNCTION_LIBRARY(id)      ((id) >> 16)
#define VGPU_FUNCTION_NUMBER(id)       ((id) & 0xffffu)

struct vgpu_core;

/*
 * One in each library, defined by generated code as `vgpu_library` (hidden). All tables are indexed by function
 * number and have count + 1 places; place 0 is unused.
 */
struct vgpu_library {
	uint32_t id;                 /* enum vgpu_library_id */
	uint32_t count;              /* highest function number */
	const char *name;            /* "cuda", "nvml", "cudart13", "cudart12" */
	const char *file;            /* "libvgpu-cuda.so" */
	const char *soname;          /* "libcuda.so.1" */
	uint64_t schema_hash;
	void *const *entry;          /* our exported entry points (thunks): what lookups hand out */
	const char *const *names;    /* exported symbol names */
	void **dispatch;             /* where wrappers jump; filled by the backend before the first call */
	void *const *unsupported;    /* for each function the stub that returns its not-supported value */
	struct vgpu_core *core;      /* the core this library offers to the process; see core.h */
	void *const *missing;        /* for each function the stub that says there is no such function */
	const char *parameters;      /* for faults on demand: see shim/api/gen/emit_places.c */
	const char *results;         /* lines of a result's name and its value */
};

extern struct vgpu_library vgpu_library __attribute__((visibility("hidden")));

#endif
