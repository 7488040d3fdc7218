/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, started as Go starts them. */
#include "examples/ollama-like/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_STACK_BYTES (64u << 10)

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int clock_left_ms(uint64_t deadline_ns)
{
	uint64_t now = clock_ns();

	return now >= deadline_ns ? 0 : (int)((deadline_ns - now + 999999) / 1000000);
}

struct launch {
	char **argv, **environment;
	int fds[3];
	int error;
};

/* In the child, whose memory is the parent's: system calls only. */
static int launch(void *arg)
{
	struct launch *launch = arg;

	for (int i = 0; i < 3; i++)
		if (syscall(SYS_dup3, launch->fds[i], i, 0) < 0) {
			launch->error = errno;
			syscall(SYS_exit, 127);
		}
	syscall(SYS_execve, launch->argv[0], launch->argv, launch->environment);
	launch->error = errno;
	syscall(SYS_exit, 127);
	return 127;
}

int process_start(struct process *process, const struct strings *argv,
		  const struct strings *environment, const struct process_files *files)
{
	struct launch how = { .argv = argv->at,
			      .environment = environment->at,
			      .fds = { files->in, files->out, files->err } };
	int own[3] = { -1, -1, -1 };
	void *stack;
	int error = 0;

	*process = (struct process){ .pid = -1, .fd = -1 };
	stack = mmap(NULL, CHILD_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	for (int i = 0; i < 3; i++) {
		int fd = how.fds[i] < 0 ? open("/dev/null", (i ? O_WRONLY : O_RDONLY) | O_CLOEXEC)
					: how.fds[i];

		/* Above 2, or the child would overwrite one with the other. */
		own[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
		error = own[i] < 0 ? -errno : error;
		if (how.fds[i] < 0 && fd >= 0)
			close(fd);
		how.fds[i] = own[i];
	}
	if (!error) {
		process->pid = clone(launch, (char *)stack + CHILD_STACK_BYTES,
				     CLONE_VM | CLONE_VFORK | SIGCHLD, &how);
		error = process->pid < 0 ? -errno : -how.error;
	}
	for (int i = 0; i < 3; i++)
		if (own[i] >= 0)
			close(own[i]);
	munmap(stack, CHILD_STACK_BYTES);
	if (process->pid > 0)
		process->fd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (process->pid > 0 && error)
		process_kill(process);
	return error;
}

static void taken(struct process *process)
{
	process->ended = true;
	if (process->fd >= 0)
		close(process->fd);
	process->fd = -1;
}

bool process_ended(struct process *process)
{
	if (!process->ended && waitpid(process->pid, &process->status, WNOHANG) == process->pid)
		taken(process);
	return process->ended;
}

bool process_wait(struct process *process, uint64_t deadline_ns)
{
	while (!process_ended(process)) {
		struct pollfd end = { .fd = process->fd, .events = POLLIN };
		int left_ms = clock_left_ms(deadline_ns);

		if (!left_ms || (poll(&end, 1, left_ms) < 0 && errno != EINTR))
			return process_ended(process);
	}
	return true;
}

bool process_kill(struct process *process)
{
	if (process_ended(process))
		return false;
	kill(process->pid, SIGKILL);
	while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR)
		;
	taken(process);
	return true;
}

int process_exit_code(const struct process *process)
{
	return WIFEXITED(process->status) ? WEXITSTATUS(process->status) : -1;
}

char *process_error(const struct process *process)
{
	int signal_number = WTERMSIG(process->status);
	char *name, *text;

	if (WIFEXITED(process->status))
		return text_of("exit status %d", WEXITSTATUS(process->status));
	name = text_of("%s", strsignal(signal_number));
	name[0] = (char)tolower((unsigned char)name[0]);
	text = text_of("signal: %s%s", name, WCOREDUMP(process->status) ? " (core dumped)" : "");
	free(name);
	return text;
}

const char *process_self(void)
{
	static char path[PATH_MAX];

	if (!*path && !realpath("/proc/self/exe", path)) {
		perror("/proc/self/exe");
		exit(1);
	}
	return path;
}
