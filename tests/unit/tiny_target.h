/* SPDX-License-Identifier: Apache-2.0 */
/* A process that calls the tiny library, and what its rings say afterwards. */
#ifndef TESTS_UNIT_TINY_TARGET_H
#define TESTS_UNIT_TINY_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "shim/ring/reader.h"

#define TARGET_RINGS 64

/* The sanitizers know of threads, stacks and processes only what goes through libc. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VGPU_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define VGPU_SANITIZED 1
#endif
#endif

/* Memory that the target and the test share. */
struct shared {
	uint64_t calls;   /* calls that the target knows it made, all threads */
	uint64_t other;   /* what a test likes */
	uint64_t ready;
	uint64_t fillers; /* large calls that go before */
};

/* Makes an empty ring directory in the working directory; where the targets' rings go. */
void target_setup(void);
void target_teardown(void);
const char *target_dir(void);
extern struct shared *shared;

/* Runs function in a new process. start returns at once; end waits and expects the exit status. */
pid_t target_start(void (*function)(void));
void target_end(pid_t pid, int status);
void target_run(void (*function)(void));

/* Waits until the target stored `value` or more in shared->ready, or ended. */
void target_wait_ready(uint64_t value);

/* tiny_get with a value that depends on `i`, counted in shared->calls. */
void target_get(uint64_t i);

/* Paths of the rings in the directory, in the order of their names; returns how many. */
unsigned target_rings(char paths[][256]);
/* The one ring of this process. */
struct vgpu_ring *target_ring(pid_t pid);

/* All that one or more polls gave. */
struct tally {
	uint64_t calls, gets, unwound, texts, libraries, stacks;
	uint64_t lowest, highest; /* ordinals */
	unsigned last_depth;      /* of the call with the highest */
	bool in_turn;             /* one thread, calls that do not nest: each poll must go on where the last one ended */
};
/* Polls and adds up; every record must be whole and right. Returns what the poll returned. */
int tally_poll(struct vgpu_ring *ring, struct tally *tally);
/* Calls that were made and are not among the events, as far as they are counted. */
uint64_t tally_lost(struct vgpu_ring *ring);
unsigned tally_pending(struct vgpu_ring *ring);
unsigned tally_threads(struct vgpu_ring *ring);

#endif
