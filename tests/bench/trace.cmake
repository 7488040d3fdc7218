# SPDX-License-Identifier: Apache-2.0
# The trace file beside babeltrace2 and uftrace: build/tests/bench/bench_trace [EVENTS [SECONDS]].
if(NOT VGPU_SANITIZE)
	vgpu_add_program(bench_trace bench_trace.c bench.c OPTIONS -O2 LIBS vgpu_tracer ${CMAKE_DL_LIBS} m)
	add_dependencies(bench_trace vgpu-trace vgpu-cuda)
endif()
