// SPDX-License-Identifier: Apache-2.0
/* What a command is to read: a file, a process by its number, processes by their name. Through the public library alone. */
#include "tracer/cli/target.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tracer/cli/say.h"

struct vgpu_target {
	const char *word;
	enum vgpu_trace_source source;
	struct vgpu_trace *trace; /* processes: opened when they are read */
	bool follow;
	void (*idle)(void *data);
	void *data;
};

static volatile sig_atomic_t interrupted;

int vgpu_target_say_cannot_read(const char *word, int err)
{
	switch (err) {
	case -EPROTO:
		vgpu_say_error("cannot read '%s': it is neither a trace nor a ring of ours", word);
		break;
	case -EPROTONOSUPPORT:
		vgpu_say_error("cannot read '%s': it was written by another version of vgpu-trace", word);
		break;
	case -EBADMSG:
		vgpu_say_error("cannot read '%s': it begins like a trace, and its head is damaged", word);
		break;
	case -EMEDIUMTYPE:
		vgpu_say_error("cannot read '%s': it was written on a machine of another byte order", word);
		break;
	default:
		vgpu_say_error("cannot read '%s': %s", word, strerror(-err));
	}
	return err;
}

static bool is_number(const char *word)
{
	return *word && strlen(word) < 10 && strspn(word, "0123456789") == strlen(word);
}

int vgpu_target_pid(const char *word)
{
	return is_number(word) ? atoi(word) : 0;
}

int vgpu_target_say_no_process(const char *word)
{
	unsigned matched, denied;

	vgpu_trace_processes(word, &matched, &denied);
	if (is_number(word)) {
		if (!matched)
			vgpu_say_error("there is no process %s, no ring that it left, and no file of that name", word);
		else if (denied)
			vgpu_say_error("cannot look into process %s: %s", word,
				       geteuid() ? "it is another user's; try as root" : "that is not permitted here");
		else
			vgpu_say_error("process %s has no record: neither it nor a child of it made a call to a library of ours", word);
	} else if (!matched) {
		vgpu_say_error("there is no file '%s', no process of that name, and no ring that one left", word);
		if (geteuid())
			vgpu_say_more("Processes and rings of other users are found as root only.");
	} else if (denied == matched) {
		vgpu_say_error("cannot look into the %u process%s named '%s': other users'; try as root", matched,
			       matched == 1 ? "" : "es", word);
	} else {
		vgpu_say_error("none of the %u process%s named '%s' has a record: no call to a library of ours",
			       matched, matched == 1 ? "" : "es", word);
	}
	return -ESRCH;
}

int vgpu_target_open(struct vgpu_target **out, const char *word)
{
	struct vgpu_target *target;
	int source = vgpu_trace_source(word), err = source < 0 ? source : 0;

	if (err)
		return vgpu_target_say_cannot_read(word, err);
	target = calloc(1, sizeof(*target));
	if (!target)
		return -ENOMEM;
	target->word = word;
	target->source = source;
	if (source != VGPU_TRACE_PROCESSES)
		err = vgpu_trace_open(&target->trace, word);
	if (err) {
		vgpu_target_close(target);
		return vgpu_target_say_cannot_read(word, err);
	}
	*out = target;
	return 0;
}

enum vgpu_trace_source vgpu_target_source(const struct vgpu_target *target)
{
	return target->source;
}

void vgpu_target_close(struct vgpu_target *target)
{
	if (!target)
		return;
	vgpu_trace_close(target->trace);
	free(target);
}

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

void vgpu_target_follow(struct vgpu_target *target, void (*idle)(void *data), void *data)
{
	struct sigaction action = { .sa_handler = interrupt };

	target->follow = true;
	target->idle = idle;
	target->data = data;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

void vgpu_target_narrow(struct vgpu_target *target, const struct vgpu_filter *filter)
{
	uint64_t first, last, begin;
	int64_t from, upto;

	vgpu_filter_window(filter, &from, &upto);
	if (!target->trace || (!from && upto == INT64_MAX) || vgpu_trace_times(target->trace, &first, &last))
		return;
	/*
	 * Where it began is the earliest time of the events so far: between that of the first event and the
	 * earliest of all, which may come late.
	 */
	begin = vgpu_trace_next(target->trace) == 1 ? vgpu_trace_event(target->trace)->time_ns : last;
	vgpu_trace_seek(target->trace, 0);
	vgpu_trace_window(target->trace, first + (uint64_t)from,
			  begin > UINT64_MAX - (uint64_t)upto ? UINT64_MAX : begin + (uint64_t)upto);
}

uint64_t vgpu_target_events(const struct vgpu_target *target)
{
	return target->trace ? vgpu_trace_events(target->trace) : 0;
}

/* ---- reading ---- */

/* What this program has no name for is passed over, but not without a word. */
static void say_unknown(const struct vgpu_target *target)
{
	const char *kind, *field;
	uint64_t events;

	for (unsigned i = 0; vgpu_trace_unknown(target->trace, i, &kind, &field, &events); i++) {
		if (field)
			vgpu_say_error("'%s' is of a newer version: not shown: '%s' of '%s' events", target->word, field, kind);
		else if (events)
			vgpu_say_error("'%s' is of a newer version: not shown: %" PRIu64 " '%s' events", target->word,
				       events, kind);
	}
}

/* 0: there are no more for now; 1: nobody wants more. */
static int read_on(struct vgpu_trace *trace, struct vgpu_stream *stream)
{
	int err;

	while ((err = vgpu_trace_next(trace)) == 1) {
		vgpu_stream_emit(stream, vgpu_trace_event(trace));
		/* Whoever reads knows why his sinks failed. */
		if (vgpu_stream_failed(stream))
			return 1;
	}
	return err;
}

static int read_all(struct vgpu_target *target, struct vgpu_stream *stream)
{
	struct vgpu_trace *trace = target->trace;
	int err = read_on(trace, stream);

	/* What looks cut off may be half written. */
	while (target->follow && (!err || err == -EBADMSG) && !vgpu_trace_complete(trace) && !interrupted) {
		int again;

		target->idle(target->data);
		vgpu_trace_wait(trace, -1);
		again = vgpu_trace_again(trace);
		if (again < 0)
			return again;
		err = read_on(trace, stream);
	}
	if (err)
		return err;
	err = vgpu_trace_finish(trace);
	return err == 1 ? read_on(trace, stream) : err;
}

int vgpu_target_read(struct vgpu_target *target, struct vgpu_stream *stream)
{
	bool file = target->source == VGPU_TRACE_FILE;
	int err = target->trace ? 0 : vgpu_trace_open(&target->trace, target->word);

	if (err == -ESRCH || err == -EACCES)
		return vgpu_target_say_no_process(target->word);
	if (err)
		return vgpu_target_say_cannot_read(target->word, err);
	vgpu_trace_bare(target->trace);
	err = read_all(target, stream);
	if (err == 1)
		return 0;
	vgpu_stream_end(stream);
	say_unknown(target);
	if (interrupted && (!err || err == -EBADMSG))
		return 0;
	if (err == -EBADMSG) {
		vgpu_say_error("cannot read '%s' to its end: damaged or cut off after event %" PRIu64
			       "; what is above is whole",
			       target->word, vgpu_trace_position(target->trace));
		return err;
	}
	if (err)
		return vgpu_target_say_cannot_read(target->word, err);
	if (file && !vgpu_trace_complete(target->trace)) {
		vgpu_say_error("'%s' has no end: its recording was cut off after event %" PRIu64 "; what is above is whole",
			       target->word, vgpu_trace_position(target->trace));
		return -EBADMSG;
	}
	return 0;
}
