// SPDX-License-Identifier: Apache-2.0
/* Which files the kernel observer probes: GPU libraries, the dynamic linker, and what the user names. */
#include "tracer/source/kwatch_private.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tracer/source/elf.h"
#include "tracer/source/ldso.h"

static const char *const gpu_names[] = { "libcuda.so.1",   "libcuda.so",      "libnvidia-ml.so.1",
					 "libcudart.so.13", "libcudart.so.12", "libcudart.so" };

static bool is_linker(const char *path)
{
	static const char *const names[] = { "libc.so.", "libc-2.", "ld-linux", "ld-2.", "libdl.so.", "libdl-2." };
	const char *base = strrchr(path, '/');

	base = base ? base + 1 : path;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(base, names[i], strlen(names[i])))
			return true;
	return false;
}

/* ---- one file ---- */

/* What decides about the functions of one file. */
struct choice {
	struct vgpu_kwatch *watch;
	const char *path;
	bool all;  /* every exported one */
	bool ours; /* it has a ring: calls of both are paired by their order, so all are observed */
	uint32_t library; /* enum vgpu_library_id, 0: not known */
};

/* The cheapest way to leave a call out is no probe. */
static bool may_pass(const struct choice *choice, const char *name)
{
	const struct vgpu_filter *filter = choice->watch->options.filter;

	return !filter || choice->ours || vgpu_kernel_takes_image(name) ||
	       vgpu_filter_of_function(filter, name, choice->library) != VGPU_FILTER_NEVER;
}

static struct kwatch_probe *probe_of(const struct choice *choice, const char *name)
{
	for (unsigned i = 0; i < choice->watch->probe_count; i++) {
		struct kwatch_probe *probe = &choice->watch->probes[i];

		if (!strcmp(probe->name, name) && kwatch_pattern_fits(probe->library, choice->path)) {
			probe->here = true;
			return probe;
		}
	}
	return NULL;
}

static bool want_static(void *data, const char *name)
{
	return probe_of(data, name) != NULL && may_pass(data, name);
}

static bool want(void *data, const char *name)
{
	struct choice *choice = data;

	return (probe_of(choice, name) || choice->all) && may_pass(choice, name);
}

static const struct vgpu_function *schema(void *data, const char *name)
{
	struct kwatch_probe *probe = probe_of(data, name);

	return probe ? kwatch_probe_schema(probe) : NULL;
}

/* Whether a file is of interest, and what of it. */
static bool choose(struct vgpu_kwatch *watch, const char *path, struct choice *choice, struct vgpu_kernel_target *target)
{
	bool probed = false;

	*choice = (struct choice){ .watch = watch, .path = path };
	*target = (struct vgpu_kernel_target){ .library = vgpu_kernel_library_of(path) };
	for (const char *const *pattern = watch->options.libraries; pattern && *pattern; pattern++)
		choice->all |= kwatch_pattern_fits(*pattern, path);
	for (unsigned i = 0; i < watch->probe_count; i++)
		probed |= kwatch_pattern_fits(watch->probes[i].library, path);
	choice->all |= target->library != 0;
	choice->library = target->library;
	if (choice->all || probed) {
		target->want = want;
		target->want_static = want_static;
		target->schema = schema;
		target->data = choice;
		target->flags = (probed ? VGPU_KERNEL_STATICS : 0) | (watch->options.returns ? 0 : VGPU_KERNEL_ENTRIES);
		return true;
	}
	target->flags = VGPU_KERNEL_LINKER;
	return !watch->options.no_linker && is_linker(path);
}

/* What became of the user's probes in one file, that was not probed before. */
static void note_probes(struct vgpu_kwatch *watch, const char *place, const char *path, int err,
			const struct vgpu_kernel_attached *attached)
{
	for (unsigned i = 0; i < watch->probe_count; i++) {
		struct kwatch_probe *probe = &watch->probes[i];

		if (probe->here) {
			bool refused = err || (attached->refused && !strcmp(attached->refused_name, probe->name));

			probe->refused |= refused;
			probe->placed |= !refused;
		} else if (!probe->placed && kwatch_pattern_fits(probe->library, path)) {
			kwatch_probe_tried(probe, place, path);
		}
	}
}

/* Returns 1 where it was not probed before, 0, or -errno. */
static int attach(struct vgpu_kwatch *watch, const char *place, const char *path, struct vgpu_kernel_target *target)
{
	struct vgpu_kernel_attached attached;
	struct vgpu_elf elf;
	struct vgpu_event event = { .kind = VGPU_EVENT_PROBES, .observer = VGPU_OBSERVER_KERNEL };
	int err;

	if (watch->options.foreign_only && target->library && !vgpu_elf_read(place, &elf) && elf.library)
		return 0;
	target->shown = path;
	for (unsigned i = 0; i < watch->probe_count; i++)
		watch->probes[i].here = false;
	if (watch->options.filter && target->data && !vgpu_elf_read(place, &elf))
		((struct choice *)target->data)->ours = elf.library != 0;
	err = vgpu_kernel_attach(watch->kernel, place, target, &attached);
	if (err || attached.functions || attached.refused)
		note_probes(watch, place, path, err, &attached);
	if (err || (!attached.functions && !attached.refused))
		return err;
	if (vgpu_elf_read(place, &elf))
		memset(&elf, 0, sizeof(elf));
	watch->totals.files++;
	watch->totals.functions += attached.functions;
	watch->totals.attach_ns += attached.attach_ns;
	event.probes = (struct vgpu_event_probes){
		.path = path,
		.library = attached.library,
		.functions = attached.functions,
		.aliases = attached.aliases,
		.known = attached.known,
		.moved = attached.moved,
		.emulated = attached.emulated,
		.refused = attached.refused,
		/* What the kernel says of an instruction that it does not probe has no name outside of it. */
		.refused_error = attached.refused_error == -524 ? EOPNOTSUPP : -attached.refused_error,
		.refused_name = attached.refused ? attached.refused_name : NULL,
		.method = vgpu_kwatch_method(watch),
		.attach_ns = attached.attach_ns,
		.build_id = { elf.build_id, elf.build_id_size },
		.ours = elf.library,
		.entries = attached.entries,
	};
	vgpu_stream_emit(watch->stream, &event);
	return 1;
}

int vgpu_kwatch_file(struct vgpu_kwatch *watch, const char *path, struct vgpu_stream *stream)
{
	struct vgpu_kernel_target target;
	struct choice choice;
	struct vgpu_stream *before = watch->stream;
	int err;

	if (!choose(watch, path, &choice, &target)) {
		/* Its name says nothing, but it was named: its note may. */
		choice.all = true;
		target = (struct vgpu_kernel_target){ .want = want, .data = &choice };
	}
	watch->stream = stream;
	err = attach(watch, path, path, &target);
	watch->stream = before;
	return err < 0 ? err : 0;
}

/* ---- what a process maps ---- */

static bool same_file(const char *a, const struct stat *b)
{
	struct stat st;

	return !stat(a, &st) && st.st_dev == b->st_dev && st.st_ino == b->st_ino;
}

/* By the path that everybody knows it by, where that is the file that is mapped. */
static int attach_mapped(struct vgpu_kwatch *watch, uint32_t pid, const struct vgpu_mapping *mapping,
			 struct vgpu_kernel_target *target)
{
	char place[1200], range[64];
	struct stat st;

	snprintf(range, sizeof(range), "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)mapping->from,
		 (unsigned long long)mapping->to);
	snprintf(place, sizeof(place), "/proc/%u/root%s", pid, mapping->path);
	if (!stat(place, &st) && st.st_ino == mapping->inode)
		return attach(watch, same_file(mapping->path, &st) ? mapping->path : place, mapping->path, target);
	/* Its process may be gone. */
	if (!stat(mapping->path, &st) && st.st_ino == mapping->inode)
		return attach(watch, mapping->path, mapping->path, target);
	/* Deleted or replaced: the very file. */
	return attach(watch, range, mapping->path, target);
}

/* Absence is evidence only where somebody was watching: this library may have taken calls before. */
void kwatch_files_late(struct vgpu_kwatch *watch, const struct kwatch_process *process, const char *path)
{
	struct vgpu_event event = {
		.kind = VGPU_EVENT_OBSERVER,
		.observer = VGPU_OBSERVER_KERNEL,
		.process = process->known->number,
		.note = {
			.about = VGPU_OBSERVER_KERNEL,
			.subject = path,
			.text = "was mapped before it was probed: calls that it took until now were not observed",
		},
	};

	vgpu_stream_emit(watch->stream, &event);
}

int kwatch_files_mapped(struct vgpu_kwatch *watch, uint32_t pid, const struct vgpu_mapping *mapping)
{
	struct vgpu_kernel_target target;
	struct choice choice;

	return choose(watch, mapping->path, &choice, &target) ? attach_mapped(watch, pid, mapping, &target) : 0;
}

bool kwatch_files_wanted(struct vgpu_kwatch *watch, const char *path)
{
	struct vgpu_kernel_target target;
	struct choice choice;

	return choose(watch, path, &choice, &target) && !(target.flags & VGPU_KERNEL_LINKER);
}

void kwatch_files_scan(struct vgpu_kwatch *watch, struct kwatch_process *process)
{
	const char *before = "";
	struct vgpu_maps *maps;

	process->stale = false;
	if (vgpu_maps_read(&maps, process->pid))
		return;
	vgpu_maps_free(process->maps);
	process->maps = maps;
	process->maps_old = false;
	for (size_t i = 0; i < vgpu_maps_count(maps); i++) {
		const struct vgpu_mapping *mapping = vgpu_maps_at(maps, i);
		struct vgpu_kernel_target target;
		struct choice choice;

		if (!mapping->code || !strcmp(mapping->path, before))
			continue;
		before = mapping->path;
		if (!choose(watch, mapping->path, &choice, &target))
			continue;
		if (attach_mapped(watch, process->pid, mapping, &target) > 0 && !(target.flags & VGPU_KERNEL_LINKER))
			kwatch_files_late(watch, process, mapping->path);
	}
}

/* ---- before anything is mapped ---- */

static void candidate(struct vgpu_kwatch *watch, const char *path)
{
	struct vgpu_kernel_target target;
	struct choice choice;
	char *real = realpath(path, NULL);

	/* A link's name counts, too: libcuda.so.1 may lead to a file of any name. */
	if (real && (choose(watch, real, &choice, &target) || choose(watch, path, &choice, &target)))
		attach(watch, real, real, &target);
	free(real);
}

static void candidates_in(struct vgpu_kwatch *watch, const char *directory)
{
	DIR *dir = opendir(directory);
	struct vgpu_kernel_target target;
	struct dirent *entry;
	struct choice choice;
	char path[1024];

	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "lib", 3) || !strstr(entry->d_name, ".so"))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name) < (int)sizeof(path) &&
		    choose(watch, path, &choice, &target) && !(target.flags & VGPU_KERNEL_LINKER))
			candidate(watch, path);
	}
	if (dir)
		closedir(dir);
}

static void each_word(struct vgpu_kwatch *watch, const char *list, const char *separators,
		      void (*each)(struct vgpu_kwatch *watch, const char *word))
{
	char *copy = list ? strdup(list) : NULL, *rest = NULL;

	for (char *word = copy ? strtok_r(copy, separators, &rest) : NULL; word; word = strtok_r(NULL, separators, &rest))
		each(watch, word);
	free(copy);
}

void vgpu_kwatch_candidates(struct vgpu_kwatch *watch, const char *preload, const char *library_path,
			   struct vgpu_stream *stream)
{
	static const char *const linker[] = { "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6",
					      "/lib64/libc.so.6", "/lib/x86_64-linux-gnu/libdl.so.2" };
	struct vgpu_stream *before = watch->stream;

	watch->stream = stream;
	for (size_t i = 0; !watch->options.no_linker && i < sizeof(linker) / sizeof(linker[0]); i++)
		candidate(watch, linker[i]);
	each_word(watch, preload, ": ", candidate);
	each_word(watch, library_path, ":;", candidates_in);
	for (size_t i = 0; i < sizeof(gpu_names) / sizeof(gpu_names[0]); i++) {
		struct vgpu_ldso_answer answer;

		if (vgpu_ldso_find(gpu_names[i], preload, library_path, &answer))
			candidate(watch, answer.path);
	}
	/* A pattern of the user's that is a path. */
	for (const char *const *pattern = watch->options.libraries; pattern && *pattern; pattern++)
		if (strchr(*pattern, '/') && !strpbrk(*pattern, "*?["))
			candidate(watch, *pattern);
	for (unsigned i = 0; i < watch->probe_count; i++)
		if (strchr(watch->probes[i].library, '/') && !strpbrk(watch->probes[i].library, "*?["))
			candidate(watch, watch->probes[i].library);
	watch->stream = before;
}
