/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the faults of a device file can come about: the names in them against the description. */
#ifndef VGPU_CLI_FAULTS_H
#define VGPU_CLI_FAULTS_H

#include <stdbool.h>

#include "shim/backend/sim/device.h"
#include "tracer/model/text.h"

/* true, or false with *why: the first fault that names what is not there. */
bool vgpu_faults_check(const struct vgpu_simdev *simdev, struct vgpu_text *why);

#endif
