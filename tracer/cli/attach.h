/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/attach*.c: what was asked for, and the parts of an attachment. */
#ifndef VGPU_CLI_ATTACH_H
#define VGPU_CLI_ATTACH_H

#include <stdbool.h>

#include "tracer/cli/record.h"
#include "tracer/explain/verdict.h"
#include "tracer/export/text.h"
#include "tracer/file/vgt.h"
#include "tracer/source/image_file.h"
#include "tracer/source/observers.h"

#define VGPU_ATTACH_LIST 32

struct vgpu_attach_options {
	const char *words[VGPU_ATTACH_LIST]; /* PID or NAME each; ends with NULL */
	int word_count;
	struct vgpu_record_options record;
	bool wait, all, ring_only;
	uint32_t method;    /* enum vgpu_kernel_method */
	uint32_t descriptors;
	uint32_t buffer_bytes; /* of each CPU, 0: a default */
	bool no_files;
	bool returns;
	bool no_stop;       /* do not stop threads to look for calls in progress */
	bool quiet, full, times;
	const char *libraries[VGPU_ATTACH_LIST + 1], *probes[VGPU_ATTACH_LIST + 1];
	int library_count, probe_count;
};

struct vgpu_attach {
	const struct vgpu_attach_options *options;
	pid_t *pids; /* that were found by the words */
	unsigned pid_count;
	int signals; /* signalfd */
	struct vgpu_look look;
	struct vgpu_observers on;  /* on.kernel NULL: --ring */
	struct vgpu_stream out;    /* what comes out of them */
	struct vgpu_model *model;
	struct vgpu_vgt_writer *writer;
	struct vgpu_record_start begin;
	bool writer_failed; /* or is full: was reported */
	bool full;          /* all that was to be recorded is */
	struct vgpu_record_gate gate;
	struct vgpu_text_export *text;
	struct vgpu_verdict *verdict;
	struct vgpu_image_files *images;
	bool stopped;             /* by a signal */
};

/* Attaches, follows until all ended or a signal comes, says the verdict. Returns the exit code. */
int vgpu_attach_run(struct vgpu_attach *attach);

#endif
