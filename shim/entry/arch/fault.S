/* SPDX-License-Identifier: Apache-2.0 */
/* Stubs for functions that are to fail. */
#include "shim/entry/arch/stubs.h"

	VGPU_STUBS fault
	.section .note.GNU-stack,"",@progbits
