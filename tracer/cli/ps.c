// SPDX-License-Identifier: Apache-2.0
/* vgpu-trace ps: the processes that have a record now, and those that can be attached to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/cli/args.h"
#include "tracer/cli/command.h"
#include "tracer/cli/say.h"
#include "tracer/model/call.h"
#include "tracer/model/container.h"
#include "tracer/model/stream.h"
#include "tracer/source/kernel/kernel.h"
#include "tracer/source/maps.h"
#include "tracer/source/proc.h"

struct listing {
	unsigned shown, denied;
	struct vgpu_look look;
};

static void begin_line(struct listing *listing, const struct vgpu_proc *proc, struct vgpu_text *line, uint64_t now)
{
	uint64_t start = vgpu_proc_start_ns(proc->start_time);

	if (!listing->shown++)
		puts("    PID  AGE         CALLS  NOW IN                         COMMAND");
	vgpu_text_printf(line, "%7d  ", proc->pid);
	vgpu_text_duration(line, &listing->look, now > start ? now - start : 0);
	vgpu_text_pad(line, 0, 17);
}

static void end_line(const struct listing *listing, const struct vgpu_proc *proc, struct vgpu_text *line)
{
	char cgroup[1024], container[64];
	const char *name;

	vgpu_text_puts(line, " ");
	vgpu_text_pad(line, 0, 59);
	for (uint32_t at = 0; at < proc->argv_size && at < 400; at += strlen(proc->argv + at) + 1) {
		vgpu_text_puts(line, at ? " " : "");
		vgpu_text_shell_word(line, &listing->look, proc->argv + at);
	}
	if (!proc->argv_size)
		vgpu_text_escape(line, &listing->look, proc->comm, strlen(proc->comm), false);
	name = vgpu_container_name(vgpu_proc_cgroup(proc->pid, cgroup, sizeof(cgroup)), container, sizeof(container));
	if (name)
		vgpu_text_printf(line, "  (in %s)", name);
	puts(vgpu_text_string(line));
	vgpu_text_free(line);
}

/* A library that is not ours keeps no record: what it is called for is to be seen by attaching only. */
static void print_foreign(struct listing *listing, const struct vgpu_proc *proc)
{
	struct vgpu_text line = { 0 };
	const char *path = NULL;
	struct vgpu_maps *maps;

	if (vgpu_maps_read(&maps, proc->pid))
		return;
	for (size_t i = 0; i < vgpu_maps_count(maps) && !path; i++) {
		const struct vgpu_mapping *mapping = vgpu_maps_at(maps, i);

		if (mapping->code && vgpu_kernel_library_of(mapping->path))
			path = strrchr(mapping->path, '/') + 1;
	}
	if (path) {
		begin_line(listing, proc, &line, vgpu_now_ns());
		vgpu_text_puts(&line, "        -  not recorded: ");
		vgpu_text_escape(&line, &listing->look, path, strlen(path) < 14 ? strlen(path) : 14, false);
		end_line(listing, proc, &line);
	}
	vgpu_maps_free(maps);
}

static void print_ring(struct listing *listing, const struct vgpu_proc *proc, struct vgpu_ring *ring)
{
	struct vgpu_ring_pending pending;
	struct vgpu_ring_thread thread;
	struct vgpu_text line = { 0 };
	uint64_t calls = 0, now = vgpu_now_ns();

	vgpu_ring_poll(ring);
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread) == 1; i++)
		calls += thread.calls;
	begin_line(listing, proc, &line, now);
	vgpu_text_printf(&line, "%9" PRIu64 "  ", calls);
	if (vgpu_ring_pending(ring, 0, &pending) == 1) {
		struct vgpu_ring_time time;

		vgpu_call_format_name(&line, pending.call->function);
		if (!vgpu_ring_time(ring, pending.call->enter, &time) && now > time.monotonic_ns) {
			vgpu_text_puts(&line, " for ");
			vgpu_text_duration(&line, &listing->look, now - time.monotonic_ns);
		}
	} else {
		vgpu_text_puts(&line, "-");
	}
	end_line(listing, proc, &line);
}

static int one(pid_t pid, void *data)
{
	struct vgpu_ring_place places[16];
	struct listing *listing = data;
	int count = vgpu_ring_places(pid, places, 16);
	struct vgpu_proc proc;
	bool shown = false;

	if (count == -EACCES || count == -EPERM)
		listing->denied++;
	if (count < 0 || pid == getpid() || vgpu_proc_read(pid, &proc))
		return 0;
	for (int i = 0; i < count && i < 16; i++) {
		struct vgpu_ring *ring;

		if (vgpu_ring_open_place(&ring, pid, &places[i]))
			continue;
		/* Not one inherited by a fork that has made no call of its own. */
		if (vgpu_ring_arena(ring)->process.start_time == proc.start_time) {
			print_ring(listing, &proc, ring);
			shown = true;
		}
		vgpu_ring_close(ring);
	}
	if (!shown)
		print_foreign(listing, &proc);
	vgpu_proc_free(&proc);
	return 0;
}

int vgpu_cmd_ps(const struct vgpu_command *command, int argc, char **argv)
{
	struct vgpu_args args = { .command = command, .argc = argc, .argv = argv };
	struct listing listing = { 0 };
	int option = vgpu_args_next(&args);

	if (option != VGPU_ARGS_END)
		return option == VGPU_ARGS_HELP ? VGPU_EXIT_DONE : VGPU_EXIT_USAGE;
	vgpu_look_for(STDOUT_FILENO, &listing.look);
	vgpu_proc_each(one, &listing);
	if (!listing.shown)
		puts("No running process has called a library of ours, or maps another GPU library.");
	if (listing.denied)
		printf("(%u processes of other users were not looked into; root may.)\n", listing.denied);
	return VGPU_EXIT_DONE;
}
