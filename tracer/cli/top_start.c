// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace top -- COMMAND: a program that is started for the dashboard, with the parts of `run`. */
#include "tracer/cli/top_start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/cli/say.h"
#include "tracer/model/copy.h"

/* After that long it is said what is waited for. */
#define PATIENCE_MS 500
#define TURN_MS     10
/* So long for what ends with it. */
#define LAST_MS     2000
/* Without the process connector; as often as run does. */
#define FOLLOW_MS   4

struct vgpu_top_start {
	struct vgpu_run run;
	/* what came before the dashboard was there to take it */
	struct vgpu_sink early;
	struct vgpu_event **events;
	size_t count, room;
	bool joined;
	unsigned sinks; /* of the dashboard, that the run has */
	struct vgpu_sink *also;
	char title[256], name[64], how[64], trouble[128];
	char log[4096];
	bool own_log, once, left, over;
	unsigned running; /* processes that go on after the command's end */
};

struct start_source {
	struct vgpu_top_source source;
	struct vgpu_top_start *start;
};

/* ---- what came early ---- */

static int keep_early(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	struct vgpu_top_start *start = (struct vgpu_top_start *)((char *)sink - offsetof(struct vgpu_top_start, early));

	if (start->joined)
		return 0;
	if (start->count == start->room) {
		size_t room = start->room ? start->room * 2 : 64;
		void *grown = realloc(start->events, room * sizeof(*start->events));

		if (!grown)
			return -ENOMEM;
		start->events = grown;
		start->room = room;
	}
	start->events[start->count] = vgpu_event_copy(event);
	return start->events[start->count] ? (start->count++, 0) : -ENOMEM;
}

static const struct vgpu_sink_ops early_ops = { .event = keep_early };

static void forget_early(struct vgpu_top_start *start)
{
	for (size_t i = 0; i < start->count; i++)
		free(start->events[i]);
	free(start->events);
	start->events = NULL;
	start->count = start->room = 0;
}

/* The dashboard's sinks get what came before them, and are the run's from here on. */
static int join(struct vgpu_top_start *start, struct vgpu_stream *stream)
{
	int err = start->early.error;

	start->joined = true;
	if (start->also && !err)
		err = vgpu_stream_add(stream, start->also);
	for (size_t i = 0; i < start->count; i++)
		vgpu_stream_emit(stream, start->events[i]);
	forget_early(start);
	for (unsigned i = 0; !err && i < stream->count; i++) {
		err = vgpu_run_add_sink(&start->run, stream->sinks[i]);
		start->sinks += !err;
	}
	/* A recording is to have every call. */
	if (!start->run.writer)
		start->run.stream.alike = stream->alike;
	return err;
}

/* ---- as a source ---- */

static void say_how(struct vgpu_top_start *start)
{
	int status = start->run.status, number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (number)
		snprintf(start->how, sizeof(start->how), "killed by SIG%s", sigabbrev_np(number) ? sigabbrev_np(number) : "?");
	else
		snprintf(start->how, sizeof(start->how), "exited with %d", WEXITSTATUS(status));
}

static void ended(struct vgpu_top_start *start)
{
	start->over = true;
	start->running = vgpu_run_finish(&start->run);
	say_how(start);
	if (start->running)
		snprintf(start->trouble, sizeof(start->trouble), "%u process%s of it still run%s, and %s no longer observed",
			 start->running, start->running == 1 ? "" : "es", start->running == 1 ? "s" : "",
			 start->running == 1 ? "is" : "are");
}

static int start_poll(struct vgpu_top_source *source, struct vgpu_stream *stream, unsigned max)
{
	struct vgpu_top_start *start = ((struct start_source *)source)->start;
	int err = start->joined ? 0 : join(start, stream);

	(void)max;
	if (err || start->over)
		return err ? err : -ENODATA;
	/* Text is of what it was in the end. */
	if (start->once)
		vgpu_run_loop(&start->run);
	else
		vgpu_run_turn(&start->run);
	if (!start->run.ended)
		return 0;
	ended(start);
	return -ENODATA;
}

static const char *start_trouble(const struct vgpu_top_source *source)
{
	const struct vgpu_top_start *start = ((const struct start_source *)source)->start;

	return start->trouble[0] ? start->trouble : NULL;
}

static const char *start_running(const struct vgpu_top_source *source)
{
	const struct vgpu_top_start *start = ((const struct start_source *)source)->start;

	return start->run.ended ? NULL : start->name;
}

static const char *start_ending(const struct vgpu_top_source *source)
{
	const struct vgpu_top_start *start = ((const struct start_source *)source)->start;

	return start->over ? start->how : NULL;
}

static void start_leave(struct vgpu_top_source *source, bool end)
{
	((struct start_source *)source)->start->left = !end;
}

/* Processes may be gone before anybody looks at them. */
static int start_urgent(const struct vgpu_top_source *source, int *most_ms)
{
	const struct vgpu_run *run = &((const struct start_source *)source)->start->run;
	int fd = vgpu_follow_fd(run->follow);

	*most_ms = fd < 0 ? FOLLOW_MS : -1;
	return fd;
}

/* The program outlives the dashboard. */
static void start_close(struct vgpu_top_source *source)
{
	struct vgpu_top_start *start = ((struct start_source *)source)->start;

	start->run.stream.alike = NULL;
	vgpu_run_drop_sinks(&start->run, start->sinks);
	free(source);
}

static const struct vgpu_top_source_ops start_ops = {
	.poll = start_poll, .trouble = start_trouble, .close = start_close, .running = start_running,
	.ending = start_ending, .leave = start_leave, .urgent = start_urgent,
};

int vgpu_top_start_open(void *data, struct vgpu_top_source **out)
{
	struct start_source *source = calloc(1, sizeof(*source));

	if (!source)
		return -ENOMEM;
	source->source.ops = &start_ops;
	source->start = data;
	*out = &source->source;
	return 0;
}

void vgpu_top_start_also(struct vgpu_top_start *start, struct vgpu_sink *sink)
{
	start->also = sink;
}

const char *vgpu_top_start_title(const struct vgpu_top_start *start)
{
	return start->title;
}

const char *vgpu_top_start_log(const struct vgpu_top_start *start)
{
	return start->log[0] ? start->log : NULL;
}

/* ---- beginning and end ---- */

static int open_log(struct vgpu_top_start *start, const char *log)
{
	const char *place = getenv("TMPDIR");
	int fd;

	if (log) {
		snprintf(start->log, sizeof(start->log), "%s", log);
		/* At its end, whoever else writes there. */
		fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
	} else {
		snprintf(start->log, sizeof(start->log), "%s/vgpu-top-XXXXXX.log", place && *place ? place : "/tmp");
		fd = mkostemps(start->log, 4, O_APPEND | O_CLOEXEC);
		start->own_log = true;
	}
	if (fd < 0) {
		vgpu_say_error("cannot open '%s', which what the command writes is to go to: %s", start->log, strerror(errno));
		vgpu_say_more("--log names another file.");
		return -EIO;
	}
	start->run.says = fd;
	start->run.apart = true;
	return 0;
}

static void describe(struct vgpu_top_start *start)
{
	char **words = start->run.options->command;
	const char *base = strrchr(words[0], '/');

	snprintf(start->name, sizeof(start->name), "%.40s(%d)", base ? base + 1 : words[0], start->run.spawn.pid);
	for (int i = 0; i < start->run.options->words && strlen(start->title) < sizeof(start->title) - 2; i++)
		snprintf(start->title + strlen(start->title), sizeof(start->title) - strlen(start->title), "%s%s", i ? " " : "",
			 i ? words[i] : base ? base + 1 : words[0]);
}

/* Whether its file is one to be named: there is something in it, or may be. One of our own that is empty goes. */
static bool log_matters(const struct vgpu_top_start *start)
{
	struct stat st;

	if (!start->log[0] || stat(start->log, &st))
		return false;
	if (start->own_log && !st.st_size && !start->left)
		unlink(start->log);
	return st.st_size || start->left;
}

static void say_end(const struct vgpu_top_start *start)
{
	bool log = log_matters(start);

	if (start->once)
		return;
	if (start->run.ended)
		vgpu_say_error("%s %s", start->name, start->how);
	else
		vgpu_say_error("%s goes on; `vgpu-trace top %d` looks at it again", start->name, start->run.spawn.pid);
	if (log)
		vgpu_say_more("What it writes is in %s", start->log);
	if (start->run.writer && !start->run.writer_failed)
		vgpu_say_more("Recorded to %s", start->run.file);
}

static void release(struct vgpu_top_start *start)
{
	vgpu_run_close(&start->run, start->running > 0);
	if (start->run.says >= 0 && start->log[0])
		close(start->run.says);
	forget_early(start);
	free(start);
}

int vgpu_top_start(struct vgpu_top_start **out, struct vgpu_run_options *options, const char *log, bool once)
{
	struct vgpu_top_start *start = calloc(1, sizeof(*start));
	int code = VGPU_EXIT_OWN;

	*out = NULL;
	if (!start)
		return code;
	vgpu_run_init(&start->run, options);
	start->early.ops = &early_ops;
	start->once = once;
	if (once && !log)
		start->run.says = STDERR_FILENO;
	else if (open_log(start, log))
		goto failed;
	if (vgpu_run_open(&start->run) || vgpu_run_add_sink(&start->run, &start->early))
		goto failed;
	code = vgpu_run_start(&start->run);
	if (code)
		goto failed;
	describe(start);
	/* The dashboard has its own ways with signals, and those of a child's end are asked for. */
	if (!once)
		sigprocmask(SIG_SETMASK, &start->run.spawn.old_mask, NULL);
	*out = start;
	return 0;
failed:
	if (start->own_log)
		unlink(start->log);
	release(start);
	return code;
}

/* It is a session of its own, with all that it started and that did not leave it. */
static void send(const struct vgpu_top_start *start, int signal)
{
	if (!start->run.apart || kill(-start->run.spawn.pid, signal))
		kill(start->run.spawn.pid, signal);
}

/* Whoever is waited for may be slow; asked again, it is killed. */
static void wait_for_end(struct vgpu_top_start *start)
{
	struct pollfd signals = { .fd = start->run.spawn.signals, .events = POLLIN };
	struct signalfd_siginfo info;
	int waited = 0, after = 0;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	/* The signal went to all of its session: those that end of it, too, are not ones that go on. */
	while (vgpu_run_turn(&start->run),
	       !start->run.ended || (vgpu_follow_live(start->run.follow) && after < LAST_MS)) {
		poll(&signals, 1, TURN_MS);
		after += start->run.ended ? TURN_MS : 0;
		while (read(signals.fd, &info, sizeof(info)) == sizeof(info))
			if (info.ssi_signo != SIGCHLD)
				send(start, SIGKILL);
		waited += TURN_MS;
		if (waited >= PATIENCE_MS && waited < PATIENCE_MS + TURN_MS)
			vgpu_say_error("waiting for %s to end; Ctrl-C kills it", start->name);
	}
}

int vgpu_top_start_end(struct vgpu_top_start *start, int signal)
{
	int code = 0;

	if (!start->run.ended && !start->left) {
		send(start, signal ? signal : SIGTERM);
		wait_for_end(start);
	}
	if (!start->over)
		start->running = vgpu_run_finish(&start->run);
	if (start->run.ended) {
		code = vgpu_run_code(&start->run);
		say_how(start);
	} else {
		start->running++;
	}
	say_end(start);
	release(start);
	return code;
}
