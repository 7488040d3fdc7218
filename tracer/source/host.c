// SPDX-License-Identifier: Apache-2.0
/* Facts of this machine, and of what is not observed on it, as events. */
#include "tracer/source/host.h"

#include <gnu/libc-version.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tracer/source/elf.h"
#include "tracer/source/ldso.h"
#include "tracer/source/roster.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * UINT64_C(1000000000) + now.tv_nsec;
}

void vgpu_host_emit(struct vgpu_stream *stream)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_HOST, .observer = VGPU_OBSERVER_TRACER };
	struct vgpu_event_host *host = &event.host;
	uint64_t schema[8] = { 0 };
	struct utsname name;

	uname(&name);
	host->kernel = name.release;
	host->machine = name.machine;
	host->libc = gnu_get_libc_version();
	host->version = VGPU_VERSION;
	vgpu_boot_id(host->boot_id);
	host->cpus = sysconf(_SC_NPROCESSORS_ONLN);
	host->memory_bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	host->clock_ticks = sysconf(_SC_CLK_TCK);
	host->monotonic_ns = clock_ns(CLOCK_MONOTONIC);
	host->boottime_ns = clock_ns(CLOCK_BOOTTIME);
	host->realtime_ns = clock_ns(CLOCK_REALTIME);
	for (unsigned i = 0; i < 8 && vgpu_apis[i]; i++) {
		schema[i] = vgpu_apis[i]->schema_hash;
		host->schema.count++;
	}
	host->schema.words = schema;
	vgpu_stream_emit(stream, &event);
}

void vgpu_coverage_emit(struct vgpu_stream *stream, uint32_t observer, int on, uint64_t since_ns, const char *text)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_COVERAGE,
		.observer = VGPU_OBSERVER_TRACER,
		.coverage = {
			.observer = observer,
			.on = on,
			.since_ns = since_ns,
			.how = on ? text : NULL,
			.why = on ? NULL : text,
		},
	};

	vgpu_stream_emit(stream, &event);
}

void vgpu_answer_emit(struct vgpu_stream *stream, const char *soname, const char *preload, const char *library_path)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_ANSWER,
		.observer = VGPU_OBSERVER_TRACER,
		.answer = { .soname = soname },
	};
	struct vgpu_event_answer *answer = &event.answer;
	struct vgpu_ldso_answer found;
	struct vgpu_elf elf;
	int err;

	if (!vgpu_ldso_find(soname, preload, library_path, &found)) {
		answer->where = library_path && *library_path
				    ? "LD_LIBRARY_PATH, ld.so.cache, the default directories"
				    : "ld.so.cache, the default directories";
		vgpu_stream_emit(stream, &event);
		return;
	}
	answer->path = found.path;
	answer->where = found.where;
	err = vgpu_elf_read(found.path, &elf);
	if (err) {
		answer->error = -err;
	} else {
		answer->library = elf.library;
		answer->schema_hash = elf.schema_hash;
		answer->symbols = elf.symbols;
		answer->build_id = (struct vgpu_data){ elf.build_id, elf.build_id_size };
		if (strstr(found.path, "/stubs/"))
			answer->note = "a stub for linking: every call to it fails";
	}
	vgpu_stream_emit(stream, &event);
}
