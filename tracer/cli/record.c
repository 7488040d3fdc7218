// SPDX-License-Identifier: Apache-2.0
/* The file that a command records to: a new one, or one that is gone on with. */
#include "tracer/cli/record.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/cli/say.h"
#include "tracer/source/roster.h"

/* Numbers that mean one process, thread or event must go on meaning it. */
static int look_through(const char *path, struct vgpu_record_start *start)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_event event;
	uint8_t boot_id[16];
	int err = vgpu_vgt_open(&reader, path);

	if (err)
		return err;
	vgpu_boot_id(boot_id);
	vgpu_vgt_only(reader, VGPU_VGT_ALL & ~VGPU_VGT_CALLS, 0);
	while ((err = vgpu_vgt_next(reader, &event)) == 1) {
		if (event.process > start->processes)
			start->processes = event.process;
		if (event.kind == VGPU_EVENT_HOST && memcmp(event.host.boot_id, boot_id, sizeof(boot_id))) {
			err = -ESTALE;
			break;
		}
	}
	if (err == -EBADMSG || (!err && !vgpu_vgt_complete(reader)))
		err = -ENOTRECOVERABLE;
	/* Numbers go on from the last one: there may be more of them than events. */
	if (!err)
		err = vgpu_vgt_seek_last(reader, 1);
	vgpu_vgt_only(reader, VGPU_VGT_ALL, 0);
	while (!err && (err = vgpu_vgt_next(reader, &event)) == 1) {
		start->events = event.number;
		err = 0;
	}
	/* A thread has a number from its first call on: there are no more threads than events. */
	start->threads = start->events < UINT32_MAX / 2 ? start->events : UINT32_MAX / 2;
	vgpu_vgt_reader_close(reader);
	return err;
}

int vgpu_record_open(struct vgpu_vgt_writer **out, const char *path, bool append, struct vgpu_record_start *start)
{
	struct stat st;
	int err;

	memset(start, 0, sizeof(*start));
	if (!append || stat(path, &st) || !st.st_size)
		return vgpu_vgt_create(out, path);
	err = look_through(path, start);
	return err ? err : vgpu_vgt_append(out, path);
}

void vgpu_record_say(const char *path, int err)
{
	switch (err) {
	case -EEXIST:
	case -EPROTO:
		vgpu_say_error("cannot record to '%s': there is something else that is no trace; choose another name", path);
		break;
	case -EPROTONOSUPPORT:
		vgpu_say_error("cannot append to '%s': it was written by another version of vgpu-trace", path);
		break;
	case -EMEDIUMTYPE:
		vgpu_say_error("cannot append to '%s': it was written on a machine of another byte order", path);
		break;
	case -EBADMSG:
		vgpu_say_error("cannot append to '%s': it begins like a trace, and its head is damaged", path);
		break;
	case -ENOTRECOVERABLE:
		vgpu_say_error("cannot append to '%s': it has no end: it was cut off, or is being recorded", path);
		vgpu_say_more("What is in it can be read. Choose another name.");
		break;
	case -ESTALE:
		vgpu_say_error("cannot append to '%s': it is of another machine, or from before this one's last start", path);
		vgpu_say_more("Their clocks do not go on from each other. Choose another name.");
		break;
	default:
		vgpu_say_error("cannot record to '%s': %s", path, strerror(-err));
	}
}
