/* SPDX-License-Identifier: Apache-2.0 */
/* User objects: the program's, counted, and destroyed by its own function. */
#ifndef VGPU_SIM_CUDA_USER_H
#define VGPU_SIM_CUDA_USER_H

#include "shim/backend/sim/cuda/state.h"

struct cuda_user_ref;

/* Gives back all references of a graph. */
void cuda_user_refs_drop(struct cuda_user_ref **refs);

/* Takes as many for a copy of it; false: no memory, and some may have been taken. */
bool cuda_user_refs_copy(struct cuda_user_ref **into, const struct cuda_user_ref *from);

#endif
