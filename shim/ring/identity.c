// SPDX-License-Identifier: Apache-2.0
/* Reads the process's identity from /proc without stdio or the heap. */
#include "shim/ring/identity.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t slurp(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, buffer, size - 1);
	close(fd);
	if (n >= 0)
		buffer[n] = '\0';
	return n;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static void read_boot_id(uint8_t id[16])
{
	char text[64];
	unsigned n = 0;

	if (slurp("/proc/sys/kernel/random/boot_id", text, sizeof(text)) < 36)
		return;
	for (const char *p = text; p[0] && p[1] && n < 16; p++) {
		if (hex(p[0]) < 0 || hex(p[1]) < 0)
			continue;
		id[n++] = hex(p[0]) << 4 | hex(p[1]);
		p++;
	}
}

static uint64_t read_start_time(void)
{
	char text[1024], *p;

	if (slurp("/proc/self/stat", text, sizeof(text)) < 0)
		return 0;
	/* The second field is a name that may hold anything; the last ')' ends it. Then field 3. */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

void vgpu_identity_read(struct vgpu_process *out)
{
	struct stat st;
	ssize_t n;

	memset(out, 0, sizeof(*out));
	read_boot_id(out->boot_id);
	out->start_time = read_start_time();
	out->pid = getpid();
	out->ppid = getppid();
	out->uid = geteuid();
	if (!stat("/proc/self/ns/pid", &st))
		out->pid_ns = st.st_ino;
	n = slurp("/proc/self/comm", out->comm, sizeof(out->comm));
	while (n > 0 && out->comm[n - 1] == '\n')
		out->comm[--n] = '\0';
	n = readlink("/proc/self/exe", out->exe, sizeof(out->exe) - 1);
	if (n > 0)
		out->exe[n] = '\0';
}

struct kernel_dirent {
	uint64_t ino;
	int64_t off;
	uint16_t length;
	uint8_t type;
	char name[];
};

/* Calls visit for each ring in dir; returns how many there are. readdir would allocate. */
static unsigned each_ring(int dir, void (*visit)(int dir, const char *name))
{
	char buffer[4096] __attribute__((aligned(8)));
	unsigned rings = 0;
	long n;

	if (lseek(dir, 0, SEEK_SET) < 0)
		return 0;
	while ((n = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);
			size_t length = strlen(entry->name);

			at += entry->length;
			if (strncmp(entry->name, "vgpu-", 5) || length < 10 ||
			    strcmp(entry->name + length - 5, ".ring"))
				continue;
			rings++;
			if (visit)
				visit(dir, entry->name);
		}
	}
	return rings;
}

static void remove_dead(int dir, const char *name)
{
	long pid = strtol(name + 5, NULL, 10);

	if (pid > 0 && kill(pid, 0) && errno == ESRCH)
		unlinkat(dir, name, 0);
}

void vgpu_identity_sweep(int dir)
{
	if (each_ring(dir, NULL) > VGPU_SWEEP_ABOVE)
		each_ring(dir, remove_dead);
}
