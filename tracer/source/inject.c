// SPDX-License-Identifier: Apache-2.0
/* Our libraries on disk, and the environment that puts them in front. */
#include "tracer/source/inject.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim/entry/library.h"
#include "shim/ring/layout.h"
#include "tracer/source/elf.h"
#include "tracer/source/proc.h"

const struct vgpu_own_library vgpu_own_libraries[4] = {
	{ VGPU_LIBRARY_CUDA, "libvgpu-cuda.so", (const char *const[]){ "libcuda.so.1", "libcuda.so", NULL } },
	{ VGPU_LIBRARY_NVML, "libvgpu-nvml.so",
	  (const char *const[]){ "libnvidia-ml.so.1", "libnvidia-ml.so", NULL } },
	{ VGPU_LIBRARY_CUDART13, "libvgpu-cudart13.so", (const char *const[]){ "libcudart.so.13", NULL } },
	{ VGPU_LIBRARY_CUDART12, "libvgpu-cudart12.so", (const char *const[]){ "libcudart.so.12", NULL } },
};

#define OWN_COUNT (sizeof(vgpu_own_libraries) / sizeof(vgpu_own_libraries[0]))

/* 0 when all four are there and are ours. */
static int check_directory(const char *path)
{
	for (unsigned i = 0; i < OWN_COUNT; i++) {
		struct vgpu_elf elf;
		char file[PATH_MAX];
		int err;

		snprintf(file, sizeof(file), "%s/%s", path, vgpu_own_libraries[i].file);
		err = vgpu_elf_read(file, &elf);
		if (err)
			return err;
		if (elf.library != vgpu_own_libraries[i].library)
			return -ENOEXEC;
	}
	return 0;
}

int vgpu_inject_libdir(char *path, size_t size, struct vgpu_text *missing)
{
	/* As built, as installed, as installed where libraries have a directory an architecture. */
	static const char *const relative[] = {
		"../lib", "../lib/vgpu-trace", "../lib64/vgpu-trace", "../lib/x86_64-linux-gnu/vgpu-trace",
		"../lib/aarch64-linux-gnu/vgpu-trace",
	};
	const char *own = getenv("VGPU_TRACE_LIBDIR");
	char exe[PATH_MAX], candidate[PATH_MAX], real[PATH_MAX];
	int err = -ENOENT, first_err = 0;
	ssize_t n;

	if (own && *own) {
		err = realpath(own, real) ? check_directory(real) : -errno;
		vgpu_text_printf(missing, "%s (VGPU_TRACE_LIBDIR)", own);
		snprintf(path, size, "%s", err ? own : real);
		return err;
	}
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		return -errno;
	exe[n] = '\0';
	*strrchr(exe, '/') = '\0';
	for (unsigned i = 0; i < sizeof(relative) / sizeof(relative[0]); i++) {
		if (snprintf(candidate, sizeof(candidate), "%s/%s", exe, relative[i]) >= (int)sizeof(candidate) ||
		    !realpath(candidate, real))
			continue;
		err = check_directory(real);
		if (!err) {
			snprintf(path, size, "%s", real);
			return 0;
		}
		if (err != -ENOENT && !first_err)
			first_err = err;
		vgpu_text_printf(missing, "%s%s", missing->size ? ", " : "", real);
	}
	return first_err ? first_err : -ENOENT;
}

static bool chosen(unsigned libraries, unsigned i)
{
	return libraries & 1u << vgpu_own_libraries[i].library;
}

/* 0, or why the file cannot stand behind ours. */
static int check_target(const char *path, const char *libdir, const char *file, bool *is_ours)
{
	struct stat target, own;
	struct vgpu_elf elf;
	char ours[PATH_MAX];
	int err = vgpu_elf_read(path, &elf);

	if (err)
		return err;
	snprintf(ours, sizeof(ours), "%s/%s", libdir, file);
	if (!stat(path, &target) && !stat(ours, &own) && target.st_dev == own.st_dev && target.st_ino == own.st_ino)
		return -ELOOP;
	*is_ours |= elf.library != 0;
	return 0;
}

int vgpu_forward_find(struct vgpu_forward *out, const char *path, const char *libdir)
{
	char real[PATH_MAX], directory[PATH_MAX];
	struct stat st;
	int bits = 0;

	memset(out, 0, sizeof(*out));
	if (stat(path, &st))
		return -errno;
	if (!realpath(path, real))
		return -errno;
	/* The name it was given by is kept: beside the file that a link leads to there may be no other. */
	if (path[0] != '/')
		path = real;
	snprintf(directory, sizeof(directory), "%s", path);
	if (!S_ISDIR(st.st_mode))
		*strrchr(directory, '/') = '\0';
	for (unsigned i = 0; i < OWN_COUNT; i++) {
		unsigned library = vgpu_own_libraries[i].library;
		bool is_file = library == VGPU_LIBRARY_CUDA && !S_ISDIR(st.st_mode);
		int err;

		if (library != VGPU_LIBRARY_CUDA && library != VGPU_LIBRARY_NVML)
			continue;
		if (is_file)
			snprintf(out->path[i], sizeof(out->path[i]), "%s", path);
		else if (snprintf(out->path[i], sizeof(out->path[i]), "%s/%s", directory,
				  vgpu_own_libraries[i].names[0]) >= (int)sizeof(out->path[i]))
			return -ENAMETOOLONG;
		err = check_target(out->path[i], libdir, vgpu_own_libraries[i].file, &out->ours);
		/* A machine may have the driver alone; whoever names a directory for NVML's sake finds that, too. */
		if (err == -ENOENT && !is_file) {
			out->path[i][0] = '\0';
			continue;
		}
		if (err)
			return err;
		bits |= 1 << library;
	}
	return bits ? bits : -ENOENT;
}

int vgpu_inject_links(const char *libdir, const char *directory, unsigned libraries)
{
	char target[PATH_MAX], link[PATH_MAX];

	for (unsigned i = 0; i < OWN_COUNT; i++)
		for (const char *const *name = vgpu_own_libraries[i].names; chosen(libraries, i) && *name; name++) {
			snprintf(target, sizeof(target), "%s/%s", libdir, vgpu_own_libraries[i].file);
			snprintf(link, sizeof(link), "%s/%s", directory, *name);
			if (symlink(target, link) && errno != EEXIST)
				return -errno;
		}
	return 0;
}

void vgpu_inject_unlink(const char *directory)
{
	char link[PATH_MAX];

	for (unsigned i = 0; i < OWN_COUNT; i++)
		for (const char *const *name = vgpu_own_libraries[i].names; *name; name++) {
			snprintf(link, sizeof(link), "%s/%s", directory, *name);
			unlink(link);
		}
}

int vgpu_inject_auditor(const char *libdir, char *path, size_t size)
{
	if (snprintf(path, size, "%s/libvgpu-audit.so", libdir) >= (int)size)
		return -ENAMETOOLONG;
	if (strchr(path, ':'))
		return -EINVAL;
	return access(path, R_OK) ? -errno : 0;
}

/* What every process would have to find out by itself, otherwise: "<boot id>:<counter>", shim/audit/layout.h. */
static const char *host_hint(char out[64])
{
	/* Clock sources that the kernel reads from the processor's counter, as the auditor has them. */
	static const char *const counters[] = { "tsc", "kvm-clock", "hyperv_clocksource_tsc_page" };
	char id[64] = "", source[64] = "";
	int counter = VGPU_COUNTER_MONOTONIC;

	if (vgpu_proc_file("/proc/sys/kernel/random/boot_id", id, sizeof(id)) < 36)
		return NULL;
	vgpu_proc_file("/sys/devices/system/clocksource/clocksource0/current_clocksource", source, sizeof(source));
	source[strcspn(source, "\n")] = '\0';
	for (unsigned i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (!strcmp(source, counters[i]))
			counter = VGPU_COUNTER_TSC;
	snprintf(out, 64, "%.36s:%d", id, counter);
	return out;
}

static int add(struct vgpu_environment *out, int *count, const char *name, struct vgpu_text *value)
{
	if (value->failed) {
		vgpu_text_free(value);
		return -ENOMEM;
	}
	out[*count].name = name;
	out[*count].value = value->bytes ? value->bytes : calloc(1, 1);
	return out[(*count)++].value ? 0 : -ENOMEM;
}

static const char *forward_path(const struct vgpu_inject_options *options, unsigned library)
{
	for (unsigned i = 0; options->how && options->forward && i < OWN_COUNT; i++)
		if (vgpu_own_libraries[i].library == library && chosen(options->libraries, i))
			return options->forward->path[i];
	return NULL;
}

int vgpu_inject_environment(const struct vgpu_inject_options *options, struct vgpu_environment *out)
{
	char hint[64];
	const struct {
		const char *name, *value;
	} plain[] = {
		{ "VGPU_BACKEND", options->how ? options->backend : NULL },
		{ "VGPU_FORWARD_CUDA", forward_path(options, VGPU_LIBRARY_CUDA) },
		{ "VGPU_FORWARD_NVML", forward_path(options, VGPU_LIBRARY_NVML) },
		{ "VGPU_REPLAY", options->how ? options->replay : NULL },
		{ "VGPU_DEVICE", options->how ? options->device : NULL },
		{ "VGPU_TRACE_DIR", options->ring_dir },
		{ "VGPU_TRACE_SESSION", options->session },
		{ "VGPU_TRACE_HOST", options->auditor && options->session ? host_hint(hint) : NULL },
		{ "VGPU_AUDIT_REDIRECT",
		  options->auditor && options->how & VGPU_INJECT_AUDIT ? options->libdir : NULL },
	};
	int count = 0, err = 0;
	struct vgpu_text text;

	if (options->how & VGPU_INJECT_PATH) {
		memset(&text, 0, sizeof(text));
		vgpu_text_puts(&text, options->links);
		/* Not when it is empty: an empty entry would be the current directory. */
		if (options->library_path && *options->library_path)
			vgpu_text_printf(&text, ":%s", options->library_path);
		err = add(out, &count, "LD_LIBRARY_PATH", &text);
	}
	if (!err && options->how & VGPU_INJECT_PRELOAD) {
		memset(&text, 0, sizeof(text));
		/* Through the links where there are some: LD_PRELOAD knows no way to write a blank in a path. */
		for (unsigned i = 0; i < OWN_COUNT; i++)
			if (chosen(options->libraries, i))
				vgpu_text_printf(&text, "%s%s/%s", text.size ? ":" : "",
						 options->links ? options->links : options->libdir,
						 options->links ? vgpu_own_libraries[i].names[0] : vgpu_own_libraries[i].file);
		if (options->preload && *options->preload)
			vgpu_text_printf(&text, ":%s", options->preload);
		err = add(out, &count, "LD_PRELOAD", &text);
	}
	if (!err && options->auditor) {
		memset(&text, 0, sizeof(text));
		vgpu_text_puts(&text, options->auditor);
		if (options->audit && *options->audit)
			vgpu_text_printf(&text, ":%s", options->audit);
		err = add(out, &count, "LD_AUDIT", &text);
	}
	for (unsigned i = 0; !err && i < sizeof(plain) / sizeof(plain[0]); i++) {
		if (!plain[i].value)
			continue;
		memset(&text, 0, sizeof(text));
		vgpu_text_puts(&text, plain[i].value);
		err = add(out, &count, plain[i].name, &text);
	}
	if (!err && options->stacks) {
		memset(&text, 0, sizeof(text));
		vgpu_text_printf(&text, "%u", options->stacks);
		err = add(out, &count, "VGPU_TRACE_STACKS", &text);
	}
	if (err) {
		vgpu_environment_free(out, count);
		return err;
	}
	return count;
}

void vgpu_environment_free(struct vgpu_environment *environment, int count)
{
	for (int i = 0; i < count; i++)
		free(environment[i].value);
}
