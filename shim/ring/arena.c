// SPDX-License-Identifier: Apache-2.0
/* Makes the arena: where its file lies, what it says of its process, its chunks and its log. */
#include "shim/ring/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim/ring/identity.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* A process makes at most this many arenas (each exec makes one more). */
#define INSTANCES_MAX 64
/* Without MADV_POPULATE_WRITE (before Linux 5.14) chunks cannot be allocated later without a descriptor. */
#define CHUNKS_AT_ONCE 16u

static size_t cap_bytes(uint32_t chunks)
{
	struct rlimit limit;
	size_t bytes = (size_t)chunks * VGPU_CHUNK_BYTES;

	/* Growing a file past the limit is not an error but a signal, SIGXFSZ. */
	if (!getrlimit(RLIMIT_FSIZE, &limit) && limit.rlim_cur < bytes)
		bytes = limit.rlim_cur / VGPU_CHUNK_BYTES * VGPU_CHUNK_BYTES;
	return bytes;
}

/* Allocates [offset, offset + bytes) for real: a write to a hole of a full file system would be SIGBUS. */
static int allocate(uint8_t *base, size_t offset, size_t bytes)
{
	return madvise(base + offset, bytes, MADV_POPULATE_WRITE) ? -errno : 0;
}

/* Maps a new file of the capped size with chunk 0 allocated; the descriptor is closed either way. */
static int map_file(int fd, uint32_t chunks, struct vgpu_arena **out, uint32_t *out_chunks)
{
	size_t bytes = cap_bytes(chunks);
	uint8_t *base;
	int err;

	if (bytes < 2 * VGPU_CHUNK_BYTES) {
		err = -EFBIG;
		goto out;
	}
	if (ftruncate(fd, bytes)) {
		err = -errno;
		goto out;
	}
	base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED) {
		err = -errno;
		goto out;
	}
	*out_chunks = bytes / VGPU_CHUNK_BYTES;
	err = allocate(base, 0, VGPU_CHUNK_BYTES);
	if (err == -EINVAL) {
		if (*out_chunks > CHUNKS_AT_ONCE)
			*out_chunks = CHUNKS_AT_ONCE;
		err = fallocate(fd, 0, 0, (size_t)*out_chunks * VGPU_CHUNK_BYTES) ? -errno : 0;
	}
	if (err)
		munmap(base, bytes);
	else
		*out = (struct vgpu_arena *)base;
out:
	close(fd);
	return err;
}

/* The directory is ours alone, or we do not write there: others must not plant or read rings. */
static int open_private_dir(const char *path, int make)
{
	struct stat st;
	int fd;

	if (make && mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = open(path, O_DIRECTORY | O_RDONLY | O_CLOEXEC | (make ? O_NOFOLLOW : 0));
	if (fd < 0)
		return -errno;
	if (make && (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 077))) {
		close(fd);
		return -EPERM;
	}
	return fd;
}

static int map_in_dir(int dir, const struct vgpu_process *process, uint32_t chunks,
		      struct vgpu_arena **out, uint32_t *out_chunks, uint32_t *instance)
{
	char name[80];
	int fd, err;

	for (*instance = 0; *instance < INSTANCES_MAX; ++*instance) {
		snprintf(name, sizeof(name), "vgpu-%d-%llu-%u.ring", process->pid,
			 (unsigned long long)process->start_time, *instance);
		fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd >= 0)
			break;
		if (errno != EEXIST)
			return -errno;
	}
	if (*instance == INSTANCES_MAX)
		return -EEXIST;
	err = map_file(fd, chunks, out, out_chunks);
	if (err)
		unlinkat(dir, name, 0);
	return err;
}

/* Tries one place of the ladder. 0 or -errno. */
static int try_dir(const char *path, int make, const struct vgpu_process *process, uint32_t chunks,
		   struct vgpu_arena **out, uint32_t *out_chunks, uint32_t *instance)
{
	int dir = open_private_dir(path, make);
	int err;

	if (dir < 0)
		return dir;
	if (make)
		vgpu_identity_sweep(dir);
	err = map_in_dir(dir, process, chunks, out, out_chunks, instance);
	close(dir);
	return err;
}

static int try_memfd(uint32_t chunks, struct vgpu_arena **out, uint32_t *out_chunks)
{
	int fd = syscall(SYS_memfd_create, "vgpu-ring", 1u /* MFD_CLOEXEC */);

	return fd < 0 ? -errno : map_file(fd, chunks, out, out_chunks);
}

struct vgpu_arena *vgpu_arena_create(const struct vgpu_arena_options *options)
{
	uint32_t want = options->chunks ? options->chunks : VGPU_ARENA_CHUNKS;
	uint32_t chunks = 0, instance = 0, place;
	struct vgpu_arena *arena = NULL;
	struct vgpu_process process;
	int errors[4] = { 0 };
	char path[512];

	vgpu_identity_read(&process);
	place = VGPU_PLACE_TRACE_DIR;
	if (options->trace_dir)
		errors[0] = try_dir(options->trace_dir, 0, &process, want, &arena, &chunks, &instance);
	if (!arena) {
		place = VGPU_PLACE_RUNTIME_DIR;
		if (options->runtime_dir && strlen(options->runtime_dir) < sizeof(path) - 16) {
			snprintf(path, sizeof(path), "%s/vgpu-trace", options->runtime_dir);
			errors[1] = try_dir(path, 1, &process, want, &arena, &chunks, &instance);
		}
	}
	if (!arena) {
		place = VGPU_PLACE_SHM;
		snprintf(path, sizeof(path), "/dev/shm/vgpu-trace-%u", (unsigned)geteuid());
		errors[2] = try_dir(path, 1, &process, want, &arena, &chunks, &instance);
	}
	if (!arena) {
		place = VGPU_PLACE_MEMFD;
		errors[3] = try_memfd(want, &arena, &chunks);
	}
	if (!arena)
		return NULL;

	process.instance = instance;
	arena->chunk.magic = VGPU_CHUNK_MAGIC;
	arena->core_abi = VGPU_CORE_ABI;
	arena->chunks = chunks;
	arena->counter = vgpu_clock_kind();
	arena->place = place;
	for (int i = 0; i < 4; i++)
		arena->place_errno[i] = -errors[i];
	arena->allocated = 1;
	arena->populated[0] = 1;
	if (options->session)
		strncpy(arena->session, options->session, sizeof(arena->session) - 1);
	arena->process = process;
	arena->forked_from = options->forked_from;
	arena->log_start = VGPU_LOG_START;
	arena->log_offset = VGPU_LOG_START;
	arena->log_limit = VGPU_CHUNK_BYTES;
	arena->observer = VGPU_OBSERVER_RING;
	vgpu_clock_anchor(arena);
	vgpu_arena_publish(arena, 0, VGPU_CHUNK_ARENA);
	/* The magic comes last: a reader that finds it finds a whole header. */
	__atomic_store_n(&arena->magic, VGPU_ARENA_MAGIC, __ATOMIC_RELEASE);
	return arena;
}

void vgpu_arena_publish(struct vgpu_arena *arena, uint32_t chunk, enum vgpu_chunk_kind kind)
{
	__atomic_store_n(&vgpu_arena_chunk(arena, chunk)->kind, kind, __ATOMIC_RELEASE);
}

uint32_t vgpu_arena_take(struct vgpu_arena *arena, uint32_t head)
{
	struct vgpu_chunk *chunk;
	uint32_t index = __atomic_load_n(&arena->allocated, __ATOMIC_RELAXED);
	int err;

	do {
		if (index >= arena->chunks || __atomic_load_n(&arena->grow_errno, __ATOMIC_RELAXED))
			return 0;
	} while (!__atomic_compare_exchange_n(&arena->allocated, &index, index + 1, 0,
					      __ATOMIC_ACQ_REL, __ATOMIC_RELAXED));
	err = allocate((uint8_t *)arena, (size_t)index * VGPU_CHUNK_BYTES, VGPU_CHUNK_BYTES);
	/* -EINVAL: an old kernel, where all chunks were allocated at the start. */
	if (err && err != -EINVAL) {
		__atomic_store_n(&arena->grow_errno, -err, __ATOMIC_RELAXED);
		return 0;
	}
	__atomic_fetch_or(&arena->populated[index / 64], UINT64_C(1) << index % 64, __ATOMIC_RELEASE);
	chunk = vgpu_arena_chunk(arena, index);
	chunk->magic = VGPU_CHUNK_MAGIC;
	__atomic_store_n(&chunk->head, head, __ATOMIC_RELAXED);
	return index;
}

void *vgpu_log_reserve(struct vgpu_arena *arena, enum vgpu_record_kind kind, size_t bytes)
{
	uint32_t size = (bytes + 7) & ~(size_t)7;
	struct vgpu_word *word;
	uint32_t offset;

	/* Checked before it is added, too, so that a full log's offset cannot run around. */
	if (bytes > VGPU_RECORD_MAX ||
	    __atomic_load_n(&arena->log_offset, __ATOMIC_RELAXED) + size > arena->log_limit ||
	    (offset = __atomic_fetch_add(&arena->log_offset, size, __ATOMIC_RELAXED)) +
			    size >
		    arena->log_limit) {
		__atomic_fetch_add(&arena->log_dropped, 1, __ATOMIC_RELAXED);
		return NULL;
	}
	word = (struct vgpu_word *)((uint8_t *)arena + offset);
	*word = (struct vgpu_word){ .size8 = size / 8, .kind = kind, .state = VGPU_STATE_RESERVED };
	return word;
}

void vgpu_log_commit(void *record)
{
	struct vgpu_word word = *(struct vgpu_word *)record;
	uint64_t raw;

	word.state = VGPU_STATE_COMMITTED;
	memcpy(&raw, &word, sizeof(raw));
	__atomic_store_n((uint64_t *)record, raw, __ATOMIC_RELEASE);
}
