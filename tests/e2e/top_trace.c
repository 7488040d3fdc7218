// SPDX-License-Identifier: Apache-2.0
/* Writes a trace in which every moment is given, so that screens made of it are the same for ever. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "shim/api/schema.h"
#include "tests/unit/top_feed.h"
#include "tracer/file/vgt.h"

static void coverage(struct feed *feed, uint32_t observer, uint32_t on, const char *text)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_COVERAGE, .observer = VGPU_OBSERVER_TRACER };

	event.coverage.observer = observer;
	event.coverage.on = on;
	if (on)
		event.coverage.how = text;
	else
		event.coverage.why = text;
	feed_event(feed, &event);
}

static void session(struct feed *feed)
{
	static const char command[] = "ollama\0serve";
	struct vgpu_event event = { .kind = VGPU_EVENT_SESSION, .observer = VGPU_OBSERVER_TRACER };

	event.session.id = "1";
	event.session.command = (struct vgpu_strings){ command, sizeof(command) };
	event.session.mode = VGPU_SHIM_SIM;
	event.session.device = "NVIDIA H100 80GB HBM3";
	event.session.inject = "both";
	feed_event(feed, &event);
}

static void library(struct feed *feed, uint32_t process, uint32_t id, const char *path)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_LIBRARY, .observer = VGPU_OBSERVER_RING, .process = process };
	static const uint8_t build_id[20] = { 0x5c, 0x01, 0xd3 };

	event.library.library = id;
	event.library.path = path;
	event.library.backend = "sim";
	event.library.functions = vgpu_api_find(id)->count;
	event.library.schema_hash = vgpu_api_find(id)->schema_hash;
	event.library.build_id = (struct vgpu_data){ build_id, sizeof(build_id) };
	feed_event(feed, &event);
}

static void search(struct feed *feed, uint32_t process, const char *path, uint32_t origin, int error)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_SEARCH, .observer = VGPU_OBSERVER_LINK, .process = process };

	event.search.path = path;
	event.search.origin = origin;
	event.search.vendor = 1;
	event.search.flags = VGPU_OBJECT_GPU | VGPU_OBJECT_STATTED;
	event.search.error = error;
	event.search.requester = "/usr/local/lib/ollama/libggml-base.so";
	feed_event(feed, &event);
}

static void refused(struct feed *feed, uint32_t process, const char *name, const char *error)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_DL, .observer = VGPU_OBSERVER_LINK, .process = process };

	event.dl.op = VGPU_DL_DLOPEN;
	event.dl.failed = 1;
	event.dl.vendor = 1;
	event.dl.name = name;
	event.dl.error = error;
	event.dl.caller_object = "/usr/local/lib/ollama/libggml-base.so";
	feed_event(feed, &event);
}

/* An inner call returns, and is recorded, before the outer one. */
static void count_devices(struct feed *feed, uint32_t process, uint32_t devices, int status)
{
	struct made_call *call = feed_begin(feed, process, "cuInit", (uint64_t)status);
	uint64_t outer = call->event.call.ordinal, start = call->event.time_ns;

	call->event.call.ordinal = outer + 1;
	call->event.call.depth = 1;
	call->event.call.duration_ns = 900;
	make_call_arg(call, 0);
	feed_call(feed);
	if (!status) {
		call = feed_begin(feed, process, "cuDeviceGetCount", 0);
		call->event.call.ordinal = outer + 2;
		call->event.call.depth = 1;
		make_call_arg(call, 0x7ffd00000010);
		make_call_blob(call, 0, VGPU_BLOB_OUT, &devices, 4, 4);
		feed_call(feed);
	}
	call = feed_begin(feed, process, "cudaGetDeviceCount", (uint64_t)status);
	call->event.call.ordinal = outer;
	call->event.call.duration_ns = call->event.time_ns - start + 900;
	call->event.time_ns = start - 100;
	make_call_arg(call, 0x7ffd00000020);
	if (!status)
		make_call_blob(call, 0, VGPU_BLOB_OUT, &devices, 4, 4);
	feed_call(feed);
}

static void allocate(struct feed *feed, uint32_t process, uint64_t address, uint64_t size, uint64_t status)
{
	struct made_call *call = feed_begin(feed, process, "cuMemAlloc_v2", status);

	call->event.call.duration_ns = 12000;
	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, size);
	if (!status)
		make_call_blob(call, 0, VGPU_BLOB_OUT, &address, 8, 8);
	feed_call(feed);
}

static void memory_info(struct feed *feed, uint32_t process, uint64_t left, uint64_t all)
{
	struct made_call *call = feed_begin(feed, process, "cuMemGetInfo_v2", 0);

	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, 0x7ffd00000008);
	make_call_blob(call, 0, VGPU_BLOB_OUT, &left, 8, 8);
	make_call_blob(call, 1, VGPU_BLOB_OUT, &all, 8, 8);
	feed_call(feed);
}

static void free_memory(struct feed *feed, uint32_t process, uint64_t address)
{
	struct made_call *call = feed_begin(feed, process, "cuMemFree_v2", 0);

	make_call_arg(call, address);
	feed_call(feed);
}

static void story(struct feed *feed)
{
	uint64_t all = UINT64_C(79) << 30;

	session(feed);
	coverage(feed, VGPU_OBSERVER_RING, 1, NULL);
	coverage(feed, VGPU_OBSERVER_LINK, 1, "rtld-audit");
	coverage(feed, VGPU_OBSERVER_KERNEL, 0, "needs CAP_BPF and CAP_PERFMON");
	coverage(feed, VGPU_OBSERVER_PROCESS, 1, "process connector");
	feed_process(feed, 1, 0, "ollama");
	feed_process(feed, 2, 1, "runner-v12");
	search(feed, 2, "libggml-cuda.so", VGPU_ORIGIN_ASKED, ENOENT);
	search(feed, 2, "/usr/local/lib/ollama/cuda_v12/libggml-cuda.so", VGPU_ORIGIN_LIBPATH, 0);
	refused(feed, 2, "/usr/local/lib/ollama/cuda_v12/libggml-cuda.so",
		"undefined symbol: cuGetErrorString");
	feed_exit(feed, 2, VGPU_EXIT_CODE, 1);
	feed_process(feed, 3, 1, "runner-v13");
	search(feed, 3, "/usr/local/lib/ollama/cuda_v13/libggml-cuda.so", VGPU_ORIGIN_LIBPATH, 0);
	library(feed, 3, VGPU_LIBRARY_CUDART13, "/usr/lib/vgpu-trace/libvgpu-cudart13.so");
	library(feed, 3, VGPU_LIBRARY_CUDA, "/usr/lib/vgpu-trace/libvgpu-cuda.so");
	count_devices(feed, 3, 1, 0);
	for (int i = 0; i < 20; i++)
		feed_simple(feed, 3, "cuDriverGetVersion", 0);
	feed_simple(feed, 3, "cuDeviceGet", 101);
	memory_info(feed, 3, all - (UINT64_C(1) << 30), all);
	allocate(feed, 3, 0x700000000, UINT64_C(512) << 20, 0);
	allocate(feed, 3, 0x800000000, UINT64_C(2) << 30, 0);
	allocate(feed, 3, 0, UINT64_C(200) << 30, 2);
	free_memory(feed, 3, 0x700000000);
	memory_info(feed, 3, all - (UINT64_C(3) << 30), all);
	feed_process(feed, 4, 1, "runner-v13");
	count_devices(feed, 4, 0, 100);
	feed_exit(feed, 4, VGPU_EXIT_SIGNAL, 9);
	coverage(feed, VGPU_OBSERVER_RING, 0, NULL);
	coverage(feed, VGPU_OBSERVER_LINK, 0, NULL);
	coverage(feed, VGPU_OBSERVER_PROCESS, 0, NULL);
}

static const char *path;

/* The makers of events assert, which they can in a test only. */
START_TEST(write_it)
{
	struct vgpu_stream stream = { 0 };
	struct vgpu_vgt_writer *writer;
	struct feed *feed = feed_new();

	ck_assert_int_eq(vgpu_vgt_create(&writer, path), 0);
	story(feed);
	vgpu_stream_add(&stream, vgpu_vgt_sink(writer));
	feed_emit(feed, &stream);
	vgpu_stream_end(&stream);
	ck_assert_int_eq(vgpu_vgt_sink(writer)->error, 0);
	vgpu_vgt_close(writer);
	feed_free(feed);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite = suite_create("top_trace");
	TCase *tcase = tcase_create("trace");
	SRunner *runner = srunner_create(suite);
	int failed;

	if (argc != 2)
		return 2;
	path = argv[1];
	tcase_add_test(tcase, write_it);
	suite_add_tcase(suite, tcase);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_MINIMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
