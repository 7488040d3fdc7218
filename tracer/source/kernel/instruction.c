/* SPDX-License-Identifier: Apache-2.0 */
/* The first instruction of a function decides what a probe there costs, and whether one may be there. */
#include "tracer/source/kernel/kernel.h"

#include <string.h>

static bool begins(const uint8_t *code, size_t size, const uint8_t *bytes, size_t n)
{
	return size >= n && !memcmp(code, bytes, n);
}

/* Length of a nop of two bytes or more, 0: it is none. Linux rewrites the five-byte one to a call. */
static uint32_t long_nop(const uint8_t *code, size_t size)
{
	uint32_t i = 0, length;

	while (i < size && (code[i] == 0x66 || code[i] == 0x2e))
		i++;
	if (i && i < size && code[i] == 0x90)
		return i + 1;
	if (i + 2 >= size || code[i] != 0x0f || code[i + 1] != 0x1f)
		return 0;
	switch (code[i + 2]) {
	case 0x00:
		length = 3;
		break;
	case 0x40:
		length = 4;
		break;
	case 0x44:
		length = 5;
		break;
	case 0x80:
		length = 7;
		break;
	case 0x84:
		length = 8;
		break;
	default:
		return 0;
	}
	return i + length <= size ? i + length : 0;
}

/* Those that Linux carries out itself rather than steps over. */
static bool is_emulated(const uint8_t *code, size_t size)
{
	if (!size)
		return false;
	if (code[0] == 0x90 || code[0] == 0xe8 || code[0] == 0xe9 || code[0] == 0xeb)
		return true;
	if (code[0] >= 0x50 && code[0] <= 0x57)
		return true;
	if (code[0] >= 0x70 && code[0] <= 0x7f)
		return true;
	if (size < 2)
		return false;
	if (code[0] == 0x41 && code[1] >= 0x50 && code[1] <= 0x57)
		return true;
	return code[0] == 0x0f && code[1] >= 0x80 && code[1] <= 0x8f;
}

uint32_t vgpu_first_instruction(const uint8_t *code, size_t size, uint32_t *first)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	uint32_t at = 0, length;

	if (begins(code, size, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	while ((length = long_nop(code + at, size - at)))
		at += length;
	if (at >= size)
		*first = VGPU_FIRST_UNKNOWN;
	else if (code[at] == 0xcc || code[at] == 0xf4)
		*first = VGPU_FIRST_REFUSED;
	else
		*first = is_emulated(code + at, size - at) ? VGPU_FIRST_EMULATED : VGPU_FIRST_STEPPED;
	return at;
}
