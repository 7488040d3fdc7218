// SPDX-License-Identifier: Apache-2.0
/* The trace file: recording, size, opening, reading, printing; babeltrace2 and uftrace on as many events in the same run. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim/api/schema.h"
#include "tests/bench/bench.h"
#include "tracer/file/vgt.h"
#include "tracer/model/model.h"

static char trace[512], program[512], file[512], directory[400], own[512];

static double cpu_seconds(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* ---- a program that calls at a rate ---- */

/* What processor time it took goes to a file: the rest of what a recording takes is the tracer's. */
static int rate(double calls_a_second, double seconds, const char *path)
{
	int (*get_attribute)(int *value, int attribute, int device) = bench_driver("libcuda.so.1");
	uint64_t start, made = 1;
	FILE *out = fopen(path, "w");
	int value;

	if (!get_attribute || !out)
		return 1;
	start = bench_now_ns();
	while (bench_now_ns() - start < seconds * 1e9) {
		/* In steps of 64, so that the clock is not what is measured. */
		while ((double)(bench_now_ns() - start) < (double)made * (1e9 / calls_a_second))
			;
		for (int i = 0; i < 64; i++, made++)
			get_attribute(&value, 75 + (int)(made % 8), 0);
	}
	printf("%" PRIu64 "\n", made);
	fprintf(out, "%f\n", cpu_seconds(RUSAGE_SELF));
	return fclose(out) ? 1 : 0;
}

static double programs_seconds(void)
{
	FILE *in = fopen(own, "r");
	double seconds = 0;

	if (in && fscanf(in, "%lf", &seconds) != 1)
		seconds = 0;
	if (in)
		fclose(in);
	return seconds;
}

static void record_at(double calls_a_second, double seconds)
{
	char rate_word[32], seconds_word[32];
	const char *const argv[] = { trace, "run", "-q", "--shim", "sim", "-o", file, "--", program, "rate", rate_word,
				     seconds_word, own, NULL };
	struct vgpu_vgt_summary summary = { 0 };
	struct vgpu_vgt_reader *reader;
	struct vgpu_model *model = NULL;
	struct vgpu_event_loss loss = { 0 };
	struct vgpu_event event;
	double made, spent = cpu_seconds(RUSAGE_CHILDREN);

	snprintf(rate_word, sizeof(rate_word), "%.0f", calls_a_second);
	snprintf(seconds_word, sizeof(seconds_word), "%.1f", seconds);
	made = bench_child(argv, NULL);
	spent = cpu_seconds(RUSAGE_CHILDREN) - spent - programs_seconds();
	if (made < 0 || vgpu_vgt_open(&reader, file) || vgpu_model_open(&model)) {
		puts("  could not be recorded");
		return;
	}
	vgpu_vgt_summary(reader, &summary);
	while (vgpu_vgt_next(reader, &event) == 1)
		model->sink.ops->event(&model->sink, &event);
	vgpu_model_losses(model, &loss);
	printf("  %9.0f calls a second for %4.1f s: %11.0f made, %11" PRIu64 " on record, %11" PRIu64
	       " lost and counted%s, %.1f bytes an event, %.0f ns of the tracer's a call on record\n",
	       calls_a_second, seconds, made, model->calls, loss.dropped + loss.overwritten + loss.refused,
	       (uint64_t)made == model->calls + loss.dropped + loss.overwritten + loss.refused ? "" : " (NOT ALL)",
	       (double)summary.bytes / (summary.events ? summary.events : 1), spent * 1e9 / (model->calls ? model->calls : 1));
	vgpu_vgt_reader_close(reader);
	vgpu_model_close(model);
}

/* ---- a file of many events ---- */

/* As an inference loop looks: four threads; allocations, copies and launches with changing values. */
static int write_events(uint64_t events)
{
	static const char *const names[] = { "cuMemAlloc_v2", "cuMemcpyHtoD_v2", "cuLaunchKernel", "cuStreamSynchronize" };
	const struct vgpu_function *functions[4];
	uint64_t now = UINT64_C(1000000000000), random = UINT64_C(88172645463325252), ordinal[4] = { 0 };
	static uint64_t words[16], blobs[2];
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };

	for (unsigned i = 0; i < 4; i++)
		functions[i] = vgpu_function_by_name(VGPU_LIBRARY_CUDA, names[i]);
	if (vgpu_vgt_create(&writer, file))
		return -1;
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	for (uint64_t i = 0; i < events; i++) {
		struct vgpu_event event = { .kind = VGPU_EVENT_CALL, .observer = 1, .process = 1, .time_error_ns = 30 };
		struct vgpu_blob blob = { .flags = VGPU_BLOB_OUT, .size = 8, .full_size = 8 };
		const struct vgpu_function *function;
		unsigned which, thread;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		which = random % 4;
		thread = random / 4 % 4;
		function = functions[which];
		now += 200 + random / 16 % 800;
		event.time_ns = now;
		event.tid = 100 + thread;
		for (unsigned k = 0; k < 8; k++)
			words[k] = which == 2 ? k * 32 : UINT64_C(0x7f1000000000) + random / 4096 % 64 * 4096;
		if (which < 2)
			words[which + 1] = (1 + random % 64) << 20;
		blobs[1] = words[0] + (random >> 50 << 21);
		memcpy(blobs, &blob, sizeof(blob));
		event.call = (struct vgpu_event_call){
			.function = function->id, .thread = thread + 1, .thread_name = "worker", .ordinal = ordinal[thread]++,
			.duration_ns = 80 + random / 16384 % 200, .caller = UINT64_C(0x7f0000001000) + which * 64,
			.sp = UINT64_C(0x7ffe00001000), .args = { words, function->nparams < 11 ? function->nparams : 11 },
			.blobs = { which ? NULL : (const uint8_t *)blobs, which ? 0 : 16 },
		};
		vgpu_stream_emit(&stream, &event);
	}
	vgpu_stream_end(&stream);
	vgpu_vgt_close(writer);
	return vgpu_vgt_sink(writer) ? 0 : -1;
}

/* Seconds of processor time that a shell command takes, whoever else is at work; negative when it fails. */
static double timed(const char *format, ...) __attribute__((format(printf, 1, 2)));
static double timed(const char *format, ...)
{
	char command[2048];
	double start = cpu_seconds(RUSAGE_CHILDREN);
	va_list ap;

	fflush(stdout);

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	return system(command) ? -1 : cpu_seconds(RUSAGE_CHILDREN) - start;
}

/* Peak of memory of reading all of the file, in a child: MiB. */
static double memory_of_reading(void)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_event event;
	struct rusage usage;
	pid_t child = fork();
	int status;

	if (!child) {
		if (vgpu_vgt_open(&reader, file))
			_exit(1);
		while (vgpu_vgt_next(reader, &event) == 1)
			;
		_exit(0);
	}
	return child > 0 && wait4(child, &status, 0, &usage) == child && !status ? usage.ru_maxrss / 1024.0 : -1;
}

static void read_events(uint64_t events)
{
	struct vgpu_vgt_reader *reader;
	struct vgpu_vgt_summary summary;
	struct vgpu_event event;
	uint64_t start = bench_now_ns(), count = 0;
	double open_ms, last_ms;

	if (vgpu_vgt_open(&reader, file))
		return;
	open_ms = (bench_now_ns() - start) / 1e6;
	vgpu_vgt_seek_last(reader, 60);
	while (vgpu_vgt_next(reader, &event) == 1)
		count++;
	last_ms = (bench_now_ns() - start) / 1e6;
	vgpu_vgt_summary(reader, &summary);
	printf("  opened in %.2f ms, the last %" PRIu64 " events there after %.2f ms; %.1f bytes an event\n", open_ms, count,
	       last_ms, (double)summary.bytes / events);
	vgpu_vgt_seek_number(reader, 1);
	start = bench_now_ns();
	for (count = 0; vgpu_vgt_next(reader, &event) == 1; count++)
		;
	printf("  read whole: %.0f ns an event; at most %.1f MiB of memory\n",
	       (double)(bench_now_ns() - start) / (count ? count : 1), memory_of_reading());
	vgpu_vgt_reader_close(reader);
}

static void print_speed(const char *what, uint64_t events, double seconds, double ours)
{
	if (seconds < 0)
		printf("  %-30s not measured\n", what);
	else if (ours > 0)
		printf("  %-30s %10.0f events a second of processor time; ours is %.1f times as fast\n", what, events / seconds, seconds / ours);
	else
		printf("  %-30s %10.0f events a second of processor time\n", what, events / seconds);
}

static void compare(uint64_t events)
{
	double dump = timed("'%s' dump '%s' >/dev/null", trace, file);

	print_speed("dump", events, dump, 0);
	print_speed("stat", events, timed("'%s' stat '%s' >/dev/null", trace, file), 0);
	if (!bench_has("babeltrace2") || timed("'%s' export --format ctf -o '%s/ctf' '%s' 2>/dev/null", trace, directory, file) < 0)
		puts("  babeltrace2: not there, or no export to CTF");
	else
		print_speed("babeltrace2 (the same as CTF)", events, timed("babeltrace2 '%s/ctf' >/dev/null", directory), dump);
	if (!bench_has("uftrace")) {
		puts("  uftrace: not there");
	} else {
		double seconds = timed("cd '%s' && uftrace record -d '%s/uftrace' --no-libcall '%s/bench_uftrace' %" PRIu64
				       " >/dev/null 2>&1", directory, directory, bench_directory(), events);

		print_speed("uftrace, recording", events, seconds, 0);
		if (seconds >= 0) {
			timed("echo \"  uftrace's files: $(du -sb '%s/uftrace' | cut -f1) bytes\"", directory);
			print_speed("uftrace replay", events, timed("uftrace replay -d '%s/uftrace' --no-pager >/dev/null 2>&1", directory), dump);
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000000, start;
	double seconds = argc > 2 ? atof(argv[2]) : 2;

	if (argc == 5 && !strcmp(argv[1], "rate"))
		return rate(atof(argv[2]), atof(argv[3]), argv[4]);
	snprintf(directory, sizeof(directory), "%s", bench_tmpfs());
	snprintf(file, sizeof(file), "%s/b.vgt", directory);
	snprintf(own, sizeof(own), "%s/cpu", directory);
	snprintf(program, sizeof(program), "%s/bench_trace", bench_directory());
	snprintf(trace, sizeof(trace), "%s/../../bin/vgpu-trace", bench_directory());

	puts("recording a program as it calls (`run --shim sim -q`):");
	record_at(200e3, seconds);
	record_at(500e3, seconds);
	record_at(1e6, seconds);
	record_at(4e6, seconds);

	printf("a file of %" PRIu64 " calls:\n", events);
	start = bench_now_ns();
	if (write_events(events))
		return 1;
	printf("  written: %.0f ns an event, making it included\n", (double)(bench_now_ns() - start) / events);
	read_events(events);
	compare(events);
	bench_remove(directory);
	return 0;
}
