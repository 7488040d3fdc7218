/* SPDX-License-Identifier: Apache-2.0 */
/* Where a process waits until somebody has looked at it: for tests and demonstrations. */
#ifndef VGPU_EXAMPLES_OLLAMA_HOLD_H
#define VGPU_EXAMPLES_OLLAMA_HOLD_H

/*
 * $VGPU_EXAMPLE_HOLD is DIRECTORY, or DIRECTORY:POINT (without one: start). A process that comes
 * to the point writes the line "PID ROLE POINT" to the FIFO DIRECTORY/ready and then waits for one
 * byte from the FIFO DIRECTORY/go. Points: start, of main; answer, before the child gives its
 * answer.
 */
#define HOLD_VARIABLE "VGPU_EXAMPLE_HOLD"

void hold_at(const char *point, const char *role);

#endif
