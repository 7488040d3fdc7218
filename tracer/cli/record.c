// SPDX-License-Identifier: Apache-2.0
/* What is recorded, and to which file: a new one, or one that is gone on with. */
#include "tracer/cli/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/cli/filter_option.h"
#include "tracer/cli/say.h"
#include "tracer/model/gap.h"
#include "tracer/source/roster.h"

/* ---- options ---- */

/* "500M": powers of 1,024; 0: no size. */
static uint64_t parse_size(const char *text)
{
	static const char units[] = "KMGT";
	uint64_t size;
	unsigned shift = 0;
	const char *unit;
	char *end;

	if (*text < '0' || *text > '9')
		return 0;
	errno = 0;
	size = strtoull(text, &end, 10);
	unit = *end ? strchr(units, *end & ~0x20) : NULL;
	if (unit && *unit) {
		shift = 10 * (unsigned)(unit - units + 1);
		end++;
		if (!strcmp(end, "iB") || !strcmp(end, "B"))
			end = "";
	}
	return errno || *end || size > UINT64_MAX >> shift ? 0 : size << shift;
}

int vgpu_record_option(struct vgpu_record_options *options, const struct vgpu_args *args, int option)
{
	static const char *const keeps[] = { "first", "last", NULL }; /* by enum vgpu_vgt_keep */
	int i;

	switch (option) {
	case 'o':
		options->file = args->value;
		return 1;
	case VGPU_OPTION_APPEND:
		options->append = true;
		return 1;
	case VGPU_OPTION_MAX_SIZE:
		options->max_size = args->value;
		options->max_bytes = parse_size(args->value);
		if (options->max_bytes >= VGPU_VGT_LIMIT_LEAST)
			return 1;
		vgpu_say_error("%s: --max-size wants a size of at least 1M, as 500M or 4G, not '%s'", args->command->name,
			       args->value);
		return -EINVAL;
	case VGPU_OPTION_KEEP:
		i = vgpu_args_word(args, "--keep", keeps);
		if (i < 0)
			return -EINVAL;
		options->keep = i;
		options->has_keep = true;
		return 1;
	case 'e':
		options->expression = args->value;
		return vgpu_filter_option(&options->filter, args->value) ? -EINVAL : 1;
	}
	return 0;
}

bool vgpu_record_check(const struct vgpu_record_options *options, const char *command)
{
	if (options->has_keep && !options->max_size) {
		vgpu_say_error("%s: --keep of how much? --max-size says it", command);
		return false;
	}
	if (options->append && options->keep == VGPU_VGT_KEEP_LAST) {
		vgpu_say_error("%s: --keep last begins a file of its own: leave out --append, or choose --keep first", command);
		return false;
	}
	return true;
}

void vgpu_record_options_free(struct vgpu_record_options *options)
{
	vgpu_filter_free(options->filter);
	options->filter = NULL;
}

/* ---- the file ---- */

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

static int open_writer(struct vgpu_vgt_writer **out, const char *path, const struct vgpu_record_options *options,
		       struct vgpu_record_start *start)
{
	struct stat st;
	int err;

	if (!options->append || stat(path, &st) || !st.st_size)
		return vgpu_vgt_create(out, path);
	/* Before its end is taken away. */
	if (options->max_size && (uint64_t)st.st_size > options->max_bytes - options->max_bytes / 16)
		return -EFBIG;
	err = look_through(path, start);
	return err ? err : vgpu_vgt_append(out, path);
}

int vgpu_record_open(struct vgpu_vgt_writer **out, const char *path, const struct vgpu_record_options *options,
		     struct vgpu_record_start *start)
{
	struct vgpu_vgt_writer *writer;
	int err;

	memset(start, 0, sizeof(*start));
	err = open_writer(&writer, path, options, start);
	if (err)
		return err;
	if (options->max_size)
		err = vgpu_vgt_limit(writer, options->max_bytes, options->keep);
	if (err)
		vgpu_vgt_close(writer);
	else
		*out = writer;
	return err;
}

void vgpu_record_say(const char *path, const struct vgpu_record_options *options, int err)
{
	switch (err) {
	case -EEXIST:
	case -EPROTO:
		vgpu_say_error("cannot record to '%s': there is something else%s that is no trace; choose another name", path,
			       options->keep == VGPU_VGT_KEEP_LAST ? " (there, or at that name with '.next')" : "");
		break;
	case -EFBIG:
		vgpu_say_error("cannot append to '%s': it is larger than --max-size %s leaves room for", path,
			       options->max_size ? options->max_size : "");
		vgpu_say_more("Choose another name, or a larger size.");
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
		vgpu_say_error("cannot record to '%s'%s: %s", path,
			       options->keep == VGPU_VGT_KEEP_LAST ? " and beside it to that name with '.next'" : "",
			       strerror(-err));
	}
}

/* ---- while it is recorded ---- */

struct vgpu_stream *vgpu_record_through(struct vgpu_record_gate *gate, const struct vgpu_record_options *options,
					const struct vgpu_model *model, struct vgpu_stream *stream)
{
	if (!options->filter)
		return stream;
	vgpu_fan_init(&gate->fan);
	vgpu_sieve_init(&gate->sieve, options->filter, model, &gate->fan.sink);
	return vgpu_stream_add(stream, &gate->sieve.sink) ? NULL : &gate->fan.to;
}

void vgpu_record_say_full(const struct vgpu_vgt_writer *writer, const char *path, const struct vgpu_record_options *options)
{
	int why;

	if (!vgpu_vgt_full(writer, &why))
		return;
	if (!why)
		vgpu_say_error("'%s' is full (--max-size %s): what comes now is not in it", path, options->max_size);
	else if (why == -EFBIG)
		vgpu_say_error("stopped recording to '%s': what is known of processes and libraries fills it (--max-size %s)",
			       path, options->max_size);
	else
		vgpu_say_error("stopped recording to '%s': no room for what is newest: '%s.next': %s", path, path, strerror(-why));
}

void vgpu_record_format_gap(const struct vgpu_vgt_writer *writer, const struct vgpu_look *look, struct vgpu_text *out)
{
	struct vgpu_event_gap gap;

	vgpu_vgt_gap(writer, &gap);
	if (!gap.events)
		return;
	vgpu_text_puts(out, "not in the file: ");
	vgpu_gap_format(out, look, &gap);
	vgpu_text_puts(out, "\n");
}
