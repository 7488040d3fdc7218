/* SPDX-License-Identifier: Apache-2.0 */
/* The ring as it lies in shared memory: shared by the writer (in the traced process) and the reader. */
#ifndef VGPU_RING_LAYOUT_H
#define VGPU_RING_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

/*
 * One arena a process: a file of up to VGPU_ARENA_CHUNKS chunks of VGPU_CHUNK_BYTES, mapped whole,
 * each chunk really allocated (fallocate) before its first byte is touched. Chunk 0 holds the arena
 * header and the process log; any other chunk belongs to one thread, or holds stacks, or is free.
 *
 * A thread owns one HEAD chunk (its header, its in-flight stack, a first segment and a small latest
 * segment) and any number of FIRST, LATEST and BULK chunks (one segment each). Records go to the
 * first segments until those are full, and stay there for ever; then to the latest segments in
 * turn, oldest overwritten first, counted. Bulk records have segments of their own, likewise in turn.
 *
 * Every field is native-endian. Counters are 64 bits and only grow. The writer is the owning
 * thread; "published" fields are stored with release order and read with acquire order.
 */
#define VGPU_ARENA_MAGIC   UINT64_C(0x0031474e49525647) /* "GVRING1\0", little-endian */
#define VGPU_CHUNK_MAGIC   UINT32_C(0x4b4e4843)         /* "CHNK" */
#define VGPU_CORE_ABI      1u  /* layout of this file and of shim/entry/core.h: libraries share a core only when equal */
#define VGPU_CHUNK_BYTES   65536u
#define VGPU_ARENA_CHUNKS  128u /* the cap: 8 MiB */
#define VGPU_INFLIGHT_MAX  16u
#define VGPU_ARGS_MAX      16u
#define VGPU_BLOB_MAX      4096u /* bytes kept of one out-value, string or struct */
#define VGPU_RECORD_MAX    16384u
#define VGPU_ANCHORS       64u
#define VGPU_LIBRARIES     8u

/* ---- records ---- */

/*
 * Every record is a multiple of 8 bytes and begins with its word, stored twice: as RESERVED (with
 * its true size) right after the room is reserved, as COMMITTED (release) when all else is written.
 * A reader takes only COMMITTED records whose generation equals the segment's.
 */
struct vgpu_word {
	uint16_t size8;      /* whole record, in units of 8 bytes */
	uint8_t kind;        /* enum vgpu_record_kind; unknown kinds are skipped by size8 */
	uint8_t state;       /* enum vgpu_record_state in the low, record version in the high nibble */
	uint32_t generation; /* of the segment, when written */
};
_Static_assert(sizeof(struct vgpu_word) == 8, "a word is stored by one instruction");

enum vgpu_record_state {
	VGPU_STATE_NONE = 0,
	VGPU_STATE_RESERVED = 1,
	VGPU_STATE_COMMITTED = 2,
};

enum vgpu_record_kind {
	VGPU_KIND_CALL = 1,    /* struct vgpu_call_record, in a thread's segments */
	VGPU_KIND_LIBRARY = 2, /* struct vgpu_library_record, in the process log */
	VGPU_KIND_TEXT = 3,    /* struct vgpu_text_record, in the process log */
	VGPU_KIND_GATE = 4,    /* struct vgpu_gate_record, in the process log */
	/* 16 to 31: the link observer's, in shim/audit/layout.h */
};

enum vgpu_call_flags {
	VGPU_CALL_UNSUPPORTED = 1 << 0,   /* the backend does not do this; it returned the API's own code */
	VGPU_CALL_NO_SYMBOL = 1 << 1,     /* forward: the target library lacks this symbol */
	VGPU_CALL_BACKEND_OWN = 1 << 2,   /* made by the backend's library, not by the program */
	VGPU_CALL_CALLER_HIDDEN = 1 << 3, /* the return address was a kernel trampoline */
	VGPU_CALL_UNWOUND = 1 << 4,       /* left by longjmp: no result, no out-values */
	VGPU_CALL_TRUNCATED = 1 << 5,     /* at least one blob was cut or dropped for room */
	VGPU_CALL_IN_SIGNAL = 1 << 6,     /* entered on the alternate signal stack */
	VGPU_CALL_FAULT = 1 << 7,         /* the device file made it fail, hang or lie */
	VGPU_CALL_ENTRY_ONLY = 1 << 8,    /* kernel observer, with UNWOUND: only that it was entered was watched */
};

/* One call, committed when it returned. Followed by nargs raw words, then blobs to the record's end. */
struct vgpu_call_record {
	struct vgpu_word word;
	uint32_t function;   /* enum of shim/api: library << 16 | number */
	uint16_t flags;      /* enum vgpu_call_flags */
	uint8_t nargs;       /* at most VGPU_ARGS_MAX */
	uint8_t depth;       /* in-flight calls of this thread below this one */
	uint64_t ordinal;    /* this thread's calls, counted at entry from 0; dropped ones count too */
	uint64_t enter;      /* raw counter */
	uint64_t leave;      /* raw counter */
	uint64_t caller;     /* return address, 0 when hidden */
	uint64_t sp;         /* address of the return address on the stack: equals the kernel's sp at entry */
	uint64_t result;     /* zero-extended result; a float's bits; 0 for void or struct results */
};
_Static_assert(sizeof(struct vgpu_call_record) == 64, "one cache line");

enum vgpu_blob_flags {
	VGPU_BLOB_IN = 1 << 0,        /* what the caller passed */
	VGPU_BLOB_OUT = 1 << 1,       /* what came back */
	VGPU_BLOB_TRUNCATED = 1 << 2, /* full_size bytes in all, only size of them kept */
	VGPU_BLOB_ABSENT = 1 << 3,    /* pointer was NULL, or the call failed: no bytes follow that mean anything */
};

/* Parameter numbers of blobs that belong to no parameter. */
#define VGPU_BLOB_RESULT   0xfe /* the returned string or struct */
#define VGPU_BLOB_RESOLVED 0xfd /* uint32_t: function id of the entry point that a lookup handed out, 0: foreign */
#define VGPU_BLOB_STACK    0xfc /* uint32_t: offset of a struct vgpu_stack in the arena */

/* Followed by size bytes, padded to 8. */
struct vgpu_blob {
	uint8_t param;
	uint8_t flags;      /* enum vgpu_blob_flags */
	uint16_t size;      /* bytes that follow, at most VGPU_BLOB_MAX */
	uint32_t full_size; /* bytes there were */
};
_Static_assert(sizeof(struct vgpu_blob) == 8, "blobs keep 8-byte alignment");

/* A library of ours that joined this arena's core. Followed by the path, NUL-terminated. */
struct vgpu_library_record {
	struct vgpu_word word;
	uint32_t library;      /* library id of shim/api */
	uint32_t functions;    /* entry points it has */
	uint64_t schema_hash;  /* of its description */
	uint64_t base;         /* load address */
	uint64_t counter;      /* raw counter when it joined */
	char backend[16];      /* "sim", "forward", … NUL-padded */
	uint8_t build_id[20];
	uint8_t build_id_size; /* 0: none */
	uint8_t pad[3];
	char path[];
};

/* Something the shim has to say of itself (a bad device file, a backend that did not open). */
struct vgpu_text_record {
	struct vgpu_word word;
	uint64_t counter;
	uint32_t level; /* 0 note, 1 warning, 2 error */
	uint32_t pad;
	char text[]; /* NUL-terminated */
};

struct vgpu_gate_record {
	struct vgpu_word word;
	uint64_t counter;
	uint32_t function;
	int32_t result;   /* what the program was told, 0: allowed */
	char reason[];    /* NUL-terminated */
};

/* ---- chunks, segments, threads ---- */

enum vgpu_chunk_kind {
	VGPU_CHUNK_FREE = 0,
	VGPU_CHUNK_ARENA = 1,  /* chunk 0 */
	VGPU_CHUNK_HEAD = 2,   /* struct vgpu_thread */
	VGPU_CHUNK_FIRST = 3,  /* a segment that is never overwritten while its thread lives */
	VGPU_CHUNK_LATEST = 4, /* a segment that is overwritten in turn */
	VGPU_CHUNK_STACKS = 5, /* struct vgpu_stack, append-only */
	VGPU_CHUNK_BULK = 6,   /* as LATEST, for the bulk cursor */
};

/*
 * A run of records within one chunk. A reader copies it and then reads generation again: when
 * that changed, what it copied is void. used is 0xffffffff while the segment is being written.
 */
struct vgpu_segment {
	uint32_t generation; /* published; odd while the segment is being turned over */
	uint32_t start;      /* offsets within the chunk */
	uint32_t end;
	uint32_t used;       /* end of the last record, once the writer has moved on */
	uint64_t order;      /* segments of a thread were written in this order, from 1; 0: not in use */
};
_Static_assert(sizeof(struct vgpu_segment) == 24, "layout");

struct vgpu_chunk {
	uint32_t magic;
	uint32_t kind;        /* enum vgpu_chunk_kind, published last */
	uint32_t head;        /* index of the owning thread's HEAD chunk; 0 where no thread owns it */
	uint32_t records;     /* the writer's own: in the segment that was ended last, of a HEAD chunk the second */
	struct vgpu_segment segment[2]; /* [1] only in a HEAD chunk: the small latest segment */
};
_Static_assert(sizeof(struct vgpu_chunk) == 64, "layout");

#define VGPU_SP_NONE UINT64_MAX

/* A call entered and not returned. function is stored last on entry (release), 0: slot empty. */
struct vgpu_inflight {
	uint32_t function;
	uint16_t flags;
	uint8_t nargs;
	uint8_t text_param; /* parameter whose string is in text, 0xff: none */
	uint64_t ordinal;
	uint64_t enter;
	uint64_t caller;
	uint64_t sp;        /* VGPU_SP_NONE while the slot is empty */
	uint64_t note;      /* VGPU_BLOB_RESOLVED of the record to come, plus 1; 0: none */
	uint64_t args[VGPU_ARGS_MAX];
	char text[64];      /* first bytes of the first input string, NUL-terminated */
	uint64_t pad;
};
_Static_assert(sizeof(struct vgpu_inflight) == 248, "layout");

/*
 * A thread writes its calls through one cursor, and those of which a program makes thousands before
 * it does anything (the registration of every kernel of a library) through another: they would
 * push discovery out of the first segments otherwise. Ordinals run through both.
 */
enum { VGPU_CURSOR_CALLS = 0, VGPU_CURSOR_BULK = 1, VGPU_CURSORS = 2 };

struct vgpu_cursor {
	uint32_t offset;      /* next free byte, as an offset from the arena's start; past limit: segment is full */
	uint32_t limit;       /* end of the current segment, likewise; 0: there is no segment yet */
	uint32_t generation;  /* of the current segment */
	uint32_t current;     /* chunk index << 1 | segment index being written */
};
_Static_assert(sizeof(struct vgpu_cursor) == 16, "layout");

enum vgpu_thread_state {
	VGPU_THREAD_NONE = 0,
	VGPU_THREAD_LIVE = 1,
	VGPU_THREAD_ENDED = 2, /* its chunks may be taken by another thread */
};

#define VGPU_HEAD_FIRST_START  4608u  /* segment[0] of a HEAD chunk: [start, split) */
#define VGPU_HEAD_LATEST_START 49152u /* segment[1]: [split, chunk end) */

/* At the start of a HEAD chunk. */
struct vgpu_thread {
	struct vgpu_chunk chunk;
	struct vgpu_cursor cursor[VGPU_CURSORS];
	uint32_t reserving;   /* reservations in progress: more than one where a signal handler interrupted another */
	uint32_t depth;       /* slots in use, may exceed VGPU_INFLIGHT_MAX: the deeper ones are not shown */
	uint64_t ordinal;     /* of the next call */
	uint64_t next_anchor; /* raw counter at which another anchor is due */
	uint64_t order;       /* of the segment begun last */
	/* what was not kept */
	uint64_t dropped;     /* records for which there was no room, or whose reservation came at a bad moment */
	uint64_t overwritten; /* records that were written and then wrapped over */
	uint64_t unwound;     /* calls left by longjmp */
	/* who */
	int32_t tid;          /* in the process's own pid namespace */
	uint32_t state;       /* enum vgpu_thread_state, published */
	uint64_t start;       /* raw counter at the first call */
	uint64_t end;         /* raw counter at thread exit, 0: not known to have ended */
	char name[16];        /* comm at the first call */
	uint32_t first_chunks; /* FIRST chunks it owns */
	uint32_t latest_chunks;
	uint32_t bulk_chunks;
	uint32_t users;       /* libraries through which the thread has called: the core's own */
	uint64_t pad[6];
	struct vgpu_inflight inflight[VGPU_INFLIGHT_MAX + 1]; /* the last is scratch for deeper calls: never shown */
};
_Static_assert(sizeof(struct vgpu_thread) % 8 == 0 && sizeof(struct vgpu_thread) <= VGPU_HEAD_FIRST_START, "layout");

#define VGPU_STACK_TABLE  4096u
#define VGPU_STACK_FRAMES 64u

/* An interned call stack, in a STACKS chunk. */
struct vgpu_stack {
	uint64_t hash;
	uint32_t count;  /* frames that follow */
	uint32_t state;  /* VGPU_STATE_COMMITTED when whole, published */
	uint64_t frame[];
};

/* ---- the arena header, in chunk 0 ---- */

struct vgpu_anchor {
	uint64_t counter;      /* raw counter, middle of the bracket */
	uint64_t monotonic_ns;
	uint64_t boottime_ns;
	uint64_t realtime_ns;
	uint32_t error;        /* half width of the bracket, in counter units */
	uint32_t sequence;     /* from 1; written last (release), 0 while being written */
};
_Static_assert(sizeof(struct vgpu_anchor) == 40, "layout");

enum vgpu_counter {
	VGPU_COUNTER_TSC = 1,        /* the architecture's counter, scaled through the anchors */
	VGPU_COUNTER_MONOTONIC = 2,  /* clock_gettime(CLOCK_MONOTONIC), in ns: the kernel does not trust the counter */
};

enum vgpu_observer {
	VGPU_OBSERVER_RING = 1, /* the entry points' wrappers */
	VGPU_OBSERVER_LINK = 2, /* the auditor of the dynamic linker: an arena of its own beside the process's */
};

enum vgpu_place {
	VGPU_PLACE_TRACE_DIR = 1, /* $VGPU_TRACE_DIR */
	VGPU_PLACE_RUNTIME_DIR = 2, /* $XDG_RUNTIME_DIR/vgpu-trace */
	VGPU_PLACE_SHM = 3,       /* /dev/shm/vgpu-trace-UID */
	VGPU_PLACE_MEMFD = 4,     /* anonymous: gone with its process */
};

struct vgpu_process {
	uint8_t boot_id[16];   /* /proc/sys/kernel/random/boot_id; zero: could not be read */
	uint64_t start_time;   /* field 22 of /proc/self/stat, clock ticks since boot */
	int32_t pid;           /* in its own pid namespace */
	int32_t ppid;
	uint64_t pid_ns;       /* inode of /proc/self/ns/pid, 0: could not be read */
	uint32_t uid;
	uint32_t instance;     /* arenas that this pid has had before this one (exec, core ABI) */
	char comm[16];
	char exe[256];         /* readlink /proc/self/exe, truncated */
};
_Static_assert(sizeof(struct vgpu_process) == 320, "layout");

struct vgpu_arena {
	struct vgpu_chunk chunk;
	uint64_t magic;
	uint32_t core_abi;
	uint32_t chunks;         /* chunks this arena may grow to (≤ VGPU_ARENA_CHUNKS) */
	uint32_t counter;        /* enum vgpu_counter */
	uint32_t place;          /* enum vgpu_place */
	int32_t place_errno[4];  /* why an earlier place of the ladder was passed over, 0: it was not tried or not set */
	uint32_t allocated;      /* chunks [0, allocated) have been taken for allocation; none beyond is touched */
	int32_t grow_errno;      /* why the arena stopped growing, 0: it did not */
	char session[32];        /* $VGPU_TRACE_SESSION */
	struct vgpu_process process;
	uint64_t forked_from;    /* pid of the process whose core this one inherited, 0: none */
	/* what was not kept */
	uint64_t threads_refused; /* threads that found no chunk */
	uint64_t calls_refused;   /* their calls, and those made while the core was starting */
	uint64_t records_recycled; /* calls of ended threads whose chunks were taken (all that they made) */
	uint64_t threads_recycled;
	uint64_t log_dropped;     /* process log records for which there was no room */
	uint64_t stacks_dropped;
	uint64_t populated[VGPU_ARENA_CHUNKS / 64]; /* chunks whose room is really there: a touch of any other may be SIGBUS */
	/* interned stacks: a table of VGPU_STACK_TABLE uint32_t offsets (0: empty), then struct vgpu_stack each */
	uint32_t stacks_table;    /* offset of the table in the arena, 0: no stacks */
	uint32_t stacks_growing;
	uint32_t stacks_offset;   /* next free byte, as an offset in the arena */
	uint32_t stacks_limit;
	/* the process log: [log_start, log_limit); within chunk 0, but in an arena without threads, which is all log */
	uint32_t log_start;
	uint32_t log_offset;      /* next free byte; past log_limit: full */
	uint32_t log_limit;
	uint32_t observer;        /* enum vgpu_observer: who writes here */
	uint64_t next_anchor;     /* raw counter at which another is due: whoever moves it on takes it */
	uint64_t anchor_count;    /* taken so far; anchor[0] is kept, the others wrap over [1, VGPU_ANCHORS) */
	struct vgpu_anchor anchor[VGPU_ANCHORS];
};
_Static_assert(sizeof(struct vgpu_arena) <= 4096, "the log begins on the second page");
#define VGPU_LOG_START 4096u

#endif
