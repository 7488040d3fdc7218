/* SPDX-License-Identifier: Apache-2.0 */
/* Private to the device file's reader: the keys of a [fault] section. */
#ifndef VGPU_SIM_PARSE_FAULT_H
#define VGPU_SIM_PARSE_FAULT_H

#include "shim/backend/sim/device.h"

/* 0, or -EINVAL with a message of what is wrong. Names and values are NUL-terminated. */
int simdev_fault_begin(struct vgpu_sim_fault *fault);
int simdev_fault_assign(struct vgpu_sim_fault *fault, const char *name, const char *value, char *message,
			size_t size);
int simdev_fault_finish(const struct vgpu_sim_fault *fault, char *message, size_t size);

#endif
