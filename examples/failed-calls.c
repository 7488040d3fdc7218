// SPDX-License-Identifier: Apache-2.0
/*
 * Which GPU calls failed, in a trace or in running processes: an example of libvgpu-trace.
 *
 *	cc failed-calls.c $(pkg-config --cflags --libs vgpu-trace) -o failed-calls
 *	./failed-calls discovery.vgt
 *	./failed-calls --follow ollama		as they happen, until the processes end
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vgpu-trace.h>

static uint64_t calls, failed;

/* Until there are no more for now: 0, or what is wrong. */
static int print(struct vgpu_trace *trace)
{
	int err;

	while ((err = vgpu_trace_next(trace)) == 1) {
		if (!vgpu_trace_function(trace))
			continue;
		calls++;
		if (!vgpu_trace_failed(trace))
			continue;
		failed++;
		printf("%s: %s\n", vgpu_trace_process(trace), vgpu_trace_text(trace));
	}
	fflush(stdout);
	return err;
}

int main(int argc, char **argv)
{
	int follow = argc == 3 && !strcmp(argv[1], "--follow"), err;
	const char *what = argv[argc - 1];
	struct vgpu_trace *trace;

	if (argc != 2 + follow) {
		fprintf(stderr, "usage: %s [--follow] FILE.vgt|PID|NAME\n", argv[0]);
		return 2;
	}
	err = vgpu_trace_open(&trace, what);
	if (err) {
		fprintf(stderr, "%s: %s\n", what, strerror(-err));
		return 1;
	}
	err = print(trace);
	/* What is cut off may be half written. */
	while (follow && (!err || err == -EBADMSG) && !vgpu_trace_complete(trace)) {
		vgpu_trace_wait(trace, -1);
		err = vgpu_trace_again(trace);
		if (err >= 0)
			err = print(trace);
	}
	if (err)
		fprintf(stderr, "%s: %s; what is above is good\n", what, strerror(-err));
	printf("%" PRIu64 " of %" PRIu64 " calls failed\n", failed, calls);
	vgpu_trace_close(trace);
	return err ? 1 : 0;
}
