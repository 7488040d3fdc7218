/* SPDX-License-Identifier: Apache-2.0 */
/* Stubs for functions that a recorded trace answers. */
#include "shim/entry/arch/stubs.h"

	VGPU_STUBS replay
	.section .note.GNU-stack,"",@progbits
