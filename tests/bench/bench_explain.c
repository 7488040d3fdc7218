// SPDX-License-Identifier: Apache-2.0
/* What an explanation of a million events costs, beside reading them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tracer/explain/verdict.h"
#include "tracer/file/vgt.h"
#include "tracer/model/call.h"
#include "tracer/model/names.h"

#define EVENTS 1000000u
#define ROUNDS 5u

static uint32_t function_of(const char *name)
{
	for (unsigned l = 0; vgpu_apis[l]; l++)
		for (uint32_t n = 1; n <= vgpu_apis[l]->count; n++) {
			const struct vgpu_function *function = vgpu_function_find(VGPU_FUNCTION(vgpu_apis[l]->library, n));

			if (function && !strcmp(function->name, name))
				return VGPU_FUNCTION(vgpu_apis[l]->library, n);
		}
	return 0;
}

/* Eight processes, each with searches, loads, and then calls of forty functions, one in a hundred refused. */
static int make(const char *path)
{
	static const char *const names[] = { "cuInit", "cuDeviceGetCount", "cuMemAlloc_v2", "cuMemFree_v2", "cuLaunchKernel",
					     "cuMemcpyHtoD_v2", "cuStreamSynchronize", "cuCtxGetCurrent", "cuDeviceGetAttribute",
					     "cuMemGetInfo_v2" };
	struct vgpu_vgt_writer *writer;
	struct vgpu_stream stream = { 0 };
	uint32_t functions[10];
	uint64_t args[4] = { 1, 2, 3, 4 };

	for (unsigned i = 0; i < 10; i++)
		functions[i] = function_of(names[i]);
	if (vgpu_vgt_create(&writer, path))
		return 1;
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	for (uint32_t i = 0; i < EVENTS; i++) {
		struct vgpu_event event = { .kind = VGPU_EVENT_CALL, .observer = VGPU_OBSERVER_RING, .process = 1 + i % 8,
					    .time_ns = 1000 + i };

		if (i < 8) {
			event.kind = VGPU_EVENT_START;
			event.start = (struct vgpu_event_process){ .pid = 100 + (int32_t)i, .comm = "runner" };
		} else if (i < 20000) {
			event.kind = VGPU_EVENT_SEARCH;
			event.observer = VGPU_OBSERVER_LINK;
			event.search = (struct vgpu_event_search){ .path = "/usr/lib/libcuda.so.1", .flags = VGPU_OBJECT_STATTED,
								   .error = 2 };
		} else {
			event.call = (struct vgpu_event_call){ .function = functions[i / 8 % 10], .ordinal = i, .thread = 1,
							       .result = i % 100 ? 0 : 1, .args = { args, 4 } };
		}
		vgpu_stream_emit(&stream, &event);
	}
	vgpu_stream_end(&stream);
	vgpu_vgt_close(writer);
	return 0;
}

static double read_all(const char *path, int explain)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct vgpu_verdict *verdict = NULL;
	struct vgpu_vgt_reader *reader;
	struct vgpu_stream stream = { 0 };
	struct vgpu_model *model = NULL;
	struct vgpu_text text = { 0 };
	struct vgpu_event event;
	uint64_t start = bench_now_ns(), count = 0;

	if (vgpu_vgt_open(&reader, path) || vgpu_model_open(&model) || vgpu_verdict_open(&verdict, model))
		exit(1);
	if (explain) {
		vgpu_stream_add(&stream, &model->sink);
		vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
	}
	while (vgpu_vgt_next(reader, &event) == 1) {
		vgpu_stream_emit(&stream, &event);
		count++;
	}
	if (explain)
		vgpu_verdict_format(verdict, &look, &text);
	if (count != EVENTS)
		exit(1);
	vgpu_text_free(&text);
	vgpu_vgt_reader_close(reader);
	vgpu_verdict_close(verdict);
	vgpu_model_close(model);
	return (double)(bench_now_ns() - start) / 1e6;
}

int main(void)
{
	double plain[ROUNDS], explained[ROUNDS];
	const char *directory = bench_tmpfs();
	char path[512];

	snprintf(path, sizeof(path), "%s/million.vgt", directory);
	if (make(path))
		return 1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		plain[i] = read_all(path, 0);
		explained[i] = read_all(path, 1);
	}
	printf("1,000,000 events: read %.0f ms, read and explained %.0f ms (aim: 1,000), %.1f times as long\n",
	       bench_median(plain, ROUNDS), bench_median(explained, ROUNDS),
	       bench_median(explained, ROUNDS) / bench_median(plain, ROUNDS));
	bench_remove(directory);
	return 0;
}
