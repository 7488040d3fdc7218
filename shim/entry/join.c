// SPDX-License-Identifier: Apache-2.0
/* A library's first call: the backend behind it is opened, the process's core found and joined. */
#include "shim/entry/join.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/backend/backend.h"
#include "shim/backend/fault.h"
#include "shim/entry/call.h"
#include "shim/entry/core.h"
#include "shim/entry/gate.h"
#include "shim/ring/ring.h"

struct vgpu_local vgpu_local;
struct vgpu_core *vgpu_joined;

static struct vgpu_once joining;
static pthread_key_t exit_key;
static int has_exit_key;
static bool is_behind; /* another copy of this library stands in front of this one */

static const struct vgpu_backend *const backends[] = { &vgpu_backend_sim, &vgpu_backend_forward, &vgpu_backend_replay };

/* Until a backend has opened, and where it leaves a place empty, a call gets its not-supported value. */
static void fill_unsupported(void)
{
	for (uint32_t i = 1; i <= vgpu_library.count; i++)
		if (!vgpu_library.dispatch[i])
			vgpu_library.dispatch[i] = vgpu_library.unsupported[i];
}

static void say(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void say(int level, const char *format, ...)
{
	struct vgpu_text_record *record;
	char text[1024];
	va_list args;
	int n;

	if (!vgpu_joined || vgpu_joined->mode != VGPU_CORE_ON)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		return;
	if ((size_t)n >= sizeof(text))
		n = sizeof(text) - 1;
	record = vgpu_log_reserve(vgpu_joined->arena, VGPU_KIND_TEXT, sizeof(*record) + n + 1);
	if (!record)
		return;
	record->counter = vgpu_counter();
	record->level = level;
	memcpy(record->text, text, n + 1);
	vgpu_log_commit(record);
}

static const struct vgpu_backend *open_backend(int fork)
{
	const char *name = is_behind ? NULL : secure_getenv("VGPU_BACKEND");
	const struct vgpu_backend *backend = backends[0];
	int err;

	for (size_t i = 0; name && *name && i < sizeof(backends) / sizeof(*backends); i++) {
		backend = NULL;
		if (!strcmp(backends[i]->name, name)) {
			backend = backends[i];
			break;
		}
	}
	if (!backend) {
		say(2, "%s: no backend '%s' in this build: every call is answered 'not supported'",
		    vgpu_library.file, name);
	} else {
		err = backend->open(&vgpu_library, vgpu_library.dispatch, fork, say);
		if (err)
			say(2, "%s: backend '%s' did not open: %s", vgpu_library.file, backend->name,
			    strerror(-err));
	}
	fill_unsupported();
	/* Not behind another copy: the one in front does it. */
	if (!is_behind) {
		vgpu_fault_open(&vgpu_library, vgpu_library.dispatch, say);
		vgpu_gate_open(&vgpu_library, vgpu_library.dispatch);
	}
	return backend;
}

static int first_core(const struct vgpu_found *found, void *data)
{
	struct vgpu_core *core = found->library->core;

	if (!core || core->abi != VGPU_CORE_ABI)
		return 0;
	*(struct vgpu_core **)data = core;
	return 1;
}

struct announcement {
	const struct vgpu_backend *backend;
};

/* Leaves this library's record in the process log. */
static int announce(const struct vgpu_found *found, void *data)
{
	const struct announcement *about = data;
	struct vgpu_library_record *record;
	size_t path = strlen(found->path);

	if (found->library != &vgpu_library)
		return 0;
	record = vgpu_log_reserve(vgpu_joined->arena, VGPU_KIND_LIBRARY, sizeof(*record) + path + 1);
	if (!record)
		return 1;
	record->library = vgpu_library.id;
	record->functions = vgpu_library.count;
	record->schema_hash = vgpu_library.schema_hash;
	record->base = found->base;
	record->counter = vgpu_counter();
	if (about->backend)
		strncpy(record->backend, about->backend->name, sizeof(record->backend) - 1);
	if (found->build_id && found->build_id_size <= sizeof(record->build_id)) {
		memcpy(record->build_id, found->build_id, found->build_id_size);
		record->build_id_size = found->build_id_size;
	}
	memcpy(record->path, found->path, path + 1);
	vgpu_log_commit(record);
	return 1;
}

/* Runs at thread exit, after which a later destructor may still call: that call opens the ring again. */
static void thread_ends(void *core)
{
	if ((uintptr_t)vgpu_thread_self > 1)
		((struct vgpu_core *)core)->thread_close(core);
	vgpu_thread_self = NULL;
}

static void child_after_fork(void)
{
	vgpu_thread_self = NULL;
}

/* Takes over what the core knows. The wipe word is last but the mode: both make the call path believe the rest. */
static void adopt(struct vgpu_core *core, uint32_t place)
{
	vgpu_local.counter = core->counter;
	vgpu_local.stacks = core->stacks;
	vgpu_local.plain = core->counter == VGPU_COUNTER_TSC && !core->stacks;
	vgpu_local.arena = (uint8_t *)core->arena;
	vgpu_local.generation = core->generation;
	vgpu_local.wipe = &core->wipe[place];
	if (core->stacks && vgpu_stacks_open())
		vgpu_local.stacks = 0;
}

static int look_if_behind(const struct vgpu_found *found, void *data)
{
	(void)data;
	if (found->library != &vgpu_library)
		return 0;
	for (size_t i = 0; i < sizeof(backends) / sizeof(*backends); i++)
		is_behind |= backends[i]->is_behind && backends[i]->is_behind(&vgpu_library, found->path);
	return 1;
}

static void join_first(void)
{
	struct vgpu_core *core = &vgpu_core_own;
	static uint32_t place;
	uint32_t mode = VGPU_MODE_OFF;
	struct announcement about;

	vgpu_found_each(look_if_behind, NULL);
	vgpu_found_each(first_core, &core);
	if (is_behind || core->start(core))
		core = NULL;
	vgpu_joined = core;
	if (core && core->mode == VGPU_CORE_ON) {
		place = __atomic_fetch_add(&core->libraries, 1, __ATOMIC_RELAXED);
		if (place < VGPU_LIBRARIES) {
			adopt(core, place);
			mode = VGPU_MODE_ON;
		}
	}
	about.backend = open_backend(0);
	if (mode == VGPU_MODE_ON) {
		vgpu_found_each(announce, &about);
		has_exit_key = !pthread_key_create(&exit_key, thread_ends);
		pthread_atfork(NULL, NULL, child_after_fork);
		core->wipe[place] = 1;
	}
	__atomic_store_n(&vgpu_local.mode, mode, __ATOMIC_RELEASE);
}

/* In a forked child: the core has an arena of the child's own, and the backend starts afresh. */
static void join_again(void)
{
	struct announcement about;
	uint32_t place = vgpu_local.wipe - vgpu_joined->wipe;

	if (vgpu_joined->forked(vgpu_joined)) {
		__atomic_store_n(&vgpu_local.mode, VGPU_MODE_OFF, __ATOMIC_RELEASE);
		open_backend(1);
		return;
	}
	adopt(vgpu_joined, place);
	about.backend = open_backend(1);
	vgpu_found_each(announce, &about);
	__atomic_store_n(&vgpu_joined->wipe[place], 1, __ATOMIC_RELEASE);
}

static uint32_t mode_now(void)
{
	return __atomic_load_n(&vgpu_local.mode, __ATOMIC_ACQUIRE);
}

struct vgpu_core *vgpu_join(void)
{
	int run;

	/* A child that inherits a finished join runs it again, once. */
	if (mode_now() == VGPU_MODE_ON && !__atomic_load_n(vgpu_local.wipe, __ATOMIC_ACQUIRE)) {
		uint32_t done = 2;

		if (joining.pid != getpid())
			__atomic_compare_exchange_n(&joining.state, &done, 0, 0, __ATOMIC_ACQ_REL,
						    __ATOMIC_RELAXED);
	}
	run = vgpu_once_begin(&joining);
	if (run < 0) {
		fill_unsupported();
		return NULL;
	}
	if (run) {
		if (mode_now() == VGPU_MODE_START)
			join_first();
		else if (mode_now() == VGPU_MODE_ON)
			join_again();
		vgpu_once_end(&joining);
	}
	return mode_now() == VGPU_MODE_ON ? vgpu_joined : NULL;
}

void vgpu_join_break(uint32_t function)
{
	uint32_t number = VGPU_FUNCTION_NUMBER(function);

	if (VGPU_FUNCTION_LIBRARY(function) != vgpu_library.id || number > vgpu_library.count ||
	    vgpu_library.dispatch[number] == vgpu_library.missing[number])
		return;
	__atomic_store_n(&vgpu_library.dispatch[number], vgpu_library.missing[number], __ATOMIC_RELEASE);
	say(2, "the library behind %s calls %s of whatever driver goes by that name, which is ours: it would never end, "
	       "so it is answered 'not found' from now on",
	    vgpu_library.soname, vgpu_library.names[number]);
}

void vgpu_join_count_refused(void)
{
	if (vgpu_joined && vgpu_joined->mode == VGPU_CORE_ON)
		__atomic_fetch_add(&vgpu_joined->arena->calls_refused, 1, __ATOMIC_RELAXED);
}


void vgpu_join_thread(void)
{
	if (has_exit_key)
		pthread_setspecific(exit_key, vgpu_joined);
}
