// SPDX-License-Identifier: Apache-2.0
/* The dashboard without a terminal: what each view shows of given events. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gen/cuda_ids.h"
#include "tests/unit/top_started.h"
#include "tests/unit/unit.h"

START_TEST(every_view_shows_the_state_of_the_observation)
{
	for (unsigned i = 0; vgpu_top_view(i); i++) {
		start(false, vgpu_top_view(i));
		frame_has(app, 24, 80, "vgpu-trace top discovery.vgt recorded");
		frame_has(app, 24, 80, "ring on  link off  kernel off  processes off  lost 0  no filter");
		frame_has(app, 24, 80, "1 Verdict  2 Calls  3 Functions  4 Processes  5 Libraries  6 Memory");
		frame_has(app, 24, 80, "F1Help");
		finish();
	}
}
END_TEST

START_TEST(functions_are_counted_with_errors_and_last_result)
{
	start(false, "functions");
	frame_has(app, 24, 80, " cuDriverGetVersion              3       0 CUDA_SUCCESS");
	frame_has(app, 24, 80, " cuDeviceGet                     1       1 INVALID_DEVICE (101)");
	frame_has(app, 24, 130, "CUDA_ERROR_INVALID_DEVICE (101)");
	finish();
}
END_TEST

START_TEST(sorting_goes_by_any_column_and_back)
{
	char *text, *a, *b;

	start(false, "functions");
	type(app, "sSSSr");
	text = frame(app, 24, 80, true);
	ck_assert_ptr_nonnull(strstr(text, "Function▼"));
	a = strstr(text, "cuMemAlloc_v2");
	b = strstr(text, "cuDeviceGet ");
	ck_assert(a && b && a < b);
	free(text);
	finish();
}
END_TEST

START_TEST(calls_are_in_reading_order_and_errors_are_found)
{
	start(false, "calls");
	frame_has(app, 24, 80, "cuDeviceGetCount(count → 1)");
	frame_has(app, 24, 80, "= INVALID_DEVICE (101)");
	frame_has(app, 24, 80, "killed by SIGKILL");
	type(app, "x\r");
	frame_has(app, 24, 80, "cuDeviceGet, event 10");
	frame_has(app, 24, 80, "CUDA_ERROR_INVALID_DEVICE (101) in 0.4 µs");
	frame_has(app, 24, 80, "CUresult cuDeviceGet(");
	type(app, "\033xx\r");
	frame_has(app, 24, 80, "Note");
	finish();
}
END_TEST

/* So many calls of a function were counted by the source, and are no events. */
static void counted(uint32_t function, uint32_t depth, uint64_t calls)
{
	for (uint64_t i = 0; i < calls; i++)
		app->alike.call(app->alike.data, 2, function, depth, app->model->last_ns, 1000);
	app->alike.done(app->alike.data);
}

START_TEST(calls_that_are_like_others_are_counted_and_not_listed)
{
	uint64_t calls, total_ns;

	start(true, "calls");
	calls = app->store->calls;
	total_ns = tui_store_process(app->store, 2)->counts.total_ns;
	counted(VGPU_FN_cuDriverGetVersion, 0, 1000);
	frame_has(app, 24, 80, "1,000 calls like those above: counted, not listed");
	/* One line, while no other comes between; each function and process has its own. */
	counted(VGPU_FN_cuDriverGetVersion, 0, 500);
	counted(VGPU_FN_cuInit, 1, 3);
	frame_has(app, 24, 80, "1,503 calls like those above: counted, not listed");
	frame_has(app, 24, 80, "% unlisted, following");
	ck_assert_uint_eq(app->store->calls, calls + 1503);
	ck_assert_uint_eq(app->model->calls, calls + 1503);
	/* What a call took that another one made is in the other one's time. */
	ck_assert_uint_eq(tui_store_process(app->store, 2)->counts.total_ns, total_ns + 1500 * 1000);
	type(app, "3");
	frame_has(app, 24, 80, " cuDriverGetVersion          1,503       0 CUDA_SUCCESS           1.0 µs");
	finish();
}
END_TEST

START_TEST(a_count_without_room_is_shortened_and_never_cut)
{
	start(true, "functions");
	counted(VGPU_FN_cuDriverGetVersion, 0, 12345678);
	frame_has(app, 24, 80, " cuDriverGetVersion          12.3M       0 CUDA_SUCCESS");
	type(app, "m");
	counted(VGPU_FN_cuDriverGetVersion, 0, 1234567);
	type(app, "d");
	frame_has(app, 24, 80, " cuDriverGetVersion          +1.2M ");
	finish();
}
END_TEST

START_TEST(processes_are_a_tree_and_dead_ones_stay)
{
	start(false, "processes");
	frame_has(app, 24, 80, " serve                     4701");
	frame_has(app, 24, 80, " └─ runner                 4702   230 ms SIGKILL          8       2");
	type(app, "j\r");
	frame_has(app, 24, 80, "started by serve(4701)");
	finish();
}
END_TEST

START_TEST(branches_show_who_is_whose_child)
{
	feed = feed_new();
	feed_process(feed, 1, 0, "serve");
	feed_process(feed, 2, 1, "first");
	feed_process(feed, 3, 2, "inner");
	feed_process(feed, 4, 1, "second");
	feed_process(feed, 5, 4, "last");
	app = feed_app(feed, false, "processes");
	feed_all(app);
	frame_has(app, 24, 80, "\n ├─ first ");
	frame_has(app, 24, 80, "\n │ └─ inner ");
	frame_has(app, 24, 80, "\n └─ second ");
	frame_has(app, 24, 80, "\n   └─ last ");
	finish();
}
END_TEST

START_TEST(libraries_tell_what_was_refused_and_why)
{
	start(false, "libraries");
	frame_has(app, 24, 120, "libcuda.so.1             runner           opened");
	frame_has(app, 24, 120, "libcudart.so.13          runner           searched");
	frame_has(app, 24, 120, "libggml-cuda.so          runner           refused");
	frame_has(app, 24, 120, "undefined symbol: cuGetErrorString");
	finish();
}
END_TEST

START_TEST(libraries_do_not_claim_a_search_that_nobody_observed)
{
	start(false, "libraries");
	type(app, "\r");
	frame_has(app, 24, 120, "searched      not observed: the link observer was not on");
	finish();
}
END_TEST

START_TEST(memory_is_counted_once_through_two_layers_and_freed_at_exit)
{
	struct made_call *call;
	uint64_t address = 0x20000000;

	feed = feed_new();
	feed_process(feed, 1, 0, "app");
	for (int i = 0; i < 2; i++) {
		/* The driver's returns first, and is the inner one. */
		call = feed_begin(feed, 1, i ? "cudaMalloc" : "cuMemAlloc_v2", 0);
		call->event.call.depth = !i;
		call->event.call.ordinal = i ? 0 : 1;
		make_call_arg(call, 0x7ffd00000000);
		make_call_arg(call, UINT64_C(256) << 20);
		make_call_blob(call, 0, VGPU_BLOB_OUT, &address, 8, 8);
		feed_call(feed);
	}
	app = feed_app(feed, true, "memory");
	feed_all(app);
	frame_has(app, 24, 80, "   256 MiB    256 MiB        1        0       0");
	call = feed_begin(feed, 1, "cuMemFree_v2", 0);
	make_call_arg(call, address);
	feed_call(feed);
	feed_all(app);
	frame_has(app, 24, 80, "       0 B    256 MiB        1        1       0");
	finish();
}
END_TEST

/* llama.cpp's pool: create, map, release at once; unmapping frees. */
START_TEST(memory_behind_a_handle_lives_until_unmapped)
{
	struct made_call *call;
	uint64_t handle = 5;

	feed = feed_new();
	feed_process(feed, 1, 0, "app");
	call = feed_begin(feed, 1, "cuMemCreate", 0);
	make_call_arg(call, 0x7ffd00000000);
	make_call_arg(call, UINT64_C(2) << 20);
	make_call_arg(call, 0);
	make_call_arg(call, 0);
	make_call_blob(call, 0, VGPU_BLOB_OUT, &handle, 8, 8);
	feed_call(feed);
	call = feed_begin(feed, 1, "cuMemMap", 0);
	make_call_arg(call, 0x30000000);
	make_call_arg(call, UINT64_C(2) << 20);
	make_call_arg(call, 0);
	make_call_arg(call, handle);
	make_call_arg(call, 0);
	feed_call(feed);
	call = feed_begin(feed, 1, "cuMemRelease", 0);
	make_call_arg(call, handle);
	feed_call(feed);
	app = feed_app(feed, true, "memory");
	feed_all(app);
	frame_has(app, 24, 80, "     2 MiB      2 MiB        1        0");
	call = feed_begin(feed, 1, "cuMemUnmap", 0);
	make_call_arg(call, 0x30000000 - (UINT64_C(2) << 20));
	make_call_arg(call, UINT64_C(8) << 20);
	feed_call(feed);
	feed_all(app);
	frame_has(app, 24, 80, "       0 B      2 MiB        1        1");
	finish();
}
END_TEST

START_TEST(verdict_wraps_and_leads_to_its_evidence)
{
	start(false, "verdict");
	frame_has(app, 24, 80, "CPU MODE: the first of a long line");
	frame_has(app, 24, 80, "\n   has room for");
	type(app, "x\r");
	frame_has(app, 24, 80, "cuDeviceGet, event 10");
	finish();
}
END_TEST

int main(void)
{
	TCase *views = unit_case("top");

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return 77;
	unsetenv("XDG_CONFIG_HOME");
	tcase_add_test(views, every_view_shows_the_state_of_the_observation);
	tcase_add_test(views, functions_are_counted_with_errors_and_last_result);
	tcase_add_test(views, sorting_goes_by_any_column_and_back);
	tcase_add_test(views, calls_are_in_reading_order_and_errors_are_found);
	tcase_add_test(views, calls_that_are_like_others_are_counted_and_not_listed);
	tcase_add_test(views, a_count_without_room_is_shortened_and_never_cut);
	tcase_add_test(views, processes_are_a_tree_and_dead_ones_stay);
	tcase_add_test(views, branches_show_who_is_whose_child);
	tcase_add_test(views, libraries_tell_what_was_refused_and_why);
	tcase_add_test(views, libraries_do_not_claim_a_search_that_nobody_observed);
	tcase_add_test(views, memory_is_counted_once_through_two_layers_and_freed_at_exit);
	tcase_add_test(views, memory_behind_a_handle_lives_until_unmapped);
	tcase_add_test(views, verdict_wraps_and_leads_to_its_evidence);
	tcase_set_timeout(views, 60);
	return unit_run();
}
