// SPDX-License-Identifier: Apache-2.0
/* Executes the program again as it was executed, before any of it has run. */
#include "shim/audit/audit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>

#include "shim/audit/sys.h"

/* Part of the file name that LD_AUDIT has for us, wherever it was installed. */
#define OWN_NAME "libvgpu-audit"

/* Copies a list of LD_AUDIT without our entry. Returns how many were left out. */
static unsigned list_without(char *to, const char *list)
{
	unsigned found = 0;
	bool first = true;

	while (*list) {
		const char *end = list, *name = list;

		for (; *end && *end != ':'; end++)
			if (*end == '/')
				name = end + 1;
		if (sys_after(name, OWN_NAME)) {
			found++;
		} else if (end != list) {
			if (!first)
				*to++ = ':';
			first = false;
			memcpy(to, list, (size_t)(end - list));
			to += end - list;
		}
		list = *end ? end + 1 : end;
	}
	*to = '\0';
	return found;
}

/* One page run of memory for what execve is given: it is gone either way. */
static void *memory(size_t bytes)
{
	long base = sys6(__NR_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	return base < 0 && base >= -4095 ? NULL : (void *)base;
}

static bool same_file(const char *a, const char *b)
{
	struct stat x, y;

	return !sys_4(__NR_newfstatat, AT_FDCWD, a, &x, 0) &&
	       !sys_4(__NR_newfstatat, AT_FDCWD, b, &y, 0) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool is_elf(const char *path)
{
	char magic[SELFMAG] = "";
	long fd = sys_4(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	sys_3(__NR_read, fd, magic, sizeof(magic));
	sys_1(__NR_close, fd);
	return !memcmp(magic, ELFMAG, SELFMAG);
}

/*
 * By the name it was executed by, so that the kernel gives the process the same name again. Of a
 * script this is the script: its arguments begin behind the place where the kernel put its name.
 */
static const char *by_name(char **argv, uint64_t argc, const char *execfn, uint64_t *skip)
{
	*skip = 0;
	if (!execfn || !*execfn)
		return NULL;
	/* Without /proc an ELF file is all that can be told from a script. */
	if (same_file(execfn, "/proc/self/exe") ||
	    (!same_file("/proc/self/exe", "/proc/self/exe") && is_elf(execfn)))
		return execfn;
	for (uint64_t i = 1; i < argc; i++) {
		if (sys_equal(argv[i], execfn)) {
			*skip = i;
			return execfn;
		}
	}
	return NULL;
}

long audit_exec(const char *const add[2], bool without)
{
	const struct audit_stack *stack = &audit.stack;
	const char *execfn = (const char *)audit_stack_aux(stack, AT_EXECFN), *file = NULL;
	const char *list = NULL;
	uint64_t env_count = 0, argc = stack->argc, skip = 0, n = 0;
	size_t list_at;
	char **argv = stack->argv, **env, *place;
	char exe[512];
	long err;

	if (!stack->argv)
		return -ESRCH;
	while (stack->env[env_count])
		env_count++;
	if (without)
		list = audit_stack_env(stack, "LD_AUDIT");
	if (without && !list)
		return -ENOENT;

	/* The linker run as a program takes its own arguments off the stack: they are read where the kernel put them. */
	if (!audit_stack_aux(stack, AT_BASE)) {
		const char *p = stack->arg_start;

		if (!p)
			return -ESRCH;
		for (argc = 0; p < stack->arg_end; p++)
			argc += !*p;
		argv = memory((argc + 1) * sizeof(*argv));
		if (!argv)
			return -ENOMEM;
		p = stack->arg_start;
		for (uint64_t i = 0; i < argc; i++, p += strlen(p) + 1)
			argv[i] = (char *)p;
	} else {
		file = by_name(argv, argc, execfn, &skip);
	}
	if (!file) {
		err = sys_4(__NR_readlinkat, AT_FDCWD, "/proc/self/exe", exe, sizeof(exe) - 1);
		if (err < 0)
			return err;
		exe[err] = '\0';
		file = same_file(exe, "/proc/self/exe") ? exe : "/proc/self/exe";
	}
	if (skip) {
		/* The kernel puts the interpreter and its argument before these again. */
		argv += skip;
	}

	list_at = (env_count + 3) * sizeof(*env);
	env = memory(list_at + (list ? strlen(list) : 0) + sizeof("LD_AUDIT="));
	if (!env)
		return -ENOMEM;
	for (uint64_t i = 0; i < env_count; i++) {
		if (without && sys_after(stack->env[i], "LD_AUDIT=") == list) {
			place = (char *)env + list_at;
			if (!list_without(sys_put(place, "LD_AUDIT="), list)) {
				audit_note(VGPU_LINK_NOTE, VGPU_LINK_NOT_IN_LD_AUDIT, 0, 0, 0, 0, list);
				return -ENOENT;
			}
			/* An empty list is the same as none; none is what was there before us. */
			if (place[sizeof("LD_AUDIT=") - 1])
				env[n++] = place;
		} else {
			env[n++] = stack->env[i];
		}
	}
	for (int i = 0; i < 2 && add[i]; i++)
		env[n++] = (char *)add[i];
	env[n] = NULL;
	return sys_3(__NR_execve, file, argv, env);
}
