// SPDX-License-Identifier: Apache-2.0
/* What a command is to read: a file, a process by its number, processes by their name. */
#include "tracer/cli/target.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/cli/say.h"
#include "tracer/file/vgt.h"
#include "tracer/source/find.h"
#include "tracer/source/host.h"
#include "tracer/source/ring.h"

struct vgpu_target {
	const char *word;
	struct vgpu_vgt_reader *file;
	bool ring_file;
	struct vgpu_find find;
	bool follow;
	void (*idle)(void *data);
	void *data;
};

/* How often rings are looked at, and a file where no notice of changes is to be had. */
#define RINGS_MS 10
#define FILE_MS  200

static volatile sig_atomic_t interrupted;

static int say_cannot_read(const char *word, int err)
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

int vgpu_target_say_no_process(const char *word, const struct vgpu_find *find)
{
	if (is_number(word)) {
		if (!find->matched)
			vgpu_say_error("there is no process %s, no ring that it left, and no file of that name", word);
		else if (find->denied)
			vgpu_say_error("cannot look into process %s: %s", word,
				       geteuid() ? "it is another user's; try as root" : "that is not permitted here");
		else
			vgpu_say_error("process %s has no record: it made no call to a library of ours", word);
	} else if (!find->matched) {
		vgpu_say_error("there is no file '%s', no process of that name, and no ring that one left", word);
		if (geteuid())
			vgpu_say_more("Processes and rings of other users are found as root only.");
	} else if (find->denied == find->matched) {
		vgpu_say_error("cannot look into the %u process%s named '%s': other users'; try as root", find->matched,
			       find->matched == 1 ? "" : "es", word);
	} else {
		vgpu_say_error("none of the %u process%s named '%s' has a record: no call to a library of ours",
			       find->matched, find->matched == 1 ? "" : "es", word);
	}
	return -ESRCH;
}

static bool is_ring(const char *path)
{
	struct vgpu_ring *ring;
	int err = vgpu_ring_open_file(&ring, path);

	if (!err)
		vgpu_ring_close(ring);
	/* One that cannot be read is said to be so by whoever tries. */
	return !err || err == -EPROTONOSUPPORT;
}

/* A process of that name has, or left, a ring. */
static bool is_name(const char *word)
{
	struct vgpu_rings_options options = { 0 };
	struct vgpu_roster *roster = NULL;
	struct vgpu_rings *rings = NULL;
	struct vgpu_stream nobody = { 0 };
	struct vgpu_find find = { 0 };

	if (!vgpu_roster_open(&roster)) {
		options.roster = roster;
		if (!vgpu_rings_open(&rings, &options))
			vgpu_find_rings(&find, rings, 0, word, &nobody);
	}
	vgpu_rings_close(rings);
	vgpu_roster_close(roster);
	return find.rings > 0;
}

int vgpu_target_open(struct vgpu_target **out, const char *word)
{
	struct vgpu_target *target = calloc(1, sizeof(*target));
	int err;

	if (!target)
		return -ENOMEM;
	target->word = word;
	/* A file is meant where there is one; but a program's own name is often a file's, too. */
	if (strchr(word, '/') || (!is_number(word) && !access(word, F_OK))) {
		err = vgpu_vgt_open(&target->file, word);
		target->ring_file = err == -EPROTO && is_ring(word);
		if (err && !target->ring_file && (err != -EPROTO || strchr(word, '/') || !is_name(word))) {
			vgpu_target_close(target);
			return say_cannot_read(word, err);
		}
	}
	*out = target;
	return 0;
}

enum vgpu_target_what vgpu_target_what(const struct vgpu_target *target)
{
	return target->file ? VGPU_TARGET_TRACE : target->ring_file ? VGPU_TARGET_RING : VGPU_TARGET_PROCESSES;
}

void vgpu_target_close(struct vgpu_target *target)
{
	if (!target)
		return;
	vgpu_vgt_reader_close(target->file);
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

/* What this program has no name for is passed over, but not without a word. */
static void say_unknown(const struct vgpu_target *target)
{
	struct vgpu_vgt_unknown unknown;

	for (uint32_t i = 0; vgpu_vgt_unknown(target->file, i, &unknown); i++) {
		if (unknown.field)
			vgpu_say_error("'%s' is of a newer version: not shown: '%s' of '%s' events", target->word,
				       unknown.field, unknown.kind);
		else if (unknown.events)
			vgpu_say_error("'%s' is of a newer version: not shown: %" PRIu64 " '%s' events", target->word,
				       unknown.events, unknown.kind);
	}
}

/* Until the file changes, or a while where that cannot be told. */
static void wait_for_change(int notify)
{
	struct pollfd fd = { .fd = notify, .events = POLLIN };
	char events[4096];

	poll(&fd, notify >= 0 ? 1 : 0, FILE_MS);
	while (notify >= 0 && read(notify, events, sizeof(events)) > 0)
		;
}

/* Reads on as the file grows: 0 at the end of the recording, or when interrupted. */
static int follow_file(struct vgpu_target *target, struct vgpu_stream *stream)
{
	int notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), err;
	struct vgpu_event event;

	if (notify >= 0 && inotify_add_watch(notify, target->word, IN_MODIFY | IN_CLOSE_WRITE) < 0) {
		close(notify);
		notify = -1;
	}
	for (;;) {
		while ((err = vgpu_vgt_next(target->file, &event)) == 1)
			vgpu_stream_emit(stream, &event);
		/* What looks cut off may be half written. */
		if ((err && err != -EBADMSG) || vgpu_vgt_complete(target->file) || interrupted)
			break;
		target->idle(target->data);
		wait_for_change(notify);
		err = vgpu_vgt_again(target->file);
		if (err < 0)
			break;
	}
	if (notify >= 0)
		close(notify);
	return interrupted ? 0 : err;
}

static int read_file(struct vgpu_target *target, struct vgpu_stream *stream)
{
	struct vgpu_event event;
	int err;

	if (target->follow)
		err = follow_file(target, stream);
	else
		while ((err = vgpu_vgt_next(target->file, &event)) == 1) {
			vgpu_stream_emit(stream, &event);
			/* Whoever reads knows why his sinks failed. */
			if (vgpu_stream_failed(stream))
				return 0;
		}
	vgpu_stream_end(stream);
	say_unknown(target);
	if (!err && interrupted)
		return 0;
	if (err == -EBADMSG) {
		vgpu_say_error("cannot read '%s' to its end: damaged or cut off after event %" PRIu64
			       "; what is above is whole",
			       target->word, vgpu_vgt_read(target->file));
		return err;
	}
	if (err)
		return say_cannot_read(target->word, err);
	if (!vgpu_vgt_complete(target->file)) {
		vgpu_say_error("'%s' has no end: its recording was cut off after event %" PRIu64 "; what is above is whole",
			       target->word, vgpu_vgt_read(target->file));
		return -EBADMSG;
	}
	return 0;
}

static int read_rings(struct vgpu_target *target, struct vgpu_stream *stream)
{
	struct vgpu_rings_options options = { 0 };
	struct vgpu_roster *roster = NULL;
	struct vgpu_rings *rings = NULL;
	int err = vgpu_roster_open(&roster);

	options.roster = roster;
	if (!err)
		err = vgpu_rings_open(&rings, &options);
	if (err)
		goto out;
	vgpu_host_emit(stream);
	if (target->ring_file) {
		err = vgpu_rings_add_file(rings, target->word, stream);
		if (err) {
			say_cannot_read(target->word, err);
			goto out;
		}
	} else {
		vgpu_find_rings(&target->find, rings, vgpu_target_pid(target->word),
				is_number(target->word) ? NULL : target->word, stream);
		if (!vgpu_rings_count(rings)) {
			err = vgpu_target_say_no_process(target->word, &target->find);
			goto out;
		}
	}
	vgpu_coverage_emit(stream, VGPU_OBSERVER_RING, 1, 0, NULL);
	vgpu_rings_poll(rings, stream);
	while (target->follow && !interrupted) {
		target->idle(target->data);
		vgpu_rings_reap(rings, stream);
		if (!vgpu_rings_count(rings))
			break;
		poll(NULL, 0, RINGS_MS);
		vgpu_rings_poll(rings, stream);
	}
	vgpu_rings_reap(rings, stream);
	vgpu_rings_finish(rings, 0, stream);
	vgpu_stream_end(stream);
out:
	vgpu_rings_close(rings);
	vgpu_roster_close(roster);
	return err;
}

int vgpu_target_read(struct vgpu_target *target, struct vgpu_stream *stream)
{
	return target->file ? read_file(target, stream) : read_rings(target, stream);
}

uint64_t vgpu_target_events(const struct vgpu_target *target)
{
	struct vgpu_vgt_summary summary = { 0 };

	if (target->file)
		vgpu_vgt_summary(target->file, &summary);
	return summary.events;
}
