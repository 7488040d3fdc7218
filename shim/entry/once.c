// SPDX-License-Identifier: Apache-2.0
/* Run something once in a process: others wait, a signal handler on the running thread does not. */
#include "shim/entry/core.h"

#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int vgpu_once_begin(struct vgpu_once *once)
{
	int32_t pid = getpid(), tid = syscall(SYS_gettid);

	for (;;) {
		uint32_t state = 0;

		if (__atomic_compare_exchange_n(&once->state, &state, 1, 0, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			__atomic_store_n(&once->tid, tid, __ATOMIC_RELAXED);
			__atomic_store_n(&once->pid, pid, __ATOMIC_RELEASE);
			return 1;
		}
		if (state == 2)
			return 0;
		int32_t runner = __atomic_load_n(&once->pid, __ATOMIC_ACQUIRE);
		if (runner == pid && __atomic_load_n(&once->tid, __ATOMIC_RELAXED) == tid)
			return -1;
		/* Left running by a fork: the thread that ran it is not in this process. */
		if (runner && runner != pid &&
		    __atomic_compare_exchange_n(&once->pid, &runner, pid, 0, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE)) {
			__atomic_store_n(&once->tid, tid, __ATOMIC_RELAXED);
			return 1;
		}
		/* With a limit, since the runner may vanish between its two stores above. */
		struct timespec wait = { .tv_nsec = 10 * 1000 * 1000 };
		syscall(SYS_futex, &once->state, FUTEX_WAIT_PRIVATE, 1, &wait, NULL, 0);
	}
}

void vgpu_once_end(struct vgpu_once *once)
{
	__atomic_store_n(&once->state, 2, __ATOMIC_RELEASE);
	syscall(SYS_futex, &once->state, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
