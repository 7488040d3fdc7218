/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands for other readers than a terminal: man, and a shell that completes words. */
#ifndef VGPU_CLI_MANUAL_H
#define VGPU_CLI_MANUAL_H

/* vgpu-trace(1), in the man macros, to standard output. */
void vgpu_manual_print(void);
/* What bash needs to complete commands, options and their values, to standard output. */
void vgpu_completion_print(void);

#endif
