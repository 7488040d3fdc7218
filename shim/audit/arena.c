// SPDX-License-Identifier: Apache-2.0
/* The auditor's ring: its file, really allocated as far as it is used, and its growth. */
#include "shim/audit/audit.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <fcntl.h>
#include <errno.h>

#include "shim/audit/sys.h"

/* Programs that one process executes after another. */
#define INSTANCES_MAX 256u
#define FILE_BYTES    (VGPU_LINK_CHUNKS * VGPU_CHUNK_BYTES)
/* Enough for a small program; to allocate more costs more. */
#define START_BYTES   16384u

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* DIRECTORY/link-PID-START-N<ending>; false: too long. */
static bool name_put(char *to, size_t size, const char *directory, const struct vgpu_process *process,
		     const char *ending)
{
	if (!*directory || strlen(directory) + 80 > size)
		return false;
	to = sys_put(to, directory);
	to = sys_put(to, "/link-");
	to = sys_decimal(to, (uint32_t)process->pid);
	*to++ = '-';
	to = sys_decimal(to, process->start_time);
	*to++ = '-';
	to = sys_decimal(to, process->instance);
	sys_put(to, ending);
	return true;
}

/* A file past this limit would be a signal, SIGXFSZ, not an error. */
static uint64_t file_bytes(void)
{
	struct {
		uint64_t now, most;
	} limit;

	if (sys_4(__NR_prlimit64, 0, RLIMIT_FSIZE, NULL, &limit) || limit.now >= FILE_BYTES)
		return FILE_BYTES;
	return limit.now / VGPU_CHUNK_BYTES * VGPU_CHUNK_BYTES;
}

/* Room that is really there: on a full disk a write to a hole would be SIGBUS. */
static long file_map(long fd, uint64_t bytes)
{
	long base, err = sys_4(__NR_fallocate, fd, 0, 0, START_BYTES);

	if (!err)
		err = sys_2(__NR_ftruncate, fd, bytes);
	if (err)
		return err;
	base = sys6(__NR_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return base;
}

static void declined(const char *directory, const struct vgpu_process *process, long err)
{
	char path[512], ending[32];
	long fd;

	sys_decimal(sys_put(ending, ".declined-"), (uint64_t)-err);
	if (!name_put(path, sizeof(path), directory, process, ending))
		return;
	fd = sys_4(__NR_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		sys_1(__NR_close, fd);
}

int audit_arena_open(const char *directory, const char *session, struct vgpu_process *process)
{
	uint64_t bytes = file_bytes();
	struct vgpu_arena *arena;
	char path[512];
	long fd = -EEXIST, base;

	for (process->instance = 0; process->instance < INSTANCES_MAX; process->instance++) {
		if (!name_put(path, sizeof(path), directory, process, ".ring"))
			return -ENAMETOOLONG;
		if (!bytes) {
			fd = -EFBIG;
			break;
		}
		fd = sys_4(__NR_openat, AT_FDCWD, path,
			   O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd != -EEXIST)
			break;
	}
	if (fd < 0) {
		declined(directory, process, fd);
		return (int)fd;
	}
	base = file_map(fd, bytes);
	sys_1(__NR_close, fd);
	if (base < 0 && base >= -4095) {
		sys_3(__NR_unlinkat, AT_FDCWD, path, 0);
		declined(directory, process, base);
		return (int)base;
	}

	arena = (struct vgpu_arena *)base;
	arena->chunk.magic = VGPU_CHUNK_MAGIC;
	arena->core_abi = VGPU_CORE_ABI;
	arena->chunks = (uint32_t)(bytes / VGPU_CHUNK_BYTES);
	arena->counter = audit.counter;
	arena->place = VGPU_PLACE_TRACE_DIR;
	/* Readers look for threads in allocated chunks; here there are none. */
	arena->allocated = 1;
	for (unsigned i = 0; session && session[i] && i < sizeof(arena->session) - 1; i++)
		arena->session[i] = session[i];
	arena->process = *process;
	arena->log_start = VGPU_LOG_START;
	arena->log_offset = VGPU_LOG_START;
	arena->log_limit = START_BYTES;
	arena->observer = VGPU_OBSERVER_LINK;
	audit.arena = arena;
	audit_clock_anchor();
	__atomic_store_n(&arena->chunk.kind, VGPU_CHUNK_ARENA, __ATOMIC_RELEASE);
	__atomic_store_n(&arena->magic, VGPU_ARENA_MAGIC, __ATOMIC_RELEASE);
	return 0;
}

void audit_arena_grow(uint32_t room)
{
	struct vgpu_arena *arena = audit.arena;
	uint32_t end = arena->chunks * VGPU_CHUNK_BYTES;
	uint32_t limit = __atomic_load_n(&arena->log_limit, __ATOMIC_RELAXED);
	uint32_t offset = __atomic_load_n(&arena->log_offset, __ATOMIC_RELAXED), want;
	long err;

	if (limit - offset >= room || limit >= end || arena->grow_errno)
		return;
	want = (offset + room + VGPU_CHUNK_BYTES - 1) / VGPU_CHUNK_BYTES * VGPU_CHUNK_BYTES;
	if (want > end)
		want = end;
	/* No descriptor is kept open. Before Linux 5.14 this is EINVAL, and what was there at the start is all. */
	err = sys_3(__NR_madvise, (uint8_t *)arena + limit, want - limit, MADV_POPULATE_WRITE);
	if (err) {
		/* EFAULT: to touch it would have been SIGBUS. */
		__atomic_store_n(&arena->grow_errno, err == -EFAULT ? ENOSPC : (int32_t)-err,
				 __ATOMIC_RELAXED);
		return;
	}
	/* Two processes of a family may grow it at once: the greater limit stays. */
	while (limit < want && !__atomic_compare_exchange_n(&arena->log_limit, &limit, want, true,
							    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}
