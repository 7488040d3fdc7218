// SPDX-License-Identifier: Apache-2.0
/* Faults on demand: which call is hit, and what happens to it. */
#include "shim/backend/fault.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "shim/backend/sim/device.h"
#include "shim/backend/stub.h"
#include "shim/entry/call.h"

#define THREADS 64u
#define NO_CAPACITY 255u
#define TEXT_MAX 64u
#define VECTORS 128u /* places from here on are registers for floats */

enum action { PASS = 0, RETURN = 1, CHANGE = 2 };

/* Where a parameter or a member is: a line of vgpu_library.parameters. */
struct place {
	char kind;
	unsigned param;
	unsigned offset;
	unsigned size;
};

/* One fault as it concerns this library. */
struct fault {
	const struct vgpu_sim_fault *as;
	bool has_result;
	int64_t result;
	uint32_t calls; /* counted so far, those of other threads and conditions left out */
};

static struct vgpu_simdev devices;
static struct fault faults[VGPU_SIMDEV_FAULTS];
static uint32_t fault_count;
static void *targets[VGPU_STUBS];
static pid_t threads[THREADS]; /* in the order of their first call of a function with a fault */
static const struct vgpu_library *ours;

extern const uint8_t vgpu_fault_stubs[] __attribute__((visibility("hidden")));
enum action vgpu_fault_enter(struct vgpu_stub_frame *frame) __attribute__((visibility("hidden")));
void vgpu_fault_leave(struct vgpu_stub_frame *frame) __attribute__((visibility("hidden")));

/* '*' stands for any text. */
static bool matches(const char *pattern, const char *text)
{
	for (; *pattern && *pattern != '*'; pattern++, text++)
		if (*pattern != *text)
			return false;
	if (!*pattern)
		return !*text;
	for (;; text++) {
		if (matches(pattern + 1, text))
			return true;
		if (!*text)
			return false;
	}
}

static void *stub_of(uint32_t number)
{
	return (void *)(uintptr_t)(vgpu_fault_stubs + VGPU_STUB_BYTES * number);
}

/* ---- places ---- */

static bool find_place(uint32_t number, const char *name, struct place *place)
{
	const char *at = ours->parameters;
	size_t size = strlen(name);

	for (uint32_t i = 1; i < number; i++)
		at += strlen(at) + 1;
	for (; *at; at = strchr(at, '\n') + 1)
		if (!strncmp(at, name, size) && at[size] == ' ')
			return sscanf(at + size, " %c %u %u %u", &place->kind, &place->param,
				      &place->offset, &place->size) == 4;
	return false;
}

/* By the place that emit_places.c worked out. */
static uint64_t word(const struct vgpu_stub_frame *frame, unsigned param)
{
	return param < 6 ? frame->integer[param] : frame->stack[param - 6];
}

static uint64_t cut(uint64_t value, unsigned size)
{
	return size >= 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

static bool is_float(const struct vgpu_stub_frame *frame, const struct place *place,
		     const char *text)
{
	double wanted, wide;
	float narrow;
	char *end;

	wanted = strtod(text, &end);
	memcpy(&narrow, &frame->vector[place->param - VECTORS], sizeof(narrow));
	memcpy(&wide, &frame->vector[place->param - VECTORS], sizeof(wide));
	return *text && !*end &&
	       (place->size == sizeof(narrow) ? narrow == (float)wanted : wide == wanted);
}

static bool holds(const struct vgpu_stub_frame *frame, const struct vgpu_sim_part *part)
{
	struct place place;
	const char *text;
	uint64_t value;

	if (!find_place((uint32_t)frame->number, part->name, &place))
		return false;
	if (place.kind == 's') {
		text = (const char *)(uintptr_t)word(frame, place.param);
		return text && !strcmp(text, part->text);
	}
	if (place.kind == 'v')
		return place.param >= VECTORS && is_float(frame, &place, part->text);
	/* a struct by value lies in words that follow each other */
	value = word(frame, place.param + place.offset / 8) >> 8 * (place.offset % 8);
	return place.kind == 'w' && part->is_number &&
	       cut(value, place.size) == cut((uint64_t)part->number, place.size);
}

static void put_text(const struct vgpu_stub_frame *frame, const struct place *place, char *at,
		     const char *text)
{
	uint64_t room = place->kind == 't'           ? place->size
			: place->size == NO_CAPACITY ? TEXT_MAX
						     : cut(word(frame, place->size), 4);
	size_t size = strlen(text) + 1;

	if (room > INT32_MAX)
		return;
	if (size > room)
		size = room;
	if (size) {
		memcpy(at, text, size);
		at[size - 1] = '\0';
	}
}

static void put(const struct vgpu_stub_frame *frame, const struct vgpu_sim_part *part)
{
	struct place place;
	uint8_t *at;

	if (!find_place((uint32_t)frame->number, part->name, &place) || place.kind == 'w' ||
	    place.kind == 'v' || place.kind == 's')
		return;
	at = (uint8_t *)(uintptr_t)word(frame, place.param);
	if (!at)
		return;
	at += place.offset;
	if (place.kind == 't' || place.kind == 'c') {
		put_text(frame, &place, (char *)at, part->text);
	} else if (place.kind == 'f' && part->is_number) {
		float narrow = (float)part->number;
		double wide = (double)part->number;

		memcpy(at, place.size == 4 ? (void *)&narrow : (void *)&wide,
		       place.size == 4 ? 4 : 8);
	} else if (part->is_number && place.size <= 8) {
		memcpy(at, &part->number, place.size);
	}
}

/* ---- calls ---- */

/* The place of the calling thread among those that called, from 1; 0: too many. */
static uint32_t thread_place(void)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);

	for (uint32_t i = 0; i < THREADS; i++) {
		pid_t none = 0;

		if (__atomic_load_n(&threads[i], __ATOMIC_RELAXED) == tid ||
		    __atomic_compare_exchange_n(&threads[i], &none, tid, 0, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED) ||
		    none == tid)
			return i + 1;
	}
	return 0;
}

static bool concerns(const struct fault *fault, uint32_t number)
{
	return !fault->as->lookup && matches(fault->as->function, ours->names[number]);
}

static bool hits(struct fault *fault, const struct vgpu_stub_frame *frame)
{
	uint32_t call;

	if (!concerns(fault, (uint32_t)frame->number))
		return false;
	if (fault->as->thread && thread_place() != fault->as->thread)
		return false;
	for (uint32_t i = 0; i < fault->as->when_count; i++)
		if (!holds(frame, &fault->as->when[i]))
			return false;
	call = __atomic_add_fetch(&fault->calls, 1, __ATOMIC_RELAXED);
	return call >= fault->as->first && call <= fault->as->last;
}

static void hang(uint32_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	if (ms == VGPU_FAULT_FOREVER)
		for (;;)
			pause();
	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &left, &left) == EINTR)
		;
}

enum action vgpu_fault_enter(struct vgpu_stub_frame *frame)
{
	enum action action = PASS;
	int saved_errno = errno;

	frame->target = targets[frame->number];
	memset(frame->result, 0, sizeof(frame->result));
	for (uint32_t i = 0; i < fault_count && action != RETURN; i++) {
		if (!hits(&faults[i], frame))
			continue;
		if (faults[i].as->hang_ms || faults[i].as->crash || faults[i].has_result)
			vgpu_call_mark(VGPU_CALL_FAULT);
		if (faults[i].as->hang_ms)
			hang(faults[i].as->hang_ms);
		if (faults[i].as->crash)
			raise(SIGSEGV); /* whatever the program does with it */
		if (faults[i].has_result) {
			frame->result[0] = (uint64_t)faults[i].result;
			for (uint32_t k = 0; k < faults[i].as->set_count; k++)
				put(frame, &faults[i].as->set[k]);
			action = RETURN;
		} else if (faults[i].as->set_count) {
			/* After the call, and not counted again. */
			frame->number |= (uint64_t)(i + 1) << 32;
			action = CHANGE;
			break;
		}
	}
	errno = saved_errno;
	return action;
}

void vgpu_fault_leave(struct vgpu_stub_frame *frame)
{
	const struct fault *fault = &faults[(frame->number >> 32) - 1];
	int saved_errno = errno;

	frame->number &= UINT32_MAX;
	/* A call that failed gave no values that could be wrong. */
	if (cut(frame->result[0], 4))
		return;
	vgpu_call_mark(VGPU_CALL_FAULT);
	for (uint32_t k = 0; k < fault->as->set_count; k++)
		put(frame, &fault->as->set[k]);
	errno = saved_errno;
}

enum vgpu_fault_answer vgpu_fault_lookup(uint32_t function)
{
	uint32_t number = VGPU_FUNCTION_NUMBER(function);

	if (!ours || VGPU_FUNCTION_LIBRARY(function) != ours->id || number > ours->count)
		return VGPU_FAULT_NONE;
	for (uint32_t i = 0; i < fault_count; i++)
		if (faults[i].as->lookup && matches(faults[i].as->function, ours->names[number])) {
			vgpu_call_mark(VGPU_CALL_FAULT);
			return faults[i].as->lookup == VGPU_FAULT_LOOKUP_NULL ? VGPU_FAULT_NULL
									      : VGPU_FAULT_MISSING;
		}
	return VGPU_FAULT_NONE;
}

/* ---- opening ---- */

static bool find_result(const char *text, int64_t *value)
{
	const char *at = ours->results;
	size_t size = strlen(text);
	char *end;

	*value = strtoll(text, &end, 0);
	if (*text && !*end)
		return true;
	for (; *at; at = strchr(at, '\n') + 1)
		if (!strncmp(at, text, size) && at[size] == ' ') {
			*value = strtoll(at + size, NULL, 10);
			return true;
		}
	return false;
}

static bool in_this_process(const struct vgpu_sim_fault *fault)
{
	char name[17] = "";

	if (!fault->process[0])
		return true;
	prctl(PR_GET_NAME, name);
	return matches(fault->process, name);
}

static void arm(void **dispatch, uint32_t number)
{
	if (dispatch[number] == stub_of(number))
		return;
	targets[number] = dispatch[number];
	dispatch[number] = stub_of(number);
}

static uint32_t arm_all(void **dispatch)
{
	uint32_t armed = 0;

	for (uint32_t number = 1; number <= ours->count && number < VGPU_STUBS; number++)
		for (uint32_t i = 0; ours->names[number] && i < fault_count; i++)
			if (concerns(&faults[i], number)) {
				arm(dispatch, number);
				armed++;
				break;
			}
	return armed;
}

void vgpu_fault_open(const struct vgpu_library *library, void **dispatch,
		     void (*say)(int level, const char *format, ...))
{
	const char *spec = secure_getenv("VGPU_DEVICE");
	struct vgpu_simdev_error error;
	uint32_t armed;

	if (!spec || !*spec)
		return;
	/* In a child the first reading still holds: the file may have changed, the process has not. */
	if (!ours && vgpu_simdev_load(&devices, spec, &error))
		return;
	ours = library;
	fault_count = 0;
	memset(threads, 0, sizeof(threads));
	for (uint32_t i = 0; i < devices.fault_count; i++) {
		const struct vgpu_sim_fault *as = &devices.fault[i];
		struct fault fault = { .as = as };

		if (!in_this_process(as))
			continue;
		fault.has_result = as->result[0] && find_result(as->result, &fault.result);
		/* Another library's name for a result: this fault is not about this one. */
		if (as->result[0] && !fault.has_result)
			continue;
		faults[fault_count++] = fault;
	}
	armed = arm_all(dispatch);
	if (armed)
		say(1, "the device file makes %u entry point%s of %s fail on demand", armed,
		    armed == 1 ? "" : "s", library->soname);
}

void vgpu_fault_replace(const struct vgpu_library *library, uint32_t number, void *function)
{
	if (library->dispatch[number] == stub_of(number))
		targets[number] = function;
	else
		__atomic_store_n(&library->dispatch[number], function, __ATOMIC_RELEASE);
}
