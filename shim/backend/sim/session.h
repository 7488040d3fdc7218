/* SPDX-License-Identifier: Apache-2.0 */
/* What the processes of a session share: device memory in use, and what was set on a device. */
#ifndef VGPU_SIM_SESSION_H
#define VGPU_SIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The session file is $VGPU_SIM_SESSION (an absolute path), else one in the directory of a
 * `vgpu-trace run`. Without one, or where it cannot be used, a process sees its own memory alone.
 * Devices are counted as in the device file, whatever CUDA_VISIBLE_DEVICES shows. All functions may
 * be called from any thread, and in a forked child, which has used nothing yet.
 */
struct session_process {
	pid_t pid;
	uint64_t bytes;
	uint64_t most_bytes; /* that it ever had */
	uint64_t start_ns;   /* CLOCK_REALTIME of its first memory on any device */
};

#define SESSION_KNOBS 96u

#pragma GCC visibility push(hidden)

/* Counts bytes as used by this process; false: the device has not as much left. */
bool session_charge(unsigned device, uint64_t bytes, uint64_t memory_bytes);
void session_discharge(unsigned device, uint64_t bytes);

/* What all processes that live use, this one's part among it. */
uint64_t session_used(unsigned device);

/* The processes that use a device; returns how many there are, of which at most `room` are stored. */
unsigned session_processes(unsigned device, struct session_process *out, unsigned room);

/* A number that was set on a device, by any process of the session; what was not set has its default. */
uint64_t session_get(unsigned device, unsigned knob, uint64_t unset);
void session_set(unsigned device, unsigned knob, uint64_t value);
void session_reset(unsigned device, unsigned knob);

#pragma GCC visibility pop
#endif
