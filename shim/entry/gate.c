// SPDX-License-Identifier: Apache-2.0
/* The init gate: who may initialise, decided at the first call, said in the process log. */
#include "shim/entry/gate.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/entry/call.h"
#include "shim/entry/core.h"
#include "shim/entry/join.h"
#include "shim/ring/identity.h"
#include "shim/ring/ring.h"

/* What initialises, and what a refused process is told. The runtimes ask libcuda, and pass on what it says. */
static const struct {
	uint32_t library;
	const char *functions[3];
	int code;
} gates[] = {
	{ VGPU_LIBRARY_CUDA, { "cuInit" }, 3 }, /* CUDA_ERROR_NOT_INITIALIZED */
	{ VGPU_LIBRARY_NVML,
	  { "nvmlInit_v2", "nvmlInit", "nvmlInitWithFlags" },
	  4 }, /* NVML_ERROR_NO_PERMISSION */
};

static int code;

static int refuse(void)
{
	return code;
}

/* One pattern, up to `end`. */
static bool fits(const char *pattern, const char *end, const char *text)
{
	for (; pattern < end && *pattern != '*'; pattern++, text++)
		if (*pattern != *text)
			return false;
	if (pattern == end)
		return !*text;
	for (;; text++) {
		if (fits(pattern + 1, end, text))
			return true;
		if (!*text)
			return false;
	}
}

static bool named(const char *patterns, const char *end, const char *comm)
{
	for (const char *at = patterns; at <= end; at++) {
		const char *stop = memchr(at, '|', (size_t)(end - at));

		if (!stop)
			stop = end;
		if (fits(at, stop, comm))
			return true;
		at = stop;
	}
	return false;
}

static long age_ms(const struct vgpu_process *process)
{
	long ticks = sysconf(_SC_CLK_TCK);
	struct timespec now;

	if (ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &now))
		return 0;
	return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000 -
	       (long)(process->start_time * 1000 / (uint64_t)ticks);
}

/* One word of the policy; false: it refuses. What it says goes to `reason`. */
static bool allows(const char *word, size_t size, const struct vgpu_process *process, char *reason,
		   size_t room)
{
	if (size > 5 && !strncmp(word, "comm=", 5)) {
		bool in = named(word + 5, word + size, process->comm);

		snprintf(reason, room, "its name, %.15s, is %s %.*s", process->comm,
			 in ? "like" : "not like any of", (int)size - 5, word + 5);
		return in;
	}
	if (size > 4 && !strncmp(word, "age=", 4)) {
		long wanted = strtol(word + 4, NULL, 10), age = age_ms(process);

		snprintf(reason, room, "%s: it has been there for %ld ms, and %ld are asked for",
			 age < wanted ? "too early" : "late enough", age, wanted);
		return age >= wanted;
	}
	snprintf(reason, room, "$VGPU_GATE has a word that is no rule, and keeps nobody out: %.*s",
		 (int)size, word);
	return true;
}

static void record(uint32_t function, int result, const char *reason)
{
	size_t size = strlen(reason) + 1;
	struct vgpu_gate_record *record;

	if (!vgpu_joined || vgpu_joined->mode != VGPU_CORE_ON)
		return;
	record = vgpu_log_reserve(vgpu_joined->arena, VGPU_KIND_GATE, sizeof(*record) + size);
	if (!record)
		return;
	record->counter = vgpu_counter();
	record->function = function;
	record->result = result;
	memcpy(record->reason, reason, size);
	vgpu_log_commit(record);
}

static uint32_t number_of(const struct vgpu_library *library, const char *name)
{
	for (uint32_t number = 1; number <= library->count; number++)
		if (library->names[number] && !strcmp(library->names[number], name))
			return number;
	return 0;
}

void vgpu_gate_open(const struct vgpu_library *library, void **dispatch)
{
	const char *policy = secure_getenv("VGPU_GATE");
	struct vgpu_process process;
	char reason[256] = "";
	bool allowed = true;
	unsigned gate = 0;

	while (gate < sizeof(gates) / sizeof(gates[0]) && gates[gate].library != library->id)
		gate++;
	if (!policy || !policy[strspn(policy, " ")] || gate == sizeof(gates) / sizeof(gates[0]))
		return;
	vgpu_identity_read(&process);
	for (const char *word = policy; allowed && *(word += strspn(word, " "));
	     word += strcspn(word, " "))
		allowed = allows(word, strcspn(word, " "), &process, reason, sizeof(reason));
	code = allowed ? 0 : gates[gate].code;
	record(VGPU_FUNCTION(library->id, number_of(library, gates[gate].functions[0])), code,
	       reason);
	for (unsigned i = 0; !allowed && i < 3 && gates[gate].functions[i]; i++) {
		uint32_t number = number_of(library, gates[gate].functions[i]);

		if (number)
			dispatch[number] = (void *)(uintptr_t)refuse;
	}
}
