/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated devices of this process, as $VGPU_DEVICE describes them. */
#include <stdlib.h>

#include "shim/backend/sim/sim.h"

struct vgpu_simdev sim_devices;

static int state = 1; /* 1: not read yet; else what reading gave */

int sim_devices_open(sim_say say)
{
	const char *spec = secure_getenv("VGPU_DEVICE");
	struct vgpu_simdev_error error;
	char text[sizeof(error.message) + 256];

	if (state <= 0)
		return state;
	state = vgpu_simdev_load(&sim_devices, spec, &error);
	if (!state)
		return 0;
	vgpu_simdev_describe(&error, spec, text, sizeof(text));
	say(2, "device file: %s", text);
	sim_devices.count = 0;
	return state;
}
