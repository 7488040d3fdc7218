// SPDX-License-Identifier: Apache-2.0
/* Counting and exporting a trace of many events: time and memory, beside babeltrace2 reading the same events. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tests/bench/bench.h"
#include "tracer/export/export.h"
#include "tracer/file/vgt.h"
#include "tracer/model/stat.h"

#define THREADS 8

static const char *const names[] = { "cuDeviceGetAttribute", "cuLaunchKernel", "cuMemcpyHtoDAsync_v2",
				     "cuStreamSynchronize",  "cuMemAlloc_v2",  "cuMemFree_v2",
				     "cuCtxGetCurrent",	     "cuEventRecord" };

/* The same events each time: outermost calls of eight functions by eight threads, with three arguments. */
static void emit(struct vgpu_stream *stream, long events)
{
	uint64_t random = 88172645463325252, time_ns = 1000000000, ordinal[THREADS] = { 0 };
	struct vgpu_event event = { .kind = VGPU_EVENT_START, .process = 1, .time_ns = time_ns };
	uint32_t functions[8];

	for (unsigned i = 0; i < 8; i++)
		functions[i] = vgpu_function_by_name(0, names[i])->id;
	event.start.comm = "bench";
	event.start.pid = event.start.ns_pid = 77;
	vgpu_stream_emit(stream, &event);
	for (long i = 1; i < events; i++) {
		uint64_t args[3];
		unsigned thread = i % THREADS;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		time_ns += 50 + (random & 63);
		args[0] = random & 0xffff;
		args[1] = 75;
		args[2] = 0;
		event = (struct vgpu_event){ .kind = VGPU_EVENT_CALL, .observer = VGPU_OBSERVER_RING, .process = 1,
					     .tid = 77 + (int)thread, .time_ns = time_ns };
		event.call.function = functions[random >> 20 & 7];
		event.call.thread = thread + 1;
		event.call.thread_name = "bench";
		event.call.ordinal = ordinal[thread]++;
		event.call.duration_ns = 100 + (random >> 30 & 1023);
		event.call.caller = UINT64_C(0x555500000000) + (random >> 40 & 0xff0);
		event.call.sp = UINT64_C(0x7ffc00000000) + thread * 4096;
		event.call.args.words = args;
		event.call.args.count = 3;
		vgpu_stream_emit(stream, &event);
	}
	vgpu_stream_end(stream);
}

static int nothing(struct vgpu_sink *sink, const struct vgpu_event *event)
{
	(void)sink;
	(void)event;
	return 0;
}

/* Time of the processor, so that what else the machine does counts for less. */
static double cpu_seconds(const struct rusage *usage)
{
	return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
	       (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static double own_seconds(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return cpu_seconds(&usage);
}

static void row(const char *what, long events, double wall, double cpu, long kib)
{
	printf("%-44s %8.2f %8.2f %10.2f", what, wall, cpu, cpu > 0 ? (double)events / cpu / 1e6 : 0);
	printf(kib ? " %10.1f\n" : "          -\n", (double)kib / 1024);
	fflush(stdout);
}

static void in_memory(long events)
{
	static const struct vgpu_sink_ops nothing_ops = { .event = nothing };
	struct vgpu_sink idle = { .ops = &nothing_ops };
	uint64_t start = bench_now_ns();
	struct vgpu_stream stream = { 0 };
	double before = own_seconds();
	struct vgpu_stat *stat;
	struct vgpu_model *model;

	vgpu_stream_add(&stream, &idle);
	emit(&stream, events);
	row("making the events alone", events, (double)(bench_now_ns() - start) / 1e9, own_seconds() - before, 0);
	if (vgpu_model_open(&model) || vgpu_stat_open(&stat, VGPU_STAT_BY_FUNCTION, model))
		return;
	memset(&stream, 0, sizeof(stream));
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_stat_learner(stat));
	vgpu_stream_add(&stream, vgpu_stat_sink(stat));
	start = bench_now_ns();
	before = own_seconds();
	emit(&stream, events);
	row("making and counting them", events, (double)(bench_now_ns() - start) / 1e9, own_seconds() - before, 0);
	vgpu_stat_close(stat);
	vgpu_model_close(model);
}

/* Runs a program with its output thrown away. */
static void program(const char *what, long events, char *const *argv)
{
	uint64_t start = bench_now_ns();
	struct rusage usage;
	pid_t child = fork();
	int status;

	if (!child) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) != child || status)
		printf("%-44s failed\n", what);
	else
		row(what, events, (double)(bench_now_ns() - start) / 1e9, cpu_seconds(&usage), usage.ru_maxrss);
}

static void measure(const char *directory, long events, int exports)
{
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	char trace[4200], file[300], out[400], what[80];
	struct stat st;

	snprintf(trace, sizeof(trace), "%s/../../bin/vgpu-trace", bench_directory());
	snprintf(file, sizeof(file), "%s/%ld.vgt", directory, events);
	if (vgpu_vgt_create(&writer, file))
		return;
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	emit(&stream, events);
	vgpu_vgt_close(writer);
	printf("\n%ld events; the file has %.1f MiB\n%-44s %8s %8s %10s %10s\n", events,
	       stat(file, &st) ? 0 : (double)st.st_size / 1048576, "", "s", "CPU s", "M/CPU s", "MiB");
	in_memory(events);
	program("vgpu-trace stat", events, (char *[]){ trace, "stat", file, NULL });
	program("vgpu-trace stat --by caller", events, (char *[]){ trace, "stat", "--by", "caller", file, NULL });
	for (unsigned i = 0; exports && vgpu_exporters[i]; i++) {
		snprintf(what, sizeof(what), "vgpu-trace export --format %s", vgpu_exporters[i]->name);
		snprintf(out, sizeof(out), "%s/%ld.%s", directory, events, vgpu_exporters[i]->name);
		program(what, events, (char *[]){ trace, "export", "--format", (char *)vgpu_exporters[i]->name, "-o",
						  out, file, NULL });
		if (vgpu_exporters[i] != &vgpu_exporter_ctf)
			unlink(out);
	}
	snprintf(out, sizeof(out), "%s/%ld.ctf", directory, events);
	if (!exports || access(out, F_OK) || !bench_has("babeltrace2"))
		return;
	program("babeltrace2, counting (sink.utils.counter)", events,
		(char *[]){ "babeltrace2", out, "--component", "sink.utils.counter", NULL });
	program("babeltrace2, printing", events, (char *[]){ "babeltrace2", out, NULL });
}

int main(int argc, char **argv)
{
	long events = argc > 1 ? atol(argv[1]) : 1000000;
	int exports = argc < 3 || strcmp(argv[2], "stat");
	const char *directory;

	if (events < 10) {
		fprintf(stderr, "usage: bench_stat [EVENTS [stat]]\n");
		return 2;
	}
	directory = bench_tmpfs();
	/* Memory must not follow the number of events. */
	measure(directory, events / 10, exports);
	measure(directory, events, exports);
	bench_remove(directory);
	return 0;
}
