/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/run*.c: what was asked for, and the parts of a recording. */
#ifndef VGPU_CLI_RUN_H
#define VGPU_CLI_RUN_H

#include <stdbool.h>

#include "tracer/cli/record.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/text.h"
#include "tracer/file/vgt.h"
#include "tracer/model/merge.h"
#include "tracer/source/follow.h"
#include "tracer/source/image_file.h"
#include "tracer/source/inject.h"
#include "tracer/source/kwatch.h"
#include "tracer/source/overhear.h"
#include "tracer/source/replay.h"
#include "tracer/source/ring.h"
#include "tracer/source/session.h"
#include "tracer/source/spawn.h"

enum vgpu_run_kernel { VGPU_RUN_KERNEL_AUTO, VGPU_RUN_KERNEL_ON, VGPU_RUN_KERNEL_OFF };

struct vgpu_run_options {
	const char *file;      /* -o; NULL: the default one, where it can be written */
	uint32_t mode;         /* enum vgpu_shim_mode */
	unsigned inject;       /* enum vgpu_inject, or-ed */
	const char *inject_name;
	const char *forward;      /* PATH of forward:PATH */
	const char *replay;       /* FILE of replay:FILE */
	const char *device;
	const char *device_title; /* "NVIDIA H100 80GB HBM3" */
	const char *ring_dir;
	unsigned stacks;
	unsigned kernel;       /* enum vgpu_run_kernel */
	bool notify;           /* --stderr=notify */
	bool print_env, systemd, quiet, full, times, no_record, append, no_link;
	char **command;
	int words;
};

struct vgpu_run {
	const struct vgpu_run_options *options;
	char libdir[512];
	char auditor[544];     /* "": the link observer is off, because … */
	const char *no_auditor;
	struct vgpu_forward forward;
	char forward_title[1024];   /* what answers, where it is not the simulated device */
	struct vgpu_replay *replay; /* run_replay.c */
	char answers[544];          /* the file that is made of it, in the session's directory */
	unsigned libraries; /* which of ours are put in; bits 1 << enum vgpu_library_id */
	struct vgpu_session session;
	struct vgpu_environment environment[VGPU_ENVIRONMENT_MAX];
	int variables;
	struct vgpu_look look;
	struct vgpu_stream stream;
	struct vgpu_model *model;
	const char *file;
	int file_error; /* why the default file could not be written, 0: it could */
	struct vgpu_vgt_writer *writer;
	struct vgpu_record_start begin;
	bool writer_failed; /* was reported */
	struct vgpu_text_export *text;
	struct vgpu_verdict *verdict;
	struct vgpu_image_files *images;
	struct vgpu_roster *roster;
	struct vgpu_rings *rings;
	struct vgpu_follow *follow;
	struct vgpu_kwatch *kwatch; /* run_kernel.c; NULL: off, because … */
	char kernel_why[512];
	struct vgpu_merge *merge;
	struct vgpu_stream out;     /* behind the merge: the sinks */
	struct vgpu_spawn spawn;
	struct vgpu_overhear *overhear; /* NULL: off */
	uint64_t next_places_ns;
	bool following; /* in vgpu_follow_poll */
	int status; /* of the command, as wait(2) has it */
	bool ended;
};

/* Prints the environment instead of running. Returns the exit code. */
int vgpu_run_print_env(const struct vgpu_run *run);
/* Puts libraries of ours in front: not under --shim none. */
static inline bool vgpu_run_puts_in(const struct vgpu_run_options *options)
{
	return vgpu_shim_puts_in(options->mode);
}
/* The part of what makes the environment that does not depend on where links and rings are. */
struct vgpu_inject_options vgpu_run_inject(const struct vgpu_run *run);
/* --shim replay:FILE. Reads the trace, chooses what is put in; reports what is wrong, and returns whether it was right. */
bool vgpu_run_replay_read(struct vgpu_run *run);
/* The session is open: writes the file of answers. 0 or -errno. */
int vgpu_run_replay_write(struct vgpu_run *run);
void vgpu_run_replay_close(struct vgpu_run *run);
/* Follows the command to its end; everything is open. */
void vgpu_run_loop(struct vgpu_run *run);
/* After the loop: reads what is left, says what is to be said. Returns how many processes still run. */
unsigned vgpu_run_finish(struct vgpu_run *run);

#endif
