// SPDX-License-Identifier: Apache-2.0
/* The kernel observer's processes: who a record is of; START, EXEC, CONTEXT and EXIT. */
#include "tracer/source/kwatch_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tracer/model/text.h"

static uint64_t ticks_of(uint64_t start_ns)
{
	return start_ns / (UINT64_C(1000000000) / sysconf(_SC_CLK_TCK));
}

static struct kwatch_process **bucket_of(struct vgpu_kwatch *watch, uint32_t pid)
{
	return &watch->bucket[pid % KWATCH_BUCKETS];
}

static void process_free(struct kwatch_process *process)
{
	vgpu_maps_free(process->maps);
	kwatch_map_forget(process);
	kwatch_stack_forget(process);
	free(process->threads);
	free(process);
}

void kwatch_processes_free(struct vgpu_kwatch *watch)
{
	for (unsigned i = 0; i < KWATCH_BUCKETS; i++)
		for (struct kwatch_process *process = watch->bucket[i], *next; process; process = next) {
			next = process->next;
			process_free(process);
		}
}

static void forget(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	struct kwatch_process **at = bucket_of(watch, process->pid);

	while (*at && *at != process)
		at = &(*at)->next;
	if (*at)
		*at = process->next;
	if (watch->last == process)
		watch->last = NULL;
	process_free(process);
}

/* In the roster, which other observers may have entered it into: by its number and its start. */
static struct vgpu_known *known_of(struct vgpu_kwatch *watch, uint32_t pid, uint64_t ticks)
{
	struct vgpu_known *gone = NULL;

	for (struct vgpu_known *known = vgpu_roster_first(watch->options.roster); known; known = known->next) {
		if (known->pid != (int32_t)pid)
			continue;
		if (known->start_time == ticks)
			return known;
		/* Was gone before its start could be read. */
		if (!known->start_time && !known->ended)
			gone = known;
	}
	if (gone)
		gone->start_time = ticks;
	return gone;
}

static struct kwatch_process *process_find(struct vgpu_kwatch *watch, uint32_t pid, uint64_t start_ns)
{
	struct kwatch_process *process = watch->last;

	if (process && process->pid == pid && process->start_ns == start_ns)
		return process;
	for (process = *bucket_of(watch, pid); process; process = process->next)
		if (process->pid == pid && ticks_of(process->start_ns) == ticks_of(start_ns)) {
			/* One that was there already has its start from /proc, which is coarser. */
			process->start_ns = start_ns;
			watch->last = process;
			return process;
		}
	return NULL;
}

static struct kwatch_process *process_add(struct vgpu_kwatch *watch, uint32_t pid, uint64_t start_ns,
					 struct vgpu_known *known)
{
	struct kwatch_process *process = calloc(1, sizeof(*process));
	struct kwatch_process **bucket = bucket_of(watch, pid);

	if (!process)
		return NULL;
	process->pid = pid;
	process->start_ns = start_ns;
	process->known = known;
	process->stale = watch->any_stale = true;
	process->next = *bucket;
	*bucket = process;
	watch->last = process;
	watch->totals.processes++;
	watch->totals.ever++;
	return process;
}

/* From /proc where it is there still, else from the record (with more, where it is one of a process). */
static void describe(struct vgpu_proc *proc, const struct vgpu_bpf_head *head)
{
	const struct vgpu_bpf_process *record = (const void *)head;
	bool whole = head->kind >= VGPU_BPF_THREAD && head->kind <= VGPU_BPF_EXIT;

	if (!vgpu_proc_read(head->pid, proc)) {
		if (proc->start_time == ticks_of(head->start_ns))
			return;
		vgpu_proc_free(proc);
	}
	memset(proc, 0, sizeof(*proc));
	proc->pid = head->pid;
	proc->ns_pid = head->ns_pid;
	proc->start_time = ticks_of(head->start_ns);
	if (!whole)
		return;
	proc->ppid = record->parent;
	proc->uid = record->uid;
	proc->pid_ns = record->pid_ns;
	snprintf(proc->comm, sizeof(proc->comm), "%.16s", record->comm);
}

struct kwatch_process *kwatch_process_get(struct vgpu_kwatch *watch, const struct vgpu_bpf_head *head)
{
	struct kwatch_process *process = process_find(watch, head->pid, head->start_ns);
	struct vgpu_known *known;
	struct vgpu_proc proc;

	if (process)
		return process;
	known = known_of(watch, head->pid, ticks_of(head->start_ns));
	if (known)
		return process_add(watch, head->pid, head->start_ns, known);
	known = vgpu_roster_add(watch->options.roster);
	if (!known)
		return NULL;
	known->in_session = true;
	describe(&proc, head);
	vgpu_roster_emit(watch->options.roster, known, &proc, VGPU_EVENT_START,
			 head->kind == VGPU_BPF_FORK ? head->time_ns : vgpu_proc_start_ns(proc.start_time),
			 VGPU_OBSERVER_KERNEL, head->kind == VGPU_BPF_FORK ? "fork" : "its first record", watch->stream);
	vgpu_proc_free(&proc);
	return process_add(watch, head->pid, head->start_ns, known);
}

/* ---- context ---- */

static void add_variables(struct vgpu_text *text, const char *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		size_t n = strnlen(bytes + at, size - at);

		/* The last one may be cut: its value would be a wrong one. */
		if (at + n < size && kwatch_variable_wanted(bytes + at))
			vgpu_text_add(text, bytes + at, n + 1);
		at += n + 1;
	}
}

static const char *link_of(pid_t pid, const char *name, char *room, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, room, size - 1);
	room[n > 0 ? n : 0] = '\0';
	return n > 0 ? room : NULL;
}

const char *kwatch_descriptor(const struct vgpu_bpf_descriptor *descriptor, uint32_t pid, uint32_t number, char *room,
			      size_t size)
{
	uint32_t major = descriptor->rdev >> 20, minor = descriptor->rdev & 0xfffff;
	char path[64];
	struct stat st;

	if (!descriptor->mode)
		return NULL;
	switch (descriptor->mode & S_IFMT) {
	case S_IFIFO:
		snprintf(room, size, "pipe:[%llu]", (unsigned long long)descriptor->inode);
		return room;
	case S_IFSOCK:
		snprintf(room, size, "socket:[%llu]", (unsigned long long)descriptor->inode);
		return room;
	case S_IFCHR:
		if (major == 1 && minor == 3)
			snprintf(room, size, "/dev/null");
		else if (major >= 136 && major <= 143)
			snprintf(room, size, "/dev/pts/%u", (major - 136) * 256 + minor);
		else
			snprintf(room, size, "%s (character device %u:%u)", descriptor->name, major, minor);
		return room;
	}
	/* The whole path is to be had only while the descriptor is what it was. */
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", pid, number);
	if (!stat(path, &st) && st.st_ino == descriptor->inode && link_of(pid, path + strcspn(path + 6, "/") + 7, room, size))
		return room;
	snprintf(room, size, "%.31s", descriptor->name);
	return room;
}

/* By its number, where the process is gone: siblings had the same, or the group is still there. */
static const char *cgroup_of(struct vgpu_kwatch *watch, uint64_t id, const char *read, char *room, size_t size)
{
	struct kwatch_cgroup *at = NULL;

	for (unsigned i = 0; i < KWATCH_CGROUPS && id && !at; i++)
		if (watch->cgroups[i].id == id)
			at = &watch->cgroups[i];
	if (!read && at)
		return at->path;
	read = read ? read : vgpu_proc_cgroup_of_id(id, room, size);
	if (!read)
		return NULL;
	if (!at && id)
		at = &watch->cgroups[watch->next_cgroup++ % KWATCH_CGROUPS];
	if (at) {
		at->id = id;
		snprintf(at->path, sizeof(at->path), "%s", read);
	}
	return read;
}

static void emit_context(struct vgpu_kwatch *watch, struct vgpu_known *known, uint64_t time_ns, pid_t pid,
			 const char *env, size_t env_size, bool env_whole, const char *exec_name,
			 const struct vgpu_bpf_exec *record)
{
	char out[512], err[512], directory[512], cgroup[512];
	struct vgpu_text variables = { 0 };
	struct vgpu_event event = {
		.kind = VGPU_EVENT_CONTEXT,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = known->number,
		.time_ns = time_ns,
		.context = { .exec_name = exec_name },
	};
	bool there = !record || (pid && vgpu_proc_alive(pid, known->start_time));

	if (env)
		add_variables(&variables, env, env_size);
	event.context.env = (struct vgpu_strings){ variables.bytes, variables.size };
	if (env && env_whole)
		event.context.flags |= VGPU_CONTEXT_ENV;
	if (record) {
		/* As it was at that moment; it may have been moved since. */
		event.context.stdout_target = kwatch_descriptor(&record->out, pid, 1, out, sizeof(out));
		event.context.stderr_target = kwatch_descriptor(&record->err, pid, 2, err, sizeof(err));
		event.context.flags |= VGPU_CONTEXT_STDERR;
	}
	if (there) {
		if (!record) {
			event.context.stdout_target = link_of(pid, "fd/1", out, sizeof(out));
			event.context.stderr_target = link_of(pid, "fd/2", err, sizeof(err));
		}
		event.context.directory = link_of(pid, "cwd", directory, sizeof(directory));
		if (event.context.directory)
			event.context.flags |= VGPU_CONTEXT_STDERR;
		event.context.cgroup = vgpu_proc_cgroup(pid, cgroup, sizeof(cgroup));
	}
	event.context.cgroup = cgroup_of(watch, record ? record->process.cgroup : 0, event.context.cgroup, cgroup,
					 sizeof(cgroup));
	vgpu_stream_emit(watch->stream, &event);
	vgpu_text_free(&variables);
}

struct kwatch_process *kwatch_process_existing(struct vgpu_kwatch *watch, pid_t pid)
{
	char path[64], env[32768];
	struct kwatch_process *process;
	struct vgpu_known *known;
	struct vgpu_proc proc;
	ssize_t n;

	if (vgpu_proc_read(pid, &proc))
		return NULL;
	process = process_find(watch, pid, proc.start_time * (UINT64_C(1000000000) / sysconf(_SC_CLK_TCK)));
	if (process)
		goto out;
	known = known_of(watch, pid, proc.start_time);
	if (!known) {
		known = vgpu_roster_add(watch->options.roster);
		if (!known)
			goto out;
		known->in_session = true;
		vgpu_roster_emit(watch->options.roster, known, &proc, VGPU_EVENT_START,
				 vgpu_proc_start_ns(proc.start_time), VGPU_OBSERVER_KERNEL, "was running", watch->stream);
		snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
		n = vgpu_proc_file(path, env, sizeof(env));
		emit_context(watch, known, 0, pid, n > 0 ? env : NULL, n > 0 ? n : 0, n > 0 && n < (ssize_t)sizeof(env) - 1,
			     NULL, NULL);
	}
	process = process_add(watch, pid, proc.start_time * (UINT64_C(1000000000) / sysconf(_SC_CLK_TCK)), known);
out:
	vgpu_proc_free(&proc);
	return process;
}

/* ---- their life ---- */

/* By our auditor, which leaves this mark in the environment (shim/audit/tls.c). */
static bool executed_again(const char *env, size_t size)
{
	return memmem(env, size, "VGPU_AUDIT_AGAIN=", strlen("VGPU_AUDIT_AGAIN=")) != NULL;
}

static void executed(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_exec *exec)
{
	const struct vgpu_bpf_process *record = &exec->process;
	const char *text = (const char *)(exec + 1);
	struct vgpu_known *known = process->known;
	char name[1024];
	struct vgpu_proc proc;

	snprintf(name, sizeof(name), "%.*s", record->path_size, text);
	process->thread_count = 0;
	process->start_error[0] = 0;
	vgpu_maps_free(process->maps);
	process->maps = NULL;
	kwatch_map_forget(process);
	kwatch_stack_forget(process);
	process->stale = watch->any_stale = true;
	/* Whichever observer sees it first says so; see struct vgpu_known. The auditor's own is no news. */
	if (!executed_again(text + record->path_size + record->argv_size, record->env_size) &&
	    ++known->execs_kernel > known->execs) {
		describe(&proc, &record->head);
		if (!proc.argv_size && record->argv_size) {
			vgpu_proc_free(&proc); /* room for what was empty */
			proc.argv = malloc(record->argv_size + 1);
			if (proc.argv) {
				memcpy(proc.argv, text + record->path_size, record->argv_size);
				proc.argv[record->argv_size] = '\0';
				proc.argv_size = record->argv_size + (text[record->path_size + record->argv_size - 1] != 0);
			}
		}
		if (!proc.exe[0])
			snprintf(proc.exe, sizeof(proc.exe), "%.511s", name);
		vgpu_roster_emit(watch->options.roster, known, &proc, VGPU_EVENT_EXEC, record->head.time_ns,
				 VGPU_OBSERVER_KERNEL, "exec", watch->stream);
		vgpu_proc_free(&proc);
	}
	emit_context(watch, known, record->head.time_ns, record->head.pid, text + record->path_size + record->argv_size,
		     record->env_size,
		     !(record->head.flags & (VGPU_BPF_PROCESS_ENV_CUT | VGPU_BPF_PROCESS_UNREADABLE)), name, exec);
}

/* status: as wait has it, -1: not known. */
static void ended(struct vgpu_kwatch *watch, struct kwatch_process *process, int status, uint64_t time_ns)
{
	struct vgpu_known *known = process->known;
	struct vgpu_event event = {
		.kind = VGPU_EVENT_EXIT,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = known->number,
		.time_ns = time_ns,
	};

	watch->totals.processes--;
	kwatch_map_settle(watch, process);
	forget(watch, process);
	/* The process observer says when those end that it follows. */
	if (known->followed || known->ended)
		return;
	if (watch->options.ending)
		watch->options.ending(watch->options.data, known);
	if (status < 0) {
		event.exit.how = VGPU_EXIT_SEEN;
	} else if (WIFEXITED(status)) {
		event.exit.how = VGPU_EXIT_CODE;
		event.exit.status = WEXITSTATUS(status);
	} else if (WIFSIGNALED(status)) {
		event.exit.how = VGPU_EXIT_SIGNAL;
		event.exit.status = WTERMSIG(status);
		event.exit.core = WCOREDUMP(status) ? 1 : 0;
	}
	if (known->start_ns && time_ns > known->start_ns)
		event.exit.lived_ns = time_ns - known->start_ns;
	known->ended = true;
	vgpu_stream_emit(watch->stream, &event);
}

void kwatch_process_gone(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	ended(watch, process, -1, vgpu_now_ns());
}

void kwatch_process_record(struct vgpu_kwatch *watch, const struct vgpu_bpf_process *record)
{
	struct kwatch_process *process = kwatch_process_get(watch, &record->head), *parent;

	if (!process)
		return;
	switch (record->head.kind) {
	case VGPU_BPF_FORK:
		parent = process_find(watch, record->parent, record->parent_start_ns);
		if (parent)
			kwatch_map_inherit(process, parent);
		break;
	case VGPU_BPF_THREAD:
		kwatch_thread_get(watch, process, record->head.tid, true);
		break;
	case VGPU_BPF_EXEC:
		executed(watch, process, (const void *)record);
		break;
	case VGPU_BPF_EXIT:
		ended(watch, process, record->exit_code & 0xffff, record->head.time_ns);
		break;
	}
}

struct kwatch_thread *kwatch_thread_get(struct vgpu_kwatch *watch, struct kwatch_process *process, uint32_t tid,
					bool fresh)
{
	struct kwatch_thread *grown = NULL;

	for (uint32_t i = process->thread_count; i-- && !grown;)
		if (process->threads[i].tid == tid)
			grown = &process->threads[i];
	if (grown && !fresh)
		return grown;
	if (!grown && process->thread_count == process->thread_room) {
		uint32_t room = process->thread_room ? process->thread_room * 2 : 8;

		grown = realloc(process->threads, room * sizeof(*grown));
		if (!grown)
			return NULL;
		process->threads = grown;
		process->thread_room = room;
		grown = NULL;
	}
	if (!grown)
		grown = &process->threads[process->thread_count++];
	*grown = (struct kwatch_thread){ .tid = tid, .number = ++*vgpu_roster_threads(watch->options.roster) };
	return grown;
}

const struct vgpu_mapping *kwatch_where(struct kwatch_process *process, uint64_t address)
{
	const struct vgpu_mapping *mapping = vgpu_maps_find(process->maps, address);
	struct vgpu_maps *maps;

	if (!address || (mapping && !process->maps_old))
		return mapping;
	/* Of a process that is gone, what it had before is the best there is. */
	if (vgpu_maps_read(&maps, process->pid))
		return mapping ? mapping : kwatch_map_find(process, address);
	vgpu_maps_free(process->maps);
	process->maps = maps;
	process->maps_old = false;
	return vgpu_maps_find(process->maps, address);
}
