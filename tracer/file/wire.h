/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest parts of a trace file: numbers of variable length, counted bytes, checksums. */
#ifndef VGPU_FILE_WIRE_H
#define VGPU_FILE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A number takes at most this many bytes: seven bits each, least significant first, the high bit on all but the last. */
#define VGPU_WIRE_NUMBER 10u

/* ---- writing: starts zeroed ---- */

struct vgpu_wire {
	uint8_t *bytes;
	size_t size;
	size_t room;
	bool failed; /* out of memory: nothing was added since */
};

bool vgpu_wire_grow(struct vgpu_wire *wire, size_t more);

/* Room for `more` bytes at wire->bytes + wire->size. false: no memory. */
static inline bool vgpu_wire_room(struct vgpu_wire *wire, size_t more)
{
	return wire->room - wire->size >= more || vgpu_wire_grow(wire, more);
}

static inline uint8_t *vgpu_wire_number_at(uint8_t *at, uint64_t number)
{
	while (number >= 0x80) {
		*at++ = number | 0x80;
		number >>= 7;
	}
	*at++ = number;
	return at;
}

static inline void vgpu_wire_number(struct vgpu_wire *wire, uint64_t number)
{
	if (vgpu_wire_room(wire, VGPU_WIRE_NUMBER))
		wire->size = vgpu_wire_number_at(wire->bytes + wire->size, number) - wire->bytes;
}

static inline void vgpu_wire_add(struct vgpu_wire *wire, const void *bytes, size_t size)
{
	if (size && vgpu_wire_room(wire, size)) {
		memcpy(wire->bytes + wire->size, bytes, size);
		wire->size += size;
	}
}

/* A count of bytes, then the bytes. */
static inline void vgpu_wire_bytes(struct vgpu_wire *wire, const void *bytes, size_t size)
{
	vgpu_wire_number(wire, size);
	vgpu_wire_add(wire, bytes, size);
}

static inline void vgpu_wire_string(struct vgpu_wire *wire, const char *string)
{
	vgpu_wire_bytes(wire, string, strlen(string));
}

/* Small numbers of either sign: 0, -1, 1, -2, … as 0, 1, 2, 3, … */
static inline uint64_t vgpu_zigzag(uint64_t difference)
{
	return difference << 1 ^ -(difference >> 63);
}

static inline uint64_t vgpu_unzigzag(uint64_t number)
{
	return number >> 1 ^ -(number & 1);
}

/* ---- reading: never past end; a read that does not fit gives 0 and sets bad ---- */

struct vgpu_cut {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline uint64_t vgpu_cut_number(struct vgpu_cut *cut)
{
	uint64_t number = 0;

	for (unsigned shift = 0; shift < 64 && cut->at < cut->end; shift += 7) {
		uint8_t byte = *cut->at++;

		number |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return number;
	}
	cut->bad = true;
	cut->at = cut->end;
	return 0;
}

/* Bytes in the input, NULL where there are not as many. */
static inline const uint8_t *vgpu_cut_bytes(struct vgpu_cut *cut, uint64_t size)
{
	const uint8_t *at = cut->at;

	if (size > (uint64_t)(cut->end - cut->at)) {
		cut->bad = true;
		cut->at = cut->end;
		return NULL;
	}
	cut->at += size;
	return at;
}

/* CRC-32 (IEEE 802.3); start with 0. */
uint32_t vgpu_crc32(uint32_t crc, const void *bytes, size_t size);

#endif
