/* SPDX-License-Identifier: Apache-2.0 */
/* Two witnesses compared: equal, equal but for what was lost, and one of them wrong. */
#include <stdlib.h>

#include "shim/api/schema.h"
#include "tests/unit/unit.h"
#include "tracer/model/witness.h"

#define FUNCTION VGPU_FUNCTION(VGPU_LIBRARY_CUDA, 1)
#define BOTH (VGPU_OBSERVER_RING | VGPU_OBSERVER_KERNEL)

static struct vgpu_stream stream;
static struct vgpu_witness *witness;
static struct vgpu_witness_sums sums;

static void probes(void)
{
	struct vgpu_event event = { .kind = VGPU_EVENT_PROBES,
				    .observer = VGPU_OBSERVER_KERNEL,
				    .time_ns = 100,
				    .probes = { .path = "/lib/ours.so",
						.ours = VGPU_LIBRARY_CUDA } };
	struct vgpu_event ring = {
		.kind = VGPU_EVENT_RING, .observer = VGPU_OBSERVER_RING, .process = 9, .time_ns = 50
	};

	vgpu_stream_emit(&stream, &event);
	vgpu_stream_emit(&stream, &ring);
}

static void calls(unsigned n, uint32_t observer, uint32_t process, uint64_t time_ns)
{
	for (unsigned i = 0; i < n; i++) {
		struct vgpu_event event = { .kind = VGPU_EVENT_CALL,
					    .observer = observer,
					    .process = process,
					    .time_ns = time_ns + i,
					    .call = { .function = FUNCTION, .duration_ns = 1 } };

		vgpu_stream_emit(&stream, &event);
	}
}

static enum vgpu_witness_verdict finish(void)
{
	const struct vgpu_witness_row *rows;
	uint32_t count;

	ck_assert_int_eq(vgpu_witness_sink(witness)->error, 0);
	return vgpu_witness_finish(witness, &sums, &rows, &count);
}

static void set_up(void)
{
	stream = (struct vgpu_stream){ 0 };
	ck_assert_int_eq(vgpu_witness_open(&witness), 0);
	vgpu_stream_add(&stream, vgpu_witness_sink(witness));
}

static void tear_down(void)
{
	vgpu_witness_close(witness);
}

START_TEST(what_both_saw_is_equal)
{
	probes();
	calls(40, BOTH, 9, 200);
	/* Before the probes were there, and of a process that has no ring. */
	calls(7, VGPU_OBSERVER_RING, 9, 60);
	calls(3, VGPU_OBSERVER_KERNEL, 8, 300);
	ck_assert_int_eq(finish(), VGPU_WITNESS_EQUAL);
	ck_assert_int_eq(sums.both, 40);
	ck_assert_int_eq(sums.outside, 10);
}
END_TEST

START_TEST(what_one_lost_is_no_contradiction)
{
	struct vgpu_event loss = { .kind = VGPU_EVENT_LOSS,
				   .observer = VGPU_OBSERVER_RING,
				   .process = 9,
				   .loss = { .ring = 2, .overwritten = 5 } };

	probes();
	calls(40, BOTH, 9, 200);
	calls(5, VGPU_OBSERVER_KERNEL, 9, 300);
	vgpu_stream_emit(&stream, &loss);
	ck_assert_int_eq(finish(), VGPU_WITNESS_LOST);
	calls(1, VGPU_OBSERVER_KERNEL, 9, 400);
	ck_assert_int_eq(finish(), VGPU_WITNESS_WRONG);
}
END_TEST

START_TEST(a_call_that_one_lacks_is_an_error)
{
	probes();
	calls(40, BOTH, 9, 200);
	calls(1, VGPU_OBSERVER_RING, 9, 300);
	ck_assert_int_eq(finish(), VGPU_WITNESS_WRONG);
}
END_TEST

START_TEST(other_values_are_an_error)
{
	struct vgpu_event note = { .kind = VGPU_EVENT_OBSERVER,
				   .observer = VGPU_OBSERVER_TRACER,
				   .process = 9,
				   .note = { .about = VGPU_OBSERVER_KERNEL, .subject = "cuInit" } };

	probes();
	calls(40, BOTH, 9, 200);
	vgpu_stream_emit(&stream, &note);
	ck_assert_int_eq(finish(), VGPU_WITNESS_WRONG);
}
END_TEST

START_TEST(one_witness_alone_proves_nothing)
{
	calls(40, VGPU_OBSERVER_RING, 9, 200);
	ck_assert_int_eq(finish(), VGPU_WITNESS_ALONE);
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("witness");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_both_saw_is_equal);
	tcase_add_test(tests, what_one_lost_is_no_contradiction);
	tcase_add_test(tests, a_call_that_one_lacks_is_an_error);
	tcase_add_test(tests, other_values_are_an_error);
	tcase_add_test(tests, one_witness_alone_proves_nothing);
	return unit_run();
}
