/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the kernel side hands to the tracer: records in the rings, and the tables that steer it. */
#ifndef VGPU_BPF_RECORD_H
#define VGPU_BPF_RECORD_H

#include <linux/types.h>

#define VGPU_BPF_FRAMES    16u   /* calls of one thread in flight that are kept */
#define VGPU_BPF_REGISTERS 6u    /* argument registers */
#define VGPU_BPF_STACK     14u   /* 8-byte stack slots of arguments that are kept */
#define VGPU_BPF_WORDS     (VGPU_BPF_REGISTERS + 1 + VGPU_BPF_STACK) /* registers, return address, stack slots */
#define VGPU_BPF_CALLER    VGPU_BPF_REGISTERS /* place of the return address among the words */
#define VGPU_BPF_CAPTURES  14u   /* of one function */
#define VGPU_BPF_SMALLS    4u    /* in-values of one call that must be read before it runs */
#define VGPU_BPF_TEXT      64u   /* bytes kept of a call's first input string while it is in flight */
#define VGPU_BPF_BLOB_MAX  4096u
#define VGPU_BPF_BYTES_MAX 7680u /* of one record; task storage takes no value above two pages */
#define VGPU_BPF_NONE      0xffu

enum vgpu_bpf_kind {
	VGPU_BPF_CALL = 1,   /* struct vgpu_bpf_call */
	VGPU_BPF_THREAD = 2, /* struct vgpu_bpf_process: a thread's first call */
	VGPU_BPF_FORK = 3,   /* struct vgpu_bpf_process */
	VGPU_BPF_EXEC = 4,   /* struct vgpu_bpf_process */
	VGPU_BPF_EXIT = 5,   /* struct vgpu_bpf_process: its last thread ended */
	VGPU_BPF_LINK = 6,   /* struct vgpu_bpf_link: dlopen and its like */
	VGPU_BPF_WRITE = 7,  /* struct vgpu_bpf_write */
	VGPU_BPF_SIGNAL = 8, /* struct vgpu_bpf_signal */
	VGPU_BPF_OPEN = 9,   /* struct vgpu_bpf_open: a file about GPUs */
	VGPU_BPF_MAP = 11,   /* struct vgpu_bpf_map: a file was mapped as code */
	VGPU_BPF_IMAGE = 10, /* struct vgpu_bpf_image: device code that a call is given */
	VGPU_BPF_RAW_STACK = 12, /* struct vgpu_bpf_raw_stack: of the call or signal whose record follows */
};

/* Times are CLOCK_MONOTONIC, in ns. Sizes are multiples of 8. */
struct vgpu_bpf_head {
	__u32 size;
	__u16 kind;          /* enum vgpu_bpf_kind */
	__u16 flags;         /* of the kind */
	__u64 time_ns;       /* when it happened; of a call: when it was entered */
	__u64 start_ns;      /* its process's start, CLOCK_BOOTTIME: with pid its identity */
	__u32 tid, pid;      /* as the first pid namespace has them */
	__u32 ns_tid, ns_pid; /* as the process's own has them */
};
_Static_assert(sizeof(struct vgpu_bpf_head) == 40, "layout");

enum vgpu_bpf_call_flags {
	VGPU_BPF_CALL_PENDING = 1 << 0,   /* had not returned when its thread ended */
	VGPU_BPF_CALL_UNWOUND = 1 << 1,   /* left by longjmp: no result, no out-values */
	VGPU_BPF_CALL_TRUNCATED = 1 << 2, /* a blob was cut or left out for room */
	VGPU_BPF_CALL_CHAINED = 1 << 3,   /* reached by a jump from another probed function */
	VGPU_BPF_CALL_NO_STACK = 1 << 4,  /* its caller and stack arguments could not be read */
	VGPU_BPF_CALL_ENTRY = 1 << 6,     /* only its entry is probed */
	VGPU_BPF_CALL_LIVE = 1 << 5,      /* with PENDING: its thread is in it still; on request, and counted nowhere */
};

/* Followed by words raw words (see VGPU_BPF_WORDS), then blobs. */
struct vgpu_bpf_call {
	struct vgpu_bpf_head head;
	__u32 slot;         /* index in the table of functions */
	__u32 function;     /* id of the description, 0: none */
	__u8 depth;
	__u8 words;
	__u16 pad;
	__u32 pad2;
	__u64 ordinal;      /* this thread's calls of libraries with a ring, or of others; from 0; dropped ones count too */
	__u64 leave_ns;
	__u64 caller;
	__u64 sp;           /* address of the return address */
	__u64 result;
};
_Static_assert(sizeof(struct vgpu_bpf_call) == 96, "layout");

/* As struct vgpu_blob of the ring, and padded like it; two more flags. */
struct vgpu_bpf_blob {
	__u8 param;
	__u8 flags;
	__u16 size;
	__u32 full_size;
};
enum vgpu_bpf_blob_flags {
	VGPU_BPF_BLOB_IN = 1 << 0,
	VGPU_BPF_BLOB_OUT = 1 << 1,
	VGPU_BPF_BLOB_TRUNCATED = 1 << 2,
	VGPU_BPF_BLOB_ABSENT = 1 << 3,
	VGPU_BPF_BLOB_UNREADABLE = 1 << 4, /* with ABSENT: there is memory, and it could not be read */
	VGPU_BPF_BLOB_ENTRY = 1 << 5,      /* read when the call was entered */
};
#define VGPU_BPF_PARAM_RESULT 0xfe

/* What a stack is unwound from: of a call the caller's, right after the return. */
struct vgpu_bpf_registers {
	__u64 ip, sp, bp, bx, r12, r13, r14, r15;
};
#define VGPU_BPF_RAW_BYTES 32768u
#define VGPU_BPF_RETURNS   32u /* return probes in flight whose places are put right */

enum vgpu_bpf_raw_stack_flags {
	VGPU_BPF_RAW_STACK_SIGNAL = 1 << 0, /* of a signal; else of a call: slot and ordinal */
};

/* Followed by size bytes of stack from registers.sp upwards. Has the time of the record that it belongs to. */
struct vgpu_bpf_raw_stack {
	struct vgpu_bpf_head head;
	__u64 ordinal;
	__u32 slot;
	__u32 size;
	struct vgpu_bpf_registers registers;
};
_Static_assert(sizeof(struct vgpu_bpf_raw_stack) == 120, "layout");

enum vgpu_bpf_process_flags {
	VGPU_BPF_PROCESS_ARGV_CUT = 1 << 0,
	VGPU_BPF_PROCESS_ENV_CUT = 1 << 1,
	VGPU_BPF_PROCESS_UNREADABLE = 1 << 2,
};

/* What a descriptor leads to. */
struct vgpu_bpf_descriptor {
	__u32 mode;  /* st_mode, 0: it is closed, or could not be looked at */
	__u32 rdev;  /* of a device, as the kernel has it: major << 20 | minor */
	__u64 inode;
	char name[32]; /* of a file: its last component, maybe cut */
};

/* THREAD, FORK (of the child), EXIT, and EXEC as part of struct vgpu_bpf_exec. */
struct vgpu_bpf_process {
	struct vgpu_bpf_head head;
	__u64 cgroup;    /* id in the unified hierarchy */
	__u64 parent_start_ns;
	__u32 parent;    /* first pid namespace */
	__u32 pid_ns;    /* inode */
	__u32 uid;       /* first user namespace */
	__s32 exit_code; /* as wait has it; EXIT only */
	__u16 path_size, argv_size, env_size, pad;
	char comm[16];
};
_Static_assert(sizeof(struct vgpu_bpf_process) == 96, "layout");

/* Followed by path_size, argv_size and env_size bytes, unpadded. */
struct vgpu_bpf_exec {
	struct vgpu_bpf_process process;
	struct vgpu_bpf_descriptor out, err; /* 1 and 2 */
};

enum vgpu_bpf_op {
	VGPU_BPF_OP_CALL = 0,
	VGPU_BPF_OP_DLOPEN = 1,
	VGPU_BPF_OP_DLMOPEN = 2,
	VGPU_BPF_OP_DLSYM = 3,
	VGPU_BPF_OP_DLVSYM = 4,
	VGPU_BPF_OP_DLCLOSE = 5,
	VGPU_BPF_OP_CATCH = 6,     /* _dl_catch_error */
	VGPU_BPF_OP_ERROR = 7,     /* _dl_signal_error */
	VGPU_BPF_OP_EXCEPTION = 8, /* _dl_signal_exception */
	VGPU_BPF_OP_SETTLE = 9,    /* _dl_debug_state: no record */
};

/* Followed by name_size, error_size and object_size bytes of text, without NULs. */
struct vgpu_bpf_link {
	struct vgpu_bpf_head head;
	__u32 op;       /* enum vgpu_bpf_op; CATCH: not one of dlfcn.h's */
	__s32 code;     /* errno, 0: the linker gave none */
	__u64 leave_ns; /* 0: only its entry was seen */
	__u64 handle;   /* dlsym, dlclose: what was passed */
	__u64 result;   /* handle or address, 0: failed */
	__u64 caller;
	__u64 mode;
	__u16 name_size;
	__u16 error_size;
	__u16 object_size;
	__u16 pad;
};
_Static_assert(sizeof(struct vgpu_bpf_link) == 96, "layout");

enum vgpu_bpf_write_flags {
	VGPU_BPF_WRITE_UNREAD = 1 << 0, /* what comes after these bytes could not be read */
};

/* Followed by size bytes. */
struct vgpu_bpf_write {
	struct vgpu_bpf_head head;
	__u32 fd;
	__u32 size;
	__u64 full_size; /* what was written; where that failed, what was to be */
	__u64 address;   /* of the bytes, or of the list of their places */
	struct vgpu_bpf_descriptor target;
};

enum vgpu_bpf_open_flags {
	VGPU_BPF_OPEN_LOOK = 1 << 0, /* not opened: access, stat and their like */
};

/* Followed by size bytes: its path, without NUL. */
struct vgpu_bpf_open {
	struct vgpu_bpf_head head;
	__s32 error;     /* errno, 0: it was opened */
	__u32 flags;     /* O_… */
	__u32 size;
	__u32 pad;
};

/* The mapping that an address lies in; inode 0: not known, or no file. */
struct vgpu_bpf_mapping {
	__u64 start, offset, inode;
	char name[64]; /* last component of the file's name */
};

enum vgpu_bpf_map_flags {
	VGPU_BPF_MAP_PROGRAM = 1 << 0, /* the program itself */
	VGPU_BPF_MAP_WANTED = 1 << 1,  /* has one of the names in vgpu_names */
	VGPU_BPF_MAP_WAITS = 1 << 2,   /* its thread waits until its number is taken out of `held` */
	VGPU_BPF_MAP_SETTLED = 1 << 3, /* no file: its thread has waited, and goes on now */
	/* the tracer's own, put in when the record is taken out of its ring */
	VGPU_BPF_MAP_NEW = 1 << 4,     /* probed only now */
};

/* Followed by size bytes: the names from the file up to the root, NUL-terminated each. */
struct vgpu_bpf_map {
	struct vgpu_bpf_head head;
	__u64 start, length, offset;
	__u64 inode;
	__u64 probed_ns; /* the tracer's own: when it was */
	__u32 device; /* major << 20 | minor */
	__u32 size;
};

/* A file that is probed. */
struct vgpu_bpf_file {
	__u64 inode;
	__u64 device;
};

/* How the names of files begin that are to be probed. */
#define VGPU_BPF_NAMES 12u
#define VGPU_BPF_NAME  16u
struct vgpu_bpf_name {
	__u8 used;
	char begins[VGPU_BPF_NAME]; /* all of it where there is no NUL */
};

#define VGPU_BPF_IMAGE_ENTRIES 32u
#define VGPU_BPF_IMAGE_BYTES   512u

/*
 * Followed by size bytes: of a fat binary its header and those of the codes in it, one after the
 * other; of anything else how it begins.
 */
struct vgpu_bpf_image {
	struct vgpu_bpf_head head;
	__u32 slot;
	__u32 size;
	__u32 entries;   /* headers of codes that follow; 0: no fat binary */
	__u32 more;      /* 1: it has more of them */
	__u64 address;   /* where the code lies: behind the wrapper, where one was handed in */
	__u64 caller;
	struct vgpu_bpf_mapping mapping;
};

struct vgpu_bpf_signal {
	struct vgpu_bpf_head head;
	__s32 signal;
	__s32 code;      /* si_code */
	__u64 address;   /* si_addr */
	__u64 handler;   /* 0: default */
	__u64 ip, sp;
	__u32 slot;      /* of the call in flight, ~0: none */
	__u32 pad;
	__u64 ordinal;   /* of that call */
	struct vgpu_bpf_mapping mapping; /* that ip lies in */
	char initialising[64]; /* what dlopen was asked for that is under way; "": none */
};

/* ---- tables ---- */

enum vgpu_bpf_capture_kind {
	VGPU_BPF_CAPTURE_FIXED = 1,
	VGPU_BPF_CAPTURE_ARRAY = 2,     /* count × size bytes */
	VGPU_BPF_CAPTURE_STRING = 3,    /* at most count bytes */
	VGPU_BPF_CAPTURE_INDIRECT = 4,  /* the string that the pointer there points at */
	VGPU_BPF_CAPTURE_VERSIONED = 5, /* a struct whose first word's low 24 bits are its size */
};

enum vgpu_bpf_capture_flags {
	VGPU_BPF_CAPTURE_OK_ONLY = 1 << 0,  /* valid only where the call succeeded */
	VGPU_BPF_CAPTURE_FIRST = 1 << 1,    /* only the first element where it failed */
	VGPU_BPF_CAPTURE_RESULT = 1 << 2,   /* the pointer is the result */
	VGPU_BPF_CAPTURE_AT_ENTRY = 1 << 3, /* a small in-value, kept in the frame at place `small` */
};

enum vgpu_bpf_count_flags {
	VGPU_BPF_COUNT_SET = 1 << 0,
	VGPU_BPF_COUNT_POINTER = 1 << 1, /* the word points at it */
	VGPU_BPF_COUNT_WIDE = 1 << 2,    /* 8 bytes, else 4 */
	VGPU_BPF_COUNT_SIGNED = 1 << 3,
};

struct vgpu_bpf_count {
	__u8 flags;
	__u8 word;
	__u8 small; /* its in-value, VGPU_BPF_NONE: not kept */
	__u8 pad;
};

struct vgpu_bpf_capture {
	__u8 kind;
	__u8 flags;
	__u8 param;
	__u8 blob_flags; /* VGPU_BPF_BLOB_IN or _OUT */
	__u8 word;       /* that holds the pointer */
	__u8 small;
	__u16 pad;
	__u32 size;
	__u32 fixed_count;
	struct vgpu_bpf_count count, limit;
};
_Static_assert(sizeof(struct vgpu_bpf_capture) == 24, "layout");

enum vgpu_bpf_function_flags {
	VGPU_BPF_FUNCTION_STATUS = 1 << 0,
	VGPU_BPF_FUNCTION_SMALLS = 1 << 1, /* has captures at entry */
	VGPU_BPF_FUNCTION_OURS = 1 << 2,   /* of a library that has a ring: counted as the ring counts */
	VGPU_BPF_FUNCTION_BULK = 1 << 5,   /* called by the thousand, each time from another place */
	VGPU_BPF_FUNCTION_ENTRY = 1 << 4,  /* has no return probe: recorded when it is entered */
	VGPU_BPF_FUNCTION_IMAGE = 1 << 3,  /* image_word points at device code */
};

struct vgpu_bpf_function {
	__u32 id;
	__u16 op;        /* enum vgpu_bpf_op */
	__u8 flags;
	__u8 words;      /* raw words that are recorded */
	__u8 captures;
	__u8 text_word;  /* that points at its first input string, VGPU_BPF_NONE */
	__u8 text_param;
	__u8 result_bytes; /* 0: void */
	__u32 image_word;
	struct vgpu_bpf_capture capture[VGPU_BPF_CAPTURES];
};

/* The cookie of a probe: its function's slot, and: */
#define VGPU_BPF_COOKIE_ANYONE (1ull << 32) /* it concerns processes that are not followed, too */

/* For methods without a cookie a probe. */
struct vgpu_bpf_place {
	__u64 library; /* the event's cookie */
	__u64 offset;  /* in the file */
};

/* Per CPU and function. */
struct vgpu_bpf_hits {
	__u64 entries;
	__u64 returns;
};

/* Per CPU: entries = emitted + dropped + deep + filtered + what is in flight; nothing is lost silently. */
struct vgpu_bpf_totals {
	__u64 emitted;       /* call records in a ring */
	__u64 dropped;       /* call records for which there was no room */
	__u64 deep;          /* calls above VGPU_BPF_FRAMES */
	__u64 stateless;     /* calls without memory for a frame */
	__u64 unmatched;     /* returns without a frame: of deep ones, or entered while their probes were attached */
	__u64 other_emitted;
	__u64 other_dropped;
	__u64 unreadable;    /* values that could not be read */
	__u64 filtered;      /* calls that returned and were not wanted: neither emitted nor lost */
};

#endif
