/* SPDX-License-Identifier: Apache-2.0 */
/* What the simulated implementations of all four libraries share. */
#ifndef VGPU_SIM_SIM_H
#define VGPU_SIM_SIM_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/backend/sim/device.h"
#include "shim/entry/library.h"

typedef void (*sim_say)(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Implementations by function number, NULL where there is none; generated for each library. */
extern void *const vgpu_sim_table[] __attribute__((visibility("hidden")));

/*
 * Each library's own beginning: called before its first call goes through, and in a forked child
 * (fork: everything of the parent's is to be forgotten). 0 or -errno.
 */
int sim_start(bool fork, sim_say say);

/* The devices of $VGPU_DEVICE; read once, before any entry point runs, and kept across a fork. */
extern struct vgpu_simdev sim_devices;
int sim_devices_open(sim_say say);

/* The same function under a second exported name, such as a per-thread variant. */
#define SIM_ALIAS(name, target) extern __typeof__(name) name __attribute__((alias(#target)))

#endif
