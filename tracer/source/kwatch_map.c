// SPDX-License-Identifier: Apache-2.0
/* What followed processes map as code: OBJECT events, and files that are probed before they are called. */
#include "tracer/source/kwatch_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tracer/source/elf.h"

#define SEEN_MAX 4096u

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Up to the first character of a pattern that stands for others. */
static void add_name(char names[VGPU_BPF_NAMES][VGPU_BPF_NAME + 1], const char *list[VGPU_BPF_NAMES + 1],
		     unsigned *count, const char *pattern)
{
	const char *name = base_name(pattern);

	if (*count == VGPU_BPF_NAMES)
		return;
	snprintf(names[*count], VGPU_BPF_NAME + 1, "%.*s", (int)strcspn(name, "*?[\\"), name);
	list[*count] = names[*count];
	++*count;
}

void kwatch_map_names(const struct vgpu_kwatch_options *options, char names[VGPU_BPF_NAMES][VGPU_BPF_NAME + 1],
		      const char *list[VGPU_BPF_NAMES + 1])
{
	static const char *const gpu[] = { "libcuda", "libnvidia-ml", "libvgpu-" };
	unsigned count = 0;
	char library[256];

	for (size_t i = 0; i < sizeof(gpu) / sizeof(gpu[0]); i++)
		add_name(names, list, &count, gpu[i]);
	for (const char *const *pattern = options->libraries; pattern && *pattern; pattern++)
		add_name(names, list, &count, *pattern);
	for (const char *const *probe = options->probes; probe && *probe; probe++) {
		snprintf(library, sizeof(library), "%.*s", (int)strcspn(*probe, ":("), *probe);
		add_name(names, list, &count, library);
	}
	list[count] = NULL;
}

/* As the process has it; false: it has no name there, or a longer one than is kept. */
static bool path_of(const struct vgpu_bpf_map *map, char *path, size_t size)
{
	const char *parts = (const char *)(map + 1);
	size_t at = size - 1, end = map->size;

	path[at] = '\0';
	for (size_t from = 0; from < end;) {
		size_t n = strnlen(parts + from, end - from);

		if (n + 1 > at || from + n == end)
			return false;
		at -= n;
		memcpy(path + at, parts + from, n);
		path[--at] = '/';
		from += n + 1;
	}
	memmove(path, path + at, size - at);
	return path[0] == '/';
}

int kwatch_map_new(void *data, const struct vgpu_bpf_map *map)
{
	struct vgpu_kwatch *watch = data;
	char path[1200];
	struct vgpu_mapping mapping = { .from = map->start, .to = map->start + map->length, .offset = map->offset,
					.inode = map->inode, .code = true, .path = path };

	return watch->stream && path_of(map, path, sizeof(path)) ? kwatch_files_mapped(watch, map->head.pid, &mapping) : 0;
}

/* ---- what each has seen mapped ---- */

static void keep(struct kwatch_process *process, const struct vgpu_mapping *mapping)
{
	char *path = strdup(mapping->path);

	/* What was there before is gone. */
	for (uint32_t i = process->seen_count; i--;) {
		if (process->seen[i].from >= mapping->to || mapping->from >= process->seen[i].to)
			continue;
		free((char *)(uintptr_t)process->seen[i].path);
		process->seen[i] = process->seen[--process->seen_count];
	}
	if (process->seen_count == process->seen_room && process->seen_room < SEEN_MAX) {
		uint32_t room = process->seen_room ? process->seen_room * 2 : 32;
		struct vgpu_mapping *grown = realloc(process->seen, room * sizeof(*grown));

		if (grown) {
			process->seen = grown;
			process->seen_room = room;
		}
	}
	if (!path || process->seen_count == process->seen_room) {
		free(path);
		return;
	}
	process->seen[process->seen_count] = *mapping;
	process->seen[process->seen_count++].path = path;
}

void kwatch_map_forget(struct kwatch_process *process)
{
	for (uint32_t i = 0; i < process->seen_count; i++)
		free((char *)(uintptr_t)process->seen[i].path);
	free(process->seen);
	process->seen = NULL;
	process->seen_count = process->seen_room = 0;
}

void kwatch_map_inherit(struct kwatch_process *process, const struct kwatch_process *parent)
{
	for (uint32_t i = 0; i < parent->seen_count && process != parent; i++)
		keep(process, &parent->seen[i]);
}

const struct vgpu_mapping *kwatch_map_find(const struct kwatch_process *process, uint64_t address)
{
	for (uint32_t i = 0; i < process->seen_count; i++)
		if (address >= process->seen[i].from && address < process->seen[i].to)
			return &process->seen[i];
	return NULL;
}

const struct vgpu_mapping *kwatch_map_inode(const struct kwatch_process *process, uint64_t inode)
{
	for (uint32_t i = 0; i < process->seen_count; i++)
		if (process->seen[i].inode == inode)
			return &process->seen[i];
	return NULL;
}

/* ---- events ---- */

static void emit_object(struct vgpu_kwatch *watch, const struct kwatch_process *process, const struct vgpu_mapping *mapping,
			uint32_t flags, uint64_t time_ns, int32_t tid)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_OBJECT,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = process->known->number,
		.time_ns = time_ns,
		.tid = tid,
	};
	struct vgpu_elf elf = { 0 };
	char place[1300];
	struct stat st;

	snprintf(place, sizeof(place), "/proc/%u/root%s", process->pid, mapping->path);
	if (stat(place, &st) || st.st_ino != mapping->inode)
		snprintf(place, sizeof(place), "%s", mapping->path);
	if (stat(place, &st) || st.st_ino != mapping->inode)
		place[0] = '\0';
	event.object = (struct vgpu_event_object){
		.path = mapping->path,
		.base = mapping->from - (place[0] ? vgpu_elf_before(place, mapping->offset) : mapping->offset),
		.from = mapping->from,
		.to = mapping->to,
		.flags = flags,
		.vendor = kwatch_vendor(mapping->path),
		.inode = mapping->inode,
	};
	if (event.object.vendor)
		event.object.flags |= VGPU_OBJECT_GPU;
	if (place[0]) {
		event.object.device = st.st_dev;
		event.object.size = (uint64_t)st.st_size;
		event.object.mode = st.st_mode;
	}
	/* To read all of each file would take long where hundreds are mapped. */
	if (event.object.vendor && place[0] && !vgpu_elf_read(place, &elf)) {
		event.object.soname = elf.soname[0] ? elf.soname : NULL;
		event.object.library = elf.library;
		event.object.build_id = (struct vgpu_data){ elf.build_id, elf.build_id_size };
	}
	vgpu_stream_emit(watch->stream, &event);
}

/* Absence is evidence only where somebody was watching: that it waited must have been seen. */
void kwatch_map_settle(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	if (process->unsettled[0])
		kwatch_files_late(watch, process, process->unsettled);
	process->unsettled[0] = '\0';
}

void kwatch_map_record(struct vgpu_kwatch *watch, struct kwatch_process *process, const struct vgpu_bpf_map *map)
{
	char path[1200];
	struct vgpu_mapping mapping = { .from = map->start, .to = map->start + map->length, .offset = map->offset,
					.inode = map->inode, .code = true, .path = path };

	if (map->head.flags & VGPU_BPF_MAP_SETTLED) {
		/* Its thread was held until the probes were there. */
		if (map->head.time_ns >= process->unsettled_ns)
			process->unsettled[0] = '\0';
		return;
	}
	process->maps_old = true;
	if (!path_of(map, path, sizeof(path)))
		return;
	keep(process, &mapping);
	if (map->head.flags & VGPU_BPF_MAP_NEW) {
		kwatch_map_settle(watch, process);
		snprintf(process->unsettled, sizeof(process->unsettled), "%.511s", path);
		process->unsettled_ns = map->probed_ns;
	}
	if (watch->options.objects)
		emit_object(watch, process, &mapping, map->head.flags & VGPU_BPF_MAP_PROGRAM ? VGPU_OBJECT_MAIN : 0,
			    map->head.time_ns, (int32_t)map->head.ns_tid);
}

void kwatch_map_before(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	const char *before = "";

	for (size_t i = 0; i < vgpu_maps_count(process->maps); i++) {
		const struct vgpu_mapping *mapping = vgpu_maps_at(process->maps, i);

		if (!mapping->code)
			continue;
		keep(process, mapping);
		if (watch->options.objects && strcmp(before, mapping->path))
			emit_object(watch, process, mapping, VGPU_OBJECT_BEFORE, 0, 0);
		before = mapping->path;
	}
}
