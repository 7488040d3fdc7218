// SPDX-License-Identifier: Apache-2.0
/* The verdict says what was observed, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "shim/entry/library.h"
#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/explain/verdict.h"
#include "tracer/model/stream.h"

static struct vgpu_stream stream;
static struct vgpu_model *model;
static struct vgpu_verdict *verdict;

static void setup(void)
{
	memset(&stream, 0, sizeof(stream));
	ck_assert_int_eq(vgpu_model_open(&model), 0);
	ck_assert_int_eq(vgpu_verdict_open(&verdict, model), 0);
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_verdict_sink(verdict));
}

static void teardown(void)
{
	vgpu_verdict_close(verdict);
	vgpu_model_close(model);
}

static void session(uint32_t mode)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_SESSION,
				    .session = { .mode = mode, .inject = mode ? "both" : NULL } };

	vgpu_stream_emit(&stream, &event);
}

static void process(uint32_t number, const char *comm)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_START, .process = number, .time_ns = 1000000,
				    .start = { .pid = 4700 + number, .comm = comm } };

	vgpu_stream_emit(&stream, &event);
}

static void library(uint32_t number, uint32_t id)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_LIBRARY, .process = number,
				    .library = { .library = id, .backend = "sim", .path = "/lib/ours.so" } };

	vgpu_stream_emit(&stream, &event);
}

static void count(uint32_t number, const char *function, uint32_t result, int devices, unsigned depth, uint64_t enter,
		  uint64_t duration)
{
	struct made_call call;

	make_call(&call, function, result);
	call.event.process = number;
	call.event.time_ns = enter;
	call.event.call.duration_ns = duration;
	call.event.call.depth = depth;
	make_call_arg(&call, 0x7000);
	if (!result)
		make_call_blob(&call, 0, VGPU_BLOB_OUT, &devices, 4, 4);
	vgpu_stream_emit(&stream, &call.event);
}

static void headline(const char *want, enum vgpu_verdict_kind kind)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct vgpu_text text = { 0 };
	char *end;

	ck_assert_int_eq(vgpu_verdict_kind(verdict), kind);
	vgpu_verdict_format(verdict, &look, &text);
	end = strchr(text.bytes, '\n');
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(text.bytes, want);
	vgpu_text_free(&text);
}

static void mentions(const char *want)
{
	static const struct vgpu_look look = { .utf8 = true };
	struct vgpu_text text = { 0 };

	vgpu_verdict_format(verdict, &look, &text);
	ck_assert_msg(strstr(text.bytes, want) != NULL, "no '%s' in:\n%s", want, text.bytes);
	vgpu_text_free(&text);
}

START_TEST(nothing_observed_is_not_known)
{
	session(VGPU_SHIM_NONE);
	headline("NOT KNOWN: nothing was put into the program, so its GPU calls were not observed.",
		 VGPU_VERDICT_NOT_KNOWN);
	mentions("--shim sim");
}
END_TEST

START_TEST(no_call_is_not_cpu_mode)
{
	struct vgpu_event presence = { .kind = VGPU_EVENT_PRESENCE, .process = 1,
				       .presence = { .presence = VGPU_PRESENCE_IN } };

	session(VGPU_SHIM_SIM);
	process(1, "app");
	vgpu_stream_emit(&stream, &presence);
	headline("NOT KNOWN: no GPU function was called, though our libraries were in 1 of 1 process.",
		 VGPU_VERDICT_NOT_KNOWN);
}
END_TEST

START_TEST(devices_on_the_simulated_card_are_said_to_be_simulated)
{
	struct made_call call;

	session(VGPU_SHIM_SIM);
	process(1, "runner");
	library(1, VGPU_LIBRARY_CUDA);
	count(1, "cuDeviceGetCount", 0, 1, 0, 3000000, 1000000);
	make_call(&call, "cuDeviceGetName", 0);
	make_call_arg(&call, 0x5000);
	make_call_blob(&call, 0, VGPU_BLOB_OUT, "NVIDIA \033H100", 13, 13);
	vgpu_stream_emit(&stream, &call.event);
	headline("GPU FOUND (SIMULATED)  by runner(4701) in 3.0 ms: 1 device, NVIDIA \\x1bH100", VGPU_VERDICT_FOUND);
	mentions("mode sim: the GPU is SIMULATED");
}
END_TEST

START_TEST(a_failure_names_the_call_and_the_call_inside_it)
{
	session(VGPU_SHIM_SIM);
	process(1, "runner");
	count(1, "cudaGetDeviceCount", 100, 0, 0, 1000, 500);
	count(1, "cuInit", 100, 0, 1, 1100, 100);
	headline("CPU MODE: cudaGetDeviceCount returned cudaErrorNoDevice (100) in runner(4701) (event 3)",
		 VGPU_VERDICT_CPU);
	mentions("because inside it cuInit returned CUDA_ERROR_NO_DEVICE (100) (event 4)");
}
END_TEST

START_TEST(the_order_of_outer_and_inner_call_in_the_stream_does_not_matter)
{
	session(VGPU_SHIM_SIM);
	process(1, "runner");
	count(1, "cuInit", 100, 0, 1, 1100, 100);
	count(1, "cudaGetDeviceCount", 100, 0, 0, 1000, 500);
	headline("CPU MODE: cudaGetDeviceCount returned cudaErrorNoDevice (100) in runner(4701) (event 4)",
		 VGPU_VERDICT_CPU);
	mentions("because inside it cuInit returned CUDA_ERROR_NO_DEVICE (100) (event 3)");
}
END_TEST

START_TEST(zero_devices_with_success_is_no_gpu)
{
	session(VGPU_SHIM_SIM);
	process(1, "runner");
	count(1, "cuDeviceGetCount", 0, 0, 0, 1000, 100);
	headline("CPU MODE: cuDeviceGetCount found 0 devices in runner(4701) (event 3)", VGPU_VERDICT_CPU);
}
END_TEST

START_TEST(a_failing_nvml_is_no_cpu_mode)
{
	session(VGPU_SHIM_SIM);
	process(1, "monitor");
	count(1, "nvmlInit_v2", 9, 0, 0, 1000, 100);
	headline("NO GPU: nvmlInit_v2 returned NVML_ERROR_DRIVER_NOT_LOADED (9): the kernel module is not loaded, or a "
		 "Linux driver shadows WSL's.", VGPU_VERDICT_CPU);
	/* The same, and a driver that works: era B falls back. */
	count(1, "cuDeviceGetCount", 0, 2, 0, 2000, 100);
	ck_assert_int_eq(vgpu_verdict_kind(verdict), VGPU_VERDICT_FOUND);
}
END_TEST

START_TEST(one_process_found_what_another_was_refused)
{
	session(VGPU_SHIM_SIM);
	process(1, "serve");
	process(2, "serve");
	count(2, "cuInit", 3, 0, 0, 1000, 100);
	count(1, "cuDeviceGetCount", 0, 1, 0, 2000, 100);
	ck_assert_int_eq(vgpu_verdict_kind(verdict), VGPU_VERDICT_FOUND);
	mentions("also: CPU MODE: cuInit returned CUDA_ERROR_NOT_INITIALIZED (3) in serve(4702)");
}
END_TEST

START_TEST(a_call_that_never_returned_is_named)
{
	struct made_call call;

	session(VGPU_SHIM_SIM);
	process(1, "runner");
	make_call(&call, "cuInit", 0);
	call.event.kind = VGPU_EVENT_PENDING;
	call.event.call.ended = 1;
	vgpu_stream_emit(&stream, &call.event);
	headline("NOT KNOWN: runner(4701) ended inside cuInit (event 3)", VGPU_VERDICT_NOT_KNOWN);
}
END_TEST

START_TEST(losses_are_never_hidden)
{
	struct vgpu_event ring = { .kind = VGPU_EVENT_RING, .process = 1 };
	struct vgpu_event loss = { .kind = VGPU_EVENT_LOSS, .process = 1,
				   .loss = { .dropped = 3, .overwritten = 4000 } };

	process(1, "runner");
	loss.loss.ring = vgpu_stream_emit(&stream, &ring);
	vgpu_stream_emit(&stream, &loss);
	mentions("4,003 calls lost (3 without room, 4000 overwritten unread");
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("verdict");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nothing_observed_is_not_known);
	tcase_add_test(tests, no_call_is_not_cpu_mode);
	tcase_add_test(tests, devices_on_the_simulated_card_are_said_to_be_simulated);
	tcase_add_test(tests, a_failure_names_the_call_and_the_call_inside_it);
	tcase_add_test(tests, the_order_of_outer_and_inner_call_in_the_stream_does_not_matter);
	tcase_add_test(tests, zero_devices_with_success_is_no_gpu);
	tcase_add_test(tests, a_failing_nvml_is_no_cpu_mode);
	tcase_add_test(tests, one_process_found_what_another_was_refused);
	tcase_add_test(tests, a_call_that_never_returned_is_named);
	tcase_add_test(tests, losses_are_never_hidden);
	return unit_run();
}
