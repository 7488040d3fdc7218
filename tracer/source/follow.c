// SPDX-License-Identifier: Apache-2.0
/* The process observer: notices forks, execs and exits by the kernel's connector, or by looking again and again. */
#include "tracer/source/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/source/again.h"
#include "tracer/source/connector.h"
#include "tracer/source/link.h"
#include "tracer/source/presence.h"

#define MS UINT64_C(1000000)
/* Looks into a process get rarer as it ages. */
#define LOOK_FIRST (2 * MS)
#define LOOK_LAST  (500 * MS)
/* Without the connector a pid that was given out since the last look is looked at; at most so many at once. */
#define NEW_PIDS_MAX 4096

struct vgpu_follow {
	struct vgpu_follow_options options;
	struct vgpu_presence_cache *cache;
	int connector; /* -1: polling */
	int32_t last_pid; /* polling: the newest pid that was looked at */
	uint64_t lost;
	unsigned live;
	struct vgpu_known *root;
	bool root_executes; /* its first exec was reported; the connector's word of it is no news */
};

int vgpu_follow_open(struct vgpu_follow **out, const struct vgpu_follow_options *options)
{
	struct vgpu_follow *follow = calloc(1, sizeof(*follow));
	int err;

	if (!follow)
		return -ENOMEM;
	follow->options = *options;
	follow->connector = -1;
	err = vgpu_presence_open(&follow->cache);
	if (err) {
		free(follow);
		return err;
	}
	/* Orphans come to us, so that none gets out of sight when its parent ends. */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!options->poll_only)
		follow->connector = vgpu_connector_open();
	*out = follow;
	return 0;
}

void vgpu_follow_close(struct vgpu_follow *follow)
{
	if (!follow)
		return;
	if (follow->connector >= 0)
		close(follow->connector);
	vgpu_presence_close(follow->cache);
	free(follow);
}

int vgpu_follow_fd(const struct vgpu_follow *follow)
{
	return follow->connector >= 0 ? follow->connector : -1;
}

unsigned vgpu_follow_live(const struct vgpu_follow *follow)
{
	return follow->live;
}

static const char *witness(const struct vgpu_follow *follow)
{
	return follow->connector >= 0 ? "process connector" : "polling";
}

/* A change of program leaves another command line behind. */
static uint32_t shape_of(const struct vgpu_proc *proc)
{
	uint32_t shape = 2166136261u;

	for (uint32_t i = 0; i < proc->argv_size; i++)
		shape = (shape ^ (uint8_t)proc->argv[i]) * 16777619u;
	for (const char *at = proc->exe; *at; at++)
		shape = (shape ^ (uint8_t)*at) * 16777619u;
	return shape;
}

static struct vgpu_known *add(struct vgpu_follow *follow, int32_t pid, int32_t parent, uint64_t time_ns,
			      struct vgpu_stream *stream)
{
	struct vgpu_known *known = vgpu_roster_live(follow->options.roster, pid);
	struct vgpu_proc proc;
	bool there = !vgpu_proc_read(pid, &proc);

	if (known && known->followed)
		goto out;
	/* Its ring may have been found before we noticed the process itself. */
	if (!known && there)
		known = vgpu_roster_find(follow->options.roster, proc.ns_pid, proc.start_time, proc.pid_ns);
	if (!known && !there)
		known = vgpu_roster_unfollowed(follow->options.roster, pid);
	if (known && known->followed)
		goto out;
	if (known) {
		known->followed = true;
		known->next_look_ns = time_ns + LOOK_FIRST;
		known->shape = there ? shape_of(&proc) : 0;
		follow->live += !known->ended;
		goto out;
	}
	if (!there) {
		/* Gone already. It was there, and it began as its parent. */
		const struct vgpu_known *from = vgpu_roster_live(follow->options.roster, parent);

		memset(&proc, 0, sizeof(proc));
		proc.pid = proc.ns_pid = pid;
		snprintf(proc.comm, sizeof(proc.comm), "%s", from ? from->comm : "");
	}
	if (parent)
		proc.ppid = parent;
	known = vgpu_roster_add(follow->options.roster);
	if (!known)
		goto out;
	known->in_session = true;
	known->followed = true;
	known->next_look_ns = time_ns + LOOK_FIRST;
	known->shape = shape_of(&proc);
	follow->live++;
	vgpu_roster_emit(follow->options.roster, known, &proc, VGPU_EVENT_START, time_ns, VGPU_OBSERVER_PROCESS,
			 witness(follow), stream);
out:
	vgpu_proc_free(&proc);
	return known;
}

/*
 * By the auditor, with more room for TLS or without itself. Its own records say so; where it could leave none,
 * the mark at the end of the environment does (shim/audit/tls.c), if the process is still there to be asked.
 */
static enum vgpu_again executed_again(const struct vgpu_follow *follow, const struct vgpu_known *known,
				      const struct vgpu_proc *proc, uint64_t before_ns, uint64_t time_ns)
{
	enum vgpu_again again = vgpu_again_look(follow->options.link_dir, known, before_ns, time_ns);
	char mark[32];

	if (again == VGPU_AGAIN_UNKNOWN && shape_of(proc) == known->shape &&
	    vgpu_proc_getenv(known->pid, "VGPU_AUDIT_AGAIN", mark, sizeof(mark)) == 1)
		return VGPU_AGAIN_YES;
	return again;
}

/* news: nobody has said so yet. */
static void changed_program(struct vgpu_follow *follow, struct vgpu_known *known, char **argv, uint64_t time_ns,
			    bool news, struct vgpu_stream *stream)
{
	enum vgpu_again again = VGPU_AGAIN_UNKNOWN;
	uint64_t before_ns = known->exec_ns;
	struct vgpu_proc proc;

	known->exec_ns = time_ns;
	if (vgpu_proc_read(known->pid, &proc) || (known->start_time && proc.start_time != known->start_time)) {
		vgpu_proc_free(&proc);
		return;
	}
	if (follow->options.audit)
		again = executed_again(follow, known, &proc, before_ns, time_ns);
	if (again == VGPU_AGAIN_YES) {
		known->again++;
		vgpu_proc_free(&proc);
		return;
	}
	/* Only where /proc had none any more. */
	if (proc.argv_size)
		argv = NULL;
	for (; argv && *argv && proc.argv_size + strlen(*argv) < VGPU_PROC_ARGV_MAX; argv++) {
		size_t size = strlen(*argv) + 1;

		memcpy(proc.argv + proc.argv_size, *argv, size);
		proc.argv_size += size;
	}
	/* What was seen of the program before holds for that one. */
	known->presence = VGPU_PRESENCE_UNKNOWN;
	known->libraries = 0;
	known->looks = 0;
	known->has_ring = false;
	known->next_look_ns = time_ns + LOOK_FIRST;
	known->why = follow->options.look
			 ? vgpu_presence_obstacle(known->pid, follow->options.preload, follow->options.library_path,
						  follow->options.redirect)
			 : NULL;
	known->link_why = follow->options.audit && again != VGPU_AGAIN_FIRST
			      ? vgpu_presence_obstacle(known->pid, NULL, NULL, follow->options.audit)
			      : NULL;
	known->shape = shape_of(&proc);
	if (news)
		vgpu_roster_emit(follow->options.roster, known, &proc, VGPU_EVENT_EXEC, time_ns, VGPU_OBSERVER_PROCESS,
				 witness(follow), stream);
	if (known->link_why)
		vgpu_link_emit_absent(known->number, 0, known->link_why, stream);
	vgpu_proc_free(&proc);
}

/* It executed a program of its own, and no record of the dynamic linker's was found. */
static void say_unlinked(const struct vgpu_follow *follow, const struct vgpu_known *known, struct vgpu_stream *stream)
{
	uint64_t since = follow->connector >= 0 ? known->start_ns : 1;

	if (follow->options.audit && known->execs && !known->link_why && known->link_ns < since)
		vgpu_link_emit_absent(known->number, 0,
				      "it left no record: killed at once, or its directory for them cannot be written", stream);
}

static void ended(struct vgpu_follow *follow, struct vgpu_known *known, bool how_known, int status, uint64_t time_ns,
		  struct vgpu_stream *stream)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_EXIT,
		.observer = VGPU_OBSERVER_PROCESS,
		.process = known->number,
		.time_ns = time_ns,
	};

	if (known->ended)
		return;
	if (follow->options.ending)
		follow->options.ending(follow->options.data, known);
	if (follow->options.look)
		vgpu_presence_emit(known, time_ns, stream);
	say_unlinked(follow, known, stream);
	if (how_known && WIFEXITED(status)) {
		event.exit.how = VGPU_EXIT_CODE;
		event.exit.status = WEXITSTATUS(status);
	} else if (how_known && WIFSIGNALED(status)) {
		event.exit.how = VGPU_EXIT_SIGNAL;
		event.exit.status = WTERMSIG(status);
		event.exit.core = WCOREDUMP(status) ? 1 : 0;
	}
	event.exit.lived_ns = time_ns > known->start_ns ? time_ns - known->start_ns : 0;
	known->ended = true;
	follow->live--;
	vgpu_stream_emit(stream, &event);
}

/* ---- the connector ---- */

/* Everything that descends from us and is not known yet; after lost messages, and for polling. */
static void look_for_children(struct vgpu_follow *follow, int32_t pid, struct vgpu_stream *stream)
{
	struct vgpu_proc proc;
	struct vgpu_known *parent;

	if (vgpu_roster_live(follow->options.roster, pid) || vgpu_proc_stat(pid, &proc) || proc.state == 'X')
		return; /* known, or gone */
	parent = vgpu_roster_live(follow->options.roster, proc.ppid);
	if ((!parent || !parent->followed) && proc.ppid != getpid())
		return;
	add(follow, pid, 0, vgpu_now_ns(), stream);
}

struct look_again {
	struct vgpu_follow *follow;
	struct vgpu_stream *stream;
};

static int look_at_one(pid_t pid, void *data)
{
	struct look_again *again = data;

	look_for_children(again->follow, pid, again->stream);
	return 0;
}

static void on_connector(struct vgpu_follow *follow, const struct vgpu_connector_event *event,
			 struct vgpu_stream *stream)
{
	struct vgpu_known *known;

	switch (event->what) {
	case VGPU_CONNECTOR_FORK:
		known = vgpu_roster_live(follow->options.roster, event->parent);
		if (known && known->followed)
			add(follow, event->pid, event->parent, event->time_ns, stream);
		break;
	case VGPU_CONNECTOR_EXEC:
		known = vgpu_roster_live(follow->options.roster, event->pid);
		if (known)
			known->execs_followed++;
		if (known && known == follow->root && follow->root_executes) {
			follow->root_executes = false;
			known->exec_ns = event->time_ns;
		}
		else if (known && known->followed)
			changed_program(follow, known, NULL, event->time_ns, known->execs_followed > known->execs + known->again, stream);
		break;
	case VGPU_CONNECTOR_EXIT:
		known = vgpu_roster_live(follow->options.roster, event->pid);
		if (known && known->followed) {
			struct vgpu_proc proc;

			/* The first thread may end long before the others do. */
			if (!vgpu_proc_stat(event->pid, &proc) && proc.threads > 1 && proc.state != 'X')
				break;
			ended(follow, known, true, event->status, event->time_ns, stream);
		}
		break;
	case VGPU_CONNECTOR_LOST: {
		struct look_again again = { follow, stream };

		follow->lost++;
		vgpu_proc_each(look_at_one, &again);
		break;
	}
	}
}

/* ---- polling ---- */

static void poll_new(struct vgpu_follow *follow, struct vgpu_stream *stream)
{
	int32_t newest = vgpu_proc_newest();

	if (newest == follow->last_pid)
		return;
	if (newest > follow->last_pid && newest - follow->last_pid <= NEW_PIDS_MAX) {
		for (int32_t pid = follow->last_pid + 1; pid <= newest; pid++)
			look_for_children(follow, pid, stream);
	} else {
		struct look_again again = { follow, stream };

		vgpu_proc_each(look_at_one, &again); /* the numbers began anew */
	}
	follow->last_pid = newest;
}

/* ---- looks ---- */

static void look_into(struct vgpu_follow *follow, struct vgpu_known *known, uint64_t now, struct vgpu_stream *stream)
{
	uint64_t age = now > known->start_ns ? now - known->start_ns : 0;
	int libraries;

	known->next_look_ns = now + (age / 4 < LOOK_FIRST ? LOOK_FIRST : age / 4 > LOOK_LAST ? LOOK_LAST : age / 4);
	if (follow->connector < 0) {
		struct vgpu_proc proc;

		if (!vgpu_proc_read(known->pid, &proc) && proc.state != 'Z' && proc.argv_size &&
		    shape_of(&proc) != known->shape)
			changed_program(follow, known, NULL, now, !follow->options.execs_told, stream);
		vgpu_proc_free(&proc);
	}
	if (!follow->options.look)
		return;
	if (known->presence == VGPU_PRESENCE_IN) {
		/* Its first call, which makes the ring, may come at any time. */
		if (!known->has_ring && follow->options.mapped)
			follow->options.mapped(follow->options.data, known);
		return;
	}
	libraries = vgpu_presence_libraries(follow->cache, known->pid);
	if (libraries < 0)
		return;
	known->looks++;
	known->last_look_ns = now;
	known->presence = libraries ? VGPU_PRESENCE_IN : VGPU_PRESENCE_OUT;
	known->libraries = libraries;
	if (libraries || known->looks == 1)
		vgpu_presence_emit(known, 0, stream);
	if (libraries && !known->has_ring && follow->options.mapped)
		follow->options.mapped(follow->options.data, known);
}

void vgpu_follow_poll(struct vgpu_follow *follow, struct vgpu_stream *stream)
{
	struct vgpu_connector_event event;
	uint64_t now;

	while (follow->connector >= 0 && vgpu_connector_next(follow->connector, &event) == 1)
		on_connector(follow, &event, stream);
	if (follow->connector < 0)
		poll_new(follow, stream);
	now = vgpu_now_ns();
	for (struct vgpu_known *known = vgpu_roster_first(follow->options.roster); known; known = known->next) {
		if (!known->followed || known->ended || now < known->next_look_ns)
			continue;
		look_into(follow, known, now, stream);
		/* Our own children are reported when they are reaped, with their status. */
		if (!vgpu_proc_alive(known->pid, known->start_time)) {
			struct vgpu_proc proc;

			if (!vgpu_proc_stat(known->pid, &proc) && proc.ppid == getpid() &&
			    proc.start_time == known->start_time)
				continue;
			/* The kernel said how before it let go of it: since we asked last. */
			while (follow->connector >= 0 && vgpu_connector_next(follow->connector, &event) == 1)
				on_connector(follow, &event, stream);
			if (!known->ended)
				ended(follow, known, false, 0, now, stream);
		}
	}
}

void vgpu_follow_reaping(struct vgpu_follow *follow, pid_t pid, int status, struct vgpu_stream *stream)
{
	struct vgpu_known *known;

	/* What the connector has to say of it comes first. */
	vgpu_follow_poll(follow, stream);
	known = vgpu_roster_live(follow->options.roster, pid);
	if (!known || !known->followed)
		known = add(follow, pid, 0, vgpu_now_ns(), stream);
	if (known)
		ended(follow, known, true, status, vgpu_now_ns(), stream);
}

/* ---- start and end ---- */

int vgpu_follow_start(struct vgpu_follow *follow, pid_t pid, struct vgpu_stream *stream)
{
	struct vgpu_connector_event event;
	bool heard = false;
	struct vgpu_event coverage = {
		.kind = VGPU_EVENT_COVERAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.coverage = { .observer = VGPU_OBSERVER_PROCESS, .on = 1, .since_ns = vgpu_now_ns() },
	};

	/* A fork is announced before fork returns: no message now, and there will never be one. */
	while (follow->connector >= 0 && vgpu_connector_next(follow->connector, &event) == 1)
		heard |= event.what == VGPU_CONNECTOR_FORK && event.pid == pid;
	if (follow->connector >= 0 && !heard) {
		close(follow->connector);
		follow->connector = -1;
	}
	if (follow->connector < 0)
		follow->last_pid = vgpu_proc_newest();
	coverage.coverage.how = follow->connector >= 0 ? "kernel's connector" : "polling /proc";
	vgpu_stream_emit(stream, &coverage);
	follow->root = add(follow, pid, getpid(), vgpu_now_ns(), stream);
	return follow->root ? 0 : -ENOMEM;
}

void vgpu_follow_executes(struct vgpu_follow *follow, char **argv, uint64_t time_ns, struct vgpu_stream *stream)
{
	changed_program(follow, follow->root, argv, time_ns, true, stream);
	follow->root_executes = true;
}

unsigned vgpu_follow_finish(struct vgpu_follow *follow, struct vgpu_stream *stream)
{
	struct vgpu_event coverage = {
		.kind = VGPU_EVENT_COVERAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.coverage = { .observer = VGPU_OBSERVER_PROCESS, .lost = follow->lost },
	};

	vgpu_follow_poll(follow, stream);
	for (struct vgpu_known *known = vgpu_roster_first(follow->options.roster); known; known = known->next)
		if (known->followed && !known->ended && !vgpu_proc_alive(known->pid, known->start_time))
			ended(follow, known, false, 0, vgpu_now_ns(), stream);
	for (struct vgpu_known *known = vgpu_roster_first(follow->options.roster); known; known = known->next)
		if (known->followed && !known->ended && follow->options.look && known->presence != VGPU_PRESENCE_IN)
			vgpu_presence_emit(known, 0, stream);
	for (struct vgpu_known *known = vgpu_roster_first(follow->options.roster); known; known = known->next)
		if (known->followed && !known->ended)
			say_unlinked(follow, known, stream);
	vgpu_stream_emit(stream, &coverage);
	return follow->live;
}
