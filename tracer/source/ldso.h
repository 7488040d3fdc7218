/* SPDX-License-Identifier: Apache-2.0 */
/* Which file the dynamic linker would take for a library's name, without loading anything. */
#ifndef VGPU_SOURCE_LDSO_H
#define VGPU_SOURCE_LDSO_H

#include <stddef.h>

struct vgpu_ldso_answer {
	char path[1024];    /* symbolic links resolved; "": none */
	char where[64];     /* "LD_PRELOAD", "LD_LIBRARY_PATH", "ld.so.cache", "a default directory" */
};

/*
 * For a program without RPATH or RUNPATH that is started in this environment: preload and
 * library_path are the values of LD_PRELOAD and LD_LIBRARY_PATH, or NULL. Files of another class or
 * machine are passed over, as the dynamic linker does. 1: found, 0: not.
 */
int vgpu_ldso_find(const char *soname, const char *preload, const char *library_path, struct vgpu_ldso_answer *out);

#endif
