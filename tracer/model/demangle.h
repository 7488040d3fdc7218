/* SPDX-License-Identifier: Apache-2.0 */
/* C++ names of kernels as they are in the source. */
#ifndef VGPU_MODEL_DEMANGLE_H
#define VGPU_MODEL_DEMANGLE_H

/*
 * "_Z3addPf" → "add(float*)", for the caller to free. NULL: it is no such name, or one that would not
 * be good to expand (names come from traced programs), or there is no libstdc++ here to do it.
 */
char *vgpu_demangle(const char *name);

#endif
