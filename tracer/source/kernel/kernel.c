/* SPDX-License-Identifier: Apache-2.0 */
/* Loads the kernel side, and takes it away. */
#include "tracer/source/kernel/private.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/object.h"

#define DEFAULT_RING_BYTES (1u << 20)

/* The settings of bpf/maps.h, by name. */
struct settings {
	bool sleepable, cookies, everyone, frames, files, find_vma, hold, only_failed;
	uint64_t least_ns;
	uint32_t only_tid;
	struct vgpu_bpf_name names[VGPU_BPF_NAMES];
	uint32_t descriptors;
	char wait[16];
};

const char *vgpu_kernel_method_name(uint32_t method)
{
	static const char *const names[] = { "auto", "multi", "tracefs" };

	return method < sizeof(names) / sizeof(names[0]) ? names[method] : "unknown";
}

static char last_message[512];

/* The last line of what libbpf says tells most; the verifier's log may have thousands. */
static int __attribute__((format(printf, 2, 0)))
keep_message(enum libbpf_print_level level, const char *format, va_list list)
{
	if (getenv("VGPU_BPF_DEBUG"))
		return vfprintf(stderr, format, list);
	if (level == LIBBPF_WARN && !last_message[0])
		vsnprintf(last_message, sizeof(last_message), format, list);
	return 0;
}

/* Whichever way is taken now: an observer that was killed may have taken the other. */
static void sweep(void)
{
	int tracefs = kernel_tracefs_open();

	if (tracefs < 0)
		return;
	kernel_tracefs_sweep(tracefs);
	close(tracefs);
}

static int choose_method(struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options)
{
	int multi = kernel_multi_probe(), tracefs;

	if (options->method != VGPU_KERNEL_TRACEFS && !multi) {
		kernel->method = VGPU_KERNEL_MULTI;
		sweep();
		return 0;
	}
	if (options->method == VGPU_KERNEL_MULTI) {
		kernel_say(options->why, options->why_size, "this kernel has no links of many probes: %s (Linux 6.6 has)",
			   strerror(-multi));
		return multi;
	}
	tracefs = kernel_tracefs_open();
	if (tracefs < 0) {
		kernel_say(options->why, options->why_size,
			   "no way to attach many probes: links of many probes: %s; tracefs: %s%s (one link a function "
			   "would take minutes to detach)",
			   multi ? strerror(-multi) : "not asked for", strerror(-tracefs),
			   tracefs == -EPERM ? " (mounting it needs CAP_SYS_ADMIN)" : "");
		return tracefs;
	}
	kernel->tracefs_fd = tracefs;
	kernel->method = VGPU_KERNEL_TRACEFS;
	kernel_tracefs_sweep(tracefs);
	return 0;
}

/* A setting's place in the object's constants is found by their type information. */
static int set(struct bpf_object *object, struct bpf_map *constants, const char *name, const void *value, uint32_t size)
{
	struct btf *btf = bpf_object__btf(object);
	size_t room;
	uint8_t *data = (uint8_t *)(uintptr_t)bpf_map__initial_value(constants, &room);
	int section = btf__find_by_name_kind(btf, ".rodata", BTF_KIND_DATASEC);
	const struct btf_type *type = section > 0 ? btf__type_by_id(btf, section) : NULL;

	for (int i = 0; type && data && i < btf_vlen(type); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(type)[i];
		const struct btf_type *variable = btf__type_by_id(btf, info->type);

		if (strcmp(btf__name_by_offset(btf, variable->name_off), name))
			continue;
		if (info->size != size || info->offset + size > room)
			return -EINVAL;
		memcpy(data + info->offset, value, size);
		return 0;
	}
	return -ENOENT;
}

static int apply(struct bpf_object *object, const struct settings *settings)
{
	struct bpf_map *map, *constants = NULL;
	int err;

	bpf_object__for_each_map(map, object) {
		if (strstr(bpf_map__name(map), ".rodata"))
			constants = map;
	}
	if (!constants)
		return -ENOENT;
	err = set(object, constants, "vgpu_sleepable", &settings->sleepable, 1);
	err = err ? err : set(object, constants, "vgpu_cookies", &settings->cookies, 1);
	err = err ? err : set(object, constants, "vgpu_everyone", &settings->everyone, 1);
	err = err ? err : set(object, constants, "vgpu_only_failed", &settings->only_failed, 1);
	err = err ? err : set(object, constants, "vgpu_least_ns", &settings->least_ns, 8);
	err = err ? err : set(object, constants, "vgpu_only_tid", &settings->only_tid, 4);
	err = err ? err : set(object, constants, "vgpu_frames", &settings->frames, 1);
	err = err ? err : set(object, constants, "vgpu_files", &settings->files, 1);
	err = err ? err : set(object, constants, "vgpu_find_vma", &settings->find_vma, 1);
	err = err ? err : set(object, constants, "vgpu_hold", &settings->hold, 1);
	err = err ? err : set(object, constants, "vgpu_names", settings->names, sizeof(settings->names));
	err = err ? err : set(object, constants, "vgpu_wait_name", settings->wait, sizeof(settings->wait));
	return err ? err : set(object, constants, "vgpu_descriptors", &settings->descriptors, 4);
}

static int map_fd(const struct vgpu_kernel *kernel, const char *name)
{
	return bpf_object__find_map_fd_by_name(kernel->object, name);
}

static int size_map(const struct vgpu_kernel *kernel, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(kernel->object, name);

	return map ? bpf_map__set_max_entries(map, entries) : -ENOENT;
}

/* Where the kernel side hangs beside its probes, and what for. */
enum use { ALWAYS, WRITES, FILES, MAPS, EITHER };
static const struct {
	const char *program;
	enum use use;
} points[] = {
	{ "vgpu_fork", ALWAYS },  { "vgpu_exec", ALWAYS }, { "vgpu_exit", ALWAYS }, { "vgpu_signal", ALWAYS },
	{ "vgpu_syscall", EITHER }, { "vgpu_mmap", MAPS },
	/* one a system call: bpf/syscall.h */
	{ "vgpu_write", WRITES }, { "vgpu_pwrite64", WRITES }, { "vgpu_writev", WRITES }, { "vgpu_pwritev", WRITES },
	{ "vgpu_pwritev2", WRITES }, { "vgpu_vmsplice", WRITES }, { "vgpu_sendto", WRITES }, { "vgpu_sendmsg", WRITES },
	{ "vgpu_sendfile64", WRITES }, { "vgpu_splice", WRITES }, { "vgpu_copy_file_range", WRITES },
	{ "vgpu_open", FILES }, { "vgpu_openat", FILES }, { "vgpu_openat2", FILES }, { "vgpu_access", FILES },
	{ "vgpu_faccessat", FILES }, { "vgpu_faccessat2", FILES }, { "vgpu_newstat", FILES }, { "vgpu_newlstat", FILES },
	{ "vgpu_newfstatat", FILES }, { "vgpu_statx", FILES },
};
_Static_assert(sizeof(points) / sizeof(points[0]) <= KERNEL_LINKS, "room for a link each");

static bool is_wanted(const struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options, enum use use)
{
	switch (use) {
	case WRITES:
		return kernel->functions && options->descriptors;
	case FILES:
		return kernel->functions && options->files;
	case MAPS:
		return kernel->functions;
	case EITHER:
		return !kernel->functions && (options->descriptors || options->files);
	default:
		return true;
	}
}

static void put_names(struct vgpu_bpf_name *to, const char *const *names)
{
	for (unsigned i = 0; names && names[i] && i < VGPU_BPF_NAMES; i++) {
		to[i].used = 1;
		memcpy(to[i].begins, names[i], strnlen(names[i], VGPU_BPF_NAME));
	}
}

/* Those on the probes, of which this kernel gets what it can take. */
static int prepare_probes(struct vgpu_kernel *kernel)
{
	static const struct {
		const char *program;
		bool session;
	} probes[] = { { "vgpu_entry", false }, { "vgpu_return", false }, { "vgpu_session", true } };
	uint32_t type = kernel->session ? KERNEL_ATTACH_SESSION :
			kernel->method == VGPU_KERNEL_MULTI ? KERNEL_ATTACH_MULTI : 0;
	uint32_t flags = kernel->sleeps ? BPF_F_SLEEPABLE : 0;
	int err = 0;

	for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]) && !err; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(kernel->object, probes[i].program);

		err = program ? bpf_program__set_autoload(program, probes[i].session == kernel->session) : -ENOENT;
		err = err ? err : bpf_program__set_expected_attach_type(program, (enum bpf_attach_type)type);
		err = err ? err : bpf_program__set_flags(program, flags);
	}
	return err;
}

static int prepare(struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options)
{
	struct settings settings = {
		.sleepable = kernel->sleeps,
		.cookies = kernel->method == VGPU_KERNEL_MULTI,
		.everyone = options->everyone,
		.frames = options->frames,
		.files = options->files,
		.find_vma = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_find_vma, NULL) > 0,
		/* Without probes of its own, mmap is seen with what is written and opened. */
		.hold = options->hold && kernel->sleeps && (kernel->functions || options->descriptors || options->files) &&
			libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_loop, NULL) > 0 &&
			libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_copy_from_user_task, NULL) > 0,
		.only_failed = options->only_failed,
		.least_ns = options->least_ns,
		.only_tid = options->only_tid,
		.descriptors = options->descriptors,
	};
	int err;

	put_names(settings.names, options->names);
	if (options->wait)
		snprintf(settings.wait, sizeof(settings.wait), "%s", options->wait);
	err = apply(kernel->object, &settings);
	err = err ? err : prepare_probes(kernel);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]) && !err; i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(kernel->object, points[i].program);

		err = program ? bpf_program__set_autoload(program, is_wanted(kernel, options, points[i].use)) : -ENOENT;
	}
	err = err ? err : size_map(kernel, "rings", kernel->cpus);
	err = err ? err : size_map(kernel, "functions", KERNEL_SLOTS);
	err = err ? err : size_map(kernel, "hits", KERNEL_SLOTS);
	return err ? err : size_map(kernel, "places", settings.cookies ? 1 : KERNEL_SLOTS);
}

static int open_rings(struct vgpu_kernel *kernel, uint32_t asked)
{
	uint32_t bytes = sysconf(_SC_PAGESIZE);
	int rings = map_fd(kernel, "rings"), err;

	while (bytes < (asked ? asked : DEFAULT_RING_BYTES))
		bytes *= 2;
	kernel->rings = calloc(kernel->cpus, sizeof(*kernel->rings));
	if (!kernel->rings)
		return -ENOMEM;
	for (unsigned i = 0; i < kernel->cpus; i++) {
		uint32_t cpu = i;

		err = kernel_ring_open(&kernel->rings[i], bytes);
		if (err)
			return err;
		kernel->ring_count++;
		if (bpf_map_update_elem(rings, &cpu, &kernel->rings[i].fd, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int attach_tracepoints(struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options)
{
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct bpf_program *program = bpf_object__find_program_by_name(kernel->object, points[i].program);
		struct bpf_link *link;

		if (!is_wanted(kernel, options, points[i].use))
			continue;
		link = bpf_program__attach(program);
		if (!link) {
			int err = -errno;

			kernel_say(options->why, options->why_size, "cannot attach %s: %s", points[i].program, strerror(-err));
			return err;
		}
		kernel->links[kernel->link_count++] = link;
	}
	return 0;
}

static int program_fd(const struct vgpu_kernel *kernel, const char *name)
{
	return bpf_program__fd(bpf_object__find_program_by_name(kernel->object, name));
}

int kernel_load(struct vgpu_kernel *kernel, const struct vgpu_kernel_options *options)
{
	LIBBPF_OPTS(bpf_object_open_opts, how, .object_name = "vgpu_trace");
	int err;

	last_message[0] = '\0';
	kernel->object = bpf_object__open_mem(vgpu_bpf_object, vgpu_bpf_object_end - vgpu_bpf_object, &how);
	if (!kernel->object) {
		err = -errno;
	} else {
		err = prepare(kernel, options);
		err = err ? err : bpf_object__load(kernel->object);
	}
	if (err) {
		last_message[strcspn(last_message, "\n")] = '\0';
		kernel_say(options->why, options->why_size, "the kernel does not take the kernel observer: %s%s%s", strerror(-err),
			   last_message[0] ? ": " : "", last_message);
		return err;
	}
	kernel->entry_fd = program_fd(kernel, kernel->session ? "vgpu_session" : "vgpu_entry");
	kernel->return_fd = program_fd(kernel, kernel->session ? "vgpu_session" : "vgpu_return");
	kernel->functions_fd = map_fd(kernel, "functions");
	kernel->places_fd = map_fd(kernel, "places");
	kernel->followed_fd = map_fd(kernel, "followed");
	kernel->held_fd = map_fd(kernel, "held");
	kernel->probed_fd = map_fd(kernel, "probed");
	kernel->hits_fd = map_fd(kernel, "hits");
	kernel->totals_fd = map_fd(kernel, "totals");
	return 0;
}

int vgpu_kernel_open(struct vgpu_kernel **out, const struct vgpu_kernel_options *options)
{
	static const struct vgpu_kernel_options none;
	struct vgpu_kernel *kernel;
	int err;

	*out = NULL;
	options = options ? options : &none;
	kernel_say(options->why, options->why_size, "%s", "");
	err = vgpu_kernel_permitted(options->why, options->why_size);
	if (err)
		return err;
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return -ENOMEM;
	kernel->tracefs_fd = -1;
	err = -ENOMEM;
	kernel->slots = calloc(KERNEL_SLOTS, sizeof(*kernel->slots));
	kernel->blobs = malloc(VGPU_BPF_BYTES_MAX * 2);
	if (!kernel->slots || !kernel->blobs)
		goto fail;
	err = libbpf_num_possible_cpus();
	if (err < 0)
		goto fail;
	kernel->cpus = err;
	err = choose_method(kernel, options);
	if (err)
		goto fail;
	libbpf_set_print(keep_message);
	kernel->sleeps = !options->no_sleep && !kernel_sleep_probe();
	kernel->session = kernel->method == VGPU_KERNEL_MULTI && !options->no_session && !kernel_session_probe();
	kernel->functions = (options->descriptors || options->files) && !options->all_syscalls && !kernel_function_probe();
	err = kernel_load(kernel, options);
	err = err ? err : open_rings(kernel, options->ring_bytes);
	err = err ? err : attach_tracepoints(kernel, options);
	if (err)
		goto fail;
	kernel->mapped = options->mapped;
	kernel->mapped_data = options->mapped_data;
	*out = kernel;
	return 0;
fail:
	if (options->why && !options->why[0])
		kernel_say(options->why, options->why_size, "%s", strerror(-err));
	vgpu_kernel_close(kernel);
	return err;
}

void vgpu_kernel_close(struct vgpu_kernel *kernel)
{
	if (!kernel)
		return;
	vgpu_kernel_detach(kernel);
	while (kernel->libraries) {
		struct kernel_library *library = kernel->libraries;

		kernel->libraries = library->next;
		if (library->shown != library->path)
			free(library->shown);
		free(library->path);
		free(library);
	}
	for (unsigned i = 0; i < kernel->link_count; i++)
		bpf_link__destroy(kernel->links[i]);
	for (unsigned i = 0; i < kernel->ring_count; i++)
		kernel_ring_close(&kernel->rings[i]);
	bpf_object__close(kernel->object);
	if (kernel->tracefs_fd >= 0)
		close(kernel->tracefs_fd);
	for (uint32_t i = 0; i < kernel->slot_count; i++)
		free(kernel->slots[i].name);
	free(kernel->slots);
	free(kernel->rings);
	free(kernel->held);
	free(kernel->waiting);
	free(kernel->blobs);
	free(kernel);
}

uint32_t vgpu_kernel_method(const struct vgpu_kernel *kernel)
{
	return kernel->method;
}

bool vgpu_kernel_hooks_functions(const struct vgpu_kernel *kernel)
{
	return kernel->functions;
}

bool vgpu_kernel_session(const struct vgpu_kernel *kernel)
{
	return kernel->session;
}

bool vgpu_kernel_sleeps(const struct vgpu_kernel *kernel)
{
	return kernel->sleeps;
}

int vgpu_kernel_inflight(struct vgpu_kernel *kernel)
{
	struct bpf_program *program = bpf_object__find_program_by_name(kernel->object, "vgpu_inflight");
	struct bpf_link *link = program ? bpf_program__attach_iter(program, NULL) : NULL;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1, err = 0;
	char unused[64];

	if (fd < 0)
		err = program ? -errno : -ENOENT;
	/* Reading makes it go over all threads; it writes nothing here. */
	while (!err && read(fd, unused, sizeof(unused)) > 0)
		;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

const struct vgpu_kernel_function *vgpu_kernel_function(const struct vgpu_kernel *kernel, uint32_t slot)
{
	return slot < kernel->slot_count ? &kernel->slots[slot].function : NULL;
}

uint32_t vgpu_kernel_functions(const struct vgpu_kernel *kernel)
{
	return kernel->slot_count;
}

int vgpu_kernel_hits(const struct vgpu_kernel *kernel, uint32_t slot, struct vgpu_bpf_hits *out)
{
	struct vgpu_bpf_hits *each = calloc(kernel->cpus, sizeof(*each));
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(kernel->hits_fd, &slot, each))
		err = -errno;
	for (unsigned i = 0; i < kernel->cpus && !err; i++) {
		out->entries += each[i].entries;
		out->returns += each[i].returns;
	}
	free(each);
	return err;
}

static int read_totals(const struct vgpu_kernel *kernel, uint32_t from, uint32_t count, struct vgpu_bpf_totals *out)
{
	struct vgpu_bpf_totals *each = calloc(kernel->cpus, sizeof(*each));
	uint64_t *sum = (uint64_t *)out;
	uint32_t zero = 0;
	int err = 0;

	memset(out, 0, sizeof(*out));
	if (!each)
		return -ENOMEM;
	if (bpf_map_lookup_elem(kernel->totals_fd, &zero, each))
		err = -errno;
	for (uint32_t cpu = from; cpu < from + count && !err; cpu++) {
		for (size_t i = 0; i < sizeof(*out) / sizeof(*sum); i++)
			sum[i] += ((const uint64_t *)&each[cpu])[i];
	}
	free(each);
	return err;
}

int vgpu_kernel_totals(const struct vgpu_kernel *kernel, struct vgpu_bpf_totals *out)
{
	return read_totals(kernel, 0, kernel->cpus, out);
}

int vgpu_kernel_totals_cpu(const struct vgpu_kernel *kernel, uint32_t cpu, struct vgpu_bpf_totals *out)
{
	return cpu < kernel->cpus ? read_totals(kernel, cpu, 1, out) : -ENOENT;
}
