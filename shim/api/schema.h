/* SPDX-License-Identifier: Apache-2.0 */
/* The description as data: what every reader knows of the functions, types and names. Generated tables, const. */
#ifndef VGPU_API_SCHEMA_H
#define VGPU_API_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "shim/entry/library.h"

enum vgpu_type_kind {
	VGPU_TYPE_VOID,
	VGPU_TYPE_BOOL,
	VGPU_TYPE_CHAR,     /* one character or byte of text */
	VGPU_TYPE_INT,
	VGPU_TYPE_UINT,
	VGPU_TYPE_FLOAT,    /* size 4 or 8 */
	VGPU_TYPE_ENUM,     /* enumeration != NULL */
	VGPU_TYPE_HANDLE,   /* opaque identity: CUcontext, nvmlDevice_t, CUdeviceptr */
	VGPU_TYPE_POINTER,  /* element != NULL; element->kind VOID: opaque */
	VGPU_TYPE_FUNCTION, /* pointer to a callback */
	VGPU_TYPE_STRUCT,   /* members */
	VGPU_TYPE_UNION,    /* members */
	VGPU_TYPE_ARRAY,    /* count × element */
	VGPU_TYPE_UUID,     /* 16 bytes, printed GPU-xxxxxxxx-… */
	VGPU_TYPE_BYTES,    /* size bytes without inner structure */
};

struct vgpu_constant {
	const char *name;
	int64_t value;
};

struct vgpu_enum {
	const char *name;
	const struct vgpu_constant *constants; /* in the header's order; the first of equal values is the name shown */
	uint32_t count;
	uint32_t is_flags; /* 1: values are or-ed */
};

struct vgpu_type {
	const char *name; /* as the interface spells it: "CUdevice_attribute", "const char *" */
	uint8_t kind;     /* enum vgpu_type_kind */
	uint8_t pad[3];
	uint32_t size;    /* bytes */
	const struct vgpu_enum *enumeration;
	const struct vgpu_type *element;
	uint32_t count;   /* ARRAY: elements; STRUCT, UNION: members */
	const struct vgpu_member *members;
};

struct vgpu_member {
	const char *name; /* "" for an anonymous inner struct or union */
	const struct vgpu_type *type;
	uint32_t offset;  /* bytes */
	uint8_t bit_offset;
	uint8_t bit_size; /* 0: not a bit field */
};

enum vgpu_direction {
	VGPU_IN = 1,
	VGPU_OUT = 2,
	VGPU_INOUT = 3,
};

/* What is recorded of a parameter beside its raw word. */
enum vgpu_capture {
	VGPU_CAPTURE_WORD,   /* nothing: scalars, handles, opaque pointers, callbacks */
	VGPU_CAPTURE_STRING, /* text at the pointer, without its NUL; behind it where that is a `const char **` */
	VGPU_CAPTURE_FIXED,  /* one element (type->element) at the pointer; the blob may be a prefix of it */
	VGPU_CAPTURE_ARRAY,  /* count_param says how many elements */
	VGPU_CAPTURE_BYTES,  /* count_param says how many bytes */
	VGPU_CAPTURE_VALUE,  /* the struct passed by value is in the blob, the word is 0 */
};

/* What kind of private matter a value may hold; views and reports redact by class. */
enum vgpu_redact {
	VGPU_REDACT_NONE,
	VGPU_REDACT_UUID,
	VGPU_REDACT_SERIAL,
	VGPU_REDACT_PATH,
	VGPU_REDACT_NAME, /* host, user or process names */
	VGPU_REDACT_DATA, /* bytes of the program's own data */
};

struct vgpu_param {
	const char *name;
	const struct vgpu_type *type; /* declared type; for pointers kind POINTER */
	uint8_t direction;            /* enum vgpu_direction */
	uint8_t capture;              /* enum vgpu_capture */
	uint8_t redact;               /* enum vgpu_redact */
	uint8_t always;               /* 1: the out-value is valid also when the call failed */
	int8_t count_param;           /* parameter that holds the count (its pointee, when a pointer); -1: none */
	int8_t limit_param;           /* of this and count_param the lesser counts; -1: none */
	uint8_t versioned;            /* 1: the struct begins with its version, whose low 24 bits are its size */
	uint8_t pad;
	uint32_t size;                /* FIXED, VALUE: bytes recorded at most */
	uint32_t fixed_count;         /* elements or bytes where no parameter says how many; 0: not stated */
};

enum vgpu_function_flags {
	VGPU_FUNCTION_STATUS = 1 << 0,      /* returns a status: result 0 is success */
	VGPU_FUNCTION_LOOKUP = 1 << 1,      /* hands out entry points: VGPU_BLOB_RESOLVED may follow */
	VGPU_FUNCTION_DEPRECATED = 1 << 2,  /* kept for old programs */
	VGPU_FUNCTION_BULK = 1 << 3,        /* called by the thousand before anything happens: recorded apart */
};

struct vgpu_function {
	uint32_t id;                   /* VGPU_FUNCTION(library, number) */
	uint32_t flags;                /* enum vgpu_function_flags */
	const char *name;              /* exported symbol */
	const struct vgpu_type *result;
	const struct vgpu_param *params;
	uint32_t nparams;
	uint32_t since;                /* first interface version that has it, 12040 = 12.4; 0: not stated */
};

struct vgpu_api {
	uint32_t library;              /* enum vgpu_library_id */
	uint32_t count;                /* functions[0 … count-1], sorted by number */
	const char *name;              /* "cuda" */
	const char *title;             /* "CUDA driver API 13.0" */
	const char *file;              /* "libvgpu-cuda.so" */
	const char *soname;            /* "libcuda.so.1" */
	const char *version_node;      /* "libcudart.so.13", NULL: unversioned */
	const struct vgpu_enum *status; /* names of result codes */
	uint64_t schema_hash;          /* over ids, names, types, layouts and captures */
	const struct vgpu_function *functions;
};

/* All four, in the order of their library ids; NULL-terminated. */
extern const struct vgpu_api *const vgpu_apis[];

/* NULL where there is none. */
const struct vgpu_api *vgpu_api_find(uint32_t library);
const struct vgpu_api *vgpu_api_by_name(const char *name);
const struct vgpu_function *vgpu_function_find(uint32_t id);
/* The first of that name in library order; library 0: any. */
const struct vgpu_function *vgpu_function_by_name(uint32_t library, const char *name);
/*
 * Functions as somebody else describes them (an older or newer trace): numbers from here up are
 * theirs, and no library of ours ever has one. add returns an id that vgpu_function_find knows until it
 * is removed, 0: no room. *function stays the caller's, with its id filled in. One thread at a time.
 */
#define VGPU_FUNCTION_FOREIGN 0x8000u
uint32_t vgpu_function_add(uint32_t library, struct vgpu_function *function);
void vgpu_function_remove(uint32_t id);
/* Changes with each of both: what was kept of foreign descriptions is void. */
uint32_t vgpu_function_generation(void);
const char *vgpu_enum_name(const struct vgpu_enum *enumeration, int64_t value);

/*
 * The driver's lookup ladder: the entry point of `library` that a request for base name `name` at
 * `version` (12040 = 12.4) selects; per_thread picks the per-thread-default-stream variant where
 * there is one. 0: no such function. *too_new is set to 1 when the name exists only in later versions.
 */
uint32_t vgpu_ladder_find(const char *name, int version, int per_thread, int *too_new);

#endif
