// SPDX-License-Identifier: Apache-2.0
/* What /proc says of a process. */
#include "tracer/source/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tracer/model/container.h"

ssize_t vgpu_proc_file(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t done = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (done < size - 1) {
		n = read(fd, bytes + done, size - 1 - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += n;
	}
	if (n < 0 && !done)
		n = -errno;
	else
		n = done;
	close(fd);
	bytes[done] = '\0';
	return n;
}

int vgpu_proc_stat(pid_t pid, struct vgpu_proc *out)
{
	unsigned long long start_time = 0;
	char path[64], text[1024];
	char *open_paren, *close_paren;
	unsigned threads = 0;
	int ppid = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	n = vgpu_proc_file(path, text, sizeof(text));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : n;
	/* The name may hold anything, closing parentheses too: it ends at the last one. */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren < open_paren)
		return -ESRCH;
	*close_paren = '\0';
	snprintf(out->comm, sizeof(out->comm), "%s", open_paren + 1);
	if (sscanf(close_paren + 2, "%c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu",
		   &out->state, &ppid, &threads, &start_time) != 4)
		return -ESRCH;
	out->pid = pid;
	out->ppid = ppid;
	out->threads = threads;
	out->start_time = start_time;
	return 0;
}

static void read_status(pid_t pid, struct vgpu_proc *out)
{
	char path[64], text[4096];
	char *line;

	out->ns_pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (vgpu_proc_file(path, text, sizeof(text)) < 0)
		return;
	line = strstr(text, "\nUid:");
	if (line)
		out->uid = strtoul(line + 5, NULL, 10);
	line = strstr(text, "\nNSpid:");
	if (line) {
		/* One number for each namespace from ours inwards: the last is its own. */
		char *at = line + 7, *end;
		long value = strtol(at, &end, 10);

		while (end != at) {
			out->ns_pid = value;
			at = end;
			if (*at == '\n')
				break;
			value = strtol(at, &end, 10);
		}
	}
}

int vgpu_proc_read(pid_t pid, struct vgpu_proc *out)
{
	char path[64];
	struct stat st;
	ssize_t n;
	int err;

	memset(out, 0, sizeof(*out));
	err = vgpu_proc_stat(pid, out);
	if (err)
		return err;
	read_status(pid, out);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	if (!stat(path, &st))
		out->pid_ns = st.st_ino;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, out->exe, sizeof(out->exe) - 1);
	out->exe[n > 0 ? n : 0] = '\0';
	out->argv = malloc(VGPU_PROC_ARGV_MAX + 1);
	if (!out->argv)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	n = vgpu_proc_file(path, out->argv, VGPU_PROC_ARGV_MAX);
	if (n > 0 && out->argv[n - 1])
		n++; /* cut short: the NUL that is there becomes the last argument's */
	out->argv_size = n > 0 ? n : 0;
	return 0;
}

void vgpu_proc_free(struct vgpu_proc *proc)
{
	free(proc->argv);
	proc->argv = NULL;
	proc->argv_size = 0;
}

bool vgpu_proc_alive(pid_t pid, uint64_t start_time)
{
	struct vgpu_proc proc;

	if (pid <= 0 || vgpu_proc_stat(pid, &proc))
		return false;
	if (start_time && proc.start_time != start_time)
		return false;
	/* The first thread may be gone while others run on. */
	return (proc.state != 'Z' && proc.state != 'X') || proc.threads > 1;
}

uint64_t vgpu_proc_start_ns(uint64_t start_time)
{
	struct timespec monotonic, boottime;
	uint64_t ticks = sysconf(_SC_CLK_TCK), since_boot, asleep;

	clock_gettime(CLOCK_MONOTONIC, &monotonic);
	clock_gettime(CLOCK_BOOTTIME, &boottime);
	asleep = (boottime.tv_sec - monotonic.tv_sec) * UINT64_C(1000000000) + boottime.tv_nsec - monotonic.tv_nsec;
	since_boot = start_time * (UINT64_C(1000000000) / (ticks ? ticks : 100));
	return since_boot > asleep ? since_boot - asleep : 1;
}

/*
 * In the midst of an exec, and as a zombie, a process has no environment, which is not an empty one:
 * then it has a place (the last but one of the fields of stat that this kernel and older ones have).
 */
static bool has_environment(pid_t pid)
{
	char path[64], text[1024], *at;
	unsigned long env_end = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (vgpu_proc_file(path, text, sizeof(text)) <= 0 || !(at = strrchr(text, ')')))
		return false;
	/* The 51st field; the name is the second. */
	for (unsigned field = 2; at && field < 51; field++)
		at = strchr(at + 1, ' ');
	return at && sscanf(at, " %lu", &env_end) == 1 && env_end;
}

int vgpu_proc_getenv(pid_t pid, const char *name, char *value, size_t size)
{
	size_t length = strlen(name), room = 256u << 10;
	char path[64], *text = malloc(room);
	ssize_t n;
	int found = 0;

	if (!text)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%d/environ", pid);
	n = vgpu_proc_file(path, text, room);
	if (!n && has_environment(pid)) {
		n = vgpu_proc_file(path, text, room);
		if (!n && has_environment(pid)) {
			free(text);
			return 0;
		}
	}
	if (!n)
		n = -ESRCH;
	for (char *at = text; n > 0 && at < text + n && !found; at += strlen(at) + 1)
		if (!strncmp(at, name, length) && at[length] == '=') {
			if (size)
				snprintf(value, size, "%s", at + length + 1);
			found = 1;
		}
	free(text);
	return n < 0 ? n : found;
}

int vgpu_proc_secure(pid_t pid)
{
	unsigned long auxv[128];
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	n = vgpu_proc_file(path, (char *)auxv, sizeof(auxv));
	if (n < 0)
		return n;
	for (size_t i = 0; (i + 2) * sizeof(auxv[0]) <= (size_t)n; i += 2)
		if (auxv[i] == AT_SECURE)
			return auxv[i + 1] != 0;
	return 0;
}

int32_t vgpu_proc_newest(void)
{
	char text[128];
	const char *last;

	if (vgpu_proc_file("/proc/loadavg", text, sizeof(text)) <= 0)
		return 0;
	last = strrchr(text, ' ');
	return last ? atoi(last + 1) : 0;
}

int vgpu_proc_each(int (*each)(pid_t pid, void *data), void *data)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return -errno;
	while (!result && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			result = each(atoi(entry->d_name), data);
	closedir(dir);
	return result;
}

const char *vgpu_proc_cgroup(pid_t pid, char *room, size_t size)
{
	char path[64], text[8192], name[64], *rest = NULL;
	const char *best = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (vgpu_proc_file(path, text, sizeof(text)) <= 0)
		return NULL;
	/* "4:memory:/docker/ID", and of the unified one "0::/…" */
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char *own = strchr(line, ':');
		bool unified = !strncmp(line, "0::", 3);

		own = own ? strchr(own + 1, ':') : NULL;
		if (!own || own[1] != '/')
			continue;
		if (vgpu_container_name(own + 1, name, sizeof(name))) {
			best = own + 1;
			break;
		}
		if (unified)
			best = own + 1;
	}
	if (!best)
		return NULL;
	snprintf(room, size, "%s", best);
	return room;
}

/* Where the unified hierarchy is mounted; false: nowhere. */
static bool find_unified(char *room, size_t size)
{
	struct mntent *mount;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	bool found = false;

	while (mounts && !found && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			found = snprintf(room, size, "%s", mount->mnt_dir) < (int)size;
	if (mounts)
		endmntent(mounts);
	return found;
}

const char *vgpu_proc_cgroup_of_id(uint64_t id, char *room, size_t size)
{
	union {
		struct file_handle head;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} handle = { .head = { .handle_bytes = sizeof(id), .handle_type = 0xfe } }; /* FILEID_KERNFS */
	char top[256], path[64], place[768];
	int mount = -1, group = -1;
	ssize_t n = -1;
	size_t skip;

	if (!id || !find_unified(top, sizeof(top)))
		return NULL;
	memcpy(handle.head.f_handle, &id, sizeof(id));
	mount = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (mount >= 0)
		group = open_by_handle_at(mount, &handle.head, O_PATH | O_CLOEXEC);
	if (group >= 0) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", group);
		n = readlink(path, place, sizeof(place) - 1);
		close(group);
	}
	if (mount >= 0)
		close(mount);
	place[n > 0 ? n : 0] = '\0';
	skip = strlen(top);
	if (strncmp(place, top, skip) || place[skip] != '/' || strlen(place + skip) >= size)
		return NULL;
	snprintf(room, size, "%s", place + skip);
	return room;
}
