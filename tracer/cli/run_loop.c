// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace run: while the command runs, and what is said when it ended. */
#include "tracer/cli/run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/cli/run_kernel.h"
#include "tracer/cli/say.h"
#include "tracer/source/host.h"

/* Rings are looked at this often; without the process connector processes are, too. */
#define TICK_MS      10
#define TICK_POLL_MS 4
#define BUSY         512
#define PLACES_NS    UINT64_C(100000000)
/* What a crash of our own may cost. */
#define FLUSH_NS     UINT64_C(100000000)

static void check_writer(struct vgpu_run *run)
{
	struct vgpu_sink *sink = run->writer ? vgpu_vgt_sink(run->writer) : NULL;

	if (!sink || run->writer_failed)
		return;
	if (!sink->error)
		sink->error = run->ended ? vgpu_vgt_flush(run->writer)
					 : vgpu_vgt_flush_after(run->writer, FLUSH_NS);
	if (!sink->error && !vgpu_vgt_full(run->writer, NULL))
		return;
	run->writer_failed = true;
	if (!sink->error) {
		if (!run->options->quiet)
			vgpu_record_say_full(run->writer, run->file, &run->options->record);
		return;
	}
	vgpu_say_error("stopped recording to '%s': %s", run->file, strerror(-sink->error));
	vgpu_say_more("The command goes on. The first %llu events are in the file and can be read.",
		      (unsigned long long)vgpu_vgt_written(run->writer));
}

static void scan_rings(struct vgpu_run *run, bool force)
{
	uint64_t now = vgpu_now_ns();
	char path[512];

	vgpu_rings_scan(run->rings, run->session.rings, 0, 0, true, &run->stream);
	if (!force && now < run->next_places_ns)
		return;
	/* Seldom used, and shared with all that is recorded on this machine. */
	run->next_places_ns = now + PLACES_NS;
	for (unsigned i = 0; vgpu_rings_place(i, geteuid(), path, sizeof(path)); i++)
		if (path[0])
			vgpu_rings_scan(run->rings, path, 0, 0, force, &run->stream);
}

/* SIGINT and SIGQUIT of a terminal reach the command by themselves; what was sent to us alone does not. */
static void pass_signals(struct vgpu_run *run)
{
	struct signalfd_siginfo info;

	while (read(run->spawn.signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGCHLD || info.ssi_code == SI_KERNEL)
			continue;
		if (!run->ended && (pid_t)info.ssi_pid != run->spawn.pid)
			kill(run->spawn.pid, info.ssi_signo);
	}
}

static void reap(struct vgpu_run *run)
{
	siginfo_t info = { 0 };
	int status;

	/* A look at each before it is gone for good. */
	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid) {
		pid_t pid = info.si_pid;

		status = info.si_code == CLD_EXITED ? (info.si_status & 0xff) << 8
						    : info.si_status | (info.si_code == CLD_DUMPED ? 0x80 : 0);
		vgpu_follow_reaping(run->follow, pid, status, &run->stream);
		if (waitpid(pid, &status, 0) != pid)
			break;
		if (pid == run->spawn.pid) {
			run->status = status;
			run->ended = true;
		}
		info.si_pid = 0;
	}
}

/* What was written to descriptor 2; or, once, that it is not recorded. */
static void poll_overhear(struct vgpu_run *run)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_TEXT, .observer = VGPU_OBSERVER_TRACER, .text.level = 2 };
	char text[160];

	if (!run->overhear)
		return;
	vgpu_overhear_poll(run->overhear, &run->stream);
	if (!vgpu_overhear_error(run->overhear))
		return;
	snprintf(text, sizeof(text), "what is written to stderr is not recorded: no notifications of seccomp here: %s",
		 strerror(vgpu_overhear_error(run->overhear)));
	event.text.text = text;
	vgpu_stream_emit(&run->stream, &event);
	vgpu_say_error("%s", text);
	vgpu_say_more("The command runs as it would without --stderr.");
	vgpu_overhear_close(run->overhear);
	run->overhear = NULL;
}

/* Returns how many records there were. */
static int tick(struct vgpu_run *run)
{
	uint64_t now = vgpu_now_ns();
	int count, seen;

	run->following = true;
	vgpu_follow_poll(run->follow, &run->stream);
	run->following = false;
	scan_rings(run, false);
	count = vgpu_rings_poll(run->rings, &run->stream);
	vgpu_rings_reap(run->rings, &run->stream);
	poll_overhear(run);
	seen = vgpu_run_kernel_poll(run, now, false);
	return seen > count ? seen : count;
}

int vgpu_run_turn(struct vgpu_run *run)
{
	int count = tick(run);

	reap(run);
	check_writer(run);
	return count;
}

void vgpu_run_loop(struct vgpu_run *run)
{
	int connector = vgpu_follow_fd(run->follow);
	struct pollfd fds[3] = {
		{ .fd = run->spawn.signals, .events = POLLIN },
		{ .fd = connector, .events = POLLIN },
		{ .events = POLLIN },
	};

	int count = 0;

	while (!run->ended) {
		/* Where many came, many more are on their way, and a ring is soon full. */
		fds[2].fd = run->overhear ? vgpu_overhear_fd(run->overhear) : -1;
		poll(fds, 3, count >= BUSY ? 0 : count > 0 ? 1 : connector >= 0 ? TICK_MS : TICK_POLL_MS);
		pass_signals(run);
		count = vgpu_run_turn(run);
	}
}

/* Where rings went, when not where they were meant to; and those that leave nothing behind. */
static void say_places(const struct vgpu_run *run)
{
	static const char *const places[] = {
		[VGPU_PLACE_RUNTIME_DIR] = "$XDG_RUNTIME_DIR/vgpu-trace", [VGPU_PLACE_SHM] = "/dev/shm",
		[VGPU_PLACE_MEMFD] = "memory of their own",
	};
	unsigned count[VGPU_PLACE_MEMFD + 1] = { 0 };
	int error = 0;

	if (vgpu_rings_unreadable(run->rings, &error))
		vgpu_say_error("there were rings that could not be read: %s",
			       error == -EPROTONOSUPPORT ? "libraries of ours, but of another version, wrote them"
							 : strerror(-error));
	error = run->session.ring_error;

	for (uint32_t i = 0; i < run->model->ring_count; i++) {
		const struct vgpu_model_ring *ring = &run->model->rings[i];

		if (ring->place <= VGPU_PLACE_MEMFD)
			count[ring->place]++;
		if (ring->place_errno[0])
			error = ring->place_errno[0];
	}
	for (unsigned place = VGPU_PLACE_RUNTIME_DIR; place <= VGPU_PLACE_MEMFD; place++) {
		if (!count[place])
			continue;
		vgpu_say_error("the ring directory '%s' could not be written%s%s: %u process%s wrote to %s instead",
			       run->options->ring_dir ? run->options->ring_dir : run->session.rings, error ? ": " : "",
			       error ? strerror(error) : "", count[place], count[place] == 1 ? "" : "es",
			       places[place]);
		if (place == VGPU_PLACE_MEMFD)
			vgpu_say_more("Such a ring is gone when its process ends; what was read until then is on record.");
		error = 0;
	}
	if (error && !count[VGPU_PLACE_RUNTIME_DIR] && !count[VGPU_PLACE_SHM] && !count[VGPU_PLACE_MEMFD])
		vgpu_say_error("the ring directory '%s' could not be used: %s",
			       run->options->ring_dir ? run->options->ring_dir : run->session.rings, strerror(error));
}

static void say_verdict(struct vgpu_run *run, unsigned running)
{
	struct vgpu_text text = { 0 };

	vgpu_text_puts(&text, "\n");
	vgpu_verdict_format(run->verdict, &run->look, &text);
	if (run->merge)
		vgpu_merge_format(run->merge, &text);
	if (running)
		vgpu_text_printf(&text, "%u process%s still run%s; what %s now is not recorded any more\n", running,
				 running == 1 ? "" : "es", running == 1 ? "s" : "", running == 1 ? "it does" : "they do");
	if (run->writer)
		vgpu_record_format_gap(run->writer, &run->look, &text);
	if (run->writer && !vgpu_vgt_sink(run->writer)->error) {
		vgpu_text_puts(&text, "recorded to ");
		vgpu_text_escape(&text, &run->look, run->file, strlen(run->file), false);
		vgpu_text_puts(&text, run->look.utf8 ? " — `vgpu-trace dump " : " -- `vgpu-trace dump ");
		vgpu_text_shell_word(&text, &run->look, run->file);
		vgpu_text_puts(&text, "` prints it again\n");
	} else if (run->file_error) {
		vgpu_text_printf(&text, "not recorded: '%s': %s (-o names another file)\n", run->file,
				 run->file_error == -EEXIST ? "there is something else that is no trace"
							    : strerror(-run->file_error));
	}
	vgpu_say_write(STDERR_FILENO, vgpu_text_string(&text), text.size);
	vgpu_text_free(&text);
}

unsigned vgpu_run_finish(struct vgpu_run *run)
{
	unsigned running;

	scan_rings(run, true);
	vgpu_rings_poll(run->rings, &run->stream);
	vgpu_rings_reap(run->rings, &run->stream);
	vgpu_run_kernel_finish(run);
	running = vgpu_follow_finish(run->follow, &run->stream);
	vgpu_rings_finish(run->rings, 0, &run->stream);
	poll_overhear(run);
	if (run->overhear && vgpu_overhear_lost(run->overhear))
		vgpu_say_error("%llu pieces of what was written to stderr were lost", (unsigned long long)vgpu_overhear_lost(run->overhear));
	if (vgpu_run_puts_in(run->options))
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_RING, 0, 0, NULL);
	if (run->auditor[0])
		vgpu_coverage_emit(&run->stream, VGPU_OBSERVER_LINK, 0, 0, NULL);
	vgpu_stream_end(&run->stream);
	check_writer(run);
	if (run->options->quiet)
		return running;
	say_verdict(run, running);
	say_places(run);
	return running;
}
