// SPDX-License-Identifier: Apache-2.0
/*
 * Which GPU calls failed, in a trace or in a running process: an example of libvgpu-trace.
 *
 *	cc failed-calls.c $(pkg-config --cflags --libs vgpu-trace) -o failed-calls
 *	./failed-calls discovery.vgt
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <vgpu-trace.h>

int main(int argc, char **argv)
{
	struct vgpu_trace *trace;
	uint64_t calls = 0, failed = 0;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE.vgt|PID|NAME\n", argv[0]);
		return 2;
	}
	err = vgpu_trace_open(&trace, argv[1]);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	while ((err = vgpu_trace_next(trace)) == 1) {
		if (!vgpu_trace_function(trace))
			continue;
		calls++;
		if (!vgpu_trace_failed(trace))
			continue;
		failed++;
		printf("%s: %s\n", vgpu_trace_process(trace), vgpu_trace_text(trace));
	}
	if (err)
		fprintf(stderr, "%s: %s; what is above is good\n", argv[1], strerror(-err));
	printf("%" PRIu64 " of %" PRIu64 " calls failed\n", failed, calls);
	vgpu_trace_close(trace);
	return err ? 1 : 0;
}
