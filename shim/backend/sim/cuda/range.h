/* SPDX-License-Identifier: Apache-2.0 */
/* Address ranges that the simulated driver knows: allocations, mappings, reservations. */
#ifndef VGPU_SIM_CUDA_RANGE_H
#define VGPU_SIM_CUDA_RANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/backend/sim/cuda/slab.h"

struct object;

enum range_kind {
	RANGE_DEVICE = 1,     /* cuMemAlloc */
	RANGE_HOST = 2,       /* cuMemHostAlloc */
	RANGE_REGISTERED = 3, /* cuMemHostRegister: the memory is the program's */
	RANGE_MANAGED = 4,
	RANGE_MAPPED = 5,   /* cuMemMap of a physical allocation */
	RANGE_RESERVED = 6, /* cuMemAddressReserve; in the table of reservations */
	RANGE_GLOBAL = 7,   /* a module's variable */
	RANGE_POOL = 8,     /* from a memory pool, which is charged for it */
	RANGE_ARRAY = 9,    /* an array's bytes: no address of the program's */
	RANGE_GRAPH = 10,   /* a graph's allocation: accessible from launch to free */
};

struct range {
	uint64_t start;
	uint64_t size;        /* bytes, as the program asked */
	uint64_t mapped;      /* bytes of address space */
	uint64_t id;          /* never repeated */
	struct object *owner; /* context of an allocation, physical allocation of a mapping */
	uint32_t kind;        /* enum range_kind */
	uint32_t flags;       /* as passed to the call that made it */
	uint32_t device;
	uint32_t access; /* PROT_* */
	/* what the program advised of managed memory */
	uint32_t read_mostly;
	int32_t preferred;    /* a device, -1 the host, -2 none */
	int32_t prefetched;   /* likewise: where it was last brought */
	uint64_t accessed_by; /* bit a device; the last bit: the host */
	uint32_t sync_memops;
	struct slab_place charged; /* of RANGE_DEVICE */
};

struct range_table;
extern struct range_table range_allocations, range_reservations;

/* Adds a range; false when it overlaps another or there is no memory. */
bool range_add(struct range_table *table, const struct range *range);

/* Copies the range that holds `address`; false: none. */
bool range_find(struct range_table *table, uint64_t address, struct range *found);

/* Takes out the range that begins at `address` and is of a kind in `kinds` (bits 1 << kind). */
bool range_take(struct range_table *table, uint64_t address, unsigned kinds, struct range *taken);

/* Takes out any one range of that owner. */
bool range_take_owned(struct range_table *table, const struct object *owner, struct range *taken);

/* Whether [address, address + size) is covered by ranges without a gap that allow `access`. */
bool range_covers(struct range_table *table, uint64_t address, uint64_t size, uint32_t access);

/* Whether a range of the table touches [address, address + size). */
bool range_touches(struct range_table *table, uint64_t address, uint64_t size);

/* Sets the access of the mappings that lie wholly in [address, address + size). */
void range_set_access(struct range_table *table, uint64_t address, uint64_t size, uint32_t access);

/* Calls `change` for every range that touches [address, address + size), the table locked. */
void range_change(struct range_table *table, uint64_t address, uint64_t size,
		  void (*change)(struct range *range, const void *data), const void *data);

void range_forget(void);

#endif
