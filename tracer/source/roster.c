// SPDX-License-Identifier: Apache-2.0
/* Gives every process its number in the stream. */
#include "tracer/source/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tracer/model/container.h"

struct vgpu_roster {
	struct vgpu_known *first, *last;
	uint32_t count, threads;
	uint8_t boot_id[16];
};

void vgpu_boot_id(uint8_t out[16])
{
	char text[64];
	ssize_t n = vgpu_proc_file("/proc/sys/kernel/random/boot_id", text, sizeof(text));
	unsigned digits = 0;

	memset(out, 0, 16);
	for (ssize_t i = 0; i < n && digits < 32; i++) {
		static const char hex[] = "0123456789abcdef";
		const char *at = text[i] ? strchr(hex, text[i]) : NULL;

		if (at) {
			out[digits / 2] |= (at - hex) << (digits % 2 ? 0 : 4);
			digits++;
		}
	}
}

int vgpu_roster_open(struct vgpu_roster **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	vgpu_boot_id((*out)->boot_id);
	return 0;
}

void vgpu_roster_close(struct vgpu_roster *roster)
{
	if (!roster)
		return;
	for (struct vgpu_known *known = roster->first, *next; known; known = next) {
		next = known->next;
		free(known);
	}
	free(roster);
}

uint32_t *vgpu_roster_threads(struct vgpu_roster *roster)
{
	return &roster->threads;
}

void vgpu_roster_start(struct vgpu_roster *roster, uint32_t processes, uint32_t threads)
{
	roster->count = processes;
	roster->threads = threads;
}

struct vgpu_known *vgpu_roster_first(const struct vgpu_roster *roster)
{
	return roster->first;
}

struct vgpu_known *vgpu_roster_live(const struct vgpu_roster *roster, int32_t pid)
{
	for (struct vgpu_known *known = roster->first; known; known = known->next)
		if (!known->ended && known->pid == pid)
			return known;
	return NULL;
}

struct vgpu_known *vgpu_roster_find(const struct vgpu_roster *roster, int32_t ns_pid, uint64_t start_time,
				    uint64_t pid_ns)
{
	struct vgpu_known *gone = NULL;

	for (struct vgpu_known *known = roster->first; known; known = known->next) {
		if (known->ns_pid != ns_pid || (pid_ns && known->pid_ns && known->pid_ns != pid_ns))
			continue;
		if (start_time && known->start_time == start_time)
			return known;
		/* One that was gone before its start time could be read; the latest of that pid. */
		if (!known->start_time)
			gone = known;
	}
	return gone;
}

struct vgpu_known *vgpu_roster_unfollowed(const struct vgpu_roster *roster, int32_t pid)
{
	struct vgpu_known *found = NULL;

	for (struct vgpu_known *known = roster->first; known; known = known->next)
		if (known->pid == pid && !known->followed)
			found = known;
	return found;
}

struct vgpu_known *vgpu_roster_add(struct vgpu_roster *roster)
{
	struct vgpu_known *known = calloc(1, sizeof(*known));

	if (!known)
		return NULL;
	known->number = ++roster->count;
	if (roster->last)
		roster->last->next = known;
	else
		roster->first = known;
	roster->last = known;
	return known;
}

/* Which container it is of, where it is of one: nobody else need say. */
static void emit_container(const struct vgpu_known *known, uint64_t time_ns, uint32_t observer, struct vgpu_stream *stream)
{
	char cgroup[512], name[64];
	struct vgpu_event event = {
		.kind = VGPU_EVENT_CONTEXT,
		.observer = observer,
		.process = known->number,
		.time_ns = time_ns,
		.context = { .cgroup = known->pid ? vgpu_proc_cgroup(known->pid, cgroup, sizeof(cgroup)) : NULL },
	};

	if (vgpu_container_name(event.context.cgroup, name, sizeof(name)))
		vgpu_stream_emit(stream, &event);
}

void vgpu_roster_emit(struct vgpu_roster *roster, struct vgpu_known *known, const struct vgpu_proc *proc,
		      uint32_t kind, uint64_t time_ns, uint32_t observer, const char *witness,
		      struct vgpu_stream *stream)
{
	struct vgpu_known *parent = proc->ppid ? vgpu_roster_live(roster, proc->ppid) : NULL;
	struct vgpu_event event = {
		.kind = kind,
		.observer = observer,
		.process = known->number,
		.time_ns = time_ns,
		.start = {
			.start_time = proc->start_time,
			.pid = proc->pid,
			.ns_pid = proc->ns_pid,
			.ppid = proc->ppid,
			.parent = parent && parent != known ? parent->number : 0,
			.pid_ns = proc->pid_ns,
			.uid = proc->uid,
			.in_session = known->in_session,
			.comm = proc->comm,
			.exe = proc->exe[0] ? proc->exe : NULL,
			.argv = { proc->argv, proc->argv_size },
			.witness = witness,
		},
	};

	snprintf(known->comm, sizeof(known->comm), "%s", proc->comm);
	known->pid = proc->pid;
	known->ns_pid = proc->ns_pid;
	if (proc->start_time)
		known->start_time = proc->start_time;
	if (proc->pid_ns)
		known->pid_ns = proc->pid_ns;
	if (kind == VGPU_EVENT_EXEC)
		known->execs++;
	if (kind == VGPU_EVENT_EXEC)
		known->family = known->number;
	else if (!known->family)
		known->family = parent && parent != known && parent->family ? parent->family : known->number;
	known->start_ns = time_ns;
	event.start.execs = known->execs;
	memcpy(event.start.boot_id, roster->boot_id, sizeof(roster->boot_id));
	vgpu_stream_emit(stream, &event);
	if (kind == VGPU_EVENT_START)
		emit_container(known, time_ns, observer, stream);
}
