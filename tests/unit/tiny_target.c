// SPDX-License-Identifier: Apache-2.0
/* Starts targets, finds their rings, and checks each record against what the target must have passed. */
#include "tests/unit/tiny_target.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/tiny_library.h"

struct shared *shared;
static char directory[200];

const char *__tsan_default_options(void);
/* Forks of processes with threads are what is tested here. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

const char *target_dir(void)
{
	return directory;
}

void target_setup(void)
{
	char here[150];

	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	snprintf(directory, sizeof(directory), "%s/rings-XXXXXX", here);
	ck_assert_ptr_nonnull(mkdtemp(directory));
	setenv("VGPU_TRACE_DIR", directory, 1);
	unsetenv("VGPU_TRACE");
	unsetenv("VGPU_TRACE_STACKS");
	shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(shared, MAP_FAILED);
}

void target_teardown(void)
{
	char paths[TARGET_RINGS][256];
	unsigned count = target_rings(paths);

	for (unsigned i = 0; i < count; i++)
		unlink(paths[i]);
	rmdir(directory);
	munmap(shared, 4096);
}

pid_t target_start(void (*function)(void))
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (!pid) {
		function();
		_exit(0);
	}
	return pid;
}

void target_end(pid_t pid, int status)
{
	int got;

	ck_assert_int_eq(waitpid(pid, &got, 0), pid);
	ck_assert_int_eq(got, status);
}

void target_run(void (*function)(void))
{
	target_end(target_start(function), 0);
}

void target_wait_ready(uint64_t value)
{
	uint64_t now;

	while ((now = __atomic_load_n(&shared->ready, __ATOMIC_ACQUIRE)) < value) {
		struct timespec limit = { .tv_sec = 1 };

		/* The low half is enough to wait for a change. */
		syscall(SYS_futex, &shared->ready, FUTEX_WAIT, (uint32_t)now, &limit, NULL, 0);
	}
}

void target_get(uint64_t i)
{
	int out = 0, value = (int)(i * 7 % 100003);

	if (tiny_get(&out, value, i) != (value ^ 0x55) || out != value * 3 + 1)
		_exit(99);
	__atomic_fetch_add(&shared->calls, 1, __ATOMIC_RELAXED);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

unsigned target_rings(char paths[][256])
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	unsigned count = 0;

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) && count < TARGET_RINGS)
		if (!strncmp(entry->d_name, "vgpu-", 5) && strlen(entry->d_name) < 50)
			snprintf(paths[count++], 256, "%s/%.50s", directory, entry->d_name);
	closedir(dir);
	qsort(paths, count, 256, by_name);
	return count;
}

struct vgpu_ring *target_ring(pid_t pid)
{
	char paths[TARGET_RINGS][256], start[32];
	unsigned count = target_rings(paths);
	struct vgpu_ring *ring = NULL;

	snprintf(start, sizeof(start), "/vgpu-%d-", (int)pid);
	for (unsigned i = 0; i < count; i++)
		if (strstr(paths[i], start)) {
			ck_assert_ptr_null(ring);
			ck_assert_int_eq(vgpu_ring_open_file(&ring, paths[i]), 0);
		}
	ck_assert_ptr_nonnull(ring);
	ck_assert_int_eq(vgpu_ring_arena(ring)->process.pid, pid);
	return ring;
}

static void check_get(const struct vgpu_ring_event *event, struct tally *tally)
{
	const struct vgpu_blob *blob;
	int value = (int)event->args[1], out;
	bool has_out = false;
	size_t at = 0;

	ck_assert_uint_eq(event->call->nargs, 3);
	ck_assert_uint_eq(event->args[1], (uint32_t)(event->args[2] * 7 % 100003));
	ck_assert_uint_eq(event->call->result, (uint32_t)(value ^ 0x55));
	while ((blob = vgpu_ring_blob(event, &at))) {
		if (blob->param == VGPU_BLOB_STACK) {
			tally->stacks++;
			continue;
		}
		ck_assert_uint_eq(blob->param, 0);
		ck_assert_uint_eq(blob->flags, VGPU_BLOB_OUT);
		ck_assert_uint_eq(blob->size, sizeof(out));
		memcpy(&out, blob + 1, sizeof(out));
		ck_assert_int_eq(out, value * 3 + 1);
		has_out = true;
	}
	ck_assert_uint_eq(at, event->blob_bytes);
	ck_assert(has_out);
	tally->gets++;
}

int tally_poll(struct vgpu_ring *ring, struct tally *tally)
{
	struct vgpu_ring_event event;
	uint64_t before = 0;
	int n = vgpu_ring_poll(ring);

	while (vgpu_ring_next(ring, &event)) {
		if (event.kind == VGPU_KIND_TEXT) {
			tally->texts++;
			continue;
		}
		if (event.kind == VGPU_KIND_LIBRARY) {
			ck_assert_uint_eq(event.library->schema_hash, 0x7431);
			tally->libraries++;
			continue;
		}
		ck_assert_uint_eq(event.kind, VGPU_KIND_CALL);
		ck_assert_uint_ge(event.call->enter, before);
		ck_assert_uint_ge(event.call->leave, event.call->enter);
		before = event.call->enter;
		if (tally->in_turn && tally->calls)
			ck_assert_uint_gt(event.call->ordinal, tally->highest);
		if (!tally->calls || event.call->ordinal < tally->lowest)
			tally->lowest = event.call->ordinal;
		if (event.call->ordinal >= tally->highest) {
			tally->highest = event.call->ordinal;
			tally->last_depth = event.call->depth;
		}
		tally->calls++;
		if (event.call->flags & VGPU_CALL_UNWOUND)
			tally->unwound++;
		else if (event.call->function == TINY_GET)
			check_get(&event, tally);
		else
			ck_assert(event.call->function == TINY_CALL || event.call->function == TINY_DATA);
	}
	return n;
}

uint64_t tally_lost(struct vgpu_ring *ring)
{
	struct vgpu_ring_losses losses;

	vgpu_ring_losses(ring, &losses);
	return losses.dropped + losses.overwritten + losses.refused + losses.recycled;
}

unsigned tally_pending(struct vgpu_ring *ring)
{
	struct vgpu_ring_pending pending;
	unsigned count = 0;

	while (vgpu_ring_pending(ring, count, &pending))
		count++;
	return count;
}

unsigned tally_threads(struct vgpu_ring *ring)
{
	struct vgpu_ring_thread thread;
	unsigned count = 0;

	while (vgpu_ring_thread(ring, count, &thread))
		count++;
	return count;
}
