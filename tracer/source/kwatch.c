// SPDX-License-Identifier: Apache-2.0
/* The kernel observer as a source: opens it, follows, drains, says what was lost. */
#include "tracer/source/kwatch_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Much at once is common (a library that registers its kernels), and nothing may be lost of it. */
#define RING_BYTES (16u << 20)
#define LOOK_NS	   UINT64_C(250000000)
#define LASTING_NS UINT64_C(500000000)

static int open_probes(struct vgpu_kwatch *watch)
{
	const struct vgpu_kwatch_options *options = &watch->options;
	unsigned count = 0;
	int err;

	while (options->probes && options->probes[count])
		count++;
	if (!count)
		return 0;
	watch->probes = calloc(count, sizeof(*watch->probes));
	if (!watch->probes)
		return -ENOMEM;
	for (; watch->probe_count < count; watch->probe_count++) {
		err = kwatch_probe_parse(&watch->probes[watch->probe_count], options->probes[watch->probe_count],
					options->why, options->why_size);
		if (err) {
			kwatch_probe_free(&watch->probes[watch->probe_count]);
			return err;
		}
	}
	return 0;
}

int vgpu_kwatch_open(struct vgpu_kwatch **out, const struct vgpu_kwatch_options *options)
{
	struct vgpu_kwatch *watch = calloc(1, sizeof(*watch));
	char names[VGPU_BPF_NAMES][VGPU_BPF_NAME + 1];
	const char *list[VGPU_BPF_NAMES + 1];
	struct vgpu_kernel_options kernel = {
		.method = options->method,
		.ring_bytes = options->ring_bytes ? options->ring_bytes : RING_BYTES,
		.everyone = options->everyone,
		.wait = options->wait,
		.frames = true,
		.files = !options->no_files,
		.hold = options->stop,
		.names = list,
		.mapped = kwatch_map_new,
		.mapped_data = watch,
		.descriptors = options->descriptors,
		.why = options->why,
		.why_size = options->why_size,
	};
	struct vgpu_filter_needs needs = { 0 };
	int err;

	if (!watch)
		return -ENOMEM;
	watch->options = *options;
	if (options->filter)
		vgpu_filter_needs(options->filter, &needs);
	kernel.only_failed = needs.failed;
	kernel.least_ns = needs.least_ns;
	kernel.only_tid = (uint32_t)needs.tid;
	kwatch_map_names(options, names, list);
	err = open_probes(watch);
	if (!err)
		err = vgpu_kernel_open(&watch->kernel, &kernel);
	if (err) {
		vgpu_kwatch_close(watch);
		return err;
	}
	*out = watch;
	return 0;
}

void vgpu_kwatch_close(struct vgpu_kwatch *watch)
{
	if (!watch)
		return;
	vgpu_kernel_close(watch->kernel);
	kwatch_processes_free(watch);
	for (unsigned i = 0; i < watch->probe_count; i++)
		kwatch_probe_free(&watch->probes[i]);
	free(watch->probes);
	free(watch);
}

const char *vgpu_kwatch_method(const struct vgpu_kwatch *watch)
{
	return vgpu_kernel_method_name(vgpu_kernel_method(watch->kernel));
}

void vgpu_kwatch_start(struct vgpu_kwatch *watch, struct vgpu_stream *stream)
{
	char how[64];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_COVERAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.coverage = { .observer = VGPU_OBSERVER_KERNEL, .on = 1, .how = how },
	};

	watch->started_ns = event.coverage.since_ns = vgpu_now_ns();
	snprintf(how, sizeof(how), "%s probes%s", vgpu_kwatch_method(watch),
		 vgpu_kernel_sleeps(watch->kernel) ? "" : ", which read no page that is not in memory");
	vgpu_stream_emit(stream, &event);
}

/* ---- following ---- */

static int add_followed(pid_t pid, void *data)
{
	struct vgpu_kwatch *watch = data;
	struct kwatch_process *process;

	if (!vgpu_kernel_follows(watch->kernel, pid))
		return 0;
	process = kwatch_process_existing(watch, pid);
	if (process) {
		kwatch_files_scan(watch, process);
		kwatch_map_before(watch, process);
		if (watch->options.stop)
			kwatch_stuck_look(watch, process);
	}
	return 0;
}

int vgpu_kwatch_process(struct vgpu_kwatch *watch, pid_t pid, struct vgpu_stream *stream)
{
	int err = vgpu_kernel_follow(watch->kernel, pid);

	if (err)
		return err;
	watch->stream = stream;
	/* Itself first: its descendants refer to it. */
	if (!kwatch_process_existing(watch, pid))
		err = -ESRCH;
	else
		vgpu_proc_each(add_followed, watch);
	watch->stream = NULL;
	return err;
}

static void scan_stale(struct vgpu_kwatch *watch)
{
	if (!watch->any_stale)
		return;
	watch->any_stale = false;
	for (unsigned i = 0; i < KWATCH_BUCKETS; i++)
		for (struct kwatch_process *process = watch->bucket[i]; process; process = process->next)
			if (process->stale)
				kwatch_files_scan(watch, process);
}

/* An end of which the record was lost; two looks apart, since the record may be on its way. */
static void look_for_the_dead(struct vgpu_kwatch *watch)
{
	uint64_t now = vgpu_now_ns();

	if (now < watch->next_look_ns)
		return;
	watch->next_look_ns = now + LOOK_NS;
	for (unsigned i = 0; i < KWATCH_BUCKETS; i++)
		for (struct kwatch_process *process = watch->bucket[i], *next; process; process = next) {
			next = process->next;
			if (vgpu_proc_alive(process->pid, process->known->start_time))
				process->gone = false;
			else if (process->gone)
				kwatch_process_gone(watch, process);
			else
				process->gone = true;
		}
}

/* Their records are drained at the next poll. */
static void look_for_lasting_calls(struct vgpu_kwatch *watch)
{
	uint64_t now = vgpu_now_ns();

	if (now < watch->next_inflight_ns || !watch->totals.processes)
		return;
	watch->next_inflight_ns = now + LASTING_NS;
	vgpu_kernel_inflight(watch->kernel);
}

static void emit_losses(struct vgpu_kwatch *watch)
{
	struct vgpu_bpf_totals totals;

	for (uint32_t cpu = 0; !vgpu_kernel_totals_cpu(watch->kernel, cpu, &totals); cpu++) {
		struct vgpu_event event = {
			.kind = VGPU_EVENT_KERNEL_LOSS,
			.observer = VGPU_OBSERVER_KERNEL,
			.kernel_loss = {
				.cpu = cpu,
				.emitted = totals.emitted,
				.dropped = totals.dropped,
				.deep = totals.deep,
				.stateless = totals.stateless,
				.unmatched = totals.unmatched,
				.other_emitted = totals.other_emitted,
				.other_dropped = totals.other_dropped,
				.unreadable = totals.unreadable,
				.filtered = totals.filtered,
			},
		};

		vgpu_stream_emit(watch->stream, &event);
	}
}

int vgpu_kwatch_poll(struct vgpu_kwatch *watch, bool all, struct vgpu_stream *stream)
{
	int count, sum = 0;

	/* What is emitted may make somebody want to know more at once. */
	if (watch->polling)
		return 0;
	watch->polling = true;
	watch->stream = stream;
	do {
		count = vgpu_kernel_drain(watch->kernel, all, kwatch_record, watch);
		sum += count > 0 ? count : 0;
	} while (all && count > 0);
	scan_stale(watch);
	look_for_the_dead(watch);
	look_for_lasting_calls(watch);
	watch->stream = NULL;
	watch->polling = false;
	return count < 0 ? count : sum;
}

uint64_t vgpu_kwatch_complete(const struct vgpu_kwatch *watch)
{
	return vgpu_kernel_complete(watch->kernel);
}

static void emit_unplaced(struct vgpu_kwatch *watch)
{
	for (unsigned i = 0; i < watch->probe_count; i++) {
		const struct kwatch_probe *probe = &watch->probes[i];
		struct vgpu_text text = { 0 }, name = { 0 };
		struct vgpu_event event = {
			.kind = VGPU_EVENT_OBSERVER,
			.observer = VGPU_OBSERVER_KERNEL,
			.note = { .about = VGPU_OBSERVER_KERNEL },
		};

		if (probe->placed)
			continue;
		event.note.reason = kwatch_probe_why(probe, &text, &event.note.value);
		event.note.text = vgpu_text_string(&text);
		vgpu_text_printf(&name, "%s:%s", probe->library, probe->name);
		event.note.subject = vgpu_text_string(&name);
		vgpu_stream_emit(watch->stream, &event);
		vgpu_text_free(&text);
		vgpu_text_free(&name);
	}
}

void vgpu_kwatch_finish(struct vgpu_kwatch *watch, struct vgpu_stream *stream)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_COVERAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.coverage = { .observer = VGPU_OBSERVER_KERNEL },
	};
	struct vgpu_bpf_totals totals;
	uint64_t now = vgpu_now_ns();

	/* What there is by now, and no more: who calls faster than this is read would keep it for ever. */
	while (vgpu_kwatch_poll(watch, false, stream) > 0 && vgpu_kernel_complete(watch->kernel) < now)
		;
	watch->last_look = true;
	vgpu_kernel_inflight(watch->kernel);
	/* What is called while the probes are taken away, one by one, may be seen or not. */
	event.time_ns = vgpu_now_ns();
	watch->totals.detach_ns = vgpu_kernel_detach(watch->kernel);
	vgpu_kwatch_poll(watch, true, stream);
	watch->stream = stream;
	emit_unplaced(watch);
	emit_losses(watch);
	if (!vgpu_kernel_totals(watch->kernel, &totals))
		event.coverage.lost = totals.dropped + totals.deep + totals.stateless + totals.other_dropped;
	vgpu_stream_emit(stream, &event);
	watch->stream = NULL;
}

void vgpu_kwatch_totals(const struct vgpu_kwatch *watch, struct vgpu_kwatch_totals *out)
{
	*out = watch->totals;
}
