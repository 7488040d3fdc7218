// SPDX-License-Identifier: Apache-2.0
/* Counted calls: percentiles with a known error, groups, results, calls in flight. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/make_event.h"
#include "tests/unit/unit.h"
#include "tracer/model/histogram.h"
#include "tracer/model/objects.h"
#include "tracer/model/stat.h"

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static void check_percentiles(uint64_t *values, unsigned count, const char *what)
{
	static const double percents[] = { 0.1, 1, 25, 50, 90, 99, 99.9, 100 };
	struct vgpu_histogram histogram = { 0 };
	uint64_t sum = 0;

	for (unsigned i = 0; i < count; i++) {
		ck_assert_int_eq(vgpu_histogram_add(&histogram, values[i]), 0);
		sum += values[i];
	}
	qsort(values, count, sizeof(*values), by_value);
	ck_assert_uint_eq(histogram.count, count);
	ck_assert_uint_eq(histogram.sum, sum);
	ck_assert_uint_eq(histogram.least, values[0]);
	ck_assert_uint_eq(histogram.greatest, values[count - 1]);
	for (unsigned i = 0; i < sizeof(percents) / sizeof(percents[0]); i++) {
		unsigned rank = ceil(count * percents[i] / 100);
		double exact = values[rank ? rank - 1 : 0];
		double got = vgpu_histogram_percentile(&histogram, percents[i]);

		ck_assert_msg(fabs(got - exact) <= exact * VGPU_HISTOGRAM_ERROR, "%s, p%g: %g instead of %g", what,
			      percents[i], got, exact);
	}
	vgpu_histogram_free(&histogram);
}

START_TEST(percentiles_are_within_the_stated_error)
{
	static uint64_t values[20000];
	uint64_t random = 88172645463325252;

	for (unsigned shift = 0; shift < 60; shift += 4) {
		for (unsigned i = 0; i < 20000; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			values[i] = random >> shift >> (i % 7);
		}
		/* The exact sum has to fit, too. */
		for (unsigned i = 0; shift < 16 && i < 20000; i++)
			values[i] >>= 16;
		check_percentiles(values, 20000, "random");
	}
	for (unsigned i = 0; i < 20000; i++)
		values[i] = i;
	check_percentiles(values, 20000, "ascending");
	for (unsigned i = 0; i < 100; i++)
		values[i] = 700;
	check_percentiles(values, 100, "all equal");
	values[0] = UINT64_MAX;
	check_percentiles(values, 1, "the greatest");
	values[0] = 0;
	check_percentiles(values, 1, "the least");
}
END_TEST

START_TEST(merged_histograms_are_as_if_counted_together)
{
	struct vgpu_histogram a = { 0 }, b = { 0 }, both = { 0 }, none = { 0 };

	for (unsigned i = 1; i < 3000; i++) {
		vgpu_histogram_add(i % 3 ? &a : &b, i * i);
		vgpu_histogram_add(&both, i * i);
	}
	ck_assert_int_eq(vgpu_histogram_merge(&a, &b), 0);
	ck_assert_int_eq(vgpu_histogram_merge(&a, &none), 0);
	ck_assert_uint_eq(a.count, both.count);
	ck_assert_uint_eq(a.sum, both.sum);
	ck_assert_uint_eq(a.least, both.least);
	ck_assert_uint_eq(a.greatest, both.greatest);
	for (unsigned percent = 1; percent <= 100; percent++)
		ck_assert_uint_eq(vgpu_histogram_percentile(&a, percent), vgpu_histogram_percentile(&both, percent));
	ck_assert_uint_eq(vgpu_histogram_percentile(&none, 50), 0);
	vgpu_histogram_free(&a);
	vgpu_histogram_free(&b);
	vgpu_histogram_free(&both);
}
END_TEST

/* ---- counting ---- */

static struct vgpu_model *model;
static struct vgpu_stat *stat;
static struct vgpu_stream stream;

static void begin(enum vgpu_stat_by by)
{
	ck_assert_int_eq(vgpu_model_open(&model), 0);
	ck_assert_int_eq(vgpu_stat_open(&stat, by, model), 0);
	memset(&stream, 0, sizeof(stream));
	vgpu_stream_add(&stream, &model->sink);
	vgpu_stream_add(&stream, vgpu_stat_learner(stat));
	vgpu_stream_add(&stream, vgpu_stat_sink(stat));
}

static void end(void)
{
	vgpu_stat_close(stat);
	vgpu_model_close(model);
}

static void call(const char *function, uint64_t result, uint64_t time_ns, uint64_t duration_ns, uint32_t process)
{
	struct made_call made;

	make_call(&made, function, result);
	made.event.process = process;
	made.event.call.thread = process;
	made.event.time_ns = time_ns;
	made.event.call.duration_ns = duration_ns;
	vgpu_stream_emit(&stream, &made.event);
}

static const struct vgpu_stat_row *row_of(const char *group, const char *name)
{
	const struct vgpu_stat_group *groups;
	uint32_t count;

	groups = vgpu_stat_groups(stat, &count);
	for (uint32_t g = 0; g < count; g++)
		for (uint32_t i = 0; i < groups[g].count; i++)
			if ((!group || !strcmp(groups[g].label, group)) && !strcmp(groups[g].rows[i]->name, name))
				return groups[g].rows[i];
	ck_abort_msg("no row %s %s", group ? group : "", name);
}

START_TEST(calls_errors_and_times_are_exact)
{
	const struct vgpu_stat_row *row;

	begin(VGPU_STAT_BY_FUNCTION);
	call("cuDeviceGetCount", 0, 5000, 100, 1);
	call("cuDeviceGetCount", 100, 4000, 300, 1);
	call("cuDeviceGetCount", 100, 9000, 200, 2);
	call("cuInit", 999, 100, 1, 1);
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	row = row_of(NULL, "cuDeviceGetCount");
	ck_assert_uint_eq(row->calls, 3);
	ck_assert_uint_eq(row->failed, 2);
	ck_assert_uint_eq(row->code_count, 1);
	ck_assert_int_eq(row->codes[0].code, 100);
	ck_assert_uint_eq(row->codes[0].calls, 2);
	ck_assert_uint_eq(vgpu_stat_value(row, VGPU_STAT_TOTAL), 600);
	ck_assert_uint_eq(vgpu_stat_value(row, VGPU_STAT_MEAN), 200);
	ck_assert_uint_eq(vgpu_stat_value(row, VGPU_STAT_MAX), 300);
	ck_assert_uint_eq(row->first_ns, 4000);
	ck_assert_uint_eq(row->last_ns, 9000);
	ck_assert(vgpu_stat_called(stat, row->function));
	ck_assert(!vgpu_stat_called(stat, row->function + 1));
	end();
}
END_TEST

START_TEST(a_call_in_flight_counts_until_it_returns)
{
	struct made_call made;

	begin(VGPU_STAT_BY_FUNCTION);
	make_call(&made, "cuInit", 0);
	made.event.call.ordinal = 7;
	made.event.kind = VGPU_EVENT_PENDING;
	vgpu_stream_emit(&stream, &made.event);
	made.event.number = 0;
	vgpu_stream_emit(&stream, &made.event); /* seen once more */
	made.event.kind = VGPU_EVENT_CALL;
	made.event.number = 0;
	vgpu_stream_emit(&stream, &made.event);
	make_call(&made, "cuCtxCreate_v2", 0);
	made.event.call.ordinal = 8;
	made.event.kind = VGPU_EVENT_PENDING;
	vgpu_stream_emit(&stream, &made.event);
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->calls, 1);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->pending, 0);
	ck_assert_uint_eq(row_of(NULL, "cuCtxCreate_v2")->calls, 0);
	ck_assert_uint_eq(row_of(NULL, "cuCtxCreate_v2")->pending, 1);
	ck_assert_uint_eq(row_of(NULL, "cuCtxCreate_v2")->times.count, 0);
	end();
}
END_TEST

START_TEST(a_call_left_by_longjmp_has_no_time_and_no_result)
{
	struct made_call made;

	begin(VGPU_STAT_BY_FUNCTION);
	make_call(&made, "cuInit", 999);
	made.event.call.flags = VGPU_CALL_UNWOUND;
	vgpu_stream_emit(&stream, &made.event);
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->calls, 1);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->unwound, 1);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->failed, 0);
	ck_assert_uint_eq(row_of(NULL, "cuInit")->times.count, 0);
	end();
}
END_TEST

START_TEST(a_function_that_the_description_lacks_goes_by_its_own_name)
{
	static const char *const names[] = { "cuBrandNew", "cuBrandNewer", "cuBrandNew" };
	struct made_call made;

	begin(VGPU_STAT_BY_FUNCTION);
	for (unsigned i = 0; i < 3; i++) {
		make_call(&made, "cuInit", 0);
		made.event.call.function = 0;
		made.event.call.name = names[i];
		vgpu_stream_emit(&stream, &made.event);
	}
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_NAME, false), 0);
	ck_assert_uint_eq(row_of(NULL, "cuBrandNew")->calls, 2);
	ck_assert_uint_eq(row_of(NULL, "cuBrandNewer")->calls, 1);
	end();
}
END_TEST

START_TEST(rows_are_sorted_by_any_column_both_ways)
{
	static const struct {
		enum vgpu_stat_column column;
		const char *first;
	} rows[] = { { VGPU_STAT_NAME, "cuCtxGetCurrent" }, { VGPU_STAT_CALLS, "cuInit" },
		     { VGPU_STAT_ERRORS, "cuDeviceGet" },   { VGPU_STAT_TOTAL, "cuCtxGetCurrent" },
		     { VGPU_STAT_FIRST, "cuDeviceGet" },    { VGPU_STAT_LAST, "cuInit" } };

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int reverse = 0; reverse < 2; reverse++) {
			const struct vgpu_stat_group *groups;
			uint32_t count;

			begin(VGPU_STAT_BY_FUNCTION);
			call("cuDeviceGet", 101, 10, 100, 1);
			call("cuInit", 0, 20, 10, 1);
			call("cuCtxGetCurrent", 0, 30, 5000, 1);
			call("cuInit", 0, 40, 10, 1);
			ck_assert_int_eq(vgpu_stat_finish(stat, rows[i].column, reverse), 0);
			groups = vgpu_stat_groups(stat, &count);
			ck_assert_uint_eq(count, 1);
			ck_assert_uint_eq(groups[0].count, 3);
			ck_assert_msg(!strcmp(groups[0].rows[0]->name, rows[i].first) == !reverse,
				      "row %u, reverse %d: %s", i, reverse, groups[0].rows[0]->name);
			end();
		}
}
END_TEST

/* What __cudaRegisterFunction said of a kernel names the launches of it. */
START_TEST(launches_are_grouped_by_the_kernels_names)
{
	struct made_call made;
	uint8_t name = made_param("__cudaRegisterFunction", "deviceName");
	uint8_t host = made_param("__cudaRegisterFunction", "hostFun");

	begin(VGPU_STAT_BY_KERNEL);
	for (unsigned i = 0; i < 2; i++) {
		make_call(&made, "__cudaRegisterFunction", 0);
		for (unsigned k = 0; k < 10; k++)
			make_call_arg(&made, k == host ? 0x4000 + i * 16 : 0x77);
		make_call_blob(&made, name, VGPU_BLOB_IN, i ? "_Z3addPf" : "_Z3mulPf", 8, 8);
		vgpu_stream_emit(&stream, &made.event);
	}
	for (unsigned i = 0; i < 6; i++) {
		make_call(&made, "cudaLaunchKernel", i == 5 ? 98 : 0);
		/* Three launches of the second, two of the first, one of something never registered. */
		make_call_arg(&made, i < 3 ? 0x4010 : i < 5 ? 0x4000 : 0x9999);
		vgpu_stream_emit(&stream, &made.event);
	}
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	ck_assert_uint_eq(row_of("_Z3addPf", "cudaLaunchKernel")->calls, 3);
	ck_assert_uint_eq(row_of("_Z3mulPf", "cudaLaunchKernel")->calls, 2);
	ck_assert_uint_eq(row_of("(kernel's name not on record)", "cudaLaunchKernel")->failed, 1);
	ck_assert_uint_eq(vgpu_stat_left_out(stat), 2);
	end();
}
END_TEST

START_TEST(callers_are_places_in_files_where_the_mapping_was_seen)
{
	struct vgpu_event object = { .kind = VGPU_EVENT_OBJECT, .process = 1, .time_ns = 50 };
	struct made_call made;

	begin(VGPU_STAT_BY_CALLER);
	for (unsigned i = 0; i < 3; i++) {
		make_call(&made, "cuInit", 0);
		made.event.process = i == 2 ? 2 : 1;
		made.event.call.caller = 0x10200;
		vgpu_stream_emit(&stream, &made.event);
	}
	/* The mapping may come to be known after the calls. */
	object.object.path = "/usr/lib/libapp.so";
	object.object.base = 0x10000;
	object.object.from = 0x10000;
	object.object.to = 0x20000;
	vgpu_stream_emit(&stream, &object);
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	ck_assert_uint_eq(row_of("/usr/lib/libapp.so+0x200", "cuInit")->calls, 2);
	ck_assert_uint_eq(row_of("process 0x10200", "cuInit")->calls, 1);
	end();
}
END_TEST

START_TEST(an_address_belongs_to_what_was_mapped_there_at_that_time)
{
	struct vgpu_event event = { .process = 3, .time_ns = 100 };
	struct vgpu_objects *objects;
	const char *path;
	uint64_t offset;

	ck_assert_int_eq(vgpu_objects_open(&objects), 0);
	event.kind = VGPU_EVENT_OBJECT;
	event.object = (struct vgpu_event_object){ .path = "/a", .base = 0x1000, .from = 0x1000, .to = 0x3000 };
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	event.kind = VGPU_EVENT_UNLOAD;
	event.time_ns = 200;
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	event.kind = VGPU_EVENT_OBJECT;
	event.time_ns = 300;
	event.object.path = "/b";
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	ck_assert(vgpu_objects_find(objects, 3, 0x1010, 150, &path, &offset));
	ck_assert_str_eq(path, "/a");
	ck_assert_uint_eq(offset, 0x10);
	ck_assert(vgpu_objects_find(objects, 3, 0x2fff, 350, &path, &offset));
	ck_assert_str_eq(path, "/b");
	ck_assert(!vgpu_objects_find(objects, 3, 0x3000, 350, &path, &offset));
	ck_assert(!vgpu_objects_find(objects, 4, 0x1010, 350, &path, &offset));
	/* Gone at 500, give or take 50: at 540 it may have been there. */
	event.kind = VGPU_EVENT_UNLOAD;
	event.time_ns = 500;
	event.time_error_ns = 50;
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	ck_assert(vgpu_objects_find(objects, 3, 0x1010, 540, &path, &offset));
	ck_assert(!vgpu_objects_find(objects, 3, 0x1010, 560, &path, &offset));
	event.kind = VGPU_EVENT_OBJECT;
	event.time_ns = 600;
	event.time_error_ns = 0;
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	event.kind = VGPU_EVENT_EXEC;
	event.time_ns = 700;
	ck_assert_int_eq(vgpu_objects_learn(objects, &event), 0);
	ck_assert(!vgpu_objects_find(objects, 3, 0x1010, 750, &path, &offset));
	vgpu_objects_close(objects);
}
END_TEST

/* Ever new callers must not make memory grow without end. */
START_TEST(rows_beyond_the_limit_share_one)
{
	const struct vgpu_stat_group *groups;
	struct made_call made;
	uint64_t calls = 0;
	uint32_t count;

	begin(VGPU_STAT_BY_CALLER);
	make_call(&made, "cuInit", 0);
	for (unsigned i = 0; i < VGPU_STAT_ROWS + 1000; i++) {
		made.event.number = 0;
		made.event.call.caller = 16 + i;
		vgpu_stream_emit(&stream, &made.event);
	}
	ck_assert_int_eq(vgpu_stat_finish(stat, VGPU_STAT_TOTAL, false), 0);
	groups = vgpu_stat_groups(stat, &count);
	ck_assert_uint_eq(count, VGPU_STAT_ROWS + 1);
	for (uint32_t g = 0; g < count; g++)
		calls += groups[g].calls;
	ck_assert_uint_eq(calls, VGPU_STAT_ROWS + 1000);
	ck_assert_uint_eq(row_of("(others)", "(others)")->calls, 1000);
	end();
}
END_TEST

int main(void)
{
	TCase *tests = unit_case("stat");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, percentiles_are_within_the_stated_error);
	tcase_add_test(tests, merged_histograms_are_as_if_counted_together);
	tcase_add_test(tests, calls_errors_and_times_are_exact);
	tcase_add_test(tests, a_call_in_flight_counts_until_it_returns);
	tcase_add_test(tests, a_call_left_by_longjmp_has_no_time_and_no_result);
	tcase_add_test(tests, a_function_that_the_description_lacks_goes_by_its_own_name);
	tcase_add_test(tests, rows_are_sorted_by_any_column_both_ways);
	tcase_add_test(tests, launches_are_grouped_by_the_kernels_names);
	tcase_add_test(tests, callers_are_places_in_files_where_the_mapping_was_seen);
	tcase_add_test(tests, an_address_belongs_to_what_was_mapped_there_at_that_time);
	tcase_add_test(tests, rows_beyond_the_limit_share_one);
	return unit_run();
}
