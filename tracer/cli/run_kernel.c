// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace run: the kernel observer beside the others. */
#include "tracer/cli/run_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/say.h"
#include "tracer/source/host.h"
#include "tracer/source/kernel/kernel.h"

static void ending(void *data, struct vgpu_known *known)
{
	struct vgpu_run *run = data;

	/* Only of processes that the process observer missed. */
	vgpu_rings_finish(run->rings, known->number, &run->stream);
}

/*
 * A hit costs some thirty times what the ring's record costs. So of itself it watches only programs
 * whose libraries have no ring: there it is the only witness.
 */
static const char *why_not(const struct vgpu_run *run)
{
	if (vgpu_run_puts_in(run->options))
		return "the ring sees the same calls for a fraction of the cost; `--kernel=on` adds it";
	switch (vgpu_kernel_lacks()) {
	case VGPU_KERNEL_NEEDS_BPF:
		return "needs CAP_BPF";
	case VGPU_KERNEL_NEEDS_PERFMON:
		return "needs CAP_PERFMON";
	case VGPU_KERNEL_NEEDS_BPF | VGPU_KERNEL_NEEDS_PERFMON:
		return "needs CAP_BPF and CAP_PERFMON";
	}
	return NULL;
}

static int open_watch(struct vgpu_run *run)
{
	struct vgpu_kwatch_options options = {
		.roster = run->roster,
		.descriptors = 1u << STDERR_FILENO,
		/* The link observer tells of them, where it is. */
		.objects = !run->auditor[0],
		.filter = run->options->record.filter,
		.ending = ending,
		.data = run,
		.why = run->kernel_why,
		.why_size = sizeof(run->kernel_why),
	};
	const char *method = getenv("VGPU_TRACE_ATTACH_METHOD");

	if (method)
		options.method = !strcmp(method, "tracefs") ? VGPU_KERNEL_TRACEFS : VGPU_KERNEL_MULTI;
	return vgpu_kwatch_open(&run->kwatch, &options);
}

int vgpu_run_kernel_open(struct vgpu_run *run)
{
	const char *why = why_not(run);
	int err;

	if (run->options->kernel == VGPU_RUN_KERNEL_OFF)
		return 0;
	if (run->options->kernel == VGPU_RUN_KERNEL_AUTO && why) {
		snprintf(run->kernel_why, sizeof(run->kernel_why), "%s", why);
		return 0;
	}
	err = open_watch(run);
	if (err && run->options->kernel == VGPU_RUN_KERNEL_AUTO)
		return 0; /* said in the coverage */
	if (err) {
		vgpu_say_error("cannot use the kernel observer: %s", run->kernel_why);
		return err;
	}
	run->out = run->stream;
	run->stream = (struct vgpu_stream){ 0 };
	err = vgpu_merge_open(&run->merge, &run->out);
	if (!err)
		err = vgpu_stream_add(&run->stream, vgpu_merge_sink(run->merge));
	if (err)
		vgpu_say_error("cannot start recording: %s", strerror(-err));
	return err;
}

void vgpu_run_kernel_close(struct vgpu_run *run)
{
	vgpu_kwatch_close(run->kwatch);
	vgpu_merge_close(run->merge);
}

static const char *variable(const struct vgpu_run *run, const char *name)
{
	for (int i = 0; i < run->variables; i++)
		if (!strcmp(run->environment[i].name, name))
			return run->environment[i].value;
	return getenv(name);
}

void vgpu_run_kernel_start(struct vgpu_run *run)
{
	const char *path = variable(run, "LD_LIBRARY_PATH");
	struct vgpu_text places = { 0 };

	if (run->options->kernel == VGPU_RUN_KERNEL_OFF)
		return;
	if (!run->kwatch) {
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_KERNEL, 0, 0, run->kernel_why);
		return;
	}
	vgpu_kwatch_start(run->kwatch, &run->stream);
	/* Ours may also come in as the auditor redirects. */
	vgpu_text_printf(&places, "%s%s%s", vgpu_run_puts_in(run->options) ? run->session.links : "", path ? ":" : "",
			 path ? path : "");
	vgpu_kwatch_candidates(run->kwatch, variable(run, "LD_PRELOAD"), vgpu_text_string(&places), &run->stream);
	vgpu_text_free(&places);
	vgpu_kwatch_process(run->kwatch, run->spawn.pid, &run->stream);
}

int vgpu_run_kernel_poll(struct vgpu_run *run, uint64_t now, bool all)
{
	int count;

	if (!run->kwatch)
		return 0;
	count = vgpu_kwatch_poll(run->kwatch, all, &run->stream);
	vgpu_merge_complete(run->merge, VGPU_OBSERVER_RING, now);
	vgpu_merge_complete(run->merge, VGPU_OBSERVER_KERNEL, vgpu_kwatch_complete(run->kwatch));
	return count > 0 ? count : 0;
}

void vgpu_run_kernel_finish(struct vgpu_run *run)
{
	if (run->kwatch)
		vgpu_kwatch_finish(run->kwatch, &run->stream);
}
