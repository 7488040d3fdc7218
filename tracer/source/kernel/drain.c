/* SPDX-License-Identifier: Apache-2.0 */
/* The rings' records, of all CPUs by time. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What one call takes out of a ring at most, so that a target at full speed cannot hold it for ever. */
#define BATCH_BYTES (4u << 20)

int kernel_ring_open(struct kernel_ring *ring, uint32_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);
	void *at;
	int err;

	memset(ring, 0, sizeof(*ring));
	ring->fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vgpu_ring", 0, 0, bytes, NULL);
	if (ring->fd < 0)
		return -errno;
	ring->mask = bytes - 1;
	at = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
	if (at == MAP_FAILED)
		goto fail;
	ring->consumer = at;
	at = mmap(NULL, page + 2 * (size_t)bytes, PROT_READ, MAP_SHARED, ring->fd, page);
	if (at == MAP_FAILED)
		goto fail;
	ring->producer = at;
	ring->data = (const uint8_t *)at + page;
	return 0;
fail:
	err = -errno;
	kernel_ring_close(ring);
	return err;
}

void kernel_ring_close(struct kernel_ring *ring)
{
	long page = sysconf(_SC_PAGESIZE);

	if (ring->producer)
		munmap((void *)(uintptr_t)ring->producer, page + 2 * (ring->mask + 1));
	if (ring->consumer)
		munmap(ring->consumer, page);
	if (ring->fd >= 0)
		close(ring->fd);
	memset(ring, 0, sizeof(*ring));
	ring->fd = -1;
}

/* A file to be probed: at once, since its thread waits, or calls it already. */
static void look_at_map(struct vgpu_kernel *kernel, struct vgpu_bpf_map *map)
{
	struct vgpu_bpf_file file = { .inode = map->inode, .device = map->device };
	int added = kernel->mapped(kernel->mapped_data, map);
	uint32_t one = 1;

	/* By the numbers that the kernel side goes by, also where nothing in it is to be probed. */
	bpf_map_update_elem(kernel->probed_fd, &file, &one, BPF_ANY);
	bpf_map_delete_elem(kernel->held_fd, &map->head.tid);
	if (added)
		map->head.flags |= VGPU_BPF_MAP_NEW;
	map->probed_ns = kernel_now_ns();
}

static int hold(struct vgpu_kernel *kernel, const void *data, uint32_t size)
{
	const struct vgpu_bpf_head *head = data;
	uint64_t leave = 0;

	/* What was reserved for it may be more than it came to. */
	if (size < sizeof(*head) || head->size < sizeof(*head) || head->size > size)
		return 0;
	size = head->size;
	if (kernel->held_size + size > kernel->held_room) {
		size_t room = kernel->held_room ? kernel->held_room * 2 : 1 << 20;
		uint8_t *held = realloc(kernel->held, room);

		if (!held)
			return -ENOMEM;
		kernel->held = held;
		kernel->held_room = room;
	}
	if (kernel->waiting_count == kernel->waiting_room) {
		size_t room = kernel->waiting_room ? kernel->waiting_room * 2 : 8192;
		struct kernel_waiting *waiting = realloc(kernel->waiting, room * sizeof(*waiting));

		if (!waiting)
			return -ENOMEM;
		kernel->waiting = waiting;
		kernel->waiting_room = room;
	}
	memcpy(kernel->held + kernel->held_size, data, size);
	if (head->kind == VGPU_BPF_CALL)
		leave = ((const struct vgpu_bpf_call *)data)->leave_ns;
	else if (head->kind == VGPU_BPF_LINK)
		leave = ((const struct vgpu_bpf_link *)data)->leave_ns;
	kernel->waiting[kernel->waiting_count++] = (struct kernel_waiting){
		.time_ns = leave ? leave : head->time_ns,
		.at = kernel->held_size,
	};
	kernel->held_size += size;
	if (head->kind == VGPU_BPF_MAP && head->flags & VGPU_BPF_MAP_WANTED && kernel->mapped)
		look_at_map(kernel, (void *)(kernel->held + kernel->held_size - size));
	return 0;
}

/* *until is lowered to the time of the last record taken, where more were left behind. */
static int take_ring(struct vgpu_kernel *kernel, struct kernel_ring *ring, uint64_t *until)
{
	uint64_t consumer = *ring->consumer, producer, start = consumer;
	int err = 0;

	/* Pairs with the kernel's release of a record's length, and of the producer's position. */
	producer = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);
	while (!err && consumer < producer && consumer - start < BATCH_BYTES) {
		const uint32_t *head = (const uint32_t *)(ring->data + (consumer & ring->mask));
		uint32_t length = __atomic_load_n(head, __ATOMIC_ACQUIRE);

		if (length & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT))
			err = hold(kernel, (const uint8_t *)head + BPF_RINGBUF_HDR_SZ, length);
		length &= ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (!err)
			consumer += (length + BPF_RINGBUF_HDR_SZ + 7) & ~7u;
	}
	if (consumer < producer && consumer != start && kernel->waiting[kernel->waiting_count - 1].time_ns < *until)
		*until = kernel->waiting[kernel->waiting_count - 1].time_ns;
	/* Pairs with the producer's look at how much room there is. */
	__atomic_store_n(ring->consumer, consumer, __ATOMIC_RELEASE);
	return err;
}

static int by_time(const void *a, const void *b)
{
	const struct kernel_waiting *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int deliver(struct vgpu_kernel *kernel, const struct vgpu_bpf_head *head, vgpu_kernel_take take, void *data)
{
	struct vgpu_kernel_record record = { .head = head };

	if (head->kind == VGPU_BPF_CALL) {
		const struct vgpu_bpf_call *call = (const void *)head;

		record.function = vgpu_kernel_function(kernel, call->slot);
		kernel_capture_convert(kernel, call, &record);
	}
	return take(data, &record);
}

/* Moves what was not delivered to the front. */
static void keep(struct vgpu_kernel *kernel, size_t from)
{
	size_t size = 0, n = kernel->waiting_count - from;
	uint8_t *rest;

	if (!n) {
		kernel->held_size = kernel->waiting_count = 0;
		return;
	}
	for (size_t i = 0; i < n; i++)
		size += ((struct vgpu_bpf_head *)(kernel->held + kernel->waiting[from + i].at))->size;
	rest = malloc(size > kernel->held_room ? size : kernel->held_room);
	if (!rest) {
		/* It stays where it is, at the cost of room. */
		memmove(kernel->waiting, kernel->waiting + from, n * sizeof(*kernel->waiting));
		kernel->waiting_count = n;
		return;
	}
	size = 0;
	for (size_t i = 0; i < n; i++) {
		struct kernel_waiting *waiting = &kernel->waiting[from + i];
		const struct vgpu_bpf_head *head = (void *)(kernel->held + waiting->at);

		memcpy(rest + size, head, head->size);
		kernel->waiting[i] = (struct kernel_waiting){ .time_ns = waiting->time_ns, .at = size };
		size += head->size;
	}
	free(kernel->held);
	kernel->held = rest;
	kernel->held_size = size;
	kernel->waiting_count = n;
}

uint64_t vgpu_kernel_complete(const struct vgpu_kernel *kernel)
{
	return kernel->complete_ns;
}

int vgpu_kernel_drain(struct vgpu_kernel *kernel, bool all, vgpu_kernel_take take, void *data)
{
	/* What ended before now is in its ring or about to be; later records may lack earlier ones. */
	uint64_t until = all ? UINT64_MAX : kernel_now_ns();
	int err = 0, delivered = 0;
	size_t i;

	for (unsigned r = 0; r < kernel->ring_count && !err; r++)
		err = take_ring(kernel, &kernel->rings[r], &until);
	if (kernel->waiting_count)
		qsort(kernel->waiting, kernel->waiting_count, sizeof(*kernel->waiting), by_time);
	for (i = 0; i < kernel->waiting_count && !err; i++) {
		if (kernel->waiting[i].time_ns >= until)
			break;
		err = deliver(kernel, (const void *)(kernel->held + kernel->waiting[i].at), take, data);
		delivered++;
	}
	if (!err)
		kernel->complete_ns = until;
	keep(kernel, i);
	return err ? err : delivered;
}
