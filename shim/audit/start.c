// SPDX-License-Identifier: Apache-2.0
/* Before anything of the program runs: who it is, what it was given, and the first records. */
#include "shim/audit/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "shim/audit/sys.h"

#define ARGV_MAX 4096u
/* How far below the program's arguments the linker can be when it starts. */
#define STACK_DEPTH_MAX (UINT64_C(1) << 24)
#define NULL_DEVICE 0x103u /* 1:3 on every Linux */

void audit_stack_read(struct audit_stack *stack, uint64_t *start)
{
	char **p;

	stack->argc = *start;
	stack->argv = (char **)(start + 1);
	stack->env = stack->argv + stack->argc + 1;
	for (p = stack->env; *p; p++)
		;
	stack->auxv = (const ElfW(auxv_t) *)(p + 1);
}

uint64_t audit_stack_aux(const struct audit_stack *stack, uint64_t type)
{
	if (stack->auxv)
		for (const ElfW(auxv_t) *aux = stack->auxv; aux->a_type != AT_NULL; aux++)
			if (aux->a_type == type)
				return aux->a_un.a_val;
	return 0;
}

const char *audit_stack_env(const struct audit_stack *stack, const char *name)
{
	for (char **p = stack->env; p && *p; p++) {
		const char *rest = sys_after(*p, name);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return NULL;
}

static long slurp(const char *path, char *buffer, size_t size)
{
	long n, fd = sys_4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return fd;
	n = sys_3(__NR_read, fd, buffer, size - 1);
	sys_1(__NR_close, fd);
	buffer[n > 0 ? n : 0] = '\0';
	return n;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void boot_id(uint8_t id[16], const char *text)
{
	for (unsigned n = 0; text[0] && text[1] && n < 16; text++) {
		if (hex(text[0]) < 0 || hex(text[1]) < 0)
			continue;
		id[n++] = (uint8_t)((unsigned)hex(text[0]) << 4 | (unsigned)hex(text[1]));
		text++;
	}
}

/* "pid:[4026531836]", by readlink: to follow the link costs more. */
static uint64_t read_namespace(void)
{
	char text[64];
	long n = sys_4(__NR_readlinkat, AT_FDCWD, "/proc/self/ns/pid", text, sizeof(text) - 1);
	const char *p;
	uint64_t inode = 0;

	text[n > 0 ? n : 0] = '\0';
	p = sys_after(text, "pid:[");
	while (p && *p >= '0' && *p <= '9')
		inode = inode * 10 + (uint64_t)(*p++ - '0');
	return inode;
}

/* Fields of /proc/self/stat, numbered as in proc(5). */
enum {
	STAT_PPID = 4,
	STAT_START = 22,
	STAT_STACK = 28,
	STAT_ARG_START = 48,
	STAT_ARG_END = 49,
	STAT_FIELDS = 50,
};

static int read_stat(uint64_t fields[STAT_FIELDS])
{
	char text[1024], *p = NULL;
	long n = slurp("/proc/self/stat", text, sizeof(text));

	if (n < 0)
		return (int)n;
	/* The second field is a name that may hold anything; the last ')' ends it. Then field 3, a letter. */
	for (char *c = text; *c; c++)
		if (*c == ')')
			p = c + 1;
	for (unsigned field = 3; p && *p == ' ' && field < STAT_FIELDS; field++) {
		fields[field] = 0;
		for (p++; *p && *p != ' '; p++)
			if (*p >= '0' && *p <= '9')
				fields[field] = fields[field] * 10 + (uint64_t)(*p - '0');
	}
	return fields[STAT_START] && fields[STAT_STACK] ? 0 : -EACCES;
}

/* Same for all processes of the machine, and the slower half of the start: a tracer may give it. */
static void read_host(struct vgpu_process *process)
{
	const char *host = audit_stack_env(&audit.stack, "VGPU_TRACE_HOST");
	char text[64];

	if (host && strlen(host) == 38 && host[36] == ':' && (host[37] == '0' + VGPU_COUNTER_TSC ||
							     host[37] == '0' + VGPU_COUNTER_MONOTONIC)) {
		boot_id(process->boot_id, host);
		audit.counter = (uint32_t)(host[37] - '0');
		return;
	}
	if (slurp("/proc/sys/kernel/random/boot_id", text, sizeof(text)) >= 36)
		boot_id(process->boot_id, text);
	audit.counter = audit_clock_kind();
}

int audit_stack_find(struct vgpu_process *process)
{
	uint64_t fields[STAT_FIELDS] = { 0 };
	int err = read_stat(fields);

	if (err)
		return err;
	/* valgrind runs a program on a stack of its own, and the kernel's is not mapped any more. */
	if (fields[STAT_STACK] - (uint64_t)(uintptr_t)__builtin_frame_address(0) > STACK_DEPTH_MAX)
		return -EOPNOTSUPP;
	audit_stack_read(&audit.stack, (uint64_t *)fields[STAT_STACK]);
	audit.stack.arg_start = (char *)fields[STAT_ARG_START];
	audit.stack.arg_end = (char *)fields[STAT_ARG_END];
	process->start_time = fields[STAT_START];
	process->ppid = (int32_t)fields[STAT_PPID];
	return 0;
}

void audit_identity_read(struct vgpu_process *process)
{
	long n;

	/* The /proc that is mounted may be another pid namespace's. */
	process->pid = (int32_t)sys_0(__NR_getpid);
	process->uid = (uint32_t)sys_0(__NR_geteuid);
	process->pid_ns = read_namespace();
	sys_2(__NR_prctl, PR_GET_NAME, process->comm);
	process->comm[sizeof(process->comm) - 1] = '\0';
	n = sys_4(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", process->exe, sizeof(process->exe) - 1);
	process->exe[n > 0 ? n : 0] = '\0';
	read_host(process);
}

/* The place of the thread's id in its descriptor: the one word of it that has this value. */
static uint32_t find_tid(uint32_t tid)
{
	uint32_t found = 0;

	for (uint32_t offset = 0x2c0; offset < 0x340; offset += 4) {
		if (sys_thread_word(offset) != tid)
			continue;
		if (found)
			return 0;
		found = offset;
	}
	return found;
}

static void put_text(enum vgpu_link_what what, const char *text, long err)
{
	struct vgpu_link_text *record =
		audit_record(VGPU_LINK_TEXT, sizeof(*record), &text, 1, 0, VGPU_VENDOR_NONE);

	if (!record)
		return;
	record->what = what;
	record->error = (int32_t)err;
	record->full_bytes = text ? strlen(text) + 1 : 0;
	audit_commit(record);
}

static void put_argv(void)
{
	struct vgpu_link_text *record;
	uint64_t full = 0, kept = 0;
	unsigned texts = 0;
	char *to, *end;

	for (uint64_t i = 0; i < audit.stack.argc && audit.stack.argv[i]; i++) {
		full += strlen(audit.stack.argv[i]) + 1;
		if (kept < ARGV_MAX)
			texts++;
		kept = full < ARGV_MAX ? full : ARGV_MAX;
	}
	record = audit_record_room(VGPU_LINK_TEXT, sizeof(*record), kept,
				   full > kept ? VGPU_LINK_CUT : 0, VGPU_VENDOR_NONE);
	if (!record)
		return;
	record->what = VGPU_LINK_ARGV;
	record->full_bytes = full;
	record->head.texts = (uint16_t)texts;
	to = (char *)(record + 1);
	end = to + kept;
	for (unsigned i = 0; i < texts; i++) {
		for (const char *from = audit.stack.argv[i]; *from && to + 1 < end;)
			*to++ = *from++;
		if (to < end)
			*to++ = '\0';
	}
	audit_commit(record);
}

/* What readlink says of descriptor 2; of what cannot have another name, without the cost of asking. */
static void put_stderr(void)
{
	char target[256];
	struct stat st;
	long n = sys_2(__NR_fstat, 2, &st);

	*target = '\0';
	if (n) {
		put_text(VGPU_LINK_STDERR, target, -n);
		return;
	}
	if (S_ISCHR(st.st_mode) && st.st_rdev == NULL_DEVICE) {
		sys_put(target, "/dev/null");
	} else if (S_ISSOCK(st.st_mode)) {
		sys_put(sys_decimal(sys_put(target, "socket:["), st.st_ino), "]");
	} else {
		n = sys_4(__NR_readlinkat, AT_FDCWD, "/proc/self/fd/2", target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
	}
	put_text(VGPU_LINK_STDERR, target, n < 0 ? -n : 0);
}

void audit_start_record(unsigned version)
{
	struct vgpu_link_start *start;
	unsigned flags = (audit.family ? 0 : VGPU_LINK_NO_FORK) |
			 (audit_tls_again() ? VGPU_LINK_AGAIN : 0);

	audit.tid_offset = find_tid((uint32_t)audit.arena->process.pid);
	start = audit_record(VGPU_LINK_START, sizeof(*start), NULL, 0, flags, VGPU_VENDOR_NONE);
	if (!start)
		return;
	start->audit_version = version;
	start->main_entry = audit_stack_aux(&audit.stack, AT_ENTRY);
	start->stack = (uint64_t)(audit.stack.argv - 1);
	audit.start = start;
	audit_commit(start);

	put_text(VGPU_LINK_EXECFN, (const char *)audit_stack_aux(&audit.stack, AT_EXECFN), 0);
	put_text(VGPU_LINK_COMM, audit.arena->process.comm, 0);
	put_argv();
	put_stderr();
	for (char **p = audit.stack.env; *p; p++)
		if (audit_env_wanted(*p))
			put_text(VGPU_LINK_ENV, *p, 0);
}
