// SPDX-License-Identifier: Apache-2.0
/* ns a call of cuDeviceGetAttribute: tracing off, on, with stacks; beside it what LTTng-UST and uftrace need. */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/entry/arch/arch.h"
#include "shim/entry/library.h"
#include "tests/bench/bench.h"

#define TURNS  5 /* each mode's child is started so often, in turn with the others */
#define ROUNDS 15
#define CALLS  200000u
#define FRAMES 20
#define ATTRIBUTE 75 /* compute capability, major */

static int (*get_attribute)(int *value, int attribute, int device);

/* ---- in the child ---- */

static void many(unsigned calls)
{
	int value;

	for (unsigned i = 0; i < calls; i++)
		get_attribute(&value, ATTRIBUTE, 0);
}

/* The least that a record with two times can cost here: two counter reads and a cache line. */
static void floor_of_it(unsigned calls)
{
	static uint64_t lines[4096][8];

	for (unsigned i = 0; i < calls; i++) {
		volatile uint64_t *line = lines[i % 4096];

		line[0] = vgpu_arch_counter();
		for (unsigned word = 1; word < 7; word++)
			line[word] = i;
		line[7] = vgpu_arch_counter();
	}
}

/* A caller with some frames above it, as a real one has. */
static void __attribute__((noinline)) deep(unsigned frames, void (*loop)(unsigned calls))
{
	if (frames)
		deep(frames - 1, loop);
	else
		bench_loop(loop, ROUNDS, CALLS);
	__asm__ volatile("" ::: "memory");
}

/* The library's descriptor, by its ELF note. */
static int find_library(struct dl_phdr_info *info, size_t size, void *out)
{
	(void)size;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const char *at = (const char *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
		const char *end = at + info->dlpi_phdr[i].p_memsz;

		if (info->dlpi_phdr[i].p_type != PT_NOTE)
			continue;
		while (at + sizeof(ElfW(Nhdr)) <= end) {
			ElfW(Nhdr) note;
			size_t name;

			memcpy(&note, at, sizeof(note));
			name = (note.n_namesz + 3u) & ~3u;
			if (note.n_namesz == sizeof(VGPU_NOTE_OWNER) &&
			    !memcmp(at + sizeof(note), VGPU_NOTE_OWNER, sizeof(VGPU_NOTE_OWNER))) {
				const char *payload = at + sizeof(note) + name;
				struct vgpu_note_library library;

				memcpy(&library, payload, sizeof(library));
				*(const struct vgpu_library **)out =
					(const void *)(payload + offsetof(struct vgpu_note_library, descriptor) +
						       library.descriptor);
				return 1;
			}
			at += sizeof(note) + name + ((note.n_descsz + 3u) & ~3u);
		}
	}
	return 0;
}

static int (*unwind)(void **frames, int count);

static void unwind_many(unsigned calls)
{
	void *frames[16];

	for (unsigned i = 0; i < calls; i++)
		unwind(frames, 16);
}

static int child_unwind(void)
{
	void *library = dlopen("libunwind.so.8", RTLD_NOW);

	unwind = library ? (int (*)(void **, int))dlsym(library, "unw_backtrace") : NULL;
	if (!unwind)
		return 1;
	deep(FRAMES, unwind_many);
	return 0;
}

static int child(const char *mode)
{
	void *cuda = dlopen(bench_library("libvgpu-cuda.so"), RTLD_NOW);
	const struct vgpu_library *library = NULL;
	int (*init)(unsigned flags);
	int value = 0;

	if (!strcmp(mode, "floor")) {
		bench_loop(floor_of_it, ROUNDS, CALLS);
		return 0;
	}
	if (!strcmp(mode, "unwind"))
		return child_unwind();
	if (!cuda) {
		fprintf(stderr, "bench_call: %s\n", dlerror());
		return 1;
	}
	init = (int (*)(unsigned))dlsym(cuda, "cuInit");
	get_attribute = (int (*)(int *, int, int))dlsym(cuda, "cuDeviceGetAttribute");
	if (!init || !get_attribute || init(0) || get_attribute(&value, ATTRIBUTE, 0) || value != 9) {
		fprintf(stderr, "bench_call: no simulated device (compute capability %d)\n", value);
		return 1;
	}
	if (!strcmp(mode, "backend")) {
		/* Past our entry point: what the simulated function itself takes. */
		dl_iterate_phdr(find_library, &library);
		for (uint32_t i = 1; library && i <= library->count; i++)
			if (!strcmp(library->names[i], "cuDeviceGetAttribute"))
				get_attribute = (int (*)(int *, int, int))library->dispatch[i];
	}
	deep(FRAMES, many);
	return 0;
}

/* ---- in the parent ---- */

static char trace_dir[100], lttng_output[100];

static double run_self(const char *mode, const char *const *environment)
{
	char self[4200];
	const char *argv[] = { self, "--child", mode, NULL };

	snprintf(self, sizeof(self), "%s/bench_call", bench_directory());
	return bench_child(argv, environment);
}

static double run_floor(void)
{
	return run_self("floor", NULL);
}

static double run_unwind(void)
{
	return run_self("unwind", NULL);
}

static double run_backend(void)
{
	const char *environment[] = { "VGPU_TRACE=off", NULL };

	return run_self("backend", environment);
}

static double run_off(void)
{
	const char *environment[] = { "VGPU_TRACE=off", NULL };

	return run_self("entry", environment);
}

static double run_on(void)
{
	const char *environment[] = { "VGPU_TRACE=on", "VGPU_TRACE_STACKS=0", trace_dir, NULL };

	return run_self("entry", environment);
}

static double run_stacks(void)
{
	const char *environment[] = { "VGPU_TRACE=on", "VGPU_TRACE_STACKS=16", trace_dir, NULL };

	return run_self("entry", environment);
}

static int quiet(const char *command)
{
	return system(command);
}

static char sessiond_pid[120];

/* A session daemon of our own only where none is running. */
static int lttng_start(void)
{
	char command[400];

	if (!bench_has("lttng") || !bench_has("lttng-sessiond") || access(lttng_output, W_OK))
		return -1;
	if (quiet("lttng --no-sessiond list >/dev/null 2>&1")) {
		snprintf(sessiond_pid, sizeof(sessiond_pid), "%s/sessiond.pid", lttng_output);
		snprintf(command, sizeof(command),
			 "lttng-sessiond --daemonize --no-kernel --pidfile %s >/dev/null 2>&1", sessiond_pid);
		if (quiet(command))
			return -1;
	}
	snprintf(command, sizeof(command),
		 "{ lttng create vgpu-bench --output=%s/trace && "
		 "lttng enable-channel --userspace --num-subbuf=8 --subbuf-size=4M vgpu && "
		 "lttng enable-event --userspace --channel=vgpu 'vgpu_bench:*' && "
		 "lttng start; } >/dev/null 2>&1",
		 lttng_output);
	return quiet(command) ? -1 : 0;
}

static void lttng_end(void)
{
	char command[200];

	quiet("lttng destroy vgpu-bench >/dev/null 2>&1");
	if (sessiond_pid[0]) {
		snprintf(command, sizeof(command), "kill \"$(cat %s)\" 2>/dev/null", sessiond_pid);
		quiet(command);
	}
}

static double run_lttng(void)
{
	char program[4200];
	const char *argv[] = { program, NULL };

	snprintf(program, sizeof(program), "%s/bench_lttng", bench_directory());
	return access(program, X_OK) ? -1 : bench_child(argv, NULL);
}

static double run_uftrace(void)
{
	char program[4200], data[200];
	const char *argv[] = { "uftrace", "record", "--no-pager", "-b", "8m", "-d", data, program, NULL };

	if (!bench_has("uftrace"))
		return -1;
	snprintf(program, sizeof(program), "%s/bench_uftrace", bench_directory());
	snprintf(data, sizeof(data), "%s/uftrace", lttng_output);
	return bench_child(argv, NULL);
}

enum { BACKEND, FLOOR, UNWIND, OFF, ON, STACKS, LTTNG, UFTRACE };

static const struct mode {
	const char *title;
	double (*run)(void);
	int subtract; /* the mode whose time is not this one's own cost, -1: none */
	double aim;   /* ns of its own cost, 0: none */
} modes[] = {
	{ "the simulated function alone", run_backend, -1, 0 },
	{ "two counter reads, 64 bytes stored", run_floor, -1, 0 },
	{ "libunwind alone, 16 frames", run_unwind, -1, 0 },
	{ "tracing off", run_off, BACKEND, 2 },
	{ "tracing on", run_on, BACKEND, 25 },
	{ "tracing on, stacks of 16 frames", run_stacks, BACKEND, 150 },
	{ "LTTng-UST, entry and exit event", run_lttng, -1, 0 },
	{ "uftrace, entry and exit", run_uftrace, -1, 0 },
};
#define MODES (sizeof(modes) / sizeof(*modes))

static double measured(double values[MODES][TURNS], unsigned mode)
{
	double got[TURNS];
	unsigned count = 0;

	for (unsigned i = 0; i < TURNS; i++)
		if (values[mode][i] >= 0)
			got[count++] = values[mode][i];
	return bench_median(got, count);
}

int main(int argc, char **argv)
{
	double values[MODES][TURNS], ns[MODES];
	const char *directory;
	int has_lttng;

	if (argc == 3 && !strcmp(argv[1], "--child"))
		return child(argv[2]);
	if (argc > 1) {
		fprintf(stderr, "usage: bench_call\n");
		return 2;
	}
	directory = bench_tmpfs();
	snprintf(trace_dir, sizeof(trace_dir), "VGPU_TRACE_DIR=%s", directory);
	snprintf(lttng_output, sizeof(lttng_output), "%s", bench_tmpfs());
	setenv("VGPU_BACKEND", "sim", 1);
	has_lttng = !lttng_start();
	for (unsigned turn = 0; turn < TURNS; turn++)
		for (unsigned mode = 0; mode < MODES; mode++)
			values[mode][turn] = mode == LTTNG && !has_lttng ? -1 : modes[mode].run();
	if (has_lttng)
		lttng_end();

	printf("cuDeviceGetAttribute, ns a call (median of %d processes of %d rounds of %u calls)\n\n", TURNS,
	       ROUNDS, CALLS);
	printf("%-36s %9s %9s %9s %9s %9s\n", "", "a call", "its cost", "aim", "to LTTng", "to uftrace");
	for (unsigned mode = 0; mode < MODES; mode++)
		ns[mode] = measured(values, mode);
	for (unsigned mode = 0; mode < MODES; mode++) {
		double cost = ns[mode] - (modes[mode].subtract >= 0 ? ns[modes[mode].subtract] : 0);

		printf("%-36s ", modes[mode].title);
		if (ns[mode] < 0) {
			printf("not measured: not installed, or did not run\n");
			continue;
		}
		printf("%9.1f ", ns[mode]);
		if (modes[mode].subtract >= 0)
			printf("%9.1f ", cost);
		else
			printf("%9s ", "");
		if (modes[mode].aim > 0)
			printf("%9.1f ", modes[mode].aim);
		else
			printf("%9s ", "");
		for (int other = LTTNG; other <= UFTRACE; other++) {
			if (ns[other] > 0 && modes[mode].subtract >= 0)
				printf("%9.2f ", ns[mode] / ns[other]);
			else
				printf("%9s ", "");
		}
		printf("\n");
	}
	printf("\nIts cost: without the simulated function. The ratios compare whole calls.\n");
	bench_remove(directory);
	bench_remove(lttng_output);
	return 0;
}
