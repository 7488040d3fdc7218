/* SPDX-License-Identifier: Apache-2.0 */
/* What is recorded, and to which file: a new one, or one that is gone on with. */
#ifndef VGPU_CLI_RECORD_H
#define VGPU_CLI_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "tracer/cli/args.h"
#include "tracer/file/vgt.h"
#include "tracer/model/sieve.h"

/* What a file that is gone on with has given out already. */
struct vgpu_record_start {
	uint64_t events;
	uint32_t processes, threads;
};

/* The options that `run` and `attach` have in common; starts zeroed. */
struct vgpu_record_options {
	const char *file;
	bool append;
	const char *max_size;       /* as it was typed; NULL: no limit */
	uint64_t max_bytes;
	bool has_keep;
	enum vgpu_vgt_keep keep;
	const char *expression;     /* -e; NULL: all calls */
	struct vgpu_filter *filter; /* the same, to be freed */
};

enum {
	VGPU_OPTION_APPEND = VGPU_OPTION + 1000, VGPU_OPTION_MAX_SIZE, VGPU_OPTION_KEEP,
};

/* Their rows; `first` says what becomes of the recording when the file is full. */
#define VGPU_RECORD_OPTIONS(first)                                                                                    \
	{ "max-size", VGPU_OPTION_MAX_SIZE, "SIZE", "hold FILE to this size on disk, as 500M or 4G (at least 1M): for days" }, \
	{ "keep", VGPU_OPTION_KEEP, "first|last", "with --max-size: what is kept when it is full\n" first "\n"         \
	  "last: the newest; the oldest calls go (writes FILE.next, too)" },                                           \
	{ "filter", 'e', "EXPRESSION", "record only calls for which it holds, as of `dump`: 'failed || dur > 1ms';\n"      \
	  "functions that can never pass are not even probed" }

/* One of them? 1 and taken; 0: another option; -EINVAL: was reported. */
int vgpu_record_option(struct vgpu_record_options *options, const struct vgpu_args *args, int option);
/* Whether they go together; reports what does not. */
bool vgpu_record_check(const struct vgpu_record_options *options, const char *command);
void vgpu_record_options_free(struct vgpu_record_options *options);

/*
 * append: goes on behind what is there, where there is a file. 0 or -errno; besides those of
 * vgpu_vgt_create and _open: -ENOTRECOVERABLE, it has no end; -ESTALE, of another boot of this machine,
 * or of another machine: its clock does not go on.
 */
int vgpu_record_open(struct vgpu_vgt_writer **out, const char *path, const struct vgpu_record_options *options,
		     struct vgpu_record_start *start);
/* What vgpu_record_open returned. */
void vgpu_record_say(const char *path, const struct vgpu_record_options *options, int err);

/* Between a stream and its sinks: only what is to be recorded. */
struct vgpu_record_gate {
	struct vgpu_sieve sieve;
	struct vgpu_fan fan;
};
/* The stream that the sinks are to be added to: the one given, where all is wanted. NULL: it has no room. */
struct vgpu_stream *vgpu_record_through(struct vgpu_record_gate *gate, const struct vgpu_record_options *options,
					const struct vgpu_model *model, struct vgpu_stream *stream);

/*
 * The file takes no more. false: it does. *why: 0 it is as large as it may be; -errno: for --keep last
 * no room could be made.
 */
void vgpu_record_say_full(const struct vgpu_vgt_writer *writer, const char *path, const struct vgpu_record_options *options);
/* "not in the file: 1,204 events …"; nothing where all is in it. */
struct vgpu_text;
struct vgpu_look;
void vgpu_record_format_gap(const struct vgpu_vgt_writer *writer, const struct vgpu_look *look, struct vgpu_text *out);

#endif
