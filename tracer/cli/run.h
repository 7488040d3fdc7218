/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/run*.c: what was asked for, and the parts of a recording. */
#ifndef VGPU_CLI_RUN_H
#define VGPU_CLI_RUN_H

#include <stdbool.h>

#include "tracer/cli/command.h"
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

struct vgpu_args;

#define VGPU_RUN_FILE "discovery.vgt"

/* Numbers of the options of how a command is started, above those of any command. */
enum {
	VGPU_RUN_SHIM = VGPU_OPTION + 64, VGPU_RUN_INJECT, VGPU_RUN_NO_LINK, VGPU_RUN_STDERR,
	VGPU_RUN_DEVICE, VGPU_RUN_RING_DIR, VGPU_RUN_STACKS,
};
/* Rows of a table of options; those of cli/record.h are taken by vgpu_run_option, too. */
#define VGPU_RUN_SHARED_OPTIONS \
	{ "shim", VGPU_RUN_SHIM, "none|sim|forward:PATH|replay:FILE", "none: replace nothing (default)\nsim: put the simulated device in place\n" \
	  "forward: ours in front of the libcuda and libnvidia-ml in the\ndirectory PATH, which answer\n" \
	  "replay: a recorded trace answers, without the machine it is from" }, \
	{ "inject", VGPU_RUN_INJECT, "path|preload|both|audit", "how: LD_LIBRARY_PATH, LD_PRELOAD, or both (default);\naudit: in place of each file as the program asks for it" }, \
	{ "no-link", VGPU_RUN_NO_LINK, NULL, "do not observe the dynamic linker (no LD_AUDIT)" }, \
	{ "stderr", VGPU_RUN_STDERR, "off|notify", "notify: record what is written to descriptor 2, wherever it leads. It needs no\n" \
	  "rights, and some microseconds a write; unless you are root, programs with a\nset-user-id bit then run without it" }, \
	{ "device", VGPU_RUN_DEVICE, "FILE|PRESET", "what the simulated device is; `vgpu-trace doctor` lists the presets" }, \
	{ "ring-dir", VGPU_RUN_RING_DIR, "DIR", "where the processes write their rings" }, \
	{ "stacks", VGPU_RUN_STACKS, "N", "record the innermost N frames of every call (0 to 64)" }

enum vgpu_run_kernel { VGPU_RUN_KERNEL_AUTO, VGPU_RUN_KERNEL_ON, VGPU_RUN_KERNEL_OFF };

struct vgpu_run_options {
	struct vgpu_record_options record; /* file NULL: the default one, where it can be written */
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
	bool needs_shim;       /* an option was given that means nothing without */
	bool print_env, systemd, quiet, full, times, no_record, no_link;
	char **command;
	int words;
};

struct vgpu_run {
	struct vgpu_run_options *options;
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
	bool writer_failed; /* or is full: was reported */
	struct vgpu_record_gate gate;
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
	bool apart;     /* the command has no terminal, and nothing to read: something else is shown there */
	int says;       /* where what it writes to 1 and 2 goes; -1: where ours does */
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
/* ---- options ---- */
void vgpu_run_defaults(struct vgpu_run_options *options);
/* 1: the option is one of how a command is started, and is taken; 0: it is not; VGPU_ARGS_ERROR: was reported. */
int vgpu_run_option(struct vgpu_run_options *options, const struct vgpu_args *args, int key);
/* 0, or VGPU_ARGS_ERROR: they do not go together, which was reported. */
int vgpu_run_check(const struct vgpu_run_options *options, const char *command);
/* All of `run`. 0 or VGPU_ARGS_ERROR, VGPU_ARGS_HELP. */
int vgpu_run_parse(const struct vgpu_command *command, int argc, char **argv, struct vgpu_run_options *options);

/* ---- from beginning to end; what fails is reported ---- */
void vgpu_run_init(struct vgpu_run *run, struct vgpu_run_options *options);
/* Finds and opens all that is needed (of --print-env: finds). 0 or -errno. */
int vgpu_run_open(struct vgpu_run *run);
/* 0, or the exit code: it could not be started. */
int vgpu_run_start(struct vgpu_run *run);
/* One more that gets its events, whatever lies between. 0 or -ENOSPC. */
int vgpu_run_add_sink(struct vgpu_run *run, struct vgpu_sink *sink);
/* Those that came last, so many. */
void vgpu_run_drop_sinks(struct vgpu_run *run, unsigned count);
/* Looks at everything once, without waiting. Returns how many records there were. */
int vgpu_run_turn(struct vgpu_run *run);
/* What the command's end means as an exit code. */
int vgpu_run_code(const struct vgpu_run *run);
/* running: there are processes that may still need what was made for them. */
void vgpu_run_close(struct vgpu_run *run, bool running);
/* Follows the command to its end; everything is open. */
void vgpu_run_loop(struct vgpu_run *run);
/* After the loop: reads what is left, says what is to be said. Returns how many processes still run. */
unsigned vgpu_run_finish(struct vgpu_run *run);

#endif
