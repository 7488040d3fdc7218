/* SPDX-License-Identifier: Apache-2.0 */
/* What an allocation takes of a device's memory, as a genuine driver counts it (580 on an H100, measured). */
#ifndef VGPU_SIM_CUDA_SLAB_H
#define VGPU_SIM_CUDA_SLAB_H

#include <stdbool.h>
#include <stdint.h>

struct cuda_device;
struct object;
struct slab;

#define SLAB_BYTES (UINT64_C(2) << 20) /* all memory is taken and given back in these */
#define SLAB_UNIT UINT64_C(512)        /* what small allocations are rounded up to */
#define SLAB_SMALL                                                                                 \
	(UINT64_C(1) << 20) /* up to this size they share slabs, the first that has room */

/* Where an allocation is counted. Only that: its address is its own. */
struct slab_place {
	struct slab *slab; /* NULL: it has slabs of its own */
	uint32_t unit;
	uint32_t units; /* without a slab: slabs of its own */
};

/* Charges the device; false: it has not so much left. Slabs are shared within one owner. Any thread. */
bool slab_charge(struct cuda_device *device, const struct object *owner, uint64_t size,
		 struct slab_place *place);
void slab_discharge(struct cuda_device *device, const struct slab_place *place);

/* In a forked child: nothing is counted any more. */
void slab_forget(void);

#endif
