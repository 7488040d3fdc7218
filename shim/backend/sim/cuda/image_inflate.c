/* SPDX-License-Identifier: Apache-2.0 */
/* Compressed device code: LZ4 blocks and Zstandard frames. */
#include <string.h>

#include "shim/backend/sim/cuda/image.h"

#ifdef SIM_HAVE_ZSTD
#include <zstd.h>

bool image_inflate_zstd(const void *from, uint64_t from_size, void *to, uint64_t size)
{
	return ZSTD_decompress(to, size, from, from_size) == size;
}
#else
bool image_inflate_zstd(const void *from, uint64_t from_size, void *to, uint64_t size)
{
	(void)from, (void)from_size, (void)to, (void)size;
	return false;
}
#endif

/* A length of 15 goes on in further bytes, up to one that is not 255. */
static bool lengthen(const unsigned char **in, const unsigned char *end, uint64_t *length)
{
	unsigned char more;

	if (*length != 15)
		return true;
	do {
		if (*in == end)
			return false;
		more = *(*in)++;
		*length += more;
	} while (more == 255);
	return true;
}

/* The block format: literals, then a copy from what came out before; the last has literals alone. */
bool image_inflate_lz4(const void *from, uint64_t from_size, void *to, uint64_t size)
{
	const unsigned char *in = from, *end = in + from_size;
	unsigned char *start = to, *out = start, *out_end = start + size;

	while (in < end) {
		unsigned token = *in++;
		uint64_t length = token >> 4, back;

		if (!lengthen(&in, end, &length) || length > (uint64_t)(end - in) ||
		    length > (uint64_t)(out_end - out))
			return false;
		memcpy(out, in, length);
		in += length;
		out += length;
		if (in == end || out == out_end)
			break;
		if (end - in < 2)
			return false;
		back = in[0] | (uint64_t)in[1] << 8;
		in += 2;
		length = token & 15;
		if (!lengthen(&in, end, &length))
			return false;
		length += 4;
		if (!back || back > (uint64_t)(out - start) || length > (uint64_t)(out_end - out))
			return false;
		/* byte by byte: what is copied may overlap what comes out */
		for (; length; length--, out++)
			*out = out[-(int64_t)back];
	}
	return out == out_end;
}
