/* SPDX-License-Identifier: Apache-2.0 */
/* The attributes that a device has unless its preset or its file says otherwise. */
#ifndef VGPU_SIM_ATTRIBUTE_H
#define VGPU_SIM_ATTRIBUTE_H

#include <stdint.h>

#include "shim/backend/sim/device.h"

void simdev_attribute_defaults(int32_t values[VGPU_SIMDEV_ATTRIBUTES]);

#endif
