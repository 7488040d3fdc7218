/* SPDX-License-Identifier: Apache-2.0 */
/* Child processes, started as Go starts them, and time limits. */
#ifndef VGPU_EXAMPLES_OLLAMA_PROCESS_H
#define VGPU_EXAMPLES_OLLAMA_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "examples/ollama-like/text.h"

uint64_t clock_ns(void);
/* Milliseconds until the deadline (of clock_ns), at least 0, for poll. */
int clock_left_ms(uint64_t deadline_ns);

struct process {
	pid_t pid;
	int fd; /* a pidfd */
	bool ended;
	int status; /* of waitpid, once ended */
};

/* What the child has as 0, 1 and 2; -1 is /dev/null. */
struct process_files {
	int in, out, err;
};

/*
 * Starts argv[0], a path. By a raw clone that shares memory until the execve, and by the system
 * call execve: no hook of libc's fork or exec sees it, and no handler of pthread_atfork runs. 0 or
 * -errno, also where the execve failed.
 */
int process_start(struct process *process, const struct strings *argv,
		  const struct strings *environment, const struct process_files *files);

/* Has it ended? Does not wait. */
bool process_ended(struct process *process);
/* Waits until it has ended, or the deadline; says whether it has. */
bool process_wait(struct process *process, uint64_t deadline_ns);
/* SIGKILL, if it still runs, and takes it away. Says whether it still ran. */
bool process_kill(struct process *process);

/* The exit code, -1 for a process that a signal ended. */
int process_exit_code(const struct process *process);
/* What Go says of it, owned by the caller: "exit status 1", "signal: killed". */
char *process_error(const struct process *process);

/*
 * The path of this program, as os.Executable with the links resolved. Ends the program if there is
 * none.
 */
const char *process_self(void);

#endif
