/* SPDX-License-Identifier: Apache-2.0 */
/* What the link observer writes: its records, shared by the auditor (in the traced process) and readers. */
#ifndef VGPU_AUDIT_LAYOUT_H
#define VGPU_AUDIT_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "shim/ring/layout.h"

/*
 * The auditor has an arena of its own (struct vgpu_arena, observer = VGPU_OBSERVER_LINK), a file
 *
 *	$VGPU_TRACE_DIR/link-<pid>-<start_time>-<n>.ring
 *
 * for the nth program (n from 0) that this process executed. It has no thread chunks: behind the
 * header all of it is process log, [log_start, log_limit). log_limit grows while the process runs,
 * up to chunks * VGPU_CHUNK_BYTES, which is the file's size; what lies past log_limit is a hole.
 * Records are reserved and committed as in any process log (struct vgpu_word); generation is 0.
 *
 * Where no ring can be had at all (a full disk), an empty file of that name with the ending
 * ".declined-<errno>" in place of ".ring" says so, if a name can be had.
 *
 * Absence counts only where the observer was watching. It was not: before START; in a program that
 * never started it (static, another libc, setuid, an environment without LD_AUDIT: no file at all);
 * after WITHDRAWN; where arena.log_dropped is not 0 (PLAIN_DROPPED: of what is not about GPUs);
 * and NO_ERROR_TEXT, NO_SYMBOLS, … each say which records cannot be expected. A log without a CONSISTENT record that has
 * VGPU_LINK_STARTED belongs to a program that did not get through its start (or was killed there).
 *
 * Its variables: VGPU_TRACE_DIR (else it records nothing), VGPU_TRACE_SESSION (copied to the
 * header), VGPU_AUDIT_REDIRECT (a directory: names of GPU libraries lead to ours there), and
 * VGPU_TRACE_HOST="<boot id, 36 characters>:<enum vgpu_counter, one digit>", which spares each
 * process to find that out (some 30 µs); it must not outlive the boot, so only `run` may set it.
 *
 * A forked child that executes nothing writes into its parent's ring, with its number in `fork`.
 */

/* Kinds of struct vgpu_word, from 16 on; append-only. */
enum vgpu_link_kind {
	VGPU_LINK_START = 16,      /* struct vgpu_link_start, always the first record */
	VGPU_LINK_TEXT = 17,       /* struct vgpu_link_text: one thing known of the process at its start */
	VGPU_LINK_SEARCHED = 18,   /* struct vgpu_link_searched: a file name is about to be tried */
	VGPU_LINK_OPENED = 19,     /* struct vgpu_link_opened: an object was mapped */
	VGPU_LINK_CLOSED = 20,     /* struct vgpu_link_closed: an object goes (at exit: all of them) */
	VGPU_LINK_CONSISTENT = 21, /* struct vgpu_link_consistent: all objects asked for are there */
	VGPU_LINK_BOUND = 22,      /* struct vgpu_link_bound: a GPU symbol was found */
	VGPU_LINK_FAILED = 23,     /* struct vgpu_link_call: dlopen, dlsym, … failed; with the text of dlerror */
	VGPU_LINK_LOADED = 24,     /* struct vgpu_link_call: dlopen of a GPU library succeeded */
	VGPU_LINK_NOTE = 25,       /* struct vgpu_link_note: what cannot be observed, or was done otherwise */
	VGPU_LINK_WITHDRAWN = 26,  /* struct vgpu_link_note: the last record; nothing is observed from here on */
	VGPU_LINK_REEXEC = 27,     /* struct vgpu_link_note: the program is executed again; see the next ring */
	VGPU_LINK_FORKED = 28,     /* struct vgpu_link_forked: a forked child writes here from now on */
};

enum vgpu_link_flags {
	VGPU_LINK_CUT = 1 << 0,        /* a string was longer than is kept */
	VGPU_LINK_GPU = 1 << 1,        /* about a GPU library or symbol, by the vendor tables */
	VGPU_LINK_REDIRECTED = 1 << 2, /* SEARCHED: the last string was handed to the linker instead */
	VGPU_LINK_STATTED = 1 << 3,    /* SEARCHED, OPENED: device, inode, mode, size or error say what is there */
	VGPU_LINK_STARTED = 1 << 4,    /* CONSISTENT: the program's own start-up is done, no constructor has run */
	VGPU_LINK_MAIN = 1 << 5,       /* OPENED: the program itself; its path is the arena's process.exe */
	VGPU_LINK_LINKER = 1 << 6,     /* OPENED: the dynamic linker */
	VGPU_LINK_BY_EXPORT = 1 << 7,  /* OPENED: a GPU library by what it exports, not by its name */
	VGPU_LINK_OURS = 1 << 8,       /* OPENED: carries the note of our own libraries */
	VGPU_LINK_DLSYM = 1 << 9,      /* BOUND: by dlsym or dlvsym; else through a procedure linkage table */
	VGPU_LINK_NO_FORK = 1 << 10,   /* START: forked children cannot be told from this process */
	VGPU_LINK_COARSE = 1 << 11,    /* its time is that of the kernel's last tick, see below */
	VGPU_LINK_AGAIN = 1 << 12,     /* START: executed again by the auditor (REEXEC in the ring before) */
};

/* Whose library or symbol it is. Append-only. */
enum vgpu_link_vendor {
	VGPU_VENDOR_NONE = 0,
	VGPU_VENDOR_NVIDIA = 1,
	VGPU_VENDOR_AMD = 2,
	VGPU_VENDOR_INTEL = 3,
	VGPU_VENDOR_KHRONOS = 4, /* Vulkan, OpenCL: whoever is behind */
	VGPU_VENDOR_CLIENT = 5,  /* uses GPUs: ggml's backends */
};

/*
 * The head of every record of this observer.
 *
 * A program may have given up system calls, and with them the right to read the processor's counter
 * (strict seccomp makes it a SIGSEGV). So it is read only for SEARCHED, OPENED and CONSISTENT, and
 * before the program runs. Other records are COARSE: their counter is CLOCK_MONOTONIC in ns, as the
 * kernel noted it at its last tick. That is never too late, and at most 10 ms too early; they lie
 * between their neighbours in the log, whose times are exact. 0: not known.
 */
struct vgpu_link_record {
	struct vgpu_word word;
	uint64_t counter;    /* raw counter (arena.counter says which); COARSE: ns */
	uint32_t tid;        /* 0: not known */
	uint16_t fork;       /* 0: the process itself, else its nth forked child */
	uint16_t flags;      /* enum vgpu_link_flags */
	uint16_t text_at;    /* offset in the record of its strings */
	uint16_t text_bytes; /* of all of them; each ends with a NUL; "" where there is none */
	uint16_t texts;      /* strings */
	uint8_t vendor;      /* enum vgpu_link_vendor */
	uint8_t pad;
};
_Static_assert(sizeof(struct vgpu_link_record) == 32, "layout");

/*
 * Objects are named by the address of the linker's struct link_map: what dlopen returns, and what
 * dlsym takes as handle. It may be used again after CLOSED.
 */

/* No strings. */
struct vgpu_link_start {
	struct vgpu_link_record head;
	uint32_t audit_version; /* what the linker offered: 1 before glibc 2.35 */
	uint32_t forks;         /* children that have written here so far; changes */
	uint64_t main_entry;    /* AT_ENTRY */
	uint64_t stack;         /* address of argc */
};
_Static_assert(sizeof(struct vgpu_link_start) == 56, "layout");

enum vgpu_link_what {
	VGPU_LINK_ARGV = 1,   /* each argument ends with a NUL: all strings of the record */
	VGPU_LINK_ENV = 2,    /* "NAME=value", of the variables that the linker or GPU libraries heed */
	VGPU_LINK_STDERR = 3, /* where descriptor 2 leads, as readlink says; "" and error: closed */
	VGPU_LINK_EXECFN = 4, /* the name that execve was given */
	VGPU_LINK_COMM = 5,   /* the name that the kernel gave the process */
};

/* One string, or argv. */
struct vgpu_link_text {
	struct vgpu_link_record head;
	uint32_t what;       /* enum vgpu_link_what */
	int32_t error;       /* errno where it could not be had */
	uint64_t full_bytes; /* there were, with their NULs */
};
_Static_assert(sizeof(struct vgpu_link_text) == 48, "layout");

/* Where a name came from. The values are those of the linker's la_objsearch. */
enum vgpu_link_origin {
	VGPU_LINK_ORIGINAL = 0x01, /* as asked for: DT_NEEDED, dlopen, LD_PRELOAD */
	VGPU_LINK_LIBPATH = 0x02,  /* LD_LIBRARY_PATH */
	VGPU_LINK_RUNPATH = 0x04,  /* DT_RUNPATH or DT_RPATH of the requester */
	VGPU_LINK_CONFIG = 0x08,   /* ld.so.cache */
	VGPU_LINK_DEFAULT = 0x40,  /* the default directories */
	VGPU_LINK_SECURE = 0x80,
};

/* Strings: the name; the one handed out instead (REDIRECTED). */
struct vgpu_link_searched {
	struct vgpu_link_record head;
	uint64_t object; /* who asks: the object that needs it, or that called dlopen */
	uint64_t device; /* STATTED: of the file there, symbolic links followed */
	uint64_t inode;
	uint64_t size;
	uint32_t mode;   /* st_mode */
	int32_t error;   /* STATTED: errno of stat, 0: there is something */
	uint32_t origin; /* enum vgpu_link_origin */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_link_searched) == 80, "layout");

/* Strings: the path that the linker has for it; its SONAME. */
struct vgpu_link_opened {
	struct vgpu_link_record head;
	uint64_t object;
	uint64_t base;       /* l_addr */
	uint64_t from, to;   /* addresses of its first and past its last segment; 0: not known */
	uint64_t device;     /* STATTED (GPU libraries): what the path leads to now */
	uint64_t inode;
	uint64_t size;
	int64_t name_space;  /* 0: the program's own, else of a dlmopen */
	uint32_t mode;
	int32_t error;
	uint32_t tls_size;   /* of its PT_TLS */
	uint32_t tls_align;
	uint8_t build_id[20];
	uint8_t build_id_size; /* 0: none, or not known */
	uint8_t ours;        /* OURS: enum vgpu_library_id */
	uint8_t pad[2];
};
_Static_assert(sizeof(struct vgpu_link_opened) == 136, "layout");

/* No strings. */
struct vgpu_link_closed {
	struct vgpu_link_record head;
	uint64_t object;
	uint64_t base;
};
_Static_assert(sizeof(struct vgpu_link_closed) == 48, "layout");

/* No strings. An anchor of the clock is taken with it, but not at exit. */
struct vgpu_link_consistent {
	struct vgpu_link_record head;
	uint64_t object;   /* the namespace's first one */
	uint32_t opened;   /* objects opened so far */
	uint32_t activity; /* what it ends: 1 adding, 2 removing */
};
_Static_assert(sizeof(struct vgpu_link_consistent) == 48, "layout");

/* String: the symbol. */
struct vgpu_link_bound {
	struct vgpu_link_record head;
	uint64_t from;    /* the object that refers to it, or that called dlsym */
	uint64_t to;      /* the object that defines it */
	uint64_t address;
	uint32_t index;   /* in the symbol table of `to` */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_link_bound) == 64, "layout");

enum vgpu_link_op {
	VGPU_LINK_OP_OTHER = 0,   /* a use inside libc (NSS, iconv, libgcc_s), or not recognised: texts only */
	VGPU_LINK_OP_DLOPEN = 1,  /* file, mode */
	VGPU_LINK_OP_DLMOPEN = 2, /* file, mode, name_space */
	VGPU_LINK_OP_DLSYM = 3,   /* handle, symbol */
	VGPU_LINK_OP_DLVSYM = 4,  /* handle, symbol, version */
	VGPU_LINK_OP_DLCLOSE = 5, /* handle */
};

/*
 * Strings: file or symbol; version; the object named by the linker; its text. dlerror() makes of
 * them "OBJECT: TEXT" (only "TEXT" where OBJECT is ""), followed by ": " and strerror(code) where
 * code is not 0; vgpu_link_dlerror below.
 */
struct vgpu_link_call {
	struct vgpu_link_record head;
	uint32_t op;        /* enum vgpu_link_op */
	int32_t code;       /* errno, 0: none */
	uint64_t handle;    /* dlsym's; 0 RTLD_DEFAULT, -1 RTLD_NEXT; LOADED: what dlopen returned */
	uint64_t caller;    /* the address in the program that called */
	int64_t name_space; /* DLMOPEN: -1 LM_ID_NEWLM */
	int32_t mode;       /* RTLD_… */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_link_call) == 72, "layout");

/* Of NOTE, WITHDRAWN and REEXEC. Append-only. */
enum vgpu_link_reason {
	/* what is not observed */
	VGPU_LINK_NO_ERROR_TEXT = 1,    /* error text not observed: no FAILED records; value: which anchor is missing */
	VGPU_LINK_NO_OP = 2,            /* FAILED records have OP_OTHER: this libc's dlopen is not understood */
	VGPU_LINK_PLAIN_DROPPED = 3,    /* a record that is not about GPUs found no room; the half left is for those that are */
	VGPU_LINK_NO_OBJECTS = 4,       /* no program headers: OPENED without addresses, build id and TLS */
	/* what was done otherwise */
	VGPU_LINK_NO_REDIRECT = 5,      /* $VGPU_AUDIT_REDIRECT: code says why; text: the file */
	/* why it withdrew, or executed the program again */
	VGPU_LINK_OLD_GLIBC = 16,       /* value: audit version */
	VGPU_LINK_TLS_SIZE = 17,        /* value: bytes of static TLS its libraries need, limit: what there is under an auditor */
	VGPU_LINK_TLS_ALIGN = 18,       /* value: alignment asked for, limit: the greatest that works */
	VGPU_LINK_LAYOUT = 19,          /* this linker's link_map is not understood, so TLS cannot be counted */
	VGPU_LINK_EXEC_FAILED = 20,     /* code: errno of the execve that should have helped; value: the reason for it */
	VGPU_LINK_NOT_IN_LD_AUDIT = 21, /* cannot take itself out of LD_AUDIT: not found there */
	VGPU_LINK_TLS_MALLOC = 22,      /* a malloc with dynamic TLS: under an auditor it would call itself for ever */
};

/* String: the object concerned, or a file. */
struct vgpu_link_note {
	struct vgpu_link_record head;
	uint32_t reason;  /* enum vgpu_link_reason */
	int32_t code;     /* errno, 0: none */
	uint64_t value;
	uint64_t limit;
	uint64_t given;   /* REEXEC: glibc.rtld.optional_static_tls it goes on with; 0: it goes on without the auditor */
};
_Static_assert(sizeof(struct vgpu_link_note) == 64, "layout");

/* No strings. */
struct vgpu_link_forked {
	struct vgpu_link_record head; /* head.tid: usually the child's pid, in its own namespace */
	uint32_t number;              /* what its records have in `fork` */
	uint32_t pad;
};
_Static_assert(sizeof(struct vgpu_link_forked) == 40, "layout");

/* The auditor's file: as large as this, a hole from log_limit on. */
#define VGPU_LINK_CHUNKS    16u
/* Once this much is written, records that are not about GPUs are dropped, and counted. */
#define VGPU_LINK_PLAIN_END (VGPU_LINK_CHUNKS * VGPU_CHUNK_BYTES / 2)
#define VGPU_LINK_TEXT_MAX  4096u /* bytes kept of one string, its NUL included */

/* ---- for readers: everything is checked against the record's own size ---- */

static inline size_t vgpu_link_size(const void *record)
{
	return (size_t)((const struct vgpu_word *)record)->size8 * 8;
}

/* The nth string of a record that was copied whole; "" where there is none. */
static inline const char *vgpu_link_string(const void *record, unsigned n)
{
	const struct vgpu_link_record *head = (const struct vgpu_link_record *)record;
	size_t size = vgpu_link_size(record), at = head->text_at, end = at + head->text_bytes;
	const char *bytes = (const char *)record;

	if (at < sizeof(*head) || end > size || end <= at || bytes[end - 1] || n >= head->texts)
		return "";
	while (n && at < end)
		n -= !bytes[at++];
	return at < end ? bytes + at : "";
}

/* The text that dlerror() had for a FAILED record, but for ": " and strerror(code). Returns its length, cut to size - 1. */
static inline size_t vgpu_link_dlerror(const void *record, char *out, size_t size)
{
	const char *parts[] = { vgpu_link_string(record, 2), ": ", vgpu_link_string(record, 3) };
	size_t used = 0;

	for (unsigned i = *parts[0] ? 0 : 2; i < 3; i++)
		for (const char *p = parts[i]; *p && used + 1 < size; p++)
			out[used++] = *p;
	if (size)
		out[used] = '\0';
	return used;
}

#endif
