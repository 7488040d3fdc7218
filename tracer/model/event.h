/* SPDX-License-Identifier: Apache-2.0 */
/* The one event type: what every source makes and every sink takes. */
#ifndef VGPU_MODEL_EVENT_H
#define VGPU_MODEL_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "shim/ring/layout.h"

/* Append-only: the numbers are in every trace file. */
enum vgpu_event_kind {
	VGPU_EVENT_NONE = 0,
	VGPU_EVENT_HOST = 1,      /* where this was recorded */
	VGPU_EVENT_SESSION = 2,   /* what was asked for: the command, the mode */
	VGPU_EVENT_ANSWER = 3,    /* which file answers, or would answer, for a library name */
	VGPU_EVENT_COVERAGE = 4,  /* an observer was on from … to …, or could not be */
	VGPU_EVENT_START = 5,     /* a process was first seen */
	VGPU_EVENT_EXEC = 6,      /* it became another program */
	VGPU_EVENT_EXIT = 7,      /* it ended */
	VGPU_EVENT_PRESENCE = 8,  /* whether our libraries got into it */
	VGPU_EVENT_RING = 9,      /* its ring was found */
	VGPU_EVENT_LIBRARY = 10,  /* a library of ours took its first call */
	VGPU_EVENT_CALL = 11,     /* a call that returned */
	VGPU_EVENT_PENDING = 12,  /* a call entered and not returned so far */
	VGPU_EVENT_TEXT = 13,     /* something the shim says of itself */
	VGPU_EVENT_GATE = 14,     /* a decision of the init gate */
	VGPU_EVENT_LOSS = 15,     /* totals of what was called and is not on record */
	/* what the link and the kernel observer see */
	VGPU_EVENT_SEARCH = 16,   /* a file name was tried for a library */
	VGPU_EVENT_OBJECT = 17,   /* a library or program file was mapped */
	VGPU_EVENT_UNLOAD = 18,   /* it went */
	VGPU_EVENT_LINKED = 19,   /* the dynamic linker is done with what it was asked for */
	VGPU_EVENT_DL = 20,       /* dlopen, dlsym and the like, with the linker's words where it refused */
	VGPU_EVENT_BOUND = 21,    /* a GPU symbol was found in an object */
	VGPU_EVENT_CONTEXT = 22,  /* what surrounds a process: variables, where its stderr leads */
	VGPU_EVENT_FILE = 23,     /* a file was opened, or was to be */
	VGPU_EVENT_OUTPUT = 24,   /* it wrote to descriptor 1 or 2 */
	VGPU_EVENT_CRASH = 25,    /* a signal that tells of a fault, whether or not a handler caught it */
	VGPU_EVENT_IMAGE = 26,    /* device code handed to a module or library load */
	VGPU_EVENT_PROBES = 27,   /* a file was probed by the kernel observer */
	VGPU_EVENT_KERNEL_LOSS = 28, /* totals of the kernel observer, a CPU */
	VGPU_EVENT_OBSERVER = 29, /* what an observer cannot see in a process, or did otherwise */
	VGPU_EVENT_FACT = 30,     /* one thing known of the machine */
	VGPU_EVENT_LOG = 31,      /* a line of a service's log: a weak witness */
	VGPU_EVENT_GAP = 32,      /* events that were seen and are not in the file, to hold it to a size */
	VGPU_EVENT_KINDS
};

/* Who saw it, or-ed where several did. The first two are the ring's own (VGPU_OBSERVER_RING, VGPU_OBSERVER_LINK). */
enum vgpu_event_observer {
	VGPU_OBSERVER_KERNEL = 1 << 2,  /* BPF */
	VGPU_OBSERVER_PROCESS = 1 << 3, /* the process tree: kernel's connector, /proc, wait */
	VGPU_OBSERVER_TRACER = 1 << 4,  /* vgpu-trace itself */
};

/* How the GPU libraries of the traced program were treated. */
enum vgpu_shim_mode {
	VGPU_SHIM_NONE = 0,
	VGPU_SHIM_SIM = 1,
	VGPU_SHIM_FORWARD = 2, /* ours in front, another library answers */
	VGPU_SHIM_REPLAY = 3,  /* a recorded trace answers */
	VGPU_SHIM_BIND = 4,    /* the program's own stays; recording wrappers as symbols are bound */
};

enum vgpu_presence {
	VGPU_PRESENCE_UNKNOWN = 0, /* not observed */
	VGPU_PRESENCE_IN = 1,      /* mapped, or a call was made */
	VGPU_PRESENCE_OUT = 2,     /* looked, and they were not there */
};

enum vgpu_exit_how {
	VGPU_EXIT_SEEN = 0,   /* gone; how is not known */
	VGPU_EXIT_CODE = 1,   /* status is the exit code */
	VGPU_EXIT_SIGNAL = 2, /* status is the signal */
};

struct vgpu_data {
	const uint8_t *bytes; /* 8-byte aligned where it holds blobs */
	uint32_t size;
};

/* Strings one after the other, each NUL-terminated. */
struct vgpu_strings {
	const char *bytes;
	uint32_t size;
};

struct vgpu_words {
	const uint64_t *words;
	uint32_t count;
};

struct vgpu_event_host {
	const char *kernel;  /* uname release */
	const char *machine; /* x86_64 */
	const char *libc;    /* of vgpu-trace's own process */
	const char *version; /* of vgpu-trace */
	uint8_t boot_id[16];
	uint32_t cpus;
	uint64_t memory_bytes;
	uint64_t clock_ticks;  /* a second: the unit of start times */
	uint64_t monotonic_ns; /* one moment on three clocks */
	uint64_t boottime_ns;
	uint64_t realtime_ns;
	struct vgpu_words schema; /* hashes of our own tables, in the order of library ids */
};

struct vgpu_event_session {
	const char *id;
	struct vgpu_strings command;
	const char *directory; /* that it was started in */
	uint32_t mode;         /* enum vgpu_shim_mode */
	const char *inject;    /* "preload", "path", "both"; NULL in mode none */
	const char *device;    /* the simulated device's file or preset, NULL: the default */
	uint32_t stacks;
	const char *ring_dir;
	uint32_t attached; /* 1: to what was running, or was waited for; nothing was started or put in */
	const char *filter; /* only calls for which this holds are on record; NULL: all */
};

struct vgpu_event_answer {
	const char *soname;
	const char *path; /* NULL: none was found */
	const char *where; /* how it is found: "LD_LIBRARY_PATH", "ld.so.cache", "LD_PRELOAD", "default directory" */
	uint32_t library;  /* ours: enum vgpu_library_id; 0: foreign */
	struct vgpu_data build_id;
	uint64_t schema_hash; /* ours */
	uint32_t symbols;     /* functions it exports */
	int32_t error;        /* errno: it is there and cannot be used */
	const char *note;     /* anything else worth knowing: "a stub for linking" */
};

struct vgpu_event_coverage {
	uint32_t observer; /* one enum vgpu_event_observer */
	uint32_t on;       /* 1 on, 0 off or not to be had */
	uint64_t since_ns; /* on: from here; off: up to time_ns */
	const char *how;   /* "process connector", "polling every 5 ms", … */
	const char *why;   /* off: why, and what it takes */
	uint64_t lost;     /* events it knows it missed */
};

/* START and EXEC */
struct vgpu_event_process {
	uint8_t boot_id[16];
	uint64_t start_time; /* clock ticks since boot */
	int32_t pid;         /* in the tracer's pid namespace, 0: not visible from it */
	int32_t ns_pid;      /* in its own */
	int32_t ppid;
	uint32_t parent;     /* this stream's number of the parent, 0: not in it */
	uint64_t pid_ns;     /* inode */
	uint32_t uid;
	uint32_t execs;      /* since it was first seen */
	uint32_t in_session; /* 1: the command or one of its descendants */
	const char *comm;
	const char *exe;
	struct vgpu_strings argv;
	const char *witness; /* how it was noticed */
};

struct vgpu_event_exit {
	uint32_t how;       /* enum vgpu_exit_how */
	int32_t status;
	uint32_t core;      /* 1: it dumped core */
	uint64_t lived_ns;  /* from its start to when it was seen to be gone */
};

struct vgpu_event_presence {
	uint32_t presence;  /* enum vgpu_presence */
	uint32_t libraries; /* bits 1 << enum vgpu_library_id of those mapped */
	uint32_t looks;     /* times its maps were read */
	uint64_t last_look_ns; /* monotonic, 0: never */
	const char *why;    /* OUT, UNKNOWN: the reason, where known */
};

struct vgpu_event_ring {
	const char *path; /* NULL: memory only */
	const char *session;
	uint32_t place;   /* enum vgpu_place */
	uint32_t counter; /* enum vgpu_counter */
	uint32_t core_abi;
	uint32_t instance;
	uint64_t forked_from;
	struct vgpu_words place_errno; /* why the places before it were passed over */
};

struct vgpu_event_library {
	uint32_t library;
	uint32_t functions;
	uint64_t schema_hash;
	uint64_t base;
	const char *backend;
	const char *path;
	struct vgpu_data build_id;
};

/* Why a stack that was unwound from a raw one goes no further. */
enum vgpu_stack_end {
	VGPU_STACK_END_WHOLE = 0,  /* it is whole; also of stacks that were not made so */
	VGPU_STACK_END_FRAMES = 1, /* there are more frames than are kept */
	VGPU_STACK_END_CUT = 2,    /* not so much of it was copied */
	VGPU_STACK_END_FILE = 3,   /* no file is mapped where the last address is */
	VGPU_STACK_END_RULES = 4,  /* the last address's file does not say who called, or the stack is damaged */
};

/* In words; NULL: it is whole. */
const char *vgpu_stack_end_text(uint32_t end);

/* CALL and PENDING */
struct vgpu_event_call {
	uint32_t function; /* library << 16 | number */
	uint16_t flags;    /* enum vgpu_call_flags */
	uint8_t depth;
	uint8_t ended;     /* PENDING: 1, its process is gone; it will never return */
	uint32_t thread;   /* one number a thread within the stream, never reused */
	const char *thread_name;
	uint64_t ordinal;
	uint64_t duration_ns; /* PENDING: so far */
	uint64_t caller;
	uint64_t sp;
	uint64_t result;
	const char *text;       /* PENDING: start of its first input string, NULL: none */
	uint32_t text_param;    /* which parameter that is */
	struct vgpu_words args;
	struct vgpu_data blobs; /* struct vgpu_blob and data, as in the ring */
	struct vgpu_words stack; /* addresses: the caller, who called that, … */
	const char *name;       /* of a function that the description lacks (function is 0); else NULL */
	const char *object;     /* kernel: file of the library that has it, NULL: not known */
	struct vgpu_data frames; /* kernel: struct vgpu_bpf_registers, then raw stack from its sp upwards; "": was unwound */
	const char *types;      /* of such a function, where somebody stated them: "int,ptr,str->int"; else NULL */
	uint32_t before;        /* PENDING: 1, entered before the observer came: time_ns is when it was found */
	uint32_t stack_end;     /* kernel: enum vgpu_stack_end */
};

struct vgpu_event_text {
	uint32_t level; /* 0 note, 1 warning, 2 error */
	const char *text;
};

struct vgpu_event_gate {
	uint32_t function;
	int32_t result;
	const char *reason;
};

/* Totals up to now of one ring; the latest one of a ring counts. */
struct vgpu_event_loss {
	uint32_t ring; /* number of the RING event */
	uint64_t dropped;
	uint64_t overwritten;
	uint64_t refused;
	uint64_t threads_refused;
	uint64_t recycled;
	uint64_t log_dropped;
	uint64_t stacks_dropped;
	uint64_t unwound; /* left by longjmp: on record, without a result */
	int32_t grow_errno;
};

/* Where the dynamic linker had a name from; the values are those of la_objsearch. */
enum vgpu_origin {
	VGPU_ORIGIN_ASKED = 0x01,   /* as it was asked for: DT_NEEDED, dlopen, LD_PRELOAD */
	VGPU_ORIGIN_LIBPATH = 0x02, /* LD_LIBRARY_PATH */
	VGPU_ORIGIN_RUNPATH = 0x04, /* of who asks */
	VGPU_ORIGIN_CACHE = 0x08,   /* ld.so.cache */
	VGPU_ORIGIN_DEFAULT = 0x40,
	VGPU_ORIGIN_SECURE = 0x80,
};

enum vgpu_object_flags {
	VGPU_OBJECT_GPU = 1 << 0,        /* a GPU library, by the vendor tables */
	VGPU_OBJECT_MAIN = 1 << 1,       /* the program itself */
	VGPU_OBJECT_LINKER = 1 << 2,     /* the dynamic linker */
	VGPU_OBJECT_BY_EXPORT = 1 << 3,  /* GPU by what it exports, not by its name */
	VGPU_OBJECT_STARTED = 1 << 4,    /* LINKED: the program's own start; no constructor has run yet */
	VGPU_OBJECT_REDIRECTED = 1 << 5, /* SEARCH: `instead` was handed to the linker */
	VGPU_OBJECT_STATTED = 1 << 6,    /* error, device, inode, size and mode say what is there */
	VGPU_OBJECT_BEFORE = 1 << 7,     /* OBJECT: was mapped when the observer came; time_ns is then */
};

struct vgpu_event_search {
	const char *path;    /* the name that is tried */
	const char *instead; /* REDIRECTED */
	const char *requester; /* file of the object that asks, NULL: not known */
	uint64_t object;     /* its handle, as in OBJECT */
	uint32_t origin;     /* enum vgpu_origin */
	uint32_t flags;      /* enum vgpu_object_flags */
	uint32_t vendor;     /* enum vgpu_link_vendor of shim/audit/layout.h */
	int32_t error;       /* STATTED: errno of stat, 0: there is something */
	uint32_t mode;       /* st_mode */
	uint64_t device, inode, size;
};

/* OBJECT and UNLOAD */
struct vgpu_event_object {
	const char *path;
	const char *soname;
	uint64_t object;     /* what dlopen returns: address of the linker's link_map; 0: not known */
	uint64_t base;       /* load address */
	uint64_t from, to;   /* addresses of its first and past its last segment */
	uint32_t flags;      /* enum vgpu_object_flags */
	uint32_t vendor;
	uint32_t library;    /* ours, by its note: enum vgpu_library_id; 0: foreign */
	struct vgpu_data build_id;
	uint64_t device, inode, size;
	uint32_t mode;
	int32_t error;
	int64_t name_space;  /* 0: the program's own, else of a dlmopen */
	uint32_t tls_size, tls_align;
};

struct vgpu_event_linked {
	uint32_t flags;      /* STARTED */
	uint32_t objects;    /* opened so far */
	uint32_t activity;   /* what ended: 1 adding, 2 removing */
};

enum vgpu_dl_op {
	VGPU_DL_OTHER = 0,   /* a use inside libc, or not recognised */
	VGPU_DL_DLOPEN = 1,
	VGPU_DL_DLMOPEN = 2,
	VGPU_DL_DLSYM = 3,
	VGPU_DL_DLVSYM = 4,
	VGPU_DL_DLCLOSE = 5,
	VGPU_DL_START = 6,   /* the program's own start-up */
};

struct vgpu_event_dl {
	uint32_t op;         /* enum vgpu_dl_op */
	uint32_t failed;     /* 1: it was refused; error has the linker's words where they were observed */
	const char *name;    /* file or symbol */
	const char *version; /* DLVSYM */
	const char *error;   /* as dlerror() has it, without ": " and strerror(code) */
	const char *object_name; /* the object that the linker names in it */
	const char *caller_object; /* file of who called, NULL: not known */
	int32_t code;        /* errno, 0: none */
	uint32_t vendor;     /* of the library or symbol; 0: none */
	uint64_t handle;     /* passed (dlsym, dlclose); 0 RTLD_DEFAULT, -1 RTLD_NEXT */
	uint64_t result;     /* handle or address, 0: refused or not observed */
	uint64_t caller;
	int32_t mode;        /* RTLD_… */
	int64_t name_space;
	uint64_t duration_ns; /* 0: not observed */
};

struct vgpu_event_bound {
	const char *symbol;
	const char *from;    /* file that refers to it, or that called dlsym */
	const char *to;      /* file that defines it */
	uint64_t from_object, to_object;
	uint64_t address;
	uint32_t vendor;
	uint32_t by_dlsym;   /* 1: dlsym or dlvsym, 0: a procedure linkage table */
};

enum vgpu_context_flags {
	VGPU_CONTEXT_ENV = 1 << 0,     /* env is complete for the variables the observer looks for: others were not set */
	VGPU_CONTEXT_STDERR = 1 << 1,  /* stderr_target was looked at; NULL then: closed */
	VGPU_CONTEXT_AGAIN = 1 << 2,   /* executed again by our own auditor */
};

/* After START or EXEC, and again whenever more becomes known; the latest of each field counts. */
struct vgpu_event_context {
	uint32_t flags;      /* enum vgpu_context_flags */
	struct vgpu_strings env; /* "NAME=value": an allow-list */
	const char *stdout_target, *stderr_target; /* as readlink says of /proc/PID/fd: "/dev/null", "pipe:[1234]" */
	const char *directory;
	const char *cgroup;
	const char *exec_name; /* what execve was given */
	struct vgpu_strings argv; /* size 0: not known */
	const char *comm;
};

struct vgpu_event_file {
	const char *path;    /* as the process gave it */
	int32_t error;       /* errno, 0: it was opened */
	uint32_t flags;      /* O_… */
	uint32_t vendor;
	uint64_t duration_ns;
	uint32_t looked;     /* 1: it was not to be opened; access, stat or their like asked for it */
};

struct vgpu_event_output {
	uint32_t descriptor;
	const char *target;  /* where it leads, NULL: not known */
	struct vgpu_data bytes; /* size 0 and full_size > 0: not readable */
	uint64_t full_size;
	uint32_t unread;     /* 1: what comes after these bytes could not be read; else they are cut for room */
};

struct vgpu_event_crash {
	int32_t signal;
	int32_t code;        /* si_code */
	uint64_t address;    /* si_addr */
	uint64_t ip, sp;
	uint32_t handled;    /* 1: the program has a handler for it */
	const char *object;  /* file that ip lies in, NULL: not known */
	uint64_t offset;     /* of ip in it */
	const char *symbol;  /* NULL: not known */
	uint32_t function;   /* the innermost traced call in flight, 0: none or foreign */
	const char *function_name; /* the same by name, NULL: none */
	uint64_t ordinal;    /* of that call */
	const char *initialising; /* the library whose start was under way, NULL: none known */
	struct vgpu_words stack; /* addresses: ip, who called that, … */
	struct vgpu_data frames; /* as in a call */
	uint32_t stack_end;      /* as in a call */
};

struct vgpu_event_image {
	uint32_t function;   /* that it was handed to */
	uint64_t size;       /* bytes, 0: not known */
	struct vgpu_data hash; /* SHA-256 of what was read */
	uint64_t hashed;     /* bytes that the hash covers */
	struct vgpu_strings cubin; /* "sm_90" */
	struct vgpu_strings ptx;   /* "compute_90" */
	const char *object;  /* file of the caller */
	const char *format;  /* "fatbin", "cubin", "ptx", "unknown"; "unreadable" */
	const char *path;    /* that the call was given, as it was; NULL: it was given the code itself */
};

struct vgpu_event_probes {
	const char *path;
	uint32_t library;    /* whose description fits, 0: none */
	uint32_t functions, aliases, known, moved, emulated, refused;
	int32_t refused_error;
	const char *refused_name;
	const char *method;
	uint64_t attach_ns;
	struct vgpu_data build_id;
	uint32_t ours;       /* by its note: it has a ring, too; 0: foreign */
	uint32_t entries;    /* 1: its functions are seen when entered only, since C++ exceptions may pass through them */
};

/* Totals of the kernel observer up to now; the latest of a CPU counts. */
struct vgpu_event_kernel_loss {
	uint32_t cpu;
	uint64_t emitted, dropped, deep, stateless, unmatched, other_emitted, other_dropped, unreadable;
	uint64_t filtered; /* not wanted by the filter, and not looked at further */
};

/* Why a probe of the user's own was never placed. */
enum vgpu_unplaced {
	VGPU_UNPLACED_NOT = 0,      /* the note is about something else */
	VGPU_UNPLACED_UNMAPPED = 1, /* nobody mapped such a file */
	VGPU_UNPLACED_STRIPPED = 2, /* no symbol table: it may be there without a name */
	VGPU_UNPLACED_INLINED = 3,  /* at `value` places, and has no code of its own */
	VGPU_UNPLACED_UNKNOWN = 4,  /* the file has no function of that name */
	VGPU_UNPLACED_IMPORTED = 5, /* the file calls it and does not have it */
	VGPU_UNPLACED_REFUSED = 6,  /* the kernel does not probe its first instruction */
	VGPU_UNPLACED_UNREAD = 7,   /* the file could not be read */
};

/* About an observer's own limits; of one process, or of none. */
struct vgpu_event_observer_note {
	uint32_t about;      /* one enum vgpu_event_observer */
	uint32_t withdrawn;  /* 1: nothing is observed by it from here on */
	uint32_t reason;     /* link: enum vgpu_link_reason; kernel: enum vgpu_unplaced */
	int32_t code;        /* errno, 0: none */
	uint64_t value, limit;
	const char *subject; /* the object, file or probe concerned */
	const char *text;    /* in words */
};

/* name: "node", "module", "driver", "kernel", "cgroup", "variable", "file", …; see tracer/source/host.h. */
struct vgpu_event_fact {
	const char *name;    /* what sort */
	const char *subject; /* "/dev/nvidiactl" */
	const char *value;   /* NULL: it is not there */
	int32_t error;       /* errno of looking, 0: none */
};

struct vgpu_event_log {
	const char *unit;    /* file or unit */
	const char *line;
	uint64_t line_number;
};

enum vgpu_gap_reason {
	VGPU_GAP_FIRST = 1, /* the file was full: what came from then on is not in it, even where upto_ns is earlier */
	VGPU_GAP_LAST = 2,  /* what is newer took the place of it */
};

/* The latest of a beginning (from_ns) counts. Its number is one that an event of the gap had. */
struct vgpu_event_gap {
	uint32_t reason;    /* enum vgpu_gap_reason */
	uint64_t events;    /* all that are not there, … */
	uint64_t calls;     /* … and those of them that are calls */
	uint64_t from_ns, upto_ns; /* their times, first and last */
	uint64_t limit;     /* bytes that the file was to be held to */
};

struct vgpu_event {
	uint32_t kind;     /* enum vgpu_event_kind */
	uint32_t observer; /* enum vgpu_event_observer, or-ed */
	uint64_t number;   /* place in the stream, from 1; set by the stream */
	uint32_t process;  /* number of its process within the stream, 0: none */
	int32_t tid;       /* as the process's own pid namespace has it, 0: none */
	uint64_t time_ns;  /* CLOCK_MONOTONIC; of a call: when it was entered */
	uint64_t time_error_ns;
	union {
		struct vgpu_event_host host;
		struct vgpu_event_session session;
		struct vgpu_event_answer answer;
		struct vgpu_event_coverage coverage;
		struct vgpu_event_process start; /* and EXEC */
		struct vgpu_event_exit exit;
		struct vgpu_event_presence presence;
		struct vgpu_event_ring ring;
		struct vgpu_event_library library;
		struct vgpu_event_call call; /* and PENDING */
		struct vgpu_event_text text;
		struct vgpu_event_gate gate;
		struct vgpu_event_loss loss;
		struct vgpu_event_search search;
		struct vgpu_event_object object; /* and UNLOAD */
		struct vgpu_event_linked linked;
		struct vgpu_event_dl dl;
		struct vgpu_event_bound bound;
		struct vgpu_event_context context;
		struct vgpu_event_file file;
		struct vgpu_event_output output;
		struct vgpu_event_crash crash;
		struct vgpu_event_image image;
		struct vgpu_event_probes probes;
		struct vgpu_event_kernel_loss kernel_loss;
		struct vgpu_event_observer_note note;
		struct vgpu_event_fact fact;
		struct vgpu_event_log log;
		struct vgpu_event_gap gap;
	};
};

/* ---- what an event consists of: files, JSON and tests go by these tables, and so cannot forget a field ---- */

enum vgpu_field_type {
	VGPU_FIELD_U8,
	VGPU_FIELD_U16,
	VGPU_FIELD_U32,
	VGPU_FIELD_I32,
	VGPU_FIELD_U64,
	VGPU_FIELD_I64,
	VGPU_FIELD_ID16,    /* 16 bytes */
	VGPU_FIELD_STRING,  /* const char *, may be NULL */
	VGPU_FIELD_STRINGS, /* struct vgpu_strings */
	VGPU_FIELD_DATA,    /* struct vgpu_data */
	VGPU_FIELD_WORDS,   /* struct vgpu_words */
};

struct vgpu_field {
	const char *name;
	uint16_t number; /* append-only within its kind */
	uint8_t type;    /* enum vgpu_field_type */
	uint8_t hex;     /* 1: people read it in hexadecimal */
	uint32_t offset; /* in struct vgpu_event */
};

struct vgpu_kind {
	const char *name;
	const struct vgpu_field *fields;
	uint32_t count;
};

/* The fields that every event has. */
extern const struct vgpu_kind vgpu_event_common;
/* NULL for a kind this program does not know. */
const struct vgpu_kind *vgpu_event_kind(uint32_t kind);
/* Bytes of a field's type; 0: it is one that points elsewhere. */
size_t vgpu_field_size(uint32_t type);
const char *vgpu_observer_name(uint32_t observer);
const char *vgpu_shim_mode_name(uint32_t mode);
/* Libraries of ours come first. */
static inline int vgpu_shim_puts_in(uint32_t mode)
{
	return mode == VGPU_SHIM_SIM || mode == VGPU_SHIM_FORWARD || mode == VGPU_SHIM_REPLAY;
}

/*
 * The blobs of a call, like vgpu_ring_blob: *at starts at 0, NULL at the end or where they are
 * damaged. The data follows the header returned, and lies within the event.
 */
const struct vgpu_blob *vgpu_event_blob(const struct vgpu_event_call *call, size_t *at);
/* The blob of a parameter that has all of `flags`; NULL where there is none. */
const struct vgpu_blob *vgpu_event_find_blob(const struct vgpu_event_call *call, uint8_t param, uint8_t flags);

/* An OBSERVER event that says of a probe of the user's that it was never placed. */
static inline int vgpu_unplaced(const struct vgpu_event *event)
{
	return event->kind == VGPU_EVENT_OBSERVER && event->note.about == VGPU_OBSERVER_KERNEL && event->note.reason;
}

/* The next of a list: *at starts NULL; NULL at the end. Never reads outside the list. */
const char *vgpu_strings_next(const struct vgpu_strings *strings, const char *at);

#endif
