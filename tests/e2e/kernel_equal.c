/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program that has a ring under the kernel observer: both must have seen the same calls. */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/ring/reader.h"
#include "tracer/source/kernel/kernel.h"

/*
 * usage: kernel_equal [-m multi|tracefs] [-n] [-l LIBRARY]… -- COMMAND…
 *
 * $VGPU_TRACE_DIR must be an empty directory. Calls are compared one by one where the ring still
 * has them, by thread and ordinal; and counted where it does not. -n: probes must not sleep.
 */
#define MISTAKES_SHOWN 20

struct call {
	struct vgpu_bpf_call head;
	uint64_t args[VGPU_ARGS_MAX];
	uint32_t nargs, blobs_size;
	uint16_t flags;
	uint8_t *blobs;
};

struct calls {
	struct call *list;
	size_t count, room;
};

static struct calls kernel_calls;
static unsigned mistakes, unreadable;
static bool sleepless;

static int take(void *data, const struct vgpu_kernel_record *record)
{
	struct call *call;

	(void)data;
	if (record->head->kind != VGPU_BPF_CALL)
		return 0;
	if (kernel_calls.count == kernel_calls.room) {
		kernel_calls.room = kernel_calls.room ? kernel_calls.room * 2 : 4096;
		call = realloc(kernel_calls.list, kernel_calls.room * sizeof(*call));
		if (!call)
			return -ENOMEM;
		kernel_calls.list = call;
	}
	call = &kernel_calls.list[kernel_calls.count++];
	memcpy(&call->head, record->head, sizeof(call->head));
	memcpy(call->args, record->args, sizeof(call->args));
	call->nargs = record->nargs;
	call->flags = record->call_flags;
	call->blobs_size = record->blobs_size;
	call->blobs = malloc(record->blobs_size + 1);
	if (!call->blobs)
		return -ENOMEM;
	memcpy(call->blobs, record->blobs, record->blobs_size);
	return 0;
}

static int by_ordinal(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->head.head.ns_tid != y->head.head.ns_tid)
		return x->head.head.ns_tid < y->head.head.ns_tid ? -1 : 1;
	return x->head.ordinal < y->head.ordinal ? -1 : x->head.ordinal > y->head.ordinal;
}

static const struct call *find(int32_t tid, uint64_t ordinal)
{
	const struct call key = { .head = { .head = { .ns_tid = tid }, .ordinal = ordinal } };

	return bsearch(&key, kernel_calls.list, kernel_calls.count, sizeof(key), by_ordinal);
}

static void mistake(const char *name, const char *what, uint64_t ring, uint64_t kernel)
{
	if (mistakes++ < MISTAKES_SHOWN)
		printf("%s: %s: ring %llx, kernel %llx\n", name, what, (unsigned long long)ring, (unsigned long long)kernel);
}

static const struct vgpu_blob *blob_of(const struct call *call, uint8_t param, uint8_t flags)
{
	for (size_t at = 0; at + sizeof(struct vgpu_blob) <= call->blobs_size;) {
		const struct vgpu_blob *blob = (const void *)(call->blobs + at);

		if (blob->param == param && (blob->flags & flags & (VGPU_BLOB_IN | VGPU_BLOB_OUT)))
			return blob;
		at += sizeof(*blob) + ((blob->size + 7) & ~7u);
	}
	return NULL;
}

static void compare_blobs(const char *name, const struct vgpu_ring_event *event, const struct call *call)
{
	const struct vgpu_blob *blob, *other;
	unsigned blobs = 0;
	size_t at = 0;

	while ((blob = vgpu_ring_blob(event, &at))) {
		bool absent = blob->flags & VGPU_BLOB_ABSENT;

		/* What only the library itself knows. */
		if (blob->param == VGPU_BLOB_RESOLVED || blob->param == VGPU_BLOB_STACK)
			continue;
		blobs++;
		other = blob_of(call, blob->param, blob->flags);
		if (!other) {
			mistake(name, "a value that the kernel has not", blob->param, 0);
			continue;
		}
		if (sleepless && (other->flags & VGPU_BPF_BLOB_UNREADABLE)) {
			unreadable++;
			continue;
		}
		if (absent != !!(other->flags & VGPU_BLOB_ABSENT)) {
			mistake(name, "absence of a value", blob->flags | blob->param << 8, other->flags);
			continue;
		}
		if (absent)
			continue;
		if (blob->size != other->size || blob->full_size != other->full_size)
			mistake(name, "the size of a value", blob->size, other->size);
		else if (memcmp(blob + 1, other + 1, blob->size))
			mistake(name, "the bytes of a value", blob->param, other->param);
	}
}

static void compare(const struct vgpu_ring_event *event)
{
	const struct vgpu_function *function = vgpu_function_find(event->call->function);
	const struct call *call = find(event->tid, event->call->ordinal);
	const char *name = function ? function->name : "?";

	if (!call) {
		mistake(name, "a call that the kernel has not", event->call->ordinal, 0);
		return;
	}
	if (call->head.function != event->call->function) {
		mistake(name, "another function", event->call->function, call->head.function);
		return;
	}
	if (call->head.result != event->call->result && event->call->result)
		mistake(name, "result", event->call->result, call->head.result);
	if (call->head.sp != event->call->sp)
		mistake(name, "stack pointer", event->call->sp, call->head.sp);
	if (call->head.depth != event->call->depth)
		mistake(name, "depth", event->call->depth, call->head.depth);
	/* Under a return probe the program itself sees the probe's trampoline, which begins a page. */
	if (!(event->call->flags & VGPU_CALL_CALLER_HIDDEN) && (event->call->caller & 4095) &&
	    event->call->caller != call->head.caller)
		mistake(name, "caller", event->call->caller, call->head.caller);
	if (!(call->head.caller & 4095))
		mistake(name, "a trampoline for a caller", event->call->caller, call->head.caller);
	if (event->call->nargs != call->nargs) {
		mistake(name, "number of arguments", event->call->nargs, call->nargs);
		return;
	}
	for (uint32_t i = 0; function && i < call->nargs; i++) {
		/* Vector registers are not to be seen from a probe. */
		if (event->args[i] != call->args[i] && function->params[i].type->kind != VGPU_TYPE_FLOAT)
			mistake(name, function->params[i].name, event->args[i], call->args[i]);
	}
	compare_blobs(name, event, call);
}

/* The number of calls on record in the ring, and those it made in all. */
static int read_ring(const char *path, uint64_t *records, uint64_t *made)
{
	struct vgpu_ring_losses losses;
	struct vgpu_ring_thread thread;
	struct vgpu_ring_event event;
	struct vgpu_ring *ring;
	int err = vgpu_ring_open_file(&ring, path);

	if (err)
		return err;
	vgpu_ring_poll(ring);
	while (vgpu_ring_next(ring, &event)) {
		if (event.kind != VGPU_KIND_CALL)
			continue;
		compare(&event);
		++*records;
	}
	for (uint32_t i = 0; vgpu_ring_thread(ring, i, &thread); i++)
		*made += thread.calls;
	vgpu_ring_losses(ring, &losses);
	*made += losses.refused;
	vgpu_ring_close(ring);
	return 0;
}

static int read_rings(uint64_t *records, uint64_t *made)
{
	const char *folder = getenv("VGPU_TRACE_DIR");
	DIR *dir = folder ? opendir(folder) : NULL;
	struct dirent *entry;
	int rings = 0;

	while (dir && (entry = readdir(dir))) {
		char path[1024];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		rings += !read_ring(path, records, made);
	}
	if (dir)
		closedir(dir);
	return rings;
}

static pid_t start(char **command, int *gate)
{
	int ends[2];
	pid_t pid;
	char byte;

	if (pipe(ends))
		return -1;
	pid = fork();
	if (!pid) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1) {
			close(ends[0]);
			execvp(command[0], command);
		}
		_exit(127);
	}
	close(ends[0]);
	*gate = ends[1];
	return pid;
}

static int watch(struct vgpu_kernel *kernel, pid_t pid, int *status)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	int err;

	while (waitpid(pid, status, WNOHANG) == 0) {
		err = vgpu_kernel_drain(kernel, false, take, NULL);
		if (err < 0)
			return err;
		nanosleep(&pause, NULL);
	}
	do {
		err = vgpu_kernel_drain(kernel, true, take, NULL);
	} while (err > 0);
	return err;
}

static int judge(const struct vgpu_kernel *kernel, int status)
{
	uint64_t records = 0, made = 0, entries = 0;
	struct vgpu_bpf_totals totals;
	struct vgpu_bpf_hits hits;
	int rings;

	if (kernel_calls.count)
		qsort(kernel_calls.list, kernel_calls.count, sizeof(*kernel_calls.list), by_ordinal);
	rings = read_rings(&records, &made);
	vgpu_kernel_totals(kernel, &totals);
	for (uint32_t slot = 0; slot < vgpu_kernel_functions(kernel); slot++) {
		if (!vgpu_kernel_hits(kernel, slot, &hits))
			entries += hits.entries;
	}
	printf("rings %d: %llu calls, %llu on record; kernel: %llu calls, %llu on record, %llu dropped, %u not readable; "
	       "%u mistakes\n",
	       rings, (unsigned long long)made, (unsigned long long)records, (unsigned long long)entries,
	       (unsigned long long)kernel_calls.count, (unsigned long long)totals.dropped, unreadable, mistakes);
	if (totals.dropped || totals.other_dropped || made != entries || entries != kernel_calls.count)
		return 1;
	return status || mistakes || !records;
}

int main(int argc, char **argv)
{
	char why[512];
	struct vgpu_kernel_options options = { .why = why, .why_size = sizeof(why), .ring_bytes = 32u << 20 };
	const char *libraries[8];
	unsigned count = 0;
	struct vgpu_kernel *kernel;
	int option, err, gate = -1, status = 0;
	pid_t pid;

	while ((option = getopt(argc, argv, "+m:l:n")) >= 0) {
		if (option == 'm')
			options.method = !strcmp(optarg, "tracefs") ? VGPU_KERNEL_TRACEFS : VGPU_KERNEL_MULTI;
		else if (option == 'n')
			options.no_sleep = sleepless = true;
		else if (option == 'l' && count < 8)
			libraries[count++] = optarg;
		else
			return 2;
	}
	if (optind == argc)
		return 2;
	err = vgpu_kernel_open(&kernel, &options);
	if (err) {
		printf("SKIPPED: %s\n", why);
		return err == -EPERM || err == -ENOSYS ? 77 : 1;
	}
	for (unsigned i = 0; i < count && !err; i++)
		err = vgpu_kernel_attach(kernel, libraries[i], NULL, NULL);
	if (err) {
		printf("cannot attach: %s\n", strerror(-err));
		return 1;
	}
	pid = start(argv + optind, &gate);
	if (pid < 0 || vgpu_kernel_follow(kernel, pid) || write(gate, "", 1) != 1)
		return 1;
	err = watch(kernel, pid, &status);
	if (!err)
		err = judge(kernel, status);
	vgpu_kernel_close(kernel);
	return err ? 1 : 0;
}
