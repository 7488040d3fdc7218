// SPDX-License-Identifier: Apache-2.0
/* A long attach: memory, descriptors and disk, sampled, and how they grow a minute. */
#include "tests/bench/bench_slope.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/bench_slope_target.h"
#include "tracer/file/vgt.h"

#define SAMPLES 8192
#define TURN_NS 10000000

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static struct bench_made *made;

struct watch {
	pid_t target, tracer;
	char folder[256], file[300], rings[300];
};

/* The sum of what begins so in a file of /proc/PID, in its own unit; -1: there is no such file. */
static double field(pid_t pid, const char *name, const char *begins)
{
	char path[300], line[512];
	double sum = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, begins, strlen(begins)))
			sum += strtod(line + strlen(begins), NULL);
	fclose(file);
	return sum;
}

/* Calls each(name) for what is in a folder; returns their sum, -1: there is no such folder. */
static double each_entry(const char *path, double (*each)(pid_t pid, const char *name), pid_t pid)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	double sum = 0;

	if (!folder)
		return -1;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			sum += each(pid, entry->d_name);
	closedir(folder);
	return sum;
}

static double one(pid_t pid, const char *name)
{
	(void)pid;
	(void)name;
	return 1;
}

/* What the kernel says that a map or program takes. */
static double locked(pid_t pid, const char *name)
{
	char path[300];
	double bytes;

	snprintf(path, sizeof(path), "fdinfo/%s", name);
	bytes = field(pid, path, "memlock:");
	return bytes > 0 ? bytes / 1024 : 0;
}

static double descriptors(pid_t pid, double (*each)(pid_t pid, const char *name))
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	return each_entry(path, each, pid);
}

static double tracer_own(const struct watch *w)
{
	return field(w->tracer, "status", "RssAnon:");
}

static double tracer_rss(const struct watch *w)
{
	return field(w->tracer, "status", "VmRSS:");
}

static double tracer_share(const struct watch *w)
{
	return field(w->tracer, "smaps_rollup", "Pss:");
}

static double tracer_maps(const struct watch *w)
{
	return descriptors(w->tracer, locked);
}

static double tracer_descriptors(const struct watch *w)
{
	return descriptors(w->tracer, one);
}

static double target_own(const struct watch *w)
{
	return field(w->target, "status", "RssAnon:");
}

static double target_descriptors(const struct watch *w)
{
	return descriptors(w->target, one);
}

static double ring_files(const struct watch *w)
{
	return each_entry(w->rings, one, 0);
}

static double disk(const struct watch *w)
{
	struct stat st;

	return stat(w->file, &st) ? 0 : st.st_size / 1024.0;
}

static const struct {
	const char *name, *unit;
	double (*read)(const struct watch *watch);
	bool grows; /* as it should: with what happens */
} resources[] = {
	{ "tracer, memory of its own", "KiB", tracer_own, false },
	{ "tracer, memory with what it maps", "KiB", tracer_rss, false },
	{ "tracer, its share of memory", "KiB", tracer_share, false },
	{ "tracer, maps and programs of BPF", "KiB", tracer_maps, false },
	{ "tracer, descriptors", "", tracer_descriptors, false },
	{ "program, memory of its own", "KiB", target_own, false },
	{ "program, descriptors", "", target_descriptors, false },
	{ "files of rings", "", ring_files, true },
	{ "the trace", "KiB", disk, true },
};
#define RESOURCES (sizeof(resources) / sizeof(resources[0]))

static double minutes[SAMPLES], samples[RESOURCES][SAMPLES];
static unsigned count;

/* ---- slopes ---- */

struct line {
	double slope, error; /* a minute; error: half of the interval of 95 % */
};

/* Least squares. Neighbours that go the same way are not as many samples as they seem: the error is the wider. */
static struct line fit(const double *y, unsigned from, unsigned upto)
{
	double n = upto - from, x_mean = 0, y_mean = 0, xx = 0, xy = 0, squares = 0, neighbours = 0,
	       before = 0, alike;
	struct line line = { 0, 0 };

	if (n < 4)
		return line;
	for (unsigned i = from; i < upto; i++) {
		x_mean += minutes[i] / n;
		y_mean += y[i] / n;
	}
	for (unsigned i = from; i < upto; i++) {
		xx += (minutes[i] - x_mean) * (minutes[i] - x_mean);
		xy += (minutes[i] - x_mean) * (y[i] - y_mean);
	}
	line.slope = xy / xx;
	for (unsigned i = from; i < upto; i++) {
		double rest = y[i] - y_mean - line.slope * (minutes[i] - x_mean);

		squares += rest * rest;
		neighbours += i > from ? rest * before : 0;
		before = rest;
	}
	if (squares <= 0)
		return line;
	alike = fmin(fmax(neighbours / squares, 0), 0.95);
	line.error = 1.96 * sqrt(squares / (n - 2) / xx * (1 + alike) / (1 - alike));
	return line;
}

static void print_line(unsigned r, unsigned warm)
{
	const double *y = samples[r];
	struct line all = fit(y, warm, count), late = fit(y, (warm + count) / 2, count);
	double last = y[count - 1], an_hour = late.slope * 60;
	const char *verdict = "level";

	if (resources[r].grows)
		verdict = "as what happens";
	else if (late.slope < 0 && all.slope <= 0)
		verdict = "level or less";
	else if (late.slope - late.error > 0 && an_hour > 0.01 * last)
		verdict = "GROWS";
	else if (all.slope - all.error > 0 && all.slope * 60 > 0.01 * last)
		verdict = "grew at first, level since";
	printf("%-34s %10.0f %10.0f %-4s %+10.3f ±%8.3f %+10.3f ±%8.3f  %s", resources[r].name,
	       y[warm], last, resources[r].unit, all.slope, all.error, late.slope, late.error,
	       verdict);
	if (!strcmp(verdict, "GROWS"))
		printf(": %+.0f an hour", an_hour);
	putchar('\n');
}

static void print_events(const struct watch *watch)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_vgt_summary summary;
	struct vgpu_event event;
	uint64_t calls = 0;

	if (vgpu_vgt_open(&reader, watch->file)) {
		puts("the trace cannot be read");
		return;
	}
	vgpu_vgt_summary(reader, &summary);
	while (vgpu_vgt_next(reader, &event) == 1)
		calls += event.kind == VGPU_EVENT_CALL && event.call.function;
	printf("the trace: %" PRIu64 " events, %.2f bytes each, %s; %" PRIu64
	       " calls in it, %" PRIu64 " made by the program\n"
	       "the program started %" PRIu64 " threads, %" PRIu64 " children and %" PRIu64
	       " programs, which called 10 times each, and loaded %" PRIu64 " libraries\n",
	       summary.events, (double)summary.bytes / (summary.events ? summary.events : 1),
	       summary.complete ? "ended properly" : "NOT ended properly", calls,
	       (uint64_t)made->calls, (uint64_t)made->threads, (uint64_t)made->children,
	       (uint64_t)made->programs, (uint64_t)made->loads);
	vgpu_vgt_reader_close(reader);
}

/* ---- the course of it ---- */

static pid_t start_tracer(const struct watch *watch)
{
	char path[4200], pid[16];
	pid_t child;

	snprintf(path, sizeof(path), "%s/../../bin/vgpu-trace", bench_directory());
	snprintf(pid, sizeof(pid), "%d", (int)watch->target);
	child = fork();
	if (!child) {
		execl(path, path, "attach", "-q", "-o", watch->file, pid, (char *)NULL);
		_exit(127);
	}
	return child;
}

static void sample(const struct watch *watch, double minute)
{
	minutes[count] = minute;
	for (unsigned r = 0; r < RESOURCES; r++)
		samples[r][count] = resources[r].read(watch);
	count++;
}

static void say_sample(void)
{
	printf("%7.2f min:", minutes[count - 1]);
	for (unsigned r = 0; r < RESOURCES; r++)
		printf(" %.0f", samples[r][count - 1]);
	putchar('\n');
	fflush(stdout);
}

/* Until it is there: the first event on its trace. */
static bool wait_for_trace(const struct watch *watch)
{
	const struct timespec turn = { .tv_nsec = TURN_NS };

	while (!stopped && waitpid(watch->tracer, NULL, WNOHANG) == 0) {
		if (disk(watch) > 0)
			return true;
		nanosleep(&turn, NULL);
	}
	return false;
}

static void watch_for(const struct watch *watch, double seconds, double interval)
{
	double start = bench_now_ns() / 1e9, next = 0, said = -60;

	while (!stopped && next <= seconds && count < SAMPLES) {
		double left = start + next - bench_now_ns() / 1e9;
		struct timespec rest = { .tv_sec = left > 0 ? left : 0 };

		rest.tv_nsec = left > 0 ? (left - rest.tv_sec) * 1e9 : 0;
		if (left > 0 && nanosleep(&rest, NULL) && stopped)
			break;
		if (waitpid(watch->tracer, NULL, WNOHANG)) {
			puts("the tracer has ended by itself");
			break;
		}
		sample(watch, next / 60);
		if (next - said >= 60) {
			say_sample();
			said = next;
		}
		next += interval;
	}
}

/*
 * What is known of a process is kept until the verdict; and the place of each block of the trace, ten
 * a second, until its index is written.
 */
static void print_processes(unsigned warm)
{
	double a_minute = (made->children + made->programs) / minutes[count - 1];
	struct line late = fit(samples[0], (warm + count) / 2, count);

	if (a_minute > 0)
		printf("%.1f processes a minute: %.2f KiB of the tracer's memory for each, with the index of the trace\n",
		       a_minute, late.slope / a_minute);
}

static void print_all(void)
{
	unsigned warm = count / 10;

	if (count < 8) {
		puts("too short for a slope");
		return;
	}
	printf("%.0f s, %u samples; the first %u are the start. A minute: least squares ± 95 %%\n",
	       minutes[count - 1] * 60, count, warm);
	printf("%-34s %10s %10s %-4s %21s %21s\n", "", "from", "to", "", "a minute, all",
	       "a minute, late half");
	for (unsigned r = 0; r < RESOURCES; r++)
		print_line(r, warm);
	print_processes(warm);
}

int bench_slope(double seconds, double interval, bool calm)
{
	struct watch watch = { 0 };
	double cpu;

	made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (made == MAP_FAILED || seconds <= 0 || interval <= 0)
		return 1;
	snprintf(watch.folder, sizeof(watch.folder), "%s", bench_tmpfs());
	snprintf(watch.file, sizeof(watch.file), "%s/slope.vgt", watch.folder);
	snprintf(watch.rings, sizeof(watch.rings), "%s/rings", watch.folder);
	mkdir(watch.rings, 0700);
	signal(SIGINT, stop);
	signal(SIGTERM, stop);
	setenv("VGPU_BACKEND", "sim", 1);
	setenv("VGPU_TRACE_DIR", watch.rings, 1);
	fflush(stdout);
	watch.target = fork();
	if (!watch.target)
		bench_slope_target(made, calm);
	while (!made->calls && !waitpid(watch.target, NULL, WNOHANG))
		usleep(TURN_NS / 1000);
	watch.tracer = start_tracer(&watch);
	if (wait_for_trace(&watch))
		watch_for(&watch, seconds, interval);
	cpu = field(watch.tracer, "schedstat", "") / 1e9;
	kill(watch.target, SIGTERM);
	waitpid(watch.target, NULL, 0);
	/* It ends with the last of the processes that it follows. */
	waitpid(watch.tracer, NULL, 0);
	print_all();
	if (count > 1)
		printf("the tracer's processor time: %.2f %%\n", cpu * 100 / (minutes[count - 1] * 60));
	print_events(&watch);
	bench_remove(watch.folder);
	return 0;
}
