/* SPDX-License-Identifier: Apache-2.0 */
/* The events that LTTng-UST records for one call: entry with the arguments, exit with what came back. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER vgpu_bench
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "bench_lttng.h"

#if !defined(TESTS_BENCH_BENCH_LTTNG_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define TESTS_BENCH_BENCH_LTTNG_H
#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(vgpu_bench, enter,
	LTTNG_UST_TP_ARGS(int *, value, int, attribute, int, device),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer_hex(unsigned long, value, (unsigned long)value)
		lttng_ust_field_integer(int, attribute, attribute)
		lttng_ust_field_integer(int, device, device)))

LTTNG_UST_TRACEPOINT_EVENT(vgpu_bench, leave,
	LTTNG_UST_TP_ARGS(int, result, int, value),
	LTTNG_UST_TP_FIELDS(
		lttng_ust_field_integer(int, result, result)
		lttng_ust_field_integer(int, value, value)))
#endif

#include <lttng/tracepoint-event.h>
