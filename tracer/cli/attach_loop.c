// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace attach: attaches, follows until all ended or a signal comes, says the verdict. */
#include "tracer/cli/attach.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/source/facts.h"
#include "tracer/source/host.h"

#define TICK_MS	   5
#define BUSY	   512
/* What a crash of our own may cost; a block for each turn of the loop would pack badly. */
#define FLUSH_NS   UINT64_C(100000000)

static void say(const struct vgpu_text *text)
{
	vgpu_say_line((void *)(intptr_t)STDOUT_FILENO, vgpu_text_string(text), text->size);
}

static void emit_session(struct vgpu_attach *attach)
{
	const struct vgpu_attach_options *options = attach->options;
	struct vgpu_text words = { 0 };
	char directory[4096];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_SESSION,
		.observer = VGPU_OBSERVER_TRACER,
		.session = { .directory = getcwd(directory, sizeof(directory)), .attached = 1 },
	};

	vgpu_text_add(&words, "attach", sizeof("attach"));
	for (int i = 0; i < options->word_count; i++)
		vgpu_text_add(&words, options->words[i], strlen(options->words[i]) + 1);
	event.session.command = (struct vgpu_strings){ words.bytes, words.size };
	event.session.filter = options->record.expression;
	vgpu_host_emit(attach->on.stream);
	vgpu_facts_emit(attach->on.stream);
	vgpu_stream_emit(attach->on.stream, &event);
	vgpu_text_free(&words);
}

/* ---- attaching ---- */

static void add_names(struct vgpu_attach *attach, struct vgpu_text *text)
{
	unsigned shown = 0, more = 0;

	for (struct vgpu_known *known = vgpu_roster_first(attach->on.roster); known; known = known->next) {
		if (known->ended)
			continue;
		if (shown == 6) {
			more++;
			continue;
		}
		vgpu_text_puts(text, shown++ ? ", " : "");
		vgpu_text_escape(text, &attach->look, known->comm, strlen(known->comm), false);
		vgpu_text_printf(text, "(%d)", known->pid);
	}
	if (more)
		vgpu_text_printf(text, " and %u more", more);
}

static void say_attached(struct vgpu_attach *attach)
{
	struct vgpu_text text = { 0 };
	struct vgpu_kwatch_totals totals;

	vgpu_kwatch_totals(attach->on.kernel, &totals);
	if (totals.processes) {
		vgpu_text_puts(&text, "attached to ");
		add_names(attach, &text);
		vgpu_text_puts(&text, ": ");
	} else if (attach->options->all) {
		vgpu_text_puts(&text, "attached to all processes: ");
	} else {
		vgpu_text_puts(&text, "waiting for ");
		vgpu_text_escape(&text, &attach->look, attach->options->words[0], strlen(attach->options->words[0]), false);
		vgpu_text_puts(&text, " to start: ");
	}
	vgpu_text_count(&text, totals.functions);
	vgpu_text_printf(&text, " functions of %u file%s in ", totals.files, totals.files == 1 ? "" : "s");
	vgpu_text_duration(&text, &attach->look, totals.attach_ns);
	vgpu_text_printf(&text, " (%s)\n", vgpu_kwatch_method(attach->on.kernel));
	say(&text);
	vgpu_text_free(&text);
}

/* What the shim recorded before anybody attached. */
static void read_history(struct vgpu_attach *attach)
{
	struct vgpu_text text = { 0 };
	int error = 0, added;

	for (struct vgpu_known *known = vgpu_roster_first(attach->on.roster); known; known = known->next) {
		added = vgpu_rings_add_process(attach->on.rings, known->pid, attach->on.stream);
		if (added < 0 && added != -ESRCH)
			error = added;
	}
	if (vgpu_rings_count(attach->on.rings))
		vgpu_coverage_emit(attach->on.stream, VGPU_OBSERVER_RING, 1, vgpu_now_ns(), NULL);
	else
		vgpu_coverage_emit(attach->on.stream, VGPU_OBSERVER_RING, 0, 0,
				   error ? "the process may not be looked into" : "no library of ours has taken a call there");
	vgpu_rings_poll(attach->on.rings, attach->on.stream);
	if (!vgpu_rings_count(attach->on.rings))
		return;
	vgpu_text_puts(&text, "history: ");
	vgpu_text_count(&text, vgpu_rings_calls(attach->on.rings));
	vgpu_text_printf(&text, " call%s that the shim recorded before, above; live from here\n",
			 vgpu_rings_calls(attach->on.rings) == 1 ? "" : "s");
	say(&text);
	vgpu_text_free(&text);
}

static int add_for_ring(struct vgpu_attach *attach)
{
	int err = 0, added;

	for (unsigned i = 0; i < attach->pid_count; i++) {
		added = vgpu_rings_add_process(attach->on.rings, attach->pids[i], attach->on.stream);
		err = added < 0 ? added : err;
	}
	if (vgpu_rings_count(attach->on.rings))
		return 0;
	if (err == -EACCES || err == -EPERM)
		vgpu_say_error("cannot look into %s: it is another user's; try as root", attach->options->words[0]);
	else
		vgpu_say_error("%s has no ring: it made no call to a library of ours", attach->options->words[0]);
	return -ENOENT;
}

static int begin(struct vgpu_attach *attach)
{
	int err = 0;

	emit_session(attach);
	if (!attach->on.kernel) {
		vgpu_coverage_emit(attach->on.stream, VGPU_OBSERVER_KERNEL, 0, 0, "--ring reads only what the shim recorded");
		err = add_for_ring(attach);
		if (!err)
			vgpu_coverage_emit(attach->on.stream, VGPU_OBSERVER_RING, 1, vgpu_now_ns(), NULL);
		return err;
	}
	vgpu_kwatch_start(attach->on.kernel, attach->on.stream);
	if (attach->options->wait || attach->options->all)
		vgpu_kwatch_candidates(attach->on.kernel, getenv("LD_PRELOAD"), getenv("LD_LIBRARY_PATH"), attach->on.stream);
	for (unsigned i = 0; i < attach->pid_count && !attach->options->wait; i++) {
		err = vgpu_kwatch_process(attach->on.kernel, attach->pids[i], attach->on.stream);
		if (err && err != -ESRCH) {
			vgpu_say_error("cannot follow process %d: %s", attach->pids[i], strerror(-err));
			return err;
		}
	}
	say_attached(attach);
	read_history(attach);
	return 0;
}

/* ---- following ---- */

static void check_writer(struct vgpu_attach *attach)
{
	struct vgpu_sink *sink = attach->writer ? vgpu_vgt_sink(attach->writer) : NULL;
	const struct vgpu_record_options *options = &attach->options->record;
	int why = 0;

	if (!sink || attach->writer_failed)
		return;
	if (!sink->error)
		sink->error = vgpu_vgt_flush_after(attach->writer, FLUSH_NS);
	if (!sink->error && !vgpu_vgt_full(attach->writer, &why))
		return;
	attach->writer_failed = true;
	if (sink->error) {
		vgpu_say_error("stopped recording to '%s': %s", options->file, strerror(-sink->error));
		return;
	}
	vgpu_record_say_full(attach->writer, options->file, options);
	/* As who records does when there is as much as was wanted. */
	attach->full = !why;
}

static bool anybody_left(struct vgpu_attach *attach)
{
	struct vgpu_kwatch_totals totals;

	if (!attach->on.kernel)
		return vgpu_rings_count(attach->on.rings) > 0;
	vgpu_kwatch_totals(attach->on.kernel, &totals);
	return totals.processes > 0 || attach->options->all || (attach->options->wait && !totals.ever);
}

static void follow(struct vgpu_attach *attach)
{
	struct pollfd fd = { .fd = attach->signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int count = 0;

	while (!attach->full && anybody_left(attach)) {
		if (!count && !vgpu_say_flush())
			break;
		poll(&fd, 1, count >= BUSY ? 0 : count > 0 ? 1 : TICK_MS);
		if (read(attach->signals, &info, sizeof(info)) == sizeof(info)) {
			attach->stopped = true;
			break;
		}
		count = vgpu_observers_poll(&attach->on);
		check_writer(attach);
	}
}

static void say_verdict(struct vgpu_attach *attach)
{
	const char *file = attach->options->record.file;
	struct vgpu_kwatch_totals totals = { 0 };
	struct vgpu_text text = { 0 };

	vgpu_text_puts(&text, "\n");
	vgpu_verdict_format(attach->verdict, &attach->look, &text);
	if (attach->on.merge)
		vgpu_merge_format(attach->on.merge, &text);
	if (attach->on.kernel)
		vgpu_kwatch_totals(attach->on.kernel, &totals);
	if (totals.processes)
		vgpu_text_printf(&text, "%u process%s still run%s; what %s now is not observed any more\n", totals.processes,
				 totals.processes == 1 ? "" : "es", totals.processes == 1 ? "s" : "",
				 totals.processes == 1 ? "it does" : "they do");
	if (attach->writer)
		vgpu_record_format_gap(attach->writer, &attach->look, &text);
	if (attach->writer && !vgpu_vgt_sink(attach->writer)->error) {
		vgpu_text_puts(&text, "recorded to ");
		vgpu_text_escape(&text, &attach->look, file, strlen(file), false);
		vgpu_text_puts(&text, attach->look.utf8 ? " — `vgpu-trace dump " : " -- `vgpu-trace dump ");
		vgpu_text_shell_word(&text, &attach->look, file);
		vgpu_text_puts(&text, "` prints it again\n");
	}
	say(&text);
	vgpu_text_free(&text);
}

int vgpu_attach_run(struct vgpu_attach *attach)
{
	int err = begin(attach);

	if (err)
		return VGPU_EXIT_FAILED;
	follow(attach);
	vgpu_observers_finish(&attach->on);
	vgpu_coverage_emit(attach->on.stream, VGPU_OBSERVER_RING, 0, 0, NULL);
	vgpu_stream_end(attach->on.stream);
	check_writer(attach);
	say_verdict(attach);
	return VGPU_EXIT_DONE;
}
