/* SPDX-License-Identifier: Apache-2.0 */
/* The generator's own model of an interface, and what its files offer each other. */
#ifndef VGPU_API_GEN_GEN_H
#define VGPU_API_GEN_GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shim/api/schema.h"
#include "shim/ring/layout.h"

struct lex;

/* ---- model ---- */

struct place {
	const char *file;
	unsigned line;
};

struct constant {
	const char *name;
	int64_t value;
	struct constant *next;
};

struct member {
	const char *name; /* "" : anonymous */
	struct type *type;
	uint32_t offset;
	struct place at;
	struct member *next;
};

struct argument {
	struct type *type;
	struct argument *next;
};

/*
 * A type as it is spelled: "CUdevice", "const char *", "char[16]". An alias has alias set and takes
 * everything else from there once the model is resolved.
 */
struct type {
	const char *name;
	int kind;             /* enum vgpu_type_kind, TYPE_UNKNOWN until it is defined */
	uint32_t size, align; /* 0: incomplete */
	struct type *alias;
	bool identity;        /* an integer that names a thing */
	struct type *element; /* pointers, arrays */
	uint32_t count;       /* arrays */
	struct member *members;
	unsigned nmembers;
	struct constant *constants;
	unsigned nconstants;
	bool is_flags;
	bool constant; /* a pointer to const */
	bool builtin;
	bool variant;   /* a pointer to an integer shown as flags: not found by its spelling */
	bool anonymous; /* an inner struct or union: spelled out where it is used */
	uint32_t stated_size; /* structs: as the description says */
	uint32_t stated_align;
	const char *tag;     /* handles: what C's typedef points at */
	struct type *result; /* callbacks */
	struct argument *arguments;
	struct type *shown; /* flags: the enumeration of an integer */
	struct place at;    /* definition, or first use */
	int state;          /* 1: being resolved or emitted, 2: done */
	int index;          /* in the emitted table, -1: not in it */
	struct type *next;
};
#define TYPE_UNKNOWN (-1)

/* A number, or the value of a parameter. */
struct count {
	bool set;
	uint32_t fixed; /* when name is NULL */
	const char *name;
	int param; /* resolved from name; -1: fixed */
};

struct param {
	const char *name;
	struct type *type;
	int direction; /* enum vgpu_direction */
	int capture;   /* enum vgpu_capture */
	int redact;    /* enum vgpu_redact */
	bool always;
	bool versioned;
	bool opaque;
	bool indirect; /* a string behind `const char **` */
	uint32_t size; /* bytes of a fixed capture */
	struct count count, limit;
	struct place at;
};

struct function {
	unsigned number;
	const char *name;
	struct type *result;
	struct param params[VGPU_ARGS_MAX];
	unsigned nparams;
	uint32_t since;
	uint32_t flags; /* enum vgpu_function_flags */
	bool has_unsupported;
	int64_t unsupported;
	struct place at;
};

struct api {
	uint32_t id;
	const char *name, *title, *file, *soname, *node;
	struct type *status;
	int64_t unsupported;
	int64_t missing; /* what a function that is not there returns */
	struct type *types, **types_end;
	struct function **functions; /* by number, NULL: gap */
	unsigned count;              /* highest number */
	uint64_t hash;
	struct place at;
};

struct rung {
	const char *name;
	int version;
	const char *symbol;
	const char *per_thread; /* NULL: none */
	struct place at;
};

struct ladder {
	const char *library;
	struct rung *rungs;
	unsigned count;
};

/* ---- parsing: 0, or -1 after gen_error() has been called ---- */

int api_parse(struct api **out, const char *path);
int ladder_parse(struct ladder **out, const char *path, const struct api *api);
int api_resolve(struct api *api); /* aliases, layouts, captures; called by api_parse */
int function_parse(struct api *api, struct lex *lex);
int params_resolve(struct api *api, struct function *function);

struct type *type_find(struct api *api, const char *name,
		       struct place at); /* made unknown when new */
struct type *type_pointer(struct api *api, struct type *to, bool constant, struct place at);
struct type *type_array(struct api *api, struct type *of, uint32_t count, struct place at);
struct type *type_flags(struct api *api, struct type *integer, struct type *enumeration,
			struct place at);
const struct type *type_base(const struct type *type); /* behind aliases */

/* The message names file and line; the last one is kept for tests. */
int gen_error(struct place at, const char *format, ...) __attribute__((format(printf, 2, 3)));
extern char gen_error_text[512];

/* ---- output ---- */

/*
 * A file of the output folder; close replaces it only when its text differs. Exits on an
 * input/output error.
 */
struct out;
struct out *out_open(const char *folder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void out_close(struct out *out);
void put(struct out *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void put_head(struct out *out, const struct api *api, const char *purpose);
const char *out_text(const struct out *out);
struct out *out_memory(void); /* text only; out_close frees it */
/* "TYPE name, TYPE name" or "void"; names false: types only */
void put_params(struct out *out, const struct function *function, bool names);
/* "TYPE " or "TYPE *", so that a name can follow */
void put_type(struct out *out, const struct type *type);
/* A line a member of `type`, which lies at `base` of `top` as `path`: that it lies where the description says. */
void put_offsets(struct out *out, const char *keyword, const struct type *top,
		 const struct type *type, const char *path, uint32_t base);

void emit_types(const char *folder, struct api *api);
void emit_proto(const char *folder, const struct api *api);
void emit_calls(const char *folder, const struct api *api);
void emit_wrappers(const char *folder, const struct api *api, unsigned files);
void emit_thunks(const char *folder, const struct api *api);
void emit_library(const char *folder, const struct api *api);
void emit_places(struct out *out, const struct api *api);
void emit_schema(const char *folder, struct api *const *apis, unsigned napis);
void emit_ladder(const char *folder, const struct ladder *ladder, const struct api *api);
void emit_check(const char *folder, const struct api *api);
/* FNV-1a over a canonical text of everything that a reader of records depends on. */
uint64_t api_hash(struct api *api);

/* ---- memory: all of it lives until the generator ends ---- */

void *gen_alloc(size_t size);
char *gen_format(const char *format, ...) __attribute__((format(printf, 1, 2), nonnull(1)));

#endif
