// SPDX-License-Identifier: Apache-2.0
/* Opens a ring, and polls it. */
#include "shim/ring/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "shim/ring/reader_state.h"

static int process_gone(const struct vgpu_ring *ring)
{
	struct pollfd p = { .fd = ring->pidfd, .events = POLLIN };

	return ring->pidfd >= 0 && poll(&p, 1, 0) == 1;
}

static ssize_t copy_memory(struct vgpu_ring *ring, uint64_t offset, uint8_t *out, size_t bytes)
{
	struct iovec local = { .iov_base = out, .iov_len = bytes };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)(ring->base + offset), .iov_len = bytes };
	ssize_t n = process_vm_readv(ring->pid, &local, 1, &remote, 1, 0);

	if (n >= 0)
		return n;
	if (errno == ESRCH || process_gone(ring))
		return -ESRCH;
	/* Not mapped, or a page past the end of a file that was cut. */
	return errno == EFAULT ? 0 : -errno;
}

static ssize_t copy_file(struct vgpu_ring *ring, uint64_t offset, uint8_t *out, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = pread(ring->fd, out + done, bytes - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

ssize_t reader_copy(struct vgpu_ring *ring, uint64_t offset, void *out, size_t bytes)
{
	ssize_t n;
	size_t have = bytes;

	if (ring->fd < 0) {
		if (offset >= ring->bytes)
			have = 0;
		else if (bytes > ring->bytes - offset)
			have = ring->bytes - offset;
		n = have ? copy_memory(ring, offset, out, have) : 0;
	} else {
		n = copy_file(ring, offset, out, bytes);
	}
	if (n >= 0 && (size_t)n < bytes)
		memset((uint8_t *)out + n, 0, bytes - (size_t)n);
	return n;
}

int reader_grow(void **array, uint32_t *room, uint32_t need, size_t size)
{
	uint32_t more = *room ? *room : 16;
	void *grown;

	if (need <= *room)
		return 0;
	while (more < need)
		more *= 2;
	grown = realloc(*array, more * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

/* Takes the header, as far as it may be believed. */
static int read_header(struct vgpu_ring *ring)
{
	struct vgpu_arena arena, again;
	ssize_t n = reader_copy(ring, 0, &arena, sizeof(arena));

	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(arena) || arena.magic != VGPU_ARENA_MAGIC)
		return -EPROTO;
	if (arena.core_abi != VGPU_CORE_ABI)
		return -EPROTONOSUPPORT;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	n = reader_copy(ring, 0, &again, sizeof(again));
	if (n < 0)
		return (int)n;

	if (arena.chunks > VGPU_ARENA_CHUNKS)
		arena.chunks = VGPU_ARENA_CHUNKS;
	if (arena.allocated > arena.chunks)
		arena.allocated = arena.chunks;
	if (arena.log_start < sizeof(arena) || arena.log_start > VGPU_CHUNK_BYTES)
		arena.log_start = VGPU_LOG_START;
	arena.log_start &= ~7u;
	if (arena.log_limit > arena.chunks * VGPU_CHUNK_BYTES)
		arena.log_limit = arena.chunks * VGPU_CHUNK_BYTES;
	if (arena.log_offset > arena.log_limit)
		arena.log_offset = arena.log_limit;
	arena.session[sizeof(arena.session) - 1] = '\0';
	arena.process.comm[sizeof(arena.process.comm) - 1] = '\0';
	arena.process.exe[sizeof(arena.process.exe) - 1] = '\0';
	ring->arena = arena;
	reader_anchors_take(ring, again.anchor);
	return 0;
}

int reader_allocated_read(struct vgpu_ring *ring)
{
	uint32_t allocated;
	ssize_t n = reader_copy(ring, offsetof(struct vgpu_arena, allocated), &allocated, sizeof(allocated));

	if (n < 0)
		return (int)n;
	if (allocated > ring->arena.allocated)
		ring->arena.allocated = allocated < ring->arena.chunks ? allocated : ring->arena.chunks;
	return 0;
}

static struct vgpu_ring *ring_new(void)
{
	struct vgpu_ring *ring = calloc(1, sizeof(*ring));

	if (!ring)
		return NULL;
	ring->fd = -1;
	ring->pidfd = -1;
	ring->own_anchors = -1;
	ring->words = malloc(VGPU_CHUNK_BYTES);
	ring->bodies = malloc(VGPU_CHUNK_BYTES);
	ring->anchors = malloc(READER_ANCHORS_MAX * sizeof(*ring->anchors));
	ring->line = calloc(1, sizeof(*ring->line));
	if (!ring->words || !ring->bodies || !ring->anchors || !ring->line) {
		vgpu_ring_close(ring);
		return NULL;
	}
	return ring;
}

int vgpu_ring_open_file(struct vgpu_ring **out, const char *path)
{
	struct vgpu_ring *ring = ring_new();
	struct stat st;
	int err;

	*out = NULL;
	if (!ring)
		return -ENOMEM;
	/* A path from a foreign process may name anything: a FIFO must not stop us, a device not be read. */
	ring->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (ring->fd < 0 || fstat(ring->fd, &st)) {
		err = -errno;
		goto out;
	}
	err = S_ISREG(st.st_mode) ? read_header(ring) : -EPROTO;
out:
	if (err)
		vgpu_ring_close(ring);
	else
		*out = ring;
	return err;
}

int vgpu_ring_open_memory(struct vgpu_ring **out, pid_t pid, uint64_t base, size_t bytes)
{
	struct vgpu_ring *ring = ring_new();
	int err;

	*out = NULL;
	if (!ring)
		return -ENOMEM;
	ring->pid = pid;
	ring->base = base;
	ring->bytes = bytes;
	ring->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	err = ring->pidfd < 0 && errno == ESRCH ? -ESRCH : read_header(ring);
	if (err)
		vgpu_ring_close(ring);
	else
		*out = ring;
	return err;
}

void vgpu_ring_close(struct vgpu_ring *ring)
{
	if (!ring)
		return;
	if (ring->fd >= 0)
		close(ring->fd);
	if (ring->pidfd >= 0)
		close(ring->pidfd);
	reader_threads_free(ring);
	for (uint32_t i = 0; i < VGPU_ARENA_CHUNKS; i++) {
		free(ring->chunk[i].head);
		free(ring->chunk[i].stacks);
	}
	free(ring->pending);
	free(ring->events);
	free(ring->spare);
	free(ring->data);
	free(ring->words);
	free(ring->bodies);
	free(ring->anchors);
	free(ring->line);
	free(ring);
}

int vgpu_ring_poll(struct vgpu_ring *ring)
{
	int err;

	ring->events_count = 0;
	ring->events_next = 0;
	ring->data_size = 0;
	ring->pending_count = 0;
	err = ring->fd < 0 && process_gone(ring) ? -ESRCH : read_header(ring);
	if (!err)
		err = reader_log_read(ring);
	if (!err)
		err = reader_threads_read(ring);
	ring->lightly = !err && reader_light_due(ring);
	if (!err)
		err = reader_segments_read(ring);
	reader_pending_settle(ring);
	reader_events_sort(ring);
	/* What was copied before the error is good; the error comes back with the next poll. */
	return err && !ring->events_count ? err : (int)ring->events_count;
}

const struct vgpu_arena *vgpu_ring_arena(const struct vgpu_ring *ring)
{
	return &ring->arena;
}

const uint64_t *vgpu_ring_stack(struct vgpu_ring *ring, uint32_t offset, uint32_t *count)
{
	uint32_t index = offset / VGPU_CHUNK_BYTES, at = offset % VGPU_CHUNK_BYTES;
	struct vgpu_stack head;
	struct vgpu_stack *stack;
	struct vgpu_chunk chunk;

	*count = 0;
	if (!index || index >= ring->arena.allocated || at % 8 || at < sizeof(struct vgpu_chunk) ||
	    at + sizeof(head) > VGPU_CHUNK_BYTES)
		return NULL;
	if (!ring->chunk[index].stacks) {
		if (reader_copy(ring, (uint64_t)index * VGPU_CHUNK_BYTES, &chunk, sizeof(chunk)) !=
			(ssize_t)sizeof(chunk) ||
		    chunk.kind != VGPU_CHUNK_STACKS)
			return NULL;
		ring->chunk[index].stacks = calloc(1, VGPU_CHUNK_BYTES);
		if (!ring->chunk[index].stacks)
			return NULL;
	}
	/* Two reads: what was whole before the second one began is whole in it. */
	if (reader_copy(ring, offset, &head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    head.state != VGPU_STATE_COMMITTED || !head.count || head.count > VGPU_STACK_FRAMES ||
	    at + sizeof(head) + head.count * sizeof(uint64_t) > VGPU_CHUNK_BYTES)
		return NULL;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	stack = (struct vgpu_stack *)(void *)(ring->chunk[index].stacks + at);
	if (reader_copy(ring, offset + sizeof(head), stack->frame, head.count * sizeof(uint64_t)) !=
	    (ssize_t)(head.count * sizeof(uint64_t)))
		return NULL;
	*count = head.count;
	return stack->frame;
}
