/* SPDX-License-Identifier: Apache-2.0 */
/* Our libraries on disk, and the environment that puts them in front. */
#ifndef VGPU_SOURCE_INJECT_H
#define VGPU_SOURCE_INJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "tracer/model/text.h"

enum vgpu_inject {
	VGPU_INJECT_PATH = 1 << 0,    /* a directory with the real names, first on LD_LIBRARY_PATH */
	VGPU_INJECT_PRELOAD = 1 << 1, /* first in LD_PRELOAD */
	VGPU_INJECT_AUDIT = 1 << 2,   /* the auditor hands ours to whoever asks for those names */
};

/* Ours, in the order of their ids; the names a program asks for. */
struct vgpu_own_library {
	unsigned library;        /* enum vgpu_library_id */
	const char *file;        /* libvgpu-cuda.so */
	const char *const *names; /* NULL-terminated: "libcuda.so.1", "libcuda.so" */
};
extern const struct vgpu_own_library vgpu_own_libraries[4];

/*
 * The directory of our libraries: $VGPU_TRACE_LIBDIR, or relative to this program. 0; -ENOENT
 * (*missing names what was looked for and where), -ENOEXEC: a file there that is not one of ours.
 */
int vgpu_inject_libdir(char *path, size_t size, struct vgpu_text *missing);

/* Bits of `libraries`, here and below: 1 << enum vgpu_library_id of those that are put in. */
#define VGPU_INJECT_ALL ~0u

/*
 * --shim forward:PATH: what is behind us, for each of our libraries that have something there.
 * PATH: a directory, or a libcuda in it. Only the driver and NVML are looked for. Returns their
 * bits, or -errno: -ENOENT no libcuda there, -ENOEXEC no library, -ELOOP our own libraries in libdir.
 */
struct vgpu_forward {
	char path[4][4096]; /* as vgpu_own_libraries; "": none */
	bool ours;          /* one of them is a library of this project: it simulates */
};
int vgpu_forward_find(struct vgpu_forward *out, const char *path, const char *libdir);

/* Makes the links with the real names in `directory`. 0 or -errno. */
int vgpu_inject_links(const char *libdir, const char *directory, unsigned libraries);
/* Removes them again, and nothing else. */
void vgpu_inject_unlink(const char *directory);

/*
 * The auditor in the directory of our libraries. 0; -ENOENT; -EINVAL: LD_AUDIT cannot name it, since
 * there is a colon in the path.
 */
int vgpu_inject_auditor(const char *libdir, char *path, size_t size);

struct vgpu_environment {
	const char *name;
	char *value; /* owned */
};
#define VGPU_ENVIRONMENT_MAX 12u

struct vgpu_inject_options {
	unsigned how;          /* enum vgpu_inject, or-ed; 0: only the ring's variables */
	unsigned libraries;    /* which of ours */
	const char *backend;   /* "sim", "forward", "replay" */
	const char *replay;    /* file of answers, NULL: none */
	const struct vgpu_forward *forward; /* NULL: none */
	const char *libdir;
	const char *links;     /* directory of vgpu_inject_links */
	const char *device;    /* NULL: default */
	const char *ring_dir;  /* NULL: not set */
	const char *session;   /* NULL: not set */
	unsigned stacks;       /* frames, 0: off */
	const char *preload;   /* present values, NULL: not set; ours come before them */
	const char *library_path;
	const char *auditor;   /* file of vgpu_inject_auditor, NULL: no link observer */
	const char *audit;     /* present value of LD_AUDIT */
};
/* Fills out; returns how many, or -ENOMEM. */
int vgpu_inject_environment(const struct vgpu_inject_options *options, struct vgpu_environment *out);
void vgpu_environment_free(struct vgpu_environment *environment, int count);

#endif
