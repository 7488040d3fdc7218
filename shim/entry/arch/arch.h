/* SPDX-License-Identifier: Apache-2.0 */
/* What depends on the processor: the counter, and read-modify-write that is atomic against signals only. */
#ifndef VGPU_ENTRY_ARCH_H
#define VGPU_ENTRY_ARCH_H

#if defined(__x86_64__)
#include "shim/entry/arch/x86_64.h"
#else
#error "vgpu-trace: this architecture has no shim/entry/arch file yet (x86_64 has)"
#endif

#endif
