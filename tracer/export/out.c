// SPDX-License-Identifier: Apache-2.0
/* Buffered writing of bytes. */
#include "tracer/export/out.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static void write_all(struct vgpu_out *out, const char *bytes, size_t size)
{
	while (size && !out->error) {
		ssize_t n = write(out->fd, bytes, size);

		if (n < 0 && errno == EAGAIN) {
			struct pollfd ready = { .fd = out->fd, .events = POLLOUT };

			poll(&ready, 1, 1000);
		} else if (n < 0 && errno != EINTR) {
			out->error = -errno;
		} else if (n > 0) {
			bytes += n;
			size -= n;
		}
	}
}

void vgpu_out_write(struct vgpu_out *out, const void *bytes, size_t size)
{
	if (out->error)
		return;
	if (size > sizeof(out->bytes) - out->used) {
		vgpu_out_flush(out);
		if (size >= sizeof(out->bytes)) {
			write_all(out, bytes, size);
			return;
		}
	}
	memcpy(out->bytes + out->used, bytes, size);
	out->used += size;
}

void vgpu_out_puts(struct vgpu_out *out, const char *string)
{
	vgpu_out_write(out, string, strlen(string));
}

void vgpu_out_json(struct vgpu_out *out, struct json_object *object)
{
	const char *text = NULL;
	size_t size;

	if (object)
		text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
							 &size);
	if (text)
		vgpu_out_write(out, text, size);
	else if (!out->error)
		out->error = -ENOMEM;
	json_object_put(object);
}

int vgpu_out_flush(struct vgpu_out *out)
{
	write_all(out, out->bytes, out->used);
	out->used = 0;
	return out->error;
}
