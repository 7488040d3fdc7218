// SPDX-License-Identifier: Apache-2.0
/* Growing output, and the checksum. */
#include "tracer/file/wire.h"

#include <pthread.h>

bool vgpu_wire_grow(struct vgpu_wire *wire, size_t more)
{
	size_t room = wire->room ? wire->room * 2 : 4096;
	uint8_t *grown;

	while (room - wire->size < more)
		room *= 2;
	grown = wire->failed ? NULL : realloc(wire->bytes, room);
	if (!grown) {
		wire->failed = true;
		return false;
	}
	wire->bytes = grown;
	wire->room = room;
	return true;
}

/* Eight bytes a step: [k][b] is the checksum of byte b with k zero bytes after it. */
static uint32_t crc_table[8][256];

static void crc_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (unsigned bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ UINT32_C(0xedb88320) : c >> 1;
		crc_table[0][i] = c;
	}
	for (unsigned k = 1; k < 8; k++)
		for (uint32_t i = 0; i < 256; i++)
			crc_table[k][i] = crc_table[k - 1][i] >> 8 ^ crc_table[0][crc_table[k - 1][i] & 0xff];
}

uint32_t vgpu_crc32(uint32_t crc, const void *bytes, size_t size)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const uint8_t *b = bytes;

	pthread_once(&once, crc_fill);
	crc = ~crc;
	for (; size >= 8; size -= 8, b += 8)
		crc = crc_table[7][(crc ^ b[0]) & 0xff] ^ crc_table[6][(crc >> 8 ^ b[1]) & 0xff] ^
		      crc_table[5][(crc >> 16 ^ b[2]) & 0xff] ^ crc_table[4][crc >> 24 ^ b[3]] ^ crc_table[3][b[4]] ^
		      crc_table[2][b[5]] ^ crc_table[1][b[6]] ^ crc_table[0][b[7]];
	while (size--)
		crc = crc_table[0][(crc ^ *b++) & 0xff] ^ crc >> 8;
	return ~crc;
}
