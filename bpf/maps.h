/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables and settings of the kernel side, and how a record gets into a ring. */
#ifndef VGPU_BPF_MAPS_H
#define VGPU_BPF_MAPS_H

#include "bpf/record.h"

/* Set before loading; what they rule out is never verified, so old kernels load what they can run. */
const volatile bool vgpu_sleepable = true; /* probes may fault pages in */
const volatile bool vgpu_cookies = true;   /* a probe has its slot as cookie, else see struct vgpu_bpf_place */
const volatile bool vgpu_everyone = false; /* every process, not only those in `followed` */
const volatile bool vgpu_only_failed = false; /* of functions with a status only the calls that failed */
const volatile __u64 vgpu_least_ns = 0;    /* only calls that took so long */
const volatile __u32 vgpu_only_tid = 0;    /* only calls of this thread, as its own pid namespace has it; 0: all */
const volatile bool vgpu_frames = false;   /* copy stacks */
const volatile char vgpu_wait_name[16] = ""; /* programs of that name are followed when they start */
const volatile bool vgpu_find_vma = false; /* this kernel can look up a mapping (5.17) */
const volatile bool vgpu_files = false;    /* which files about GPUs are opened */
const volatile __u32 vgpu_descriptors = 4; /* bits of those whose writes are recorded */

const volatile bool vgpu_hold = false; /* threads wait a moment for the tracer (5.18) */
const volatile struct vgpu_bpf_name vgpu_names[VGPU_BPF_NAMES] = {};

struct vgpu_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

/* One ring a CPU: a shared one costs twice as much. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, struct vgpu_ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vgpu_bpf_function);
} functions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct vgpu_bpf_place);
	__type(value, __u32);
} places SEC(".maps");

/* Processes by their number in the first pid namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} followed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vgpu_bpf_hits);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vgpu_bpf_totals);
} totals SEC(".maps");

struct frame {
	__u32 slot;
	__u16 flags; /* enum vgpu_bpf_call_flags */
	__u8 small_read; /* bits of the places of `small` that could be read */
	__u8 failed;
	__u8 text_size;
	__u8 pad[7];
	__u64 ordinal;
	__u64 enter_ns;
	__u64 sp;
	__u64 word[VGPU_BPF_WORDS];
	__u64 small[VGPU_BPF_SMALLS];
	char text[VGPU_BPF_TEXT];
};

/* A dlopen or its like on its way through _dl_catch_error. */
struct passage {
	__u32 op;
	__s32 code;      /* errno of what was signalled on the way, 0: none */
	__u64 time_ns;
	__u64 sp;
	__u64 args;      /* what the operation was given, and where it leaves its result */
	__u64 object;    /* const char **: the object in trouble */
	__u64 error;     /* const char **: the text */
	__u64 word[3];
	__u64 caller;
};

#define PASSAGES 4u
#define MARKS	 64u

struct thread {
	__u64 start_ns;
	__u32 tid, pid, ns_tid, ns_pid;
	__u64 ordinal, ordinal_ours;
	__u32 depth;
	__u32 passages;
	struct passage dl; /* entered, and not yet in _dl_catch_error; op 0: none */
	struct passage passage[PASSAGES];
	__u32 mark[MARKS]; /* calls whose stack is known to be recorded */
	struct frame frame[VGPU_BPF_FRAMES];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* Threads that wait for the tracer to probe what they mapped. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} held SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct vgpu_bpf_file);
	__type(value, __u32);
} probed SEC(".maps");

/* Threads whose dynamic linker is known to pass through settle. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} settling SEC(".maps");

/* Records are put together here: probes that sleep may not share memory of a CPU. */
struct scratch {
	__u8 bytes[VGPU_BPF_BYTES_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scratch);
} scratches SEC(".maps");

/* Whose stack was recorded; old ones make room. */
struct stack_seen {
	__u32 slot;
	__u32 result; /* 0: did not fail */
	__u64 caller;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct stack_seen);
	__type(value, __u8);
} stacks_seen SEC(".maps");

struct stack_budget {
	__u64 second;
	__u64 stacks;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_budget);
} stack_budget SEC(".maps");

static __always_inline struct vgpu_bpf_totals *my_totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&totals, &zero);
}

/* Atomic, since a probe that sleeps may be overtaken on its CPU. */
static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

static __always_inline void emit_to(__u32 cpu, void *record, __u32 size, bool is_call)
{
	struct vgpu_bpf_totals *total = my_totals();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);
	long error = -1;

	if (ring)
		error = bpf_ringbuf_output(ring, record, size, BPF_RB_NO_WAKEUP);
	if (!total)
		return;
	if (is_call)
		count(error ? &total->dropped : &total->emitted);
	else
		count(error ? &total->other_dropped : &total->other_emitted);
}

static __always_inline void emit(void *record, __u32 size, bool is_call)
{
	emit_to(bpf_get_smp_processor_id(), record, size, is_call);
}

static __always_inline struct scratch *my_scratch(struct task_struct *task)
{
	return bpf_task_storage_get(&scratches, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

#endif
