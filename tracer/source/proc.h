/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process. */
#ifndef VGPU_SOURCE_PROC_H
#define VGPU_SOURCE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Arguments kept of a process. */
#define VGPU_PROC_ARGV_MAX 16384u

struct vgpu_proc {
	int32_t pid;    /* in our pid namespace */
	int32_t ns_pid; /* in its own */
	int32_t ppid;
	char state;     /* 'R', 'S', 'Z', … */
	uint32_t threads;
	uint32_t uid;
	uint64_t start_time; /* clock ticks since boot */
	uint64_t pid_ns;     /* inode, 0: not readable */
	char comm[64];
	char exe[512]; /* "" when not readable */
	char *argv;    /* NUL-separated; malloc'ed */
	uint32_t argv_size;
};

/* 0 or -errno (-ESRCH: gone). Of a zombie what is left. The caller frees with vgpu_proc_free. */
int vgpu_proc_read(pid_t pid, struct vgpu_proc *out);
void vgpu_proc_free(struct vgpu_proc *proc);
/* Only stat: state, ppid, start_time, threads, comm. */
int vgpu_proc_stat(pid_t pid, struct vgpu_proc *out);
/* That very process (not a later one of the same pid) is there and no zombie. */
bool vgpu_proc_alive(pid_t pid, uint64_t start_time);

/* CLOCK_MONOTONIC, ns, of a start time; 10 ms coarse. */
uint64_t vgpu_proc_start_ns(uint64_t start_time);
/* The value of a variable in the environment the process was started with; 1, 0: not set, -errno. */
int vgpu_proc_getenv(pid_t pid, const char *name, char *value, size_t size);
/* Runs with AT_SECURE: the dynamic linker drops LD_*. 1, 0, -errno. */
int vgpu_proc_secure(pid_t pid);
/* A whole small file of /proc, NUL-terminated, at most size - 1 bytes; its length or -errno. */
ssize_t vgpu_proc_file(const char *path, char *bytes, size_t size);

/*
 * Its control group, in room: the one of the unified hierarchy, or of another where only that says
 * which container it is of. NULL: not to be had.
 */
const char *vgpu_proc_cgroup(pid_t pid, char *room, size_t size);
/*
 * The group of that id in the unified hierarchy (bpf_get_current_cgroup_id), also when none of its processes is left;
 * needs CAP_DAC_READ_SEARCH. NULL: it is gone, it is the root, which says nothing, or it may not be looked up.
 */
const char *vgpu_proc_cgroup_of_id(uint64_t id, char *room, size_t size);
/* The pid that was given out last, 0: not known. Cheap: whether anything was started is asked often. */
int32_t vgpu_proc_newest(void);

/* Calls `each` for every process; stops when it returns other than 0, and returns that. */
int vgpu_proc_each(int (*each)(pid_t pid, void *data), void *data);

#endif
